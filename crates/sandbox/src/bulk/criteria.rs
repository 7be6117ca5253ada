//! The criteria of a bulk read, as JSON: `{"group_operator": "and", "group": [...]}` or one comparison.

use serde_json::Value;

use super::refusals;
use crate::errors::ApiError;
use crate::query::{Comparison, Criteria, Dialect, Junction, Operator};

/// Zoho: the most comparisons in one query.
const MOST_CRITERIA: usize = 25;
/// Guess: this stands for "no value".
const EMPTY: &str = "${EMPTY}";

pub(super) fn read(json: &Value) -> Result<Criteria, ApiError> {
    let criteria = part(json)?;
    if criteria.count() > MOST_CRITERIA {
        Err(refusals::too_many_criteria(MOST_CRITERIA))
    } else {
        Ok(criteria)
    }
}

fn part(json: &Value) -> Result<Criteria, ApiError> {
    let Some(group) = json.get("group") else {
        return comparison(json);
    };
    let junction = match json["group_operator"].as_str().map(str::to_ascii_lowercase).as_deref() {
        Some("and") => Junction::And,
        Some("or") => Junction::Or,
        _ => return Err(refusals::group_operator()),
    };
    let parts = group.as_array().filter(|parts| !parts.is_empty()).ok_or_else(refusals::criteria)?;
    parts.iter().map(part).collect::<Result<_, _>>().map(|parts| Criteria::Group(junction, parts))
}

/// In v8 the field is an object with `api_name`, in v2 `api_name` stands next to the comparator; either form works in
/// both versions.
fn comparison(json: &Value) -> Result<Criteria, ApiError> {
    let field =
        json["field"]["api_name"].as_str().or(json["api_name"].as_str()).ok_or_else(refusals::criteria)?;
    let word = json["comparator"].as_str().ok_or_else(refusals::criteria)?;
    let (operator, negated) =
        Dialect::Bulk.operator(word).ok_or_else(|| refusals::unknown_comparator(field, word))?;
    let values = values(&json["value"]).ok_or_else(refusals::criteria)?;
    let is_empty = operator == Operator::Equal && values == [EMPTY];
    let (operator, values) = if is_empty { (Operator::Null, Vec::new()) } else { (operator, values) };
    Ok(Criteria::One(Comparison { field: field.to_owned(), negated, operator, values }))
}

fn values(json: &Value) -> Option<Vec<String>> {
    match json {
        Value::Array(values) => values.iter().map(value).collect(),
        one => Some(vec![value(one)?]),
    }
}

fn value(json: &Value) -> Option<String> {
    match json {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
