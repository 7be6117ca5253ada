//! `/crm/v8`: who may ask, and what a path means.

mod listing;
mod page;

use http::Method;
use jiff::Timestamp;
use serde_json::json;

use super::errors::{self, Refusal};
use super::faults::{FaultKind, Spot};
use super::records::Module;
use super::site::Site;
use super::wire::{Reply, WireRequest};
use listing::Listing;

/// Answers a request; the path is what follows the version.
pub(super) fn answer(site: &Site, request: &WireRequest, path: &[&str], now: Timestamp) -> Reply {
    try_answer(site, request, path, now).unwrap_or_else(|refusal| refusal.reply())
}

fn try_answer(site: &Site, request: &WireRequest, path: &[&str], now: Timestamp) -> Result<Reply, Refusal> {
    let access_token = access_token(request).ok_or_else(errors::authentication_failure)?;
    if !site.tokens().is_alive(access_token, now) {
        return Err(errors::invalid_token());
    }
    if request.method != Method::GET {
        return Err(errors::invalid_request());
    }
    match path {
        [name] if !name.is_empty() => {
            let listing = Listing::read(&site.organisation, module(name)?, request, now)?;
            Ok(list(site, &listing, access_token, now))
        }
        [name, id] if is_number(id) => Ok(record(site, module(name)?, id)),
        _ => Err(errors::invalid_url_pattern()),
    }
}

/// Zoho: `Zoho-oauthtoken TOKEN`, though the token's type is called `Bearer`; that word is taken too.
fn access_token(request: &WireRequest) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    let is_known = ["Zoho-oauthtoken", "Bearer"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
    is_known.then_some(token.trim())
}

fn module(name: &str) -> Result<Module, Refusal> {
    Module::named(name).ok_or_else(errors::invalid_module)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn list(site: &Site, listing: &Listing<'_>, access_token: &str, now: Timestamp) -> Reply {
    let disturbance = site.faults.take(Spot::Page(listing.page()));
    disturbance.spoil(|| match disturbance.fault {
        Some(FaultKind::Expire) => {
            site.tokens().end(access_token);
            errors::invalid_token().reply()
        }
        Some(FaultKind::Repeat) => page::reply(&listing.previous(), now),
        Some(FaultKind::NoToken) => page::reply_without_token(listing, now),
        _ => page::reply(listing, now),
    })
}

/// One record with all its fields. Which answer Zoho gives for an unknown id is a guess.
fn record(site: &Site, module: Module, id: &str) -> Reply {
    match id.parse().ok().and_then(|id| site.organisation.record_with_id(module, id)) {
        Some(record) => Reply::json(200, &json!({"data": [record.all_fields()]})),
        None => Reply::empty(204),
    }
}
