//! `POST /sandbox/self-client-code`: stands in for the page "Generate Code" of Zoho's API console.
//!
//! Zoho has no such endpoint; there a person picks scopes and a duration in the browser.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Parameters;
use super::codes::{Authorization, CodeOrigin, RefreshTokenRule};
use super::scope::Scopes;
use crate::site::Site;
use crate::wire::{Reply, WireRequest};

/// The console offers up to ten minutes.
const MOST_MINUTES: i64 = 10;

/// A code for `scope` that lives `minutes` (10 when they are not said).
pub(crate) fn code(site: &Site, request: &WireRequest, now: Timestamp) -> Reply {
    let parameters = Parameters::of(request);
    let Ok(scopes) = Scopes::read(parameters.get("scope").unwrap_or_default()) else {
        return error(400, "invalid_scope", "`scope` takes scopes of Zoho CRM with commas between them");
    };
    let minutes = parameters.get("minutes").map_or(Ok(MOST_MINUTES), str::parse);
    let Some(minutes) = minutes.ok().filter(|minutes| (1..=MOST_MINUTES).contains(minutes)) else {
        return error(400, "invalid_minutes", "`minutes` takes a whole number from 1 to 10");
    };
    let refresh_token = RefreshTokenRule::Always;
    let authorization = Authorization { scopes, origin: CodeOrigin::SelfClient, refresh_token };
    let life = SignedDuration::from_mins(minutes);
    match site.codes().issue(authorization, life, now) {
        Ok(code) => Reply::json(200, &json!({"code": code, "expires_in": life.as_secs()})),
        Err(_) => error(429, "access_denied", "more than 10 codes in 10 minutes"),
    }
}

fn error(status: u16, error: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"error": error, "message": message}))
}
