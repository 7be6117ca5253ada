//! Errors of bulk reads. The codes and the keys of `details` are from Zoho's `OpenAPI` description.
//!
//! Guess: all messages, and often which code applies when.

use serde_json::{Value, json};

use crate::errors::ApiError;
use crate::query::FieldKind;
use crate::records::Module;

pub(super) fn empty_body() -> ApiError {
    bad_request("REQUEST_BODY_IS_EMPTY", "the request body is empty", json!({}))
}

pub(super) fn unreadable_body() -> ApiError {
    bad_request("REQUEST_BODY_NOT_READABLE", "the request body is not readable", json!({}))
}

pub(super) fn no_query() -> ApiError {
    bad_request("QUERY_NOT_SUPPORTED", "the query given is not supported", json!({}))
}

pub(super) fn callback_url() -> ApiError {
    bad_request("INVALID_CALLBACK_URL", "the callback url given is invalid", json!({}))
}

pub(super) fn callback_method() -> ApiError {
    bad_request(
        "INVALID_CALLBACK_METHOD",
        "the callback method given is invalid",
        json!({"supported": ["post"]}),
    )
}

pub(super) fn file_type() -> ApiError {
    bad_request("NOT_SUPPORTED_FEATURE", "the file type given is not supported", json!({}))
}

pub(super) fn module(name: &str) -> ApiError {
    bad_request("MODULE_NOT_AVAILABLE", "the module given is not available", json!({"module": name}))
}

pub(super) fn page(most: u64) -> ApiError {
    bad_request("PAGE_RANGE_EXCEEDED", "the page given is out of range", json!({"max_limit": most}))
}

/// Shown in the details of a failed job.
pub(super) fn field(name: &str, module: Module) -> ApiError {
    let details = json!({"api_name": name, "module": module.name()});
    bad_request("FIELD_NOT_AVAILABLE", "the field given is not available", details)
}

pub(super) fn criteria() -> ApiError {
    bad_request("INVALID_CRITERIA", "the criteria given are invalid", json!({}))
}

pub(super) fn group_operator() -> ApiError {
    let details = json!({"supported": ["and", "or"]});
    bad_request("GROUP_OPERATOR_NOT_SUPPORTED", "the group operator given is not supported", details)
}

pub(super) fn too_many_criteria(limit: usize) -> ApiError {
    bad_request("CRITERIA_LIMIT_EXCEEDED", "too many criteria are given", json!({"limit": limit}))
}

pub(super) fn too_many_values(field: &str, limit: usize) -> ApiError {
    let details = json!({"api_name": field, "limit": limit});
    bad_request("VALUE_LIMIT_EXCEEDED_IN_CRITERIA", "too many values are given in the criteria", details)
}

pub(super) fn field_in_criteria(name: &str, module: Module) -> ApiError {
    let details = json!({"api_name": name, "module": module.name()});
    bad_request(
        "FIELD_IN_CRITERIA_NOT_AVAILABLE",
        "the field given in the criteria is not available",
        details,
    )
}

pub(super) fn unknown_comparator(field: &str, word: &str) -> ApiError {
    let message = "the comparator given in the criteria is not supported";
    let details = json!({"api_name": field, "comparator": word});
    bad_request("FIELD_COMPARATOR_IN_CRITERIA_NOT_SUPPORTED", message, details)
}

pub(super) fn comparator(field: &str, word: &str, supported: &[&str]) -> ApiError {
    let message = "the field and the comparator given in the criteria are not compatible";
    let details = json!({"comparator": word, "api_name": field, "supported": supported});
    bad_request("FIELD_AND_COMPARATOR_IN_CRITERIA_NOT_COMPATIBLE", message, details)
}

pub(super) fn value(field: &str, kind: FieldKind) -> ApiError {
    let message = "the field and the value given in the criteria are not compatible";
    let details = json!({"api_name": field, "expected_data_type": kind.name()});
    bad_request("FIELD_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE", message, details)
}

pub(super) fn no_job(id: &str) -> ApiError {
    ApiError::new(404, "RESOURCE_NOT_FOUND", "the resource given is not found", json!({"resource": id}))
}

/// A job without a file, because it is still running or has failed. Zoho's `OpenAPI` description lists this code with
/// status 400 for results.
pub(super) fn no_result(id: &str) -> ApiError {
    bad_request("RESOURCE_NOT_FOUND", "the result of the job is not available", json!({"resource": id}))
}

pub(super) fn too_many_downloads() -> ApiError {
    ApiError::new(429, "TOO_MANY_REQUESTS", "too many downloads within a minute", json!({}))
}

fn bad_request(code: &'static str, message: &'static str, details: Value) -> ApiError {
    ApiError::new(400, code, message, details)
}
