//! Every error that the sandbox answers with.
//!
//! Zoho: an error of the CRM is a bare object with `code`, `details`, `message` and `status`; an error of the token
//! endpoint is an object with `error` and has status 200. Errors that only search, COQL or bulk read have are in
//! modules of their own.

use serde_json::{Value, json};

use super::faults::TokenError;
use super::wire::Reply;

/// An error of the CRM.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiError {
    status: u16,
    code: &'static str,
    message: &'static str,
    details: Value,
}

impl ApiError {
    pub(super) fn new(status: u16, code: &'static str, message: &'static str, details: Value) -> Self {
        Self { status, code, message, details }
    }

    pub(super) fn reply(&self) -> Reply {
        Reply::json(self.status, &self.body())
    }

    pub(super) fn body(&self) -> Value {
        json!({
            "code": self.code,
            "details": self.details,
            "message": self.message,
            "status": "error",
        })
    }
}

/// The access token is expired, revoked, unknown, or from another data centre.
pub(super) fn invalid_token() -> ApiError {
    ApiError::new(401, "INVALID_TOKEN", "invalid oauth token", json!({}))
}

/// The access token is valid, but its scopes do not allow this.
pub(super) fn oauth_scope_mismatch() -> ApiError {
    ApiError::new(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL", json!({}))
}

/// No usable `Authorization` header.
pub(super) fn authentication_failure() -> ApiError {
    ApiError::new(401, "AUTHENTICATION_FAILURE", "Authentication failed", json!({}))
}

pub(super) fn invalid_module() -> ApiError {
    invalid_module_at(0)
}

/// An unknown module in the path, at this position after the version.
pub(super) fn invalid_module_at(index: usize) -> ApiError {
    invalid_module_with(json!({"resource_path_index": index}))
}

/// An unknown module in a parameter. Guess: which of two forms of `details` that Zoho describes.
pub(super) fn invalid_module_parameter(name: &str) -> ApiError {
    invalid_module_with(json!({"api_name": name}))
}

fn invalid_module_with(details: Value) -> ApiError {
    ApiError::new(400, "INVALID_MODULE", "the module name given seems to be invalid", details)
}

pub(super) fn invalid_url_pattern() -> ApiError {
    let message = "Please check if the URL trying to access is a correct one";
    ApiError::new(404, "INVALID_URL_PATTERN", message, json!({}))
}

pub(super) fn required_param_missing(name: &str) -> ApiError {
    let message = "One of the expected parameter is missing";
    ApiError::new(400, "REQUIRED_PARAM_MISSING", message, json!({"param_name": name}))
}

/// More than 50 names in `fields`. Guess: `details`.
pub(super) fn fields_limit_exceeded(limit: usize) -> ApiError {
    ApiError::new(
        400,
        "LIMIT_EXCEEDED",
        "Fields limit exceeded.",
        json!({"param_name": "fields", "limit": limit}),
    )
}

/// `page` and `per_page` lead beyond the records that a page number can reach.
pub(super) fn discrete_pagination_limit_exceeded() -> ApiError {
    let message = "You can only get the first 2000 records without using page_token param";
    ApiError::new(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", message, json!({"limit": 2000}))
}

/// A page token leads beyond the records that page tokens can reach. Guess: `details`.
pub(super) fn pagination_limit_exceeded() -> ApiError {
    let message = "You can only get up to first 100000 records using page_token param.";
    ApiError::new(400, "PAGINATION_LIMIT_EXCEEDED", message, json!({"limit": 100_000}))
}

/// A page token that belongs to a request with other parameters.
pub(super) fn token_bound_data_mismatch() -> ApiError {
    let message = "The page_token given seems to be invalid or input param is added or altered or deleted";
    ApiError::new(400, "TOKEN_BOUND_DATA_MISMATCH", message, json!({"param_name": "page_token"}))
}

pub(super) fn page_token_expired() -> ApiError {
    let details = json!({"api_name": "page_token", "json_path": "$.query.page_token"});
    ApiError::new(400, "EXPIRED_VALUE", "Page token expired", details)
}

/// Not a page token at all.
pub(super) fn invalid_page_token() -> ApiError {
    invalid_data("the token given seems to be invalid", json!({"param_name": "page_token"}))
}

/// A parameter whose value is not allowed. Guess: the message.
pub(super) fn invalid_parameter(name: &str) -> ApiError {
    invalid_data("the parameter given seems to be invalid", json!({"param_name": name}))
}

/// An unknown custom view. Guess: the message.
pub(super) fn invalid_view() -> ApiError {
    invalid_data("the cvid given seems to be invalid", json!({"param_name": "cvid"}))
}

/// An id in the path that no record has.
pub(super) fn invalid_id() -> ApiError {
    invalid_data("the id given seems to be invalid", json!({"resource_path_index": 1}))
}

/// Guess: a related list that the module does not have.
pub(super) fn invalid_related_list() -> ApiError {
    invalid_data("the relation name given seems to be invalid", json!({"resource_path_index": 2}))
}

/// A header with an invalid value. Guess: message and `details`.
pub(super) fn invalid_header(name: &str) -> ApiError {
    invalid_data("the header given seems to be invalid", json!({"header": name}))
}

fn invalid_data(message: &'static str, details: Value) -> ApiError {
    ApiError::new(400, "INVALID_DATA", message, details)
}

/// Two parameters that exclude each other. Guess: `details`.
pub(super) fn ambiguity_during_processing(first: &str, second: &str) -> ApiError {
    let message = "You cannot use both cvid and sort_by, and page and page_token";
    ApiError::new(400, "AMBIGUITY_DURING_PROCESSING", message, json!({"ambiguity_due_to": [first, second]}))
}

/// A method that the endpoint does not allow.
pub(super) fn invalid_request() -> ApiError {
    let message = "unable to process your request. please verify whether you have entered proper method name, \
                   parameter and parameter values.";
    ApiError::new(400, "INVALID_REQUEST", message, json!({}))
}

/// The user is not allowed to see the records of the module.
pub(super) fn no_permission(module: &str) -> ApiError {
    let permission = format!("Crm_Implied_View_{module}");
    ApiError::new(403, "NO_PERMISSION", "permission denied", json!({"permissions": [permission]}))
}

/// Only administrators may list notes.
pub(super) fn not_supported() -> ApiError {
    ApiError::new(403, "NOT_SUPPORTED", "This API is supported only for admin users.", json!({}))
}

/// Zoho: the same error for the daily credits and for the concurrency limit. Guess: the body; the message is from
/// Zoho's page on status codes.
pub(super) fn too_many_requests() -> ApiError {
    let message = "Number of API requests for the 24 hour period is exceeded or the concurrency limit of the user \
                   for the app is exceeded";
    ApiError::new(429, "TOO_MANY_REQUESTS", message, json!({}))
}

/// The answer that the CRM would give with this status.
pub(super) fn status(code: u16, retry_after: Option<u32>) -> Reply {
    let error = match code {
        401 => invalid_token(),
        403 => no_permission("Leads"),
        404 => invalid_url_pattern(),
        429 => too_many_requests(),
        503 => ApiError::new(503, "SERVICE_UNAVAILABLE", "Service Unavailable", json!({})),
        500..=599 => ApiError::new(code, "INTERNAL_ERROR", "Internal Server Error", json!({})),
        _ => ApiError { status: code, ..invalid_request() },
    };
    match retry_after {
        Some(seconds) => error.reply().header("retry-after", seconds.to_string()),
        None => error.reply(),
    }
}

/// Zoho: errors of the token endpoint have status 200.
pub(super) fn token_error(error: TokenError) -> Reply {
    Reply::json(200, &json!({"error": error.as_str()}))
}

/// Zoho: the only error of the token endpoint whose status is not 200.
pub(super) fn too_many_tokens() -> Reply {
    let body = json!({
        "error_description": "You have made too many requests continuously. Please try again after some time.",
        "error": "Access Denied",
        "status": "failure",
    });
    Reply::json(400, &body)
}

/// What a login wall or a captive portal answers instead of an API.
pub(super) fn login_page() -> Reply {
    let page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Sign in</title></head>\n\
                <body><h1>Sign in</h1><form method=\"post\" action=\"/signin\"><input name=\"user\">\
                <input name=\"password\" type=\"password\"><button>Next</button></form></body>\n</html>\n";
    Reply::text(200, "text/html;charset=UTF-8", page)
}

/// What a gateway answers when its upstream is down.
pub(super) fn gateway_page() -> Reply {
    let page = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body>\n</html>\n";
    Reply::text(502, "text/html", page)
}
