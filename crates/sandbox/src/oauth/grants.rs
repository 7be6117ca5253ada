//! `POST /oauth/v2/token`: exchanges a code for tokens, and a refresh token for a new access token.
//!
//! Zoho: errors have status 200; the answer to a refresh contains no new refresh token.

use jiff::Timestamp;
use serde_json::json;

use super::codes::CodeExchange;
use super::tokens::TokenResponse;
use super::{Parameters, client};
use crate::errors;
use crate::faults::{FaultKind, RequestPlace, TokenError};
use crate::site::Site;
use crate::wire::{Reply, WireRequest};

pub(super) fn token(site: &Site, request: &WireRequest, now: Timestamp) -> Reply {
    let parameters = Parameters::of(request);
    let grant = client::authenticate(request, &parameters).and_then(|()| Grant::read(site, &parameters, now));
    let grant = match grant {
        Ok(grant) => grant,
        Err(error) => return errors::token_error(error),
    };
    let disturbance = site.faults.take(RequestPlace::Token);
    disturbance.spoil(|| match disturbance.fault {
        Some(FaultKind::TokenError(error)) => errors::token_error(error),
        Some(FaultKind::Throttle) => errors::too_many_tokens(),
        _ => grant.issue(site, now),
    })
}

/// What the client presents to get tokens. It was checked.
#[derive(Debug, Clone, Copy)]
enum Grant<'a> {
    Code(&'a str),
    RefreshToken(&'a str),
}

impl<'a> Grant<'a> {
    fn read(site: &Site, parameters: &'a Parameters, now: Timestamp) -> Result<Self, TokenError> {
        let (code, refresh_token) = (parameters.get("code"), parameters.get("refresh_token"));
        match (parameters.get("grant_type"), code, refresh_token) {
            (Some("authorization_code"), Some(code), _) => {
                let redirect_uri = parameters.get("redirect_uri");
                let verifier = parameters.get("code_verifier");
                site.codes().check(&CodeExchange { code, redirect_uri, verifier }, now)?;
                Ok(Self::Code(code))
            }
            (Some("refresh_token"), _, Some(text)) if site.tokens().is_refresh_token(text) => {
                Ok(Self::RefreshToken(text))
            }
            (Some("authorization_code" | "refresh_token"), ..) => Err(TokenError::InvalidCode),
            _ => Err(TokenError::UnsupportedGrantType),
        }
    }

    fn issue(self, site: &Site, now: Timestamp) -> Reply {
        let response = match self {
            Self::Code(code) => {
                let authorization = site.codes().take(code);
                authorization.map(|authorization| Ok(site.tokens().authorize(authorization, now)))
            }
            Self::RefreshToken(text) => site.tokens().refresh(text, now),
        };
        match response {
            Some(Ok(response)) => answer(response, &site.base_url),
            Some(Err(_)) => errors::too_many_tokens(),
            None => errors::token_error(TokenError::InvalidCode),
        }
    }
}

/// The keys are in the order of Zoho's samples.
fn answer(response: TokenResponse, base_url: &str) -> Reply {
    let mut body = serde_json::Map::new();
    body.insert("access_token".to_owned(), response.access_token.into());
    if let Some(refresh_token) = response.refresh_token {
        body.insert("refresh_token".to_owned(), refresh_token.into());
    }
    body.insert("scope".to_owned(), response.scope.into());
    body.insert("api_domain".to_owned(), base_url.into());
    body.insert("token_type".to_owned(), "Bearer".into());
    body.insert("expires_in".to_owned(), json!(response.life.as_secs()));
    Reply::json(200, &body)
}
