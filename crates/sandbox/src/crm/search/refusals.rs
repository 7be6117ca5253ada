//! Errors of searches.

use serde_json::json;

use crate::errors::ApiError;
use crate::query::FieldKind;

const INVALID_QUERY: &str = "Invalid query formed";

/// None of the four parameters was given. Zoho: the code differs from that of a listing without `fields`.
pub(super) fn nothing_to_search() -> ApiError {
    let details = json!({"param_names": ["criteria", "email", "phone", "word"]});
    ApiError::new(400, "EXPECTED_PARAM_MISSING", "mandatory param missing", details)
}

/// Guess: `details`.
pub(super) fn word_too_short() -> ApiError {
    let message = "The search value contains special characters or does not contain at least two characters";
    ApiError::new(400, "INVALID_DATA", message, json!({"param_name": "word"}))
}

/// A page beyond the records that a search can reach.
pub(super) fn limit_reached(limit: u64) -> ApiError {
    let message = "maximum response iteration limit reached";
    ApiError::new(400, "LIMIT_REACHED", message, json!({"limit": limit.to_string()}))
}

/// Guess: v2 uses the same code.
pub(super) fn too_many_criteria(limit: usize) -> ApiError {
    let message = match limit {
        15 => "no of criterium that can be given exceed the limit 15",
        _ => "no of criterium that can be given exceed the limit 10",
    };
    ApiError::new(400, "CRITERIA_LIMIT_EXCEEDED", message, json!({}))
}

pub(super) fn too_many_values(field: &str) -> ApiError {
    let message = "Only 100 values are allowed in \"IN\" criteria";
    ApiError::new(400, "INVALID_QUERY", message, json!({"api_name": field}))
}

/// Guess: `details` is empty.
pub(super) fn unreadable() -> ApiError {
    ApiError::new(400, "INVALID_QUERY", INVALID_QUERY, json!({}))
}

pub(super) fn field(name: &str) -> ApiError {
    let details = json!({"reason": "the field is not available for search", "api_name": name});
    ApiError::new(400, "INVALID_QUERY", INVALID_QUERY, details)
}

pub(super) fn operator(field: &str, word: &str) -> ApiError {
    let details = json!({"operator": word, "reason": "invalid operator found", "api_name": field});
    ApiError::new(400, "INVALID_QUERY", INVALID_QUERY, details)
}

/// Guess: the wording of the reason.
pub(super) fn value(field: &str, kind: FieldKind) -> ApiError {
    let details =
        json!({"expected_data_type": kind.name(), "reason": "invalid value found", "api_name": field});
    ApiError::new(400, "INVALID_QUERY", INVALID_QUERY, details)
}
