//! `/oauth/v2`: the consent page, the token endpoint and revocation; also the stand-in for Zoho's API console.
//!
//! `authorize` (with `consent`) and `self_client` issue codes, `grants` exchanges codes and refresh tokens for tokens,
//! `revoke` revokes tokens. `codes` and `tokens` keep what was issued and enforce the limits; `scope` says what a token
//! allows. There is one client, one user and one organisation.

mod authorize;
mod client;
mod codes;
mod consent;
mod grants;
mod parameters;
mod revoke;
mod scope;
mod self_client;
mod tokens;

use http::Method;
use jiff::{SignedDuration, Timestamp};

use super::errors;
use super::site::Site;
use super::wire::{Reply, WireRequest};
pub(super) use codes::IssuedCodes;
use parameters::Parameters;
pub(super) use self_client::code as self_client_code;
pub(super) use tokens::IssuedTokens;

/// The scopes of the built-in refresh token.
pub(super) const SCOPE: [&str; 7] = [
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.users.READ",
    "ZohoCRM.org.READ",
    "ZohoCRM.coql.READ",
    "ZohoCRM.bulk.READ",
    "ZohoSearch.securesearch.READ",
];

/// Zoho: the limits for codes and tokens apply to the last ten minutes.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// Answers a request. `path` is what follows `/oauth/v2`.
pub(super) fn answer(site: &Site, request: &WireRequest, path: &[&str], now: Timestamp) -> Reply {
    let get = request.method == Method::GET;
    let post = request.method == Method::POST;
    match *path {
        ["auth"] if get => authorize::ask(site, request),
        ["auth"] if post => authorize::decide(site, request, now),
        ["auth"] => wrong_method("GET, POST"),
        ["token"] if post => grants::token(site, request, now),
        ["token", "revoke"] if post => revoke::revoke(site, request),
        ["token"] | ["token", "revoke"] => wrong_method("POST"),
        _ => errors::invalid_url_pattern().reply(),
    }
}

/// Guess: the documentation names no other methods.
fn wrong_method(allowed: &str) -> Reply {
    Reply::empty(405).header("allow", allowed)
}
