//! `POST /oauth/v2/token/revoke`: the end of a token.

use serde_json::json;

use super::Parameters;
use crate::site::Site;
use crate::wire::{Reply, WireRequest};

/// Zoho: who has the token needs no client; an unknown one has status 400, with a body that is a guess.
pub(super) fn revoke(site: &Site, request: &WireRequest) -> Reply {
    let parameters = Parameters::of(request);
    let token = parameters.get("token").unwrap_or_default();
    if site.tokens().revoke(token) {
        Reply::json(200, &json!({"status": "success"}))
    } else {
        Reply::json(400, &json!({"error": "invalid_token", "status": "failure"}))
    }
}
