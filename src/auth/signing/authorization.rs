//! The header `Authorization` (RFC 9110, 11.6.2).

use http::header::AUTHORIZATION;

use super::error::SigningError;
use super::place;
use super::sent;
use crate::http::Request;
use crate::plan::auth::Place;

/// Where most kinds put what proves who asks.
pub(super) fn place() -> Place {
    Place::Header(AUTHORIZATION.to_string())
}

/// What the request says now.
pub(super) fn of(request: &Request) -> Option<String> {
    sent::header(request, &AUTHORIZATION)
}

/// Sets it, in place of one that is there.
pub(super) fn put(text: &str, request: &mut Request) -> Result<(), SigningError> {
    Ok(place::put_header(AUTHORIZATION.as_str(), text, request)?)
}
