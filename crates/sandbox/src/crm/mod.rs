//! `/crm/{version}`: checks who may call, and dispatches. `route` parses the path; each endpoint has a file of its own.

mod access;
mod coql;
mod count;
mod deleted;
mod limits;
mod listing;
mod modified;
mod object;
mod org;
mod page;
mod record;
mod route;
mod search;
mod settings;
mod users;

use std::cell::Cell;

use jiff::Timestamp;

use super::errors::{self, ApiError};
use super::faults::{FaultKind, RequestPlace};
use super::records::{Module, RelatedList};
use super::site::Site;
use super::wire::{Reply, WireRequest};
pub(super) use access::RequiredScope;
pub(super) use limits::{ApiLimits, COST_OF_BULK_READ, DOCUMENTED_CONCURRENCY, DOCUMENTED_CREDITS};
use listing::Listing;
use route::Route;
pub(super) use route::Version;

/// A request whose access token is valid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) site: &'a Site,
    pub(super) request: &'a WireRequest,
    pub(super) version: Version,
    /// The access token of the request.
    pub(super) access_token: &'a str,
    /// The credits that were charged for it so far.
    paid: &'a Cell<u64>,
    pub(super) now: Timestamp,
}

/// Answers a request. `path` is what follows the version.
pub(super) fn answer(
    site: &Site,
    version: Version,
    request: &WireRequest,
    path: &[&str],
    now: Timestamp,
) -> Reply {
    let paid = Cell::new(0);
    match admit(site, version, request, &paid, now) {
        Ok(call) => call.end(call.serve(Route::read(&request.method, path))),
        Err(error) => error.reply(),
    }
}

impl Call<'_> {
    fn serve(&self, route: Result<Route<'_>, ApiError>) -> Result<Reply, ApiError> {
        let (needs, cost) = match &route {
            Ok(route) => (access::needs(route), limits::cost(route, self.request)),
            Err(_) => (Vec::new(), limits::LEAST_COST),
        };
        self.let_in(&needs, cost)?;
        serve(self, route?)
    }

    /// Rejects a call that the token does not allow or that is over a limit. Guess: the order of these checks.
    pub(super) fn let_in(&self, needs: &[RequiredScope], cost: u64) -> Result<(), ApiError> {
        self.require(needs)?;
        self.site.limits().enter(self.request.in_flight.flight(), self.now)?;
        self.charge(cost)
    }

    /// Rejects what the token does not allow.
    pub(super) fn require(&self, needs: &[RequiredScope]) -> Result<(), ApiError> {
        let tokens = self.site.tokens();
        let scopes = tokens.scopes_of(self.access_token).ok_or_else(errors::invalid_token)?;
        if needs.iter().all(|need| scopes.allow_reading(need.as_str())) {
            Ok(())
        } else {
            Err(errors::oauth_scope_mismatch())
        }
    }

    /// Charges credits, if enough are left.
    pub(super) fn charge(&self, cost: u64) -> Result<(), ApiError> {
        self.site.limits().charge(cost, self.now)?;
        self.paid.set(self.paid.get() + cost);
        Ok(())
    }

    /// The answer, with the header about remaining credits.
    ///
    /// Guess: a call that is rejected with 401 or 429 costs nothing. Any other call costs the usual, whatever the
    /// answer says and whether or not it arrives.
    pub(super) fn end(&self, reply: Result<Reply, ApiError>) -> Reply {
        let reply = reply.unwrap_or_else(|error| error.reply());
        let mut limits = self.site.limits();
        if matches!(reply.status, 401 | 429) {
            limits.give_back(self.paid.take());
        }
        limits.with_remaining_credits(reply)
    }
}

/// Admits a request with a valid access token. Nothing is charged yet.
pub(super) fn admit<'a>(
    site: &'a Site,
    version: Version,
    request: &'a WireRequest,
    paid: &'a Cell<u64>,
    now: Timestamp,
) -> Result<Call<'a>, ApiError> {
    let access_token = access_token(request).ok_or_else(errors::authentication_failure)?;
    if !site.tokens().is_alive(access_token, now) {
        return Err(errors::invalid_token());
    }
    Ok(Call { site, request, version, access_token, paid, now })
}

fn serve(call: &Call<'_>, route: Route<'_>) -> Result<Reply, ApiError> {
    match route {
        Route::Listing(module) => {
            let reply = list(call, &Listing::read(call, module)?);
            call.site.organisation.churn(module, call.now);
            Ok(reply)
        }
        Route::Related(module, id, name) => {
            let list_of = RelatedList::named(module, name).ok_or_else(errors::invalid_related_list)?;
            let Some(parent) = call.site.organisation.record_with_id(module, number(id)) else {
                return record::unknown(call);
            };
            let reply = list(call, &Listing::related(call, list_of, parent.id())?);
            call.site.organisation.churn(list_of.module, call.now);
            Ok(reply)
        }
        Route::Deleted(module) => {
            let reply = deleted::reply(call, module)?;
            call.site.organisation.churn(module, call.now);
            Ok(reply)
        }
        Route::Count(module) => count::reply(call, module),
        Route::Record(module, id) => record::reply(call, module, number(id)),
        Route::NoRecords(_) => Ok(Reply::empty(204)),
        Route::Modules => settings::modules::list(call),
        Route::ModuleNamed(name) => settings::modules::one(name),
        Route::Fields => settings::fields::list(call),
        Route::FieldWithId(id) => settings::fields::one(call, id),
        Route::Users => users::list(call),
        Route::UserWithId(id) => Ok(users::one(call, id)),
        Route::Org => Ok(org::reply(call)),
        Route::Search(module) => search::reply(call, module),
        Route::Coql => coql::reply(call),
    }
}

/// Zoho: a profile can deny a user access to a module.
pub(super) fn permit(call: &Call<'_>, module: Module) -> Result<(), ApiError> {
    if call.site.guesses.no_permission == Some(module) {
        return Err(errors::no_permission(module.name()));
    }
    Ok(())
}

/// A number that is too large for an id matches no record.
fn number(digits: &str) -> u64 {
    digits.parse().unwrap_or(u64::MAX)
}

/// Zoho: `Zoho-oauthtoken TOKEN`, although the token's type is `Bearer`; both schemes work.
fn access_token(request: &WireRequest) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    let is_known = ["Zoho-oauthtoken", "Bearer"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
    is_known.then_some(token.trim())
}

fn list(call: &Call<'_>, listing: &Listing<'_>) -> Reply {
    disturbed(call, listing.page(), |shown| match shown {
        PageServed::Requested => page::reply(listing, call.now),
        PageServed::Previous => page::reply(&listing.previous(), call.now),
        PageServed::WithoutToken => page::reply_without_token(listing, call.now),
    })
}

/// Which page is served, depending on faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PageServed {
    /// The requested page.
    Requested,
    /// The page before the requested one.
    Previous,
    /// The requested page, which says that there are more records but has no page token. Only listings have page
    /// tokens.
    WithoutToken,
}

/// Answers a request for this page, with the faults that are set for it.
fn disturbed(call: &Call<'_>, page: u64, answer: impl FnOnce(PageServed) -> Reply) -> Reply {
    let disturbance = call.site.faults.take(RequestPlace::Page(page));
    disturbance.spoil(|| match disturbance.fault {
        Some(FaultKind::Expire) => {
            call.site.tokens().end(call.access_token);
            errors::invalid_token().reply()
        }
        Some(FaultKind::Repeat) => answer(PageServed::Previous),
        Some(FaultKind::NoToken) => answer(PageServed::WithoutToken),
        _ => answer(PageServed::Requested),
    })
}
