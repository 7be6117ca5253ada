//! What oidc-provider does.

use std::collections::BTreeMap;

use serde_json::json;

use crate::authorization::{
    REDIRECT_URL, STATE, authorize_url, challenge, exchange, exchange_with, proof_key, records, refresh,
    revoke, with_client,
};
use crate::server::{Client, Server, assertion};
use crate::visitor::{Answer, Visitor};

const SCOPE: &str = "openid offline_access records";
const MACHINE: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("scope", "records")];

#[test]
fn it_ends_with_its_input() {
    let Some(mut server) = Server::oidc(&[]) else { return };
    assert!(server.stop());
}

#[test]
fn each_client_proves_itself_in_its_own_way() {
    let Some(server) = Server::oidc(&[]) else { return };
    let visitor = &mut Visitor::new();
    let (post, basic) = (server.client("post"), server.client("basic"));
    let answers = [
        visitor.post(server.value("token_url"), &with_client(&MACHINE, &post)),
        by_basic(visitor, &server, &basic, basic.secret.as_deref().unwrap()),
        by_key(visitor, &server, "RS256"),
        by_key(visitor, &server, "ES256"),
    ];
    for answer in answers {
        let page = records(visitor, &server, &answer.member("access_token"));
        assert_eq!(page.status, 200, "{answer:?} {page:?}");
    }
    let noted = visitor.get(server.value("token_requests_url")).json();
    let proofs: Vec<_> = noted.as_array().unwrap().iter().map(|request| &request["proof"]).collect();
    assert_eq!(proofs, ["body", "basic", "private_key_jwt", "private_key_jwt"]);
}

#[test]
fn a_client_that_does_not_prove_itself_is_told_so() {
    let Some(server) = Server::oidc(&[]) else { return };
    let visitor = &mut Visitor::new();
    let wrong = Client { secret: Some("wrong".to_owned()), ..server.client("post") };
    let answer = visitor.post(server.value("token_url"), &with_client(&MACHINE, &wrong));
    assert_eq!(answer.refusal(), (401, "invalid_client".to_owned()));
    assert_eq!(answer.member("error_description"), "client authentication failed");
    let answer = by_basic(visitor, &server, &server.client("basic"), "wrong");
    assert_eq!(answer.refusal(), (401, "invalid_client".to_owned()));
    assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm="), "{answer:?}");
}

#[test]
fn a_code_needs_its_proof_key() {
    let Some(server) = Server::oidc(&[]) else { return };
    let client = server.client("public");
    let visitor = &mut Visitor::new();
    let asked = authorize_url(server.value("authorize_url"), &client.id, REDIRECT_URL, &[("scope", SCOPE)]);
    let sent_back = visitor.get(asked.as_str()).sent_back();
    assert_eq!(sent_back["error"], "invalid_request");
    assert_eq!(sent_back["state"], STATE);
    assert!(sent_back["error_description"].contains("PKCE"), "{sent_back:?}");

    let code = &sign_in(visitor, &server, &client, "allow")["code"];
    let wrong = "another-verifier-that-is-long-enough-for-the-standard";
    let answer = exchange_with(visitor, &server, &client, (code, wrong));
    assert_eq!(answer.refusal(), (400, "invalid_grant".to_owned()));
}

#[test]
fn a_code_is_good_once() {
    let Some(server) = Server::oidc(&[]) else { return };
    let (client, visitor) = (server.client("post"), &mut Visitor::new());
    let sent_back = sign_in(visitor, &server, &client, "allow");
    assert_eq!(sent_back["state"], STATE);
    assert_eq!(sent_back["iss"], server.value("issuer"), "RFC 9207");
    let tokens = exchange(visitor, &server, &client, &sent_back["code"]);
    assert_eq!(tokens.json()["expires_in"], 3600);
    assert_eq!(records(visitor, &server, &tokens.member("access_token")).status, 200);
    let again = exchange(visitor, &server, &client, &sent_back["code"]);
    assert_eq!(again.refusal(), (400, "invalid_grant".to_owned()));
    let after = records(visitor, &server, &tokens.member("access_token"));
    assert_eq!(after.status, 401, "the tokens of a code that came twice are no good any more");
}

#[test]
fn somebody_may_say_no() {
    let Some(server) = Server::oidc(&[]) else { return };
    let sent_back = sign_in(&mut Visitor::new(), &server, &server.client("post"), "deny");
    assert_eq!(sent_back["error"], "access_denied");
    assert_eq!(sent_back["state"], STATE);
}

