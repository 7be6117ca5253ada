//! `GET /{module}` and `GET /{module}/{id}/{related_list}`: which records to return in which order, read from the
//! parameters.

use std::ops::Bound;

use jiff::Timestamp;

use super::{Call, Version, permit};
use crate::errors::{self, ApiError};
use crate::guess::{Guesses, PageTokenKind};
use crate::page_token::{PageToken, hash_of};
use crate::records::{Field, Module, Record, RelatedList, Snapshot, SortBy, SortKey, SortOrder};
use crate::wire::WireRequest;

const MOST_FIELDS: usize = 50;
pub(super) const MOST_PER_PAGE: u64 = 200;
/// Zoho: how many records `page` can reach.
const REACH_OF_PAGE: u64 = 2_000;
/// Zoho: how many records `page_token` can reach.
const REACH_OF_PAGE_TOKEN: u64 = 100_000;

/// The request for one page of a module's records.
#[derive(Debug, Clone)]
pub(super) struct Listing<'a> {
    snapshot: Snapshot<'a>,
    pub(super) version: Version,
    pub(super) guesses: Guesses,
    pub(super) fields: Vec<Field>,
    pub(super) per_page: u64,
    pub(super) order: SortOrder,
    pub(super) start: PageStart,
    /// The key that seals page tokens. It depends only on the data, so that a client can continue after the sandbox was
    /// restarted.
    pub(super) key: u64,
    /// A hash of the parameters that a page token is bound to.
    pub(super) bound: u64,
    pub(super) modified_since: Option<Timestamp>,
    converted: Converted,
    choice: RecordFilter,
}

/// Where a page starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageStart {
    /// How many records come before.
    pub(super) served: u64,
    /// The sort key of the last of them; without it, they are counted.
    pub(super) after: Option<SortKey>,
}

/// Zoho: whether to include converted leads; by default they are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Converted {
    No,
    Only,
    Both,
}

/// Which records of the module to list.
#[derive(Debug, Clone)]
enum RecordFilter {
    All,
    Ids(Vec<u64>),
    RelatedTo(RelatedList, u64),
}

impl<'a> Listing<'a> {
    /// Reads the parameters. The order decides which error is reported.
    pub(super) fn read(call: &Call<'a>, module: Module) -> Result<Self, ApiError> {
        permit(call, module)?;
        if module == Module::Notes && !call.site.guesses.is_admin {
            return Err(errors::not_supported());
        }
        Self::of(call, module, read_choice(call.request))
    }

    /// The records of a related list. Guess: it takes the parameters of a listing, and every user may list notes here.
    pub(super) fn related(call: &Call<'a>, list: RelatedList, parent: u64) -> Result<Self, ApiError> {
        permit(call, list.module)?;
        Self::of(call, list.module, Ok(RecordFilter::RelatedTo(list, parent)))
    }

    fn of(call: &Call<'a>, module: Module, choice: Result<RecordFilter, ApiError>) -> Result<Self, ApiError> {
        let (request, organisation) = (call.request, &call.site.organisation);
        let mut listing = Self {
            snapshot: organisation.snapshot(module),
            version: call.version,
            guesses: call.site.guesses,
            fields: read_fields(call.version, module, request)?,
            per_page: read_number(request, "per_page", MOST_PER_PAGE, MOST_PER_PAGE)?,
            order: SortOrder {
                sort_by: read_sort_by(request, module)?,
                descending: read_descending(request)?,
            },
            start: PageStart { served: 0, after: None },
            key: organisation.fingerprint(),
            bound: bound_data(request, call.site.guesses),
            modified_since: read_modified_since(request)?,
            converted: read_converted(request)?,
            choice: choice?,
        };
        listing.start = match (request.parameter("page"), request.parameter("page_token")) {
            (Some(_), Some(_)) => return Err(errors::ambiguity_during_processing("page", "page_token")),
            (None, Some(token)) => listing.start_at_token(token, call.now)?,
            (_, None) => listing.start_at_page(read_number(request, "page", 1, u64::MAX)?)?,
        };
        Ok(listing)
    }

