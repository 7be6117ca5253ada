//! `/crm/{version}`: who may ask, and who answers. `route` says what a path means; a file for each thing that can
//! be asked makes its answer.

mod coql;
mod listing;
mod page;
mod record;
mod route;
mod search;

use jiff::Timestamp;

use super::errors::{self, Refusal};
use super::faults::{FaultKind, Spot};
use super::site::Site;
use super::wire::{Reply, WireRequest};
use listing::Listing;
use route::Route;
pub(super) use route::Version;

/// A request by somebody who may ask.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) site: &'a Site,
    pub(super) request: &'a WireRequest,
    pub(super) version: Version,
    /// The token that the request came with; it is alive.
    pub(super) access_token: &'a str,
    pub(super) now: Timestamp,
}

/// Answers a request; the path is what follows the version.
pub(super) fn answer(
    site: &Site,
    version: Version,
    request: &WireRequest,
    path: &[&str],
    now: Timestamp,
) -> Reply {
    let reply =
        admit(site, version, request, now).and_then(|call| serve(&call, Route::read(&request.method, path)?));
    reply.unwrap_or_else(|refusal| refusal.reply())
}

/// Who may ask: whoever has a token that is alive.
pub(super) fn admit<'a>(
    site: &'a Site,
    version: Version,
    request: &'a WireRequest,
    now: Timestamp,
) -> Result<Call<'a>, Refusal> {
    let access_token = access_token(request).ok_or_else(errors::authentication_failure)?;
    if !site.tokens().is_alive(access_token, now) {
        return Err(errors::invalid_token());
    }
    Ok(Call { site, request, version, access_token, now })
}

fn serve(call: &Call<'_>, route: Route<'_>) -> Result<Reply, Refusal> {
    match route {
        Route::Listing(module) => {
            let listing = Listing::read(call, module)?;
            Ok(list(call, &listing))
        }
        Route::Record(module, id) => Ok(record::reply(call, module, id)),
        Route::Search(module) => search::reply(call, module),
        Route::Coql => coql::reply(call),
    }
}

/// Zoho: `Zoho-oauthtoken TOKEN`, though the token's type is called `Bearer`; that word is taken too.
fn access_token(request: &WireRequest) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    let is_known = ["Zoho-oauthtoken", "Bearer"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
    is_known.then_some(token.trim())
}

fn list(call: &Call<'_>, listing: &Listing<'_>) -> Reply {
    let disturbance = call.site.faults.take(Spot::Page(listing.page()));
    disturbance.spoil(|| match disturbance.fault {
        Some(FaultKind::Expire) => {
            call.site.tokens().end(call.access_token);
            errors::invalid_token().reply()
        }
        Some(FaultKind::Repeat) => page::reply(&listing.previous(), call.now),
        Some(FaultKind::NoToken) => page::reply_without_token(listing, call.now),
        _ => page::reply(listing, call.now),
    })
}
