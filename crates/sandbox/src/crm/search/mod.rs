//! `GET /{module}/search`: finds records by criteria, an email address, a phone number or a word.
//!
//! Zoho: if several of the four are given, the first in this order is used; pages reach 2,000 records, and there are no
//! page tokens. Zoho searches an index that lags behind; how far it lags here is a guess that can be set.

mod refusals;

use serde_json::{Map, Value, json};

use super::listing::{read_descending, read_number};
use super::{Call, PageServed, Version, disturbed, permit};
use crate::errors::{self, ApiError};
use crate::query::{
    Condition, ConditionError, CriteriaError, Dialect, Direction, FieldOrder, Path, RecordSource, Rules,
    Selection, TextMatch, read_criteria_text,
};
use crate::records::{Field, Module, Record, Type};
use crate::wire::Reply;

const MOST_PER_PAGE: u64 = 200;
/// Zoho: how many records `page` can reach.
const REACH: u64 = 2_000;
const MOST_VALUES: usize = 100;
const FEWEST_LETTERS: usize = 2;
/// Guess: the types of fields that `word` searches.
const WORDY: &[Type] = &[
    Type::Text,
    Type::TextArea,
    Type::Email,
    Type::Phone,
    Type::Website,
    Type::Picklist,
    Type::MultiPicklist,
];

pub(super) fn reply(call: &Call<'_>, module: Module) -> Result<Reply, ApiError> {
    permit(call, module)?;
    let condition = Condition::All(vec![search_condition(call, module)?, state_condition(call, module)?]);
    let page = SearchPage::read(call, module)?;
    let fields = read_fields(call, module);
    let view = RecordSource::SearchIndex { lag: call.site.guesses.search_lag.into() };
    let selection = Selection { organisation: &call.site.organisation, module, condition: &condition, view };
    let reply = disturbed(call, page.number, |shown| {
        let number = if shown == PageServed::Previous { page.number - 1 } else { page.number };
        found(selection, &SearchPage { number, ..page.clone() }, &fields, call.version)
    });
    call.site.organisation.churn(module, call.now);
    Ok(reply)
}

fn found(selection: Selection<'_>, page: &SearchPage, fields: &[Field], version: Version) -> Reply {
    let (records, more_records) = selection.slice(&page.order, page.skip(), page.size);
    if records.is_empty() {
        return Reply::empty(204);
    }
    let rows: Vec<_> = records.iter().map(|record| row(record, fields)).collect();
    let info = page.info(version, rows.len(), more_records);
    Reply::json(200, &json!({"data": rows, "info": info}))
}

/// What to search for.
fn search_condition(call: &Call<'_>, module: Module) -> Result<Condition, ApiError> {
    let given = |name| call.request.parameter(name).filter(|text| !text.is_empty());
    if let Some(text) = given("criteria") {
        return criteria(call.version, module, text);
    }
    if let Some(address) = given("email") {
        return Ok(Condition::found_in(module, &[Type::Email], TextMatch::Anywhere, address));
    }
    if let Some(number) = given("phone") {
        return Ok(Condition::found_in(module, &[Type::Phone], TextMatch::Digits, number));
    }
    match given("word") {
        None => Err(refusals::nothing_to_search()),
        Some(word) if word.chars().count() < FEWEST_LETTERS => Err(refusals::word_too_short()),
        Some(word) => Ok(Condition::found_in(module, WORDY, TextMatch::Anywhere, word)),
    }
}

fn criteria(version: Version, module: Module, text: &str) -> Result<Condition, ApiError> {
    let most = most_criteria(version);
    let criteria = read_criteria_text(text, most).map_err(|unreadable| match unreadable {
        CriteriaError::Form => refusals::unreadable(),
        CriteriaError::TooMany => refusals::too_many_criteria(most),
        CriteriaError::Operator { field, word } => refusals::operator(&field, &word),
    })?;
    let rules = Rules { dialect: Dialect::Search, most_values: MOST_VALUES };
    Condition::of(module, &criteria, rules).map_err(|mistake| match mistake {
        ConditionError::Field { field } => refusals::field(&field),
        ConditionError::Operator { field, word, .. } => refusals::operator(&field, word),
        ConditionError::Value { field, kind, .. } => refusals::value(&field, kind),
        ConditionError::TooManyValues { field, .. } => refusals::too_many_values(&field),
    })
}

