//! `GET /{module}`: which records in which order, read from the parameters.

use jiff::Timestamp;

use super::super::errors::{self, Refusal};
use super::super::page_token::{PageToken, hash_of};
use super::super::records::{Field, Module, Organisation, Record};
use super::super::wire::WireRequest;
use super::Call;

const MOST_FIELDS: usize = 50;
const MOST_PER_PAGE: u64 = 200;
/// Zoho: how far `page` reaches.
const REACH_OF_PAGE: u64 = 2_000;
/// Zoho: how far `page_token` reaches.
const REACH_OF_PAGE_TOKEN: u64 = 100_000;

/// One page of a module's records, as it was asked for.
#[derive(Debug)]
pub(super) struct Listing<'a> {
    pub(super) organisation: &'a Organisation,
    module: Module,
    pub(super) fields: Vec<Field>,
    pub(super) per_page: u64,
    pub(super) sort_by: SortBy,
    pub(super) descending: bool,
    pub(super) start: Start,
    /// A hash of what a page token is bound to.
    pub(super) bound: u64,
    pub(super) modified_since: Option<Timestamp>,
    choice: Choice,
}

/// Where a page starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    /// How many records come before.
    pub(super) served: u64,
    /// The place in the module's order of the first candidate.
    pub(super) position: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SortBy {
    Id,
    CreatedTime,
    ModifiedTime,
}

/// Which records of the module are meant.
#[derive(Debug, Clone)]
enum Choice {
    All,
    None,
    Ids(Vec<u64>),
}

impl<'a> Listing<'a> {
    /// Reads the parameters, in the order in which they are refused.
    pub(super) fn read(call: &Call<'a>, module: Module) -> Result<Self, Refusal> {
        let request = call.request;
        let mut listing = Self {
            organisation: &call.site.organisation,
            module,
            fields: read_fields(module, request)?,
            per_page: read_number(request, "per_page", MOST_PER_PAGE, MOST_PER_PAGE)?,
            sort_by: read_sort_by(request)?,
            descending: read_descending(request)?,
            start: Start { served: 0, position: 0 },
            bound: bound_data(request),
            modified_since: read_modified_since(request)?,
            choice: read_choice(request)?,
        };
        listing.start = match (request.parameter("page"), request.parameter("page_token")) {
            (Some(_), Some(_)) => return Err(errors::ambiguity_during_processing("page", "page_token")),
            (None, Some(token)) => listing.start_at_token(token, call.now)?,
            (_, None) => listing.start_at_page(read_number(request, "page", 1, u64::MAX)?)?,
        };
        Ok(listing)
    }

    fn start_at_page(&self, page: u64) -> Result<Start, Refusal> {
        if page.saturating_mul(self.per_page) > REACH_OF_PAGE {
            return Err(errors::discrete_pagination_limit_exceeded());
        }
        let served = (page - 1) * self.per_page;
        let skipped = usize::try_from(served).unwrap_or(usize::MAX);
        let position = self.records_from(0).nth(skipped).map_or(self.count(), |(position, _)| position);
        Ok(Start { served, position })
    }

    fn start_at_token(&self, text: &str, now: Timestamp) -> Result<Start, Refusal> {
        let token = PageToken::open(text, self.key()).ok_or_else(errors::invalid_page_token)?;
        if token.bound != self.bound {
            return Err(errors::token_bound_data_mismatch());
        }
        if token.is_expired(now) {
            return Err(errors::page_token_expired());
        }
        if token.served >= REACH_OF_PAGE_TOKEN {
            return Err(errors::pagination_limit_exceeded());
        }
        Ok(Start { served: token.served, position: token.position })
    }

    /// What page tokens are sealed with: the same in every run over the same data, so that a walk can go on.
    pub(super) fn key(&self) -> u64 {
        self.organisation.fingerprint()
    }

    /// The page's number, counted from 1.
    pub(super) fn page(&self) -> u64 {
        self.start.served / self.per_page + 1
    }

    /// The page before this one; the first page is its own.
    pub(super) fn previous(&self) -> Self {
        let per_page = usize::try_from(self.per_page).unwrap_or(usize::MAX);
        let before = (0..self.start.position).rev().filter(|position| self.record_at(*position).is_some());
        let start = Start {
            served: self.start.served.saturating_sub(self.per_page),
            position: before.take(per_page).last().unwrap_or(self.start.position),
        };
        Self { fields: self.fields.clone(), choice: self.choice.clone(), start, ..*self }
    }

