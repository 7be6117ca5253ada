//! `If-Modified-Since` for things that all changed at the same known time.

use jiff::Timestamp;

use super::Call;
use crate::errors::{self, ApiError};

/// Whether something that changed at this time must be returned: there is no header, or its time is not later.
pub(super) fn is_newer(call: &Call<'_>, changed: &str) -> Result<bool, ApiError> {
    let Some(since) = call.request.header("if-modified-since") else {
        return Ok(true);
    };
    let since: Timestamp = since.parse().map_err(|_| errors::invalid_header("If-Modified-Since"))?;
    Ok(changed.parse::<Timestamp>().is_ok_and(|changed| changed >= since))
}