    fn start_at_page(&self, page: u64) -> Result<PageStart, ApiError> {
        if page.saturating_mul(self.per_page) > REACH_OF_PAGE {
            return Err(errors::discrete_pagination_limit_exceeded());
        }
        Ok(PageStart { served: (page - 1) * self.per_page, after: None })
    }

    fn start_at_token(&self, text: &str, now: Timestamp) -> Result<PageStart, ApiError> {
        let token = PageToken::open(text, self.key).ok_or_else(errors::invalid_page_token)?;
        if token.bound != self.bound {
            return Err(errors::token_bound_data_mismatch());
        }
        if token.is_expired(now) {
            return Err(errors::page_token_expired());
        }
        let served = u64::from(token.served);
        if served >= REACH_OF_PAGE_TOKEN {
            return Err(errors::pagination_limit_exceeded());
        }
        Ok(PageStart { served, after: token.after })
    }

    /// The number of the page, counted from 1.
    pub(super) fn page(&self) -> u64 {
        self.start.served / self.per_page + 1
    }

    /// The page before this one; the first page itself if there is none.
    pub(super) fn previous(&self) -> Self {
        let served = self.start.served.saturating_sub(self.per_page);
        let start = match self.start.after {
            None => PageStart { served, after: None },
            Some(last) => {
                let before = self.snapshot.records_from(self.order.reversed(), Bound::Included(last));
                let page = as_count(self.per_page);
                match before.filter(|record| self.is_meant(record)).nth(page) {
                    Some(record) => PageStart { served, after: Some(record.key()) },
                    None => PageStart { served: 0, after: None },
                }
            }
        };
        Self { start, ..self.clone() }
    }

    /// The start of the next page, if this page ends with `last`.
    pub(super) fn start_after(&self, last: &Record<'_>) -> PageStart {
        let after = match self.guesses.page_token {
            PageTokenKind::Keyset => Some(last.key()),
            PageTokenKind::Offset => None,
        };
        PageStart { served: self.start.served + self.per_page, after }
    }

    /// The records from the start of the page to the end of the module.
    pub(super) fn records(&self) -> impl Iterator<Item = Record<'a>> + '_ {
        let (place, skipped) = match self.start.after {
            Some(key) => (Bound::Excluded(key), 0),
            None => (Bound::Unbounded, as_count(self.start.served)),
        };
        let records = self.snapshot.records_from(self.order, place);
        records.filter(|record| self.is_meant(record)).skip(skipped)
    }

    fn is_meant(&self, record: &Record<'_>) -> bool {
        let is_new_enough = self.modified_since.is_none_or(|since| record.modified() >= since);
        let is_right_kind = match self.converted {
            Converted::No => !record.is_converted(),
            Converted::Only => record.is_converted(),
            Converted::Both => true,
        };
        let is_chosen = || match &self.choice {
            RecordFilter::All => true,
            RecordFilter::Ids(ids) => ids.binary_search(&record.id()).is_ok(),
            RecordFilter::RelatedTo(list, parent) => list.holds(*parent, record),
        };
        is_new_enough && is_right_kind && is_chosen()
    }
}

pub(super) fn as_count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The names in `fields`, if any. Zoho: at most 50; `id` is always included.
pub(super) fn named_fields(request: &WireRequest) -> Result<Option<Vec<&str>>, ApiError> {
    let names = request.parameter("fields").unwrap_or_default();
    let mut names: Vec<_> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Ok(None);
    }
    if names.len() > MOST_FIELDS {
        return Err(errors::fields_limit_exceeded(MOST_FIELDS));
    }
    names.push("id");
    Ok(Some(names))
}