/// Zoho: 10 in the first versions, 15 now.
fn most_criteria(version: Version) -> usize {
    match version {
        Version::V2 => 10,
        Version::V8 => 15,
    }
}

/// The condition for `converted` and `approval_state`. Zoho: converted leads are left out unless requested. Guess:
/// other modules ignore `converted`.
fn state_condition(call: &Call<'_>, module: Module) -> Result<Condition, ApiError> {
    let converted = match call.request.parameter("converted") {
        None | Some("false") => Some(false),
        Some("true") => Some(true),
        Some("both") => None,
        Some(_) => return Err(errors::invalid_parameter("converted")),
    };
    // Every record is approved.
    let is_approved = call.request.parameter("approval_state").is_none_or(|state| state == "approved");
    Ok(match converted {
        _ if !is_approved => Condition::NOTHING,
        Some(value) => Condition::flag(module, "Converted__s", value).unwrap_or(Condition::EVERYTHING),
        None => Condition::EVERYTHING,
    })
}

/// Zoho: without `fields`, all fields are returned. Guess: all that a listing can show; unknown names are ignored, as
/// in a listing.
fn read_fields(call: &Call<'_>, module: Module) -> Vec<Field> {
    let named = call.request.parameter("fields").filter(|names| !names.trim().is_empty());
    let fields: Vec<_> = match named {
        Some(names) => names.split(',').chain(["id"]).filter_map(|name| module.field(name.trim())).collect(),
        None => module.fields().collect(),
    };
    fields.into_iter().filter(Field::is_in_lists).collect()
}

fn row(record: &Record<'_>, fields: &[Field]) -> Map<String, Value> {
    fields.iter().map(|field| (field.name.to_owned(), field.value_in_list(record))).collect()
}

/// Which page of the results to return, and their order.
#[derive(Debug, Clone)]
struct SearchPage {
    number: u64,
    size: usize,
    sort_by: String,
    order: FieldOrder,
    descending: bool,
}

impl SearchPage {
    fn read(call: &Call<'_>, module: Module) -> Result<Self, ApiError> {
        let request = call.request;
        let per_page = read_number(request, "per_page", MOST_PER_PAGE, MOST_PER_PAGE)?;
        let number = read_number(request, "page", 1, u64::MAX)?;
        let descending = read_descending(request)?;
        let sort_by = request.parameter("sort_by").unwrap_or("id").to_owned();
        let path = Path::find(module, &sort_by).ok_or_else(|| errors::invalid_parameter("sort_by"))?;
        if number.saturating_mul(per_page) > REACH {
            return Err(refusals::limit_reached(REACH));
        }
        let order = FieldOrder(vec![(path, Direction::from_descending(descending))]);
        let size = usize::try_from(per_page).unwrap_or(usize::MAX);
        Ok(Self { number, size, sort_by, order, descending })
    }

    fn skip(&self) -> usize {
        usize::try_from(self.number - 1).unwrap_or(usize::MAX).saturating_mul(self.size)
    }

    /// Zoho: later versions also say how the results are sorted.
    fn info(&self, version: Version, count: usize, more_records: bool) -> Value {
        let (per_page, page) = (self.size, self.number);
        let sort_order = if self.descending { "desc" } else { "asc" };
        match version {
            Version::V2 => {
                json!({"per_page": per_page, "count": count, "page": page, "more_records": more_records})
            }
            Version::V8 => json!({
                "per_page": per_page,
                "count": count,
                "sort_by": self.sort_by,
                "page": page,
                "sort_order": sort_order,
                "more_records": more_records,
            }),
        }
    }
}
