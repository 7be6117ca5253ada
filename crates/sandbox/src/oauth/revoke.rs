//! `POST /oauth/v2/token/revoke`: revokes a token.

use serde_json::json;

use super::Parameters;
use crate::site::Site;
use crate::wire::{Reply, WireRequest};

/// Zoho: the token is enough, no client credentials are needed; an unknown token has status 400. Guess: the body.
pub(super) fn revoke(site: &Site, request: &WireRequest) -> Reply {
    let parameters = Parameters::of(request);
    let token = parameters.get("token").unwrap_or_default();
    if site.tokens().revoke(token) {
        Reply::json(200, &json!({"status": "success"}))
    } else {
        Reply::json(400, &json!({"error": "invalid_token", "status": "failure"}))
    }
}
