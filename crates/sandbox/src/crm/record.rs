//! `GET /{module}/{id}`: one record with all its fields, or with those that `fields` names.

use serde_json::{Map, Value, json};

use super::listing::named_fields;
use super::{Call, permit};
use crate::errors::{self, ApiError};
use crate::guess::UnknownId;
use crate::records::Module;
use crate::wire::Reply;

/// Guess: a converted lead can be fetched by its id.
pub(super) fn reply(call: &Call<'_>, module: Module, id: u64) -> Result<Reply, ApiError> {
    permit(call, module)?;
    let Some(record) = call.site.organisation.record_with_id(module, id) else {
        return unknown(call);
    };
    let fields: Map<String, Value> = match named_fields(call.request)? {
        Some(names) => names
            .into_iter()
            .filter_map(|name| module.field(name))
            .map(|field| (field.name.to_owned(), field.value(&record)))
            .collect(),
        None => record.all_fields(),
    };
    Ok(Reply::json(200, &json!({"data": [fields]})))
}

/// Guess: how Zoho answers for an unknown id.
pub(super) fn unknown(call: &Call<'_>) -> Result<Reply, ApiError> {
    match call.site.guesses.unknown_id {
        UnknownId::NoContent => Ok(Reply::empty(204)),
        UnknownId::InvalidData => Err(errors::invalid_id()),
    }
}
