//! What django-oauth-toolkit does, where it differs from the other: one grant a client, and a refresh token that came
//! twice is refused alone.

use std::collections::BTreeMap;

use serde_json::json;

use crate::authorization::{
    REDIRECT_URL, STATE, authorize_url, challenge, exchange, exchange_with, proof_key, records, refresh,
    revoke, with_client,
};
use crate::server::{Client, Server};
use crate::visitor::{Answer, Visitor};

#[test]
fn it_ends_with_its_input() {
    let Some(mut server) = Server::django(&[]) else { return };
    assert!(server.stop());
}

#[test]
fn a_client_that_does_not_prove_itself_is_told_so() {
    let Some(server) = Server::django(&[]) else { return };
    let (machine, visitor) = (server.client("machine"), &mut Visitor::new());
    let form = [("grant_type", "client_credentials")];
    let url = server.value("token_url");
    let wrong = Client { secret: Some("wrong".to_owned()), ..machine.clone() };
    let answer = visitor.post(url, &with_client(&form, &wrong));
    assert_eq!((answer.status, answer.json()), (401, json!({"error": "invalid_client"})));
    let answer = visitor.post_as(url, (&machine.id, "wrong"), &form);
    assert_eq!(answer.refusal(), (401, "invalid_client".to_owned()));

    let good = visitor.post(url, &with_client(&form, &machine));
    assert_eq!(records(visitor, &server, &good.member("access_token")).status, 200);
    let good = visitor.post_as(url, (&machine.id, machine.secret.as_deref().unwrap()), &form);
    assert_eq!(records(visitor, &server, &good.member("access_token")).status, 200);
}

#[test]
fn a_password_brings_tokens() {
    let Some(server) = Server::django(&[]) else { return };
    let (client, visitor) = (server.client("password"), &mut Visitor::new());
    let (username, password) = server.account();
    let mut sign_in = |password| {
        let form = [("grant_type", "password"), ("username", username), ("password", password)];
        visitor.post(server.value("token_url"), &with_client(&form, &client))
    };
    assert_eq!(sign_in("wrong").refusal(), (400, "invalid_grant".to_owned()));
    let token = sign_in(password).member("access_token");
    assert_eq!(records(visitor, &server, &token).json()["records"][0], json!({"id": 1, "name": "record 1"}));
}

#[test]
fn a_code_needs_its_proof_key() {
    let Some(server) = Server::django(&[]) else { return };
    let (client, visitor) = (server.client("confidential"), &mut Visitor::new());
    let sent_back = ask(visitor, &server, &client, &[]).sent_back();
    assert_eq!(sent_back["error"], "invalid_request");
    assert_eq!(sent_back["state"], STATE);

    let code = &sign_in(&mut Visitor::new(), &server, &client, true)["code"];
    let wrong = "another-verifier-that-is-long-enough-for-the-standard";
    let answer = exchange_with(visitor, &server, &client, (code, wrong));
    assert_eq!(answer.refusal(), (400, "invalid_grant".to_owned()));
}

#[test]
fn somebody_may_say_no() {
    let Some(server) = Server::django(&[]) else { return };
    let sent_back = sign_in(&mut Visitor::new(), &server, &server.client("public"), false);
    assert_eq!(sent_back["error"], "access_denied");
    assert_eq!(sent_back["state"], STATE);
}

#[test]
fn a_refresh_token_is_good_once() {
    let Some(server) = Server::django(&[]) else { return };
    let (client, visitor) = (server.client("confidential"), &mut Visitor::new());
    let first = tokens(visitor, &server, &client);
    assert_eq!(records(visitor, &server, &first.member("access_token")).status, 200);
    let second = refresh(visitor, &server, &client, &first.member("refresh_token"));
    assert_eq!(records(visitor, &server, &first.member("access_token")).status, 401, "it went with its twin");
    assert_eq!(records(visitor, &server, &second.member("access_token")).status, 200);

    let answer = refresh(visitor, &server, &client, &first.member("refresh_token"));
    assert_eq!(answer.refusal(), (400, "invalid_grant".to_owned()));
    let third = refresh(visitor, &server, &client, &second.member("refresh_token"));
    assert_eq!(records(visitor, &server, &third.member("access_token")).status, 200);
}

#[test]
fn a_revoked_refresh_token_takes_its_access_token_along() {
    let Some(server) = Server::django(&[]) else { return };
    let (client, visitor) = (server.client("public"), &mut Visitor::new());
    let tokens = tokens(visitor, &server, &client);
    let (access, refresh_token) = (tokens.member("access_token"), tokens.member("refresh_token"));
    assert_eq!(revoke(visitor, &server, &client, &refresh_token).status, 200);
    let answer = refresh(visitor, &server, &client, &refresh_token);
    assert_eq!(answer.refusal(), (400, "invalid_grant".to_owned()));
    assert_eq!(records(visitor, &server, &access).refusal(), (401, "invalid_token".to_owned()));
}

#[test]
fn a_token_may_be_used_up() {
    let Some(server) = Server::django(&[("OAUTH_TOKEN_USES", "1")]) else { return };
    let (client, visitor) = (server.client("confidential"), &mut Visitor::new());
    let token = tokens(visitor, &server, &client).member("access_token");
    assert_eq!(records(visitor, &server, &token).status, 200);
    assert_eq!(records(visitor, &server, &token).refusal(), (401, "invalid_token".to_owned()));
}

fn tokens(visitor: &mut Visitor, server: &Server, client: &Client) -> Answer {
    let code = &sign_in(visitor, server, client, true)["code"];
    exchange(visitor, server, client, code)
}

/// Signs in and decides; with what the user is sent back.
fn sign_in(
    visitor: &mut Visitor,
    server: &Server,
    client: &Client,
    allows: bool,
) -> BTreeMap<String, String> {
    let challenge = challenge();
    let page = ask(visitor, server, client, &proof_key(&challenge));
    visitor.submit(&page, if allows { &[("allow", "Authorize")] } else { &[] }).sent_back()
}

/// Signs in and is asked.
fn ask(visitor: &mut Visitor, server: &Server, client: &Client, extra: &[(&str, &str)]) -> Answer {
    let (username, password) = server.account();
    let asked = authorize_url(server.value("authorize_url"), &client.id, REDIRECT_URL, extra);
    let page = visitor.get(asked.as_str());
    let page = visitor.follow(page);
    visitor.submit(&page, &[("username", username), ("password", password)])
}
