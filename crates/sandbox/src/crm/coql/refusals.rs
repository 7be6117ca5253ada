//! Errors of COQL queries. Codes, messages and the keys of `details` are from Zoho's `OpenAPI` description or from
//! published examples of its answers, unless marked as a guess. None was checked against the live service.

use serde_json::{Value, json};

use crate::errors::ApiError;
use crate::query::ConditionError;
use crate::query::coql::{Column, QueryError};
use crate::records::Module;

pub(super) fn unreadable(error: &QueryError) -> ApiError {
    match error {
        QueryError::NotSupported => syntax("given coql query not supported", json!({})),
        QueryError::MissingClause(clause) => syntax("missing clause", json!({"clause": clause})),
        QueryError::Unexpected { place, near } => {
            let details = json!({"line": place.line, "column": place.column, "near": near});
            syntax("unexpected token", details)
        }
        QueryError::Operator(word) => syntax("operator not supported", json!({"operator": word})),
        QueryError::Function { name, field } => {
            let column = format!("{name}({field})");
            invalid_data(
                "invalid data",
                json!({"reason": "unsupported aggregate function", "column": column}),
            )
        }
        // Guess.
        QueryError::Pattern { field, value } => invalid_query(
            "value given seems to be invalid for the column",
            json!({"column_name": field, "value": value}),
        ),
        QueryError::Limit(limit) => invalid_query("limit given seems to be invalid", json!({"limit": limit})),
        QueryError::ZeroLimit => invalid_data("limit should be greater than 0", json!({})),
        QueryError::EmptyAlias { field } => {
            let details = json!({"column_name": field, "alias": ""});
            ApiError::new(400, "INVALID_ALIAS", "alias name cannot be an empty string", details)
        }
    }
}

pub(super) fn mistake(mistake: ConditionError, module: Module) -> ApiError {
    match mistake {
        ConditionError::Field { field } => column(&field, module),
        ConditionError::Operator { field, word, .. } => {
            let details = json!({"reason": "invalid operator found", "column_name": field, "operator": word});
            invalid_query("Invalid query formed", details)
        }
        ConditionError::Value { field, kind, .. } => {
            let details = json!({"column_name": field, "expected_data_type": kind.name()});
            invalid_query("value given seems to be invalid for the column", details)
        }
        ConditionError::TooManyValues { limit, .. } => too_much("in", limit),
    }
}

/// Guess: `details`.
pub(super) fn column(name: &str, module: Module) -> ApiError {
    let details = json!({"column_name": name, "module": module.name()});
    invalid_query("column given seems to be invalid", details)
}

/// Guess: a column that is neither a function nor in `group by`.
pub(super) fn not_grouped(name: &str) -> ApiError {
    invalid_query("unsupported column", json!({"column_name": name}))
}

/// Guess: a function that does not apply to the type of its column.
pub(super) fn function(column: &Column) -> ApiError {
    invalid_query("data type not supported", json!({"column_name": column.name()}))
}

pub(super) fn module() -> ApiError {
    ApiError::new(400, "INVALID_MODULE", "the given module is not supported in api", json!({}))
}

/// Guess: message and `details`.
pub(super) fn too_much(clause: &str, limit: impl Into<Value>) -> ApiError {
    let details = json!({"clause": clause, "limit": limit.into()});
    ApiError::new(400, "LIMIT_EXCEEDED", "limit exceeded", details)
}

pub(super) fn duplicate_column(column: &Column) -> ApiError {
    let (message, details) = match column.function {
        None => ("duplicate select column", json!({"column_name": column.field})),
        Some(function) => (
            "duplicate aggregate function",
            json!({"column_name": column.field, "aggregate": function.as_str()}),
        ),
    };
    ApiError::new(400, "DUPLICATE_DATA", message, details)
}

/// The same field twice in `order by` or `group by`. Guess: the message.
pub(super) fn duplicate_order(name: &str) -> ApiError {
    ApiError::new(400, "DUPLICATE_DATA", "duplicate column", json!({"column_name": name}))
}

pub(super) fn duplicate_alias(alias: &str, columns: [&String; 2]) -> ApiError {
    let message = "same alias cannot refer more than one column";
    ApiError::new(400, "DUPLICATE_ALIAS", message, json!({"referred_columns": columns, "alias": alias}))
}

pub(super) fn alias_of_a_column(name: &str, alias: &str) -> ApiError {
    let message = "column name or property name given in select columns without alias name cannot be an alias name \
                   for other select columns";
    invalid_query(message, json!({"column_name": name, "alias": alias}))
}

/// Guess.
pub(super) fn no_json() -> ApiError {
    invalid_data("body", json!({"expected_data_type": "jsonobject"}))
}

pub(super) fn no_query() -> ApiError {
    ApiError::new(400, "MANDATORY_NOT_FOUND", "mandatory key not found", json!({"api_name": "select_query"}))
}

pub(super) fn no_text() -> ApiError {
    let details =
        json!({"expected_data_type": "text", "api_name": "select_query", "json_path": "$.select_query"});
    invalid_data("invalid data", details)
}

fn syntax(message: &'static str, details: Value) -> ApiError {
    ApiError::new(400, "SYNTAX_ERROR", message, details)
}

fn invalid_query(message: &'static str, details: Value) -> ApiError {
    ApiError::new(400, "INVALID_QUERY", message, details)
}

fn invalid_data(message: &'static str, details: Value) -> ApiError {
    ApiError::new(400, "INVALID_DATA", message, details)
}
