//! What a job reads, from the body of the request.

use serde_json::{Map, Value, json};
use url::Url;

use super::{criteria, refusals};
use crate::crm::Call;
use crate::errors::{self, ApiError};
use crate::page_token::{PageToken, hash_of};
use crate::query::{
    Comparison, Condition, ConditionError, Criteria, Dialect, FieldKind, Operator, Path, Rules,
};
use crate::records::Module;

/// The highest page number, according to Zoho's `OpenAPI` description.
const MOST_PAGES: u64 = 50;
const MOST_VALUES: usize = 100;
const RULES: Rules = Rules { dialect: Dialect::Bulk, most_values: MOST_VALUES };

/// What a job reads.
///
/// Guess: an unknown field in `fields` makes the job fail later, one in the criteria is rejected at once.
#[derive(Debug)]
pub(super) struct JobQuery {
    pub(super) module: Module,
    pub(super) condition: Condition,
    /// The query as the job's details repeat it.
    pub(super) echo: Value,
    /// A hash of the parameters that a page token is bound to.
    pub(super) bound: u64,
    fields: Vec<String>,
    start: Paging,
}

#[derive(Debug, Clone, Copy)]
enum Paging {
    Page(u64),
    /// From a page token. The rows start after its record, which is part of the condition.
    Token {
        pages_before: u64,
    },
}

impl JobQuery {
    pub(super) fn read(call: &Call<'_>) -> Result<Self, ApiError> {
        let body = read_body(&call.request.body)?;
        check_callback(body.get("callback"))?;
        let query = body.get("query").and_then(Value::as_object).ok_or_else(refusals::no_query)?;
        check_file_type(body.get("file_type").or(query.get("file_type")))?;
        let module = read_module(query.get("module"))?;
        let fields = read_fields(query.get("fields"))?;
        let criteria = query.get("criteria").filter(|criteria| !criteria.is_null());
        let mut job = Self {
            module,
            condition: read_condition(module, criteria)?,
            echo: echo(query),
            bound: hash_of(&(module.name(), &fields, criteria.map(Value::to_string))),
            fields,
            start: Paging::Page(read_page(query.get("page"))?),
        };
        if let Some(token) = query.get("page_token").filter(|token| !token.is_null()) {
            job.start_at(token.as_str().unwrap_or_default(), call)?;
        }
        Ok(job)
    }

    fn start_at(&mut self, token: &str, call: &Call<'_>) -> Result<(), ApiError> {
        let key = call.site.organisation.fingerprint();
        let token = PageToken::open(token, key).ok_or_else(errors::invalid_page_token)?;
        if token.bound != self.bound {
            return Err(errors::token_bound_data_mismatch());
        }
        if token.is_expired(call.now) {
            return Err(errors::page_token_expired());
        }
        let after = token.after.ok_or_else(errors::invalid_page_token)?;
        let last = call.site.organisation.snapshot(self.module).id_at(after.number);
        let later = compile(self.module, &later_than(last))?;
        let condition = std::mem::replace(&mut self.condition, Condition::EVERYTHING);
        self.condition = Condition::All(vec![condition, later]);
        self.start = Paging::Token { pages_before: token.served.into() };
        Ok(())
    }

    /// The number of the page, counted from 1.
    pub(super) fn page(&self) -> u64 {
        match self.start {
            Paging::Page(page) => page,
            Paging::Token { pages_before } => pages_before + 1,
        }
    }

    /// How many pages of the records that match the condition to skip.
    pub(super) fn pages_before(&self) -> u64 {
        match self.start {
            Paging::Page(page) => page - 1,
            Paging::Token { .. } => 0,
        }
    }

    /// The columns besides `id`, or the name of an unknown field. Zoho: all columns if none is named.
    pub(super) fn paths(&self) -> Result<Vec<Path>, &str> {
        let is_column = |path: &Path| !path.is_id() && !path.name().starts_with('$');
        if self.fields.is_empty() {
            let all = self.module.fields().filter_map(|field| Path::find(self.module, field.name));
            return Ok(all.filter(is_column).collect());
        }
        let paths = self.fields.iter().map(|name| Path::find(self.module, name).ok_or(name.as_str()));
        paths.filter(|path| path.as_ref().is_ok_and(|path| !path.is_id()) || path.is_err()).collect()
    }
}

fn read_body(body: &[u8]) -> Result<Value, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(refusals::empty_body());
    }
    serde_json::from_slice(body).ok().filter(Value::is_object).ok_or_else(refusals::unreadable_body)
}

fn check_callback(callback: Option<&Value>) -> Result<(), ApiError> {
    let Some(callback) = callback.filter(|callback| !callback.is_null()) else {
        return Ok(());
    };
    let is_address = |text: &str| Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !callback["url"].as_str().is_some_and(is_address) {
        return Err(refusals::callback_url());
    }
    if callback["method"] == "post" { Ok(()) } else { Err(refusals::callback_method()) }
}

/// Zoho: `ics` is only for events, which the sandbox does not have.
fn check_file_type(file_type: Option<&Value>) -> Result<(), ApiError> {
    match file_type {
        None | Some(Value::Null) => Ok(()),
        Some(file_type) if file_type == "csv" => Ok(()),
        Some(_) => Err(refusals::file_type()),
    }
}

/// A name in v2, an object with `api_name` in later versions; either form works in both.
fn read_module(module: Option<&Value>) -> Result<Module, ApiError> {
    let name = module.and_then(|module| module.as_str().or(module["api_name"].as_str()));
    name.and_then(Module::named).ok_or_else(|| refusals::module(name.unwrap_or_default()))
}

fn read_fields(fields: Option<&Value>) -> Result<Vec<String>, ApiError> {
    match fields {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(fields) => serde_json::from_value(fields.clone()).map_err(|_| refusals::unreadable_body()),
    }
}

fn read_page(page: Option<&Value>) -> Result<u64, ApiError> {
    match page {
        None | Some(Value::Null) => Ok(1),
        Some(page) => page
            .as_u64()
            .filter(|page| (1..=MOST_PAGES).contains(page))
            .ok_or_else(|| refusals::page(MOST_PAGES)),
    }
}

fn read_condition(module: Module, criteria: Option<&Value>) -> Result<Condition, ApiError> {
    match criteria {
        None => Ok(Condition::EVERYTHING),
        Some(criteria) => compile(module, &criteria::read(criteria)?),
    }
}

fn compile(module: Module, criteria: &Criteria) -> Result<Condition, ApiError> {
    Condition::of(module, criteria, RULES).map_err(|mistake| match mistake {
        ConditionError::Field { field } => refusals::field_in_criteria(&field, module),
        ConditionError::Operator { field, word, kind } => {
            refusals::comparator(&field, word, &supported(kind))
        }
        ConditionError::Value { field, kind, .. } => refusals::value(&field, kind),
        ConditionError::TooManyValues { field, limit } => refusals::too_many_values(&field, limit),
    })
}

fn supported(kind: FieldKind) -> Vec<&'static str> {
    RULES.dialect.words_for(kind)
}

fn later_than(id: u64) -> Criteria {
    let (field, values) = ("id".to_owned(), vec![id.to_string()]);
    Criteria::One(Comparison { field, negated: false, operator: Operator::Greater, values })
}

/// The query as it was sent, with its page number filled in.
fn echo(query: &Map<String, Value>) -> Value {
    let mut query = query.clone();
    if !query.contains_key("page_token") {
        query.entry("page").or_insert(json!(1));
    }
    query.into()
}
