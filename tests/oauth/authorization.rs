//! A request for access and what its code is exchanged for, as a client does it by hand (RFC 6749, 7636).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::Url;
use sha2::{Digest, Sha256};

use crate::server::{Client, Server};
use crate::visitor::{Answer, Visitor};

/// No secret: every test has a server of its own.
pub(crate) const VERIFIER: &str = "a-verifier-that-is-long-enough-for-rfc-7636-section-4-1";
pub(crate) const STATE: &str = "a state & more";
/// Nobody listens there: who visits by hand does not go.
pub(crate) const REDIRECT_URL: &str = "http://127.0.0.1:1/callback";

pub(crate) fn challenge() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// Where a client sends its user; `extra` is added.
pub(crate) fn authorize_url(authorize: &str, client_id: &str, redirect: &str, extra: &[(&str, &str)]) -> Url {
    let asked =
        [("response_type", "code"), ("client_id", client_id), ("redirect_uri", redirect), ("state", STATE)];
    Url::parse_with_params(authorize, asked.iter().chain(extra)).unwrap()
}

/// The parameters of PKCE.
pub(crate) fn proof_key(challenge: &str) -> [(&str, &str); 2] {
    [("code_challenge", challenge), ("code_challenge_method", "S256")]
}

/// Exchanges a code; who the client is stands in the form.
pub(crate) fn exchange(visitor: &mut Visitor, server: &Server, client: &Client, code: &str) -> Answer {
    exchange_with(visitor, server, client, (code, VERIFIER))
}

/// The same with a verifier that may be wrong.
pub(crate) fn exchange_with(
    visitor: &mut Visitor,
    server: &Server,
    client: &Client,
    (code, verifier): (&str, &str),
) -> Answer {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URL),
        ("code_verifier", verifier),
    ];
    visitor.post(server.value("token_url"), &with_client(&form, client))
}

pub(crate) fn refresh(visitor: &mut Visitor, server: &Server, client: &Client, token: &str) -> Answer {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    visitor.post(server.value("token_url"), &with_client(&form, client))
}

pub(crate) fn revoke(visitor: &mut Visitor, server: &Server, client: &Client, token: &str) -> Answer {
    visitor.post(server.value("revoke_url"), &with_client(&[("token", token)], client))
}

/// The first page of records.
pub(crate) fn records(visitor: &mut Visitor, server: &Server, access_token: &str) -> Answer {
    visitor.get_with_token(server.value("records_url"), access_token)
}

/// The form with the client's id and its secret, if it has one.
pub(crate) fn with_client<'a>(form: &[(&'a str, &'a str)], client: &'a Client) -> Vec<(&'a str, &'a str)> {
    let secret = client.secret.as_deref().map(|secret| ("client_secret", secret));
    form.iter().copied().chain([("client_id", client.id.as_str())]).chain(secret).collect()
}
