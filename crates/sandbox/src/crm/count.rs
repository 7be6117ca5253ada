//! `GET /{module}/actions/count`: how many records a listing without conditions would return.

use serde_json::json;

use super::{Call, permit};
use crate::errors::ApiError;
use crate::records::Module;
use crate::wire::Reply;

/// Guess: `If-Modified-Since` and conditions have no effect here.
pub(super) fn reply(call: &Call<'_>, module: Module) -> Result<Reply, ApiError> {
    permit(call, module)?;
    Ok(Reply::json(200, &json!({"count": call.site.organisation.records(module).count()})))
}
