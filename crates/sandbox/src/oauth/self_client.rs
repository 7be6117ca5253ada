//! `POST /sandbox/self-client-code`: stands in for the "Generate Code" page of Zoho's API console.
//!
//! Zoho has no such endpoint; its users choose scopes and a duration in the browser.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Parameters;
use super::codes::{Authorization, CodeOrigin, RefreshTokenRule};
use super::scope::Scopes;
use crate::site::Site;
use crate::wire::{Reply, WireRequest};

/// Zoho: the console offers up to ten minutes.
const MOST_MINUTES: i64 = 10;

/// Issues a code for `scope` that is valid for `minutes` (10 by default).
pub(crate) fn code(site: &Site, request: &WireRequest, now: Timestamp) -> Reply {
    let parameters = Parameters::of(request);
    let Ok(scopes) = Scopes::read(parameters.get("scope").unwrap_or_default()) else {
        return error(
            400,
            "invalid_scope",
            "`scope` takes one or more scopes of Zoho CRM, separated by commas",
        );
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
