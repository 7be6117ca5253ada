//! `GET /{module}/{id}`: one record with all its fields.

use serde_json::json;

use super::super::records::Module;
use super::super::wire::Reply;
use super::Call;

/// Which answer Zoho gives for an unknown id is a guess.
pub(super) fn reply(call: &Call<'_>, module: Module, id: &str) -> Reply {
    match id.parse().ok().and_then(|id| call.site.organisation.record_with_id(module, id)) {
        Some(record) => Reply::json(200, &json!({"data": [record.all_fields()]})),
        None => Reply::empty(204),
    }
}
