//! `If-Modified-Since` where all that is asked for changed at one known time.

use jiff::Timestamp;

use super::Call;
use crate::errors::{self, ApiError};

/// Whether something of that time is asked for: there is no header, or an earlier time in it.
pub(super) fn is_newer(call: &Call<'_>, changed: &str) -> Result<bool, ApiError> {
    let Some(since) = call.request.header("if-modified-since") else {
        return Ok(true);
    };
    let since: Timestamp = since.parse().map_err(|_| errors::invalid_header("If-Modified-Since"))?;
    Ok(changed.parse::<Timestamp>().is_ok_and(|changed| changed >= since))
}