    /// The records from a position on, each with its position.
    pub(super) fn records_from(&self, position: u64) -> impl Iterator<Item = (u64, Record<'a>)> {
        (position..self.count()).filter_map(|position| Some((position, self.record_at(position)?)))
    }

    /// The record at a position of the order; none when it is not meant.
    fn record_at(&self, position: u64) -> Option<Record<'a>> {
        let place = if self.descending { self.count() - 1 - position } else { position };
        let index = match self.sort_by {
            SortBy::Id | SortBy::CreatedTime => place,
            SortBy::ModifiedTime => self.organisation.index_by_modified_time(self.module, place),
        };
        let record = self.organisation.record(self.module, index);
        let is_new_enough = self.modified_since.is_none_or(|since| record.modified() >= since);
        let is_chosen = match &self.choice {
            Choice::All => true,
            Choice::None => false,
            Choice::Ids(ids) => ids.contains(&record.id()),
        };
        (is_new_enough && is_chosen).then_some(record)
    }

    fn count(&self) -> u64 {
        self.organisation.count(self.module)
    }
}

impl SortBy {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::CreatedTime => "Created_Time",
            Self::ModifiedTime => "Modified_Time",
        }
    }
}

/// Zoho: mandatory, at most 50, `id` comes unasked. A name that the module does not have is passed over.
fn read_fields(module: Module, request: &WireRequest) -> Result<Vec<Field>, Refusal> {
    let names = request.parameter("fields").unwrap_or_default();
    let names: Vec<_> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(errors::required_param_missing("fields"));
    }
    if names.len() > MOST_FIELDS {
        return Err(errors::fields_limit_exceeded(MOST_FIELDS));
    }
    let mut fields: Vec<Field> = Vec::with_capacity(names.len() + 1);
    for name in names.into_iter().chain(["id"]) {
        match module.field(name) {
            Some(field) if fields.iter().all(|known| known.name != field.name) => fields.push(field),
            _ => {}
        }
    }
    Ok(fields)
}

pub(super) fn read_number(
    request: &WireRequest,
    name: &str,
    default: u64,
    most: u64,
) -> Result<u64, Refusal> {
    match request.parameter(name).map(str::parse) {
        None => Ok(default),
        Some(Ok(number)) if (1..=most).contains(&number) => Ok(number),
        Some(_) => Err(errors::invalid_parameter(name)),
    }
}

fn read_sort_by(request: &WireRequest) -> Result<SortBy, Refusal> {
    let Some(name) = request.parameter("sort_by") else {
        return Ok(SortBy::Id);
    };
    if request.parameter("cvid").is_some() {
        return Err(errors::ambiguity_during_processing("cvid", "sort_by"));
    }
    [SortBy::Id, SortBy::CreatedTime, SortBy::ModifiedTime]
        .into_iter()
        .find(|sort_by| sort_by.as_str() == name)
        .ok_or_else(|| errors::invalid_parameter("sort_by"))
}

pub(super) fn read_descending(request: &WireRequest) -> Result<bool, Refusal> {
    match request.parameter("sort_order") {
        None | Some("desc") => Ok(true),
        Some("asc") => Ok(false),
        Some(_) => Err(errors::invalid_parameter("sort_order")),
    }
}

/// Zoho: ISO 8601 with an offset, not the date of HTTP.
fn read_modified_since(request: &WireRequest) -> Result<Option<Timestamp>, Refusal> {
    match request.header("if-modified-since").map(str::parse) {
        None => Ok(None),
        Some(Ok(since)) => Ok(Some(since)),
        Some(Err(_)) => Err(errors::invalid_header("If-Modified-Since")),
    }
}

/// None of the records is converted, so `converted=true` means none of them.
fn read_choice(request: &WireRequest) -> Result<Choice, Refusal> {
    match request.parameter("converted") {
        None | Some("false" | "both") => {}
        Some("true") => return Ok(Choice::None),
        Some(_) => return Err(errors::invalid_parameter("converted")),
    }
    match request.parameter("ids") {
        None => Ok(Choice::All),
        Some(ids) => {
            let ids: Result<_, _> = ids.split(',').map(|id| id.trim().parse()).collect();
            ids.map(Choice::Ids).map_err(|_| errors::invalid_parameter("ids"))
        }
    }
}

/// Zoho: a token belongs to all other parameters. That it does not belong to `If-Modified-Since` is a guess.
fn bound_data(request: &WireRequest) -> u64 {
    let is_bound = |(name, _): &&(String, String)| name != "page" && name != "page_token";
    let mut parameters: Vec<_> = request.query.iter().filter(is_bound).collect();
    parameters.sort();
    hash_of(&(&request.path, parameters))
}
