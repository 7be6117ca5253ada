//! `POST /oauth/v2/token`, the refresh grant.
//!
//! Zoho: the parameters come in a form of either kind or in the query; errors have status 200; an answer to a refresh
//! holds no new refresh token.

use http::Method;
use jiff::Timestamp;
use serde_json::json;

use super::faults::{FaultKind, Spot, TokenError};
use super::site::Site;
use super::wire::{Reply, WireRequest};
use super::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, errors};

const SCOPE: &str = "ZohoCRM.modules.ALL ZohoCRM.settings.ALL ZohoCRM.users.READ ZohoCRM.org.READ";

pub(super) fn token(site: &Site, request: &WireRequest, now: Timestamp) -> Reply {
    if request.method != Method::POST {
        // A guess: the documentation knows only POST.
        return Reply::empty(405).header("allow", "POST");
    }
    let parameters = Parameters::of(request);
    if let Err(error) = parameters.check() {
        return errors::token_error(error);
    }
    let disturbance = site.faults.take(Spot::Token);
    disturbance.spoil(|| match disturbance.fault {
        Some(FaultKind::TokenError(error)) => errors::token_error(error),
        Some(FaultKind::Throttle) => errors::too_many_tokens(),
        _ => issue(site, now),
    })
}

fn issue(site: &Site, now: Timestamp) -> Reply {
    let mut tokens = site.tokens();
    let Ok(access_token) = tokens.issue(now) else {
        return errors::too_many_tokens();
    };
    let body = json!({
        "access_token": access_token,
        "scope": SCOPE,
        "api_domain": site.base_url,
        "token_type": "Bearer",
        "expires_in": tokens.life().as_secs(),
    });
    Reply::json(200, &body)
}

/// The parameters of query and form.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn of(request: &WireRequest) -> Self {
        Self(request.form().into_iter().chain(request.query.iter().cloned()).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn check(&self) -> Result<(), TokenError> {
        if self.get("client_id") != Some(CLIENT_ID) {
            return Err(TokenError::InvalidClient);
        }
        if self.get("client_secret") != Some(CLIENT_SECRET) {
            return Err(TokenError::InvalidClientSecret);
        }
        match self.get("grant_type") {
            Some("refresh_token") if self.get("refresh_token") == Some(REFRESH_TOKEN) => Ok(()),
            // There is no consent page yet, so no code can be right.
            Some("refresh_token" | "authorization_code") => Err(TokenError::InvalidCode),
            _ => Err(TokenError::UnsupportedGrantType),
        }
    }
}