#[test]
fn a_refresh_token_is_good_once_and_its_second_use_ends_all() {
    let Some(server) = Server::oidc(&[]) else { return };
    let (client, visitor) = (server.client("post"), &mut Visitor::new());
    let first = tokens(visitor, &server, &client).member("refresh_token");
    let second = refresh(visitor, &server, &client, &first);
    assert_eq!(records(visitor, &server, &second.member("access_token")).status, 200);
    let second_token = second.member("refresh_token");
    assert_ne!(first, second_token);

    let answer = refresh(visitor, &server, &client, &first);
    assert_eq!(answer.refusal(), (400, "invalid_grant".to_owned()));
    let answer = refresh(visitor, &server, &client, &second_token);
    assert_eq!(answer.refusal(), (400, "invalid_grant".to_owned()), "also the new one");
    assert_eq!(records(visitor, &server, &second.member("access_token")).status, 401);
    let noted = visitor.get(server.value("token_requests_url")).json();
    let noted =
        noted.as_array().unwrap().iter().map(|request| json!([request["grant_type"], request["error"]]));
    let expected = json!([
        ["authorization_code", null],
        ["refresh_token", null],
        ["refresh_token", "invalid_grant"],
        ["refresh_token", "invalid_grant"],
    ]);
    assert_eq!(noted.collect::<serde_json::Value>(), expected);
}

#[test]
fn without_prompt_there_is_no_refresh_token() {
    let Some(server) = Server::oidc(&[]) else { return };
    let (client, visitor) = (server.client("post"), &mut Visitor::new());
    let challenge = challenge();
    let extra = [&[("scope", SCOPE)][..], &proof_key(&challenge)].concat();
    let sent_back = walk(visitor, &server, &client, &extra, "allow");
    let tokens = exchange(visitor, &server, &client, &sent_back["code"]).json();
    assert_eq!(tokens.get("refresh_token"), None);
    assert_eq!(tokens["scope"], "openid records");
}

#[test]
fn a_revoked_refresh_token_takes_its_access_token_along() {
    let Some(server) = Server::oidc(&[]) else { return };
    let (client, visitor) = (server.client("post"), &mut Visitor::new());
    let tokens = tokens(visitor, &server, &client);
    let (access, refresh_token) = (tokens.member("access_token"), tokens.member("refresh_token"));
    assert_eq!(revoke(visitor, &server, &client, &refresh_token).status, 200);
    assert_eq!(
        refresh(visitor, &server, &client, &refresh_token).refusal(),
        (400, "invalid_grant".to_owned())
    );
    let answer = records(visitor, &server, &access);
    assert_eq!(answer.refusal(), (401, "invalid_token".to_owned()));
    assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer "), "{answer:?}");
    assert_eq!(revoke(visitor, &server, &client, "unknown").status, 200, "RFC 7009, section 2.2");
}

#[test]
fn a_token_may_be_used_up_between_pages() {
    let Some(server) = Server::oidc(&[("OAUTH_TOKEN_USES", "2")]) else { return };
    let (client, visitor) = (server.client("post"), &mut Visitor::new());
    let form = with_client(&MACHINE, &client);
    let token = visitor.post(server.value("token_url"), &form).member("access_token");
    let mut page = |number: u32| {
        let url = format!("{}?page={number}&per_page=20", server.value("records_url"));
        visitor.get_with_token(&url, &token)
    };
    let first = page(1).json();
    assert_eq!((first["records"].as_array().unwrap().len(), &first["more"]), (20, &json!(true)));
    let second = page(2).json();
    assert_eq!((second["records"].as_array().unwrap().len(), &second["more"]), (5, &json!(false)));
    assert_eq!(page(3).refusal(), (401, "invalid_token".to_owned()));
}

fn tokens(visitor: &mut Visitor, server: &Server, client: &Client) -> Answer {
    let code = &sign_in(visitor, server, client, "allow")["code"];
    exchange(visitor, server, client, code)
}

fn sign_in(
    visitor: &mut Visitor,
    server: &Server,
    client: &Client,
    decision: &str,
) -> BTreeMap<String, String> {
    let challenge = challenge();
    let extra = [&[("scope", SCOPE), ("prompt", "consent")][..], &proof_key(&challenge)].concat();
    walk(visitor, server, client, &extra, decision)
}

/// Signs in and decides; with what the user is sent back.
fn walk(
    visitor: &mut Visitor,
    server: &Server,
    client: &Client,
    extra: &[(&str, &str)],
    decision: &str,
) -> BTreeMap<String, String> {
    let (username, password) = server.account();
    let asked = authorize_url(server.value("authorize_url"), &client.id, REDIRECT_URL, extra);
    let page = visitor.get(asked.as_str());
    let page = visitor.follow(page);
    let page = visitor.submit(&page, &[("username", username), ("password", password)]);
    visitor.submit(&page, &[("decision", decision)]).sent_back()
}

fn by_basic(visitor: &mut Visitor, server: &Server, client: &Client, secret: &str) -> Answer {
    visitor.post_as(server.value("token_url"), (&client.id, secret), &MACHINE)
}

fn by_key(visitor: &mut Visitor, server: &Server, algorithm: &str) -> Answer {
    let (client, url) = (server.client("jwt"), server.value("token_url"));
    let assertion = assertion(&client, url, algorithm, &server.key(algorithm));
    let proof = [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.as_str()),
    ];
    visitor.post(url, &with_client(&[MACHINE, proof].concat(), &client))
}
