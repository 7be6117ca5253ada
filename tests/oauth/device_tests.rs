//! The device grant (RFC 8628) at both servers: a poll before, one too often, one after.

use crate::authorization::{records, with_client};
use crate::server::{Client, Server};
use crate::visitor::{Answer, Visitor};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

#[test]
fn oidc_provider_lets_a_device_in() {
    let Some(server) = Server::oidc(&[("OAUTH_SLOW_DOWN_AT", "2"), ("OAUTH_POLL_INTERVAL", "3")]) else {
        return;
    };
    let (client, device) = (server.client("public"), &mut Visitor::new());
    let codes = ask(device, &server, &client, "offline_access records");
    assert_eq!(codes.json()["interval"], 3);
    let code = codes.member("device_code");
    assert_eq!(poll(device, &server, &client, &code).refusal(), (400, "authorization_pending".to_owned()));
    assert_eq!(poll(device, &server, &client, &code).refusal(), (400, "slow_down".to_owned()));
    assert_eq!(poll(device, &server, &client, &code).refusal(), (400, "authorization_pending".to_owned()));

    let (person, (username, password)) = (&mut Visitor::new(), server.account());
    // This page sends itself on by script.
    let page = person.get(&codes.member("verification_uri_complete"));
    let page = person.submit(&page, &[]);
    let page = person.submit(&page, &[]);
    let page = person.submit(&page, &[("username", username), ("password", password)]);
    let page = person.submit(&page, &[("decision", "allow")]);
    assert!(page.text.contains("<h1>The device is connected</h1>"), "{page:?}");

    let tokens = poll(device, &server, &client, &code);
    assert!(tokens.json()["refresh_token"].is_string(), "{tokens:?}");
    assert_eq!(records(device, &server, &tokens.member("access_token")).status, 200);
    assert_eq!(poll(device, &server, &client, &code).refusal(), (400, "invalid_grant".to_owned()));
}

#[test]
fn oidc_provider_turns_a_device_away() {
    let Some(server) = Server::oidc(&[]) else { return };
    let (client, visitor) = (server.client("public"), &mut Visitor::new());
    let codes = ask(visitor, &server, &client, "records");
    let page = visitor.get(&codes.member("verification_uri_complete"));
    let page = visitor.submit(&page, &[]);
    visitor.submit(&page, &[("abort", "yes")]);
    let answer = poll(visitor, &server, &client, &codes.member("device_code"));
    assert_eq!(answer.refusal(), (400, "access_denied".to_owned()));
}

#[test]
fn django_lets_a_device_in() {
    let Some(server) = Server::django(&[]) else { return };
    let (client, device) = (server.client("device"), &mut Visitor::new());
    let codes = ask(device, &server, &client, "records");
    let code = codes.member("device_code");
    assert_eq!(poll(device, &server, &client, &code).refusal(), (400, "authorization_pending".to_owned()));

    let (person, (username, password)) = (&mut Visitor::new(), server.account());
    let page = person.get(&codes.member("verification_uri"));
    let page = person.follow(page);
    let page = person.submit(&page, &[("username", username), ("password", password)]);
    let page = person.submit(&page, &[("user_code", &codes.member("user_code"))]);
    let page = person.submit(&page, &[("action", "accept")]);
    assert!(page.text.contains("Device Authorized"), "{page:?}");

    let tokens = poll(device, &server, &client, &code);
    assert_eq!(records(device, &server, &tokens.member("access_token")).status, 200);
}

/// Asks for codes.
pub(crate) fn ask(device: &mut Visitor, server: &Server, client: &Client, scope: &str) -> Answer {
    device.post(server.value("device_url"), &with_client(&[("scope", scope)], client))
}

/// Asks for tokens.
pub(crate) fn poll(device: &mut Visitor, server: &Server, client: &Client, code: &str) -> Answer {
    let form = [("grant_type", GRANT), ("device_code", code)];
    device.post(server.value("token_url"), &with_client(&form, client))
}