/// Zoho: mandatory, except in v2, where all fields are returned without it. Guess: unknown names are ignored.
fn read_fields(version: Version, module: Module, request: &WireRequest) -> Result<Vec<Field>, ApiError> {
    let named: Vec<_> = match (named_fields(request)?, version) {
        (Some(names), _) => names.into_iter().filter_map(|name| module.field(name)).collect(),
        (None, Version::V2) => module.fields().collect(),
        (None, Version::V8) => return Err(errors::required_param_missing("fields")),
    };
    let mut fields: Vec<Field> = Vec::with_capacity(named.len());
    for field in named.into_iter().filter(Field::is_in_lists) {
        if fields.iter().all(|known| known.name != field.name) {
            fields.push(field);
        }
    }
    Ok(fields)
}

/// A parameter that is a number from 1 to `most`.
pub(super) fn read_number(
    request: &WireRequest,
    name: &str,
    default: u64,
    most: u64,
) -> Result<u64, ApiError> {
    match request.parameter(name).map(str::parse) {
        None => Ok(default),
        Some(Ok(number)) if (1..=most).contains(&number) => Ok(number),
        Some(_) => Err(errors::invalid_parameter(name)),
    }
}

/// Zoho: a custom view has its own order. The view of all records is the only one here.
fn read_sort_by(request: &WireRequest, module: Module) -> Result<SortBy, ApiError> {
    let name = request.parameter("sort_by");
    match (request.parameter("cvid"), name) {
        (Some(_), Some(_)) => return Err(errors::ambiguity_during_processing("cvid", "sort_by")),
        (Some(view), None) if view.parse() != Ok(module.view_of_all()) => return Err(errors::invalid_view()),
        _ => {}
    }
    let sort_by = SortBy::ALL.into_iter().find(|sort_by| name.is_none_or(|name| sort_by.as_str() == name));
    sort_by.ok_or_else(|| errors::invalid_parameter("sort_by"))
}

pub(super) fn read_descending(request: &WireRequest) -> Result<bool, ApiError> {
    match request.parameter("sort_order") {
        None | Some("desc") => Ok(true),
        Some("asc") => Ok(false),
        Some(_) => Err(errors::invalid_parameter("sort_order")),
    }
}

/// Zoho: ISO 8601 with an offset, not an HTTP date.
pub(super) fn read_modified_since(request: &WireRequest) -> Result<Option<Timestamp>, ApiError> {
    match request.header("if-modified-since").map(str::parse) {
        None => Ok(None),
        Some(Ok(since)) => Ok(Some(since)),
        Some(Err(_)) => Err(errors::invalid_header("If-Modified-Since")),
    }
}

fn read_converted(request: &WireRequest) -> Result<Converted, ApiError> {
    match request.parameter("converted") {
        None | Some("false") => Ok(Converted::No),
        Some("true") => Ok(Converted::Only),
        Some("both") => Ok(Converted::Both),
        Some(_) => Err(errors::invalid_parameter("converted")),
    }
}

fn read_choice(request: &WireRequest) -> Result<RecordFilter, ApiError> {
    let Some(ids) = request.parameter("ids") else { return Ok(RecordFilter::All) };
    let ids: Result<Vec<u64>, _> = ids.split(',').map(|id| id.trim().parse()).collect();
    let mut ids = ids.map_err(|_| errors::invalid_parameter("ids"))?;
    ids.sort_unstable();
    Ok(RecordFilter::Ids(ids))
}

/// Zoho: a page token is bound to all other parameters. Guess: it is not bound to `If-Modified-Since`.
fn bound_data(request: &WireRequest, guesses: Guesses) -> u64 {
    let is_bound = |(name, _): &&(String, String)| name != "page" && name != "page_token";
    let mut parameters: Vec<_> = request.query.iter().filter(is_bound).collect();
    parameters.sort();
    let bound = (&request.path, parameters);
    match request.header("if-modified-since") {
        Some(since) if guesses.page_token_binds_modified_since => hash_of(&(bound, since)),
        _ => hash_of(&bound),
    }
}
