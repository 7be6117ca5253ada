//! river signs in on another device, at both servers: it prints a code, and a person types it elsewhere.

use river_sandbox::wire::{Reply, Server as Wire, WireRequest};
use serde_json::json;

use crate::browser::Person;
use crate::project::{Project, screenshot};
use crate::registered::{django, oidc, refreshes, token_requests};
use crate::server::Server;
use crate::visitor::Visitor;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

#[test]
fn at_oidc_provider_which_wants_it_slower() {
    let switches = [("OAUTH_SLOW_DOWN_AT", "1"), ("OAUTH_TOKEN_USES", "3")];
    let Some(server) = Server::oidc(&switches) else { return };
    let more = "  scope: [openid, offline_access, records]\n  rotates: true\n";
    let project = oidc(&server, "public", "device_code", more);
    let person = Person { walk: "oidc-device", account: server.account(), ..Person::default() };
    if connect(&project, &person, "device").is_none() {
        return;
    }
    let polls = Visitor::new().get(server.value("token_requests_url")).json();
    assert_eq!(polls[0]["error"], "slow_down");
    let [first, second] = [0, 1].map(|index: usize| polls[index]["at"].as_f64().unwrap());
    assert!(second - first >= 6.0, "a second, and five more since it was told to: {polls}");
    assert!(token_requests(&server).iter().all(|(grant, proof, _)| grant == DEVICE && proof == "none"));
    assert_eq!((project.pulls(), refreshes(&server)), (25, 1));
    assert_eq!((project.pulls(), refreshes(&server)), (25, 3));
}

#[test]
fn at_oidc_provider_whose_user_says_no() {
    let Some(server) = Server::oidc(&[]) else { return };
    let project = oidc(&server, "public", "device_code", "  scope: [openid, records]\n");
    let mut running = project.start(&["auth", "login", "shop"]);
    let (url, code) = (running.address(), running.indented("  "));
    let person = Person { walk: "oidc-device", account: server.account(), code: &code, rejects: true };
    if person.opens(&url, &screenshot("device-rejected.png")).is_none() {
        return;
    }
    let ended = running.end();
    assert!(ended.exit == Some(6) && ended.err.contains("`access_denied`"), "{ended:?}");
    assert!(project.entries().is_empty(), "{ended:?}");
}

#[test]
fn at_django() {
    let Some(server) = Server::django(&[("OAUTH_TOKEN_USES", "3")]) else { return };
    let project = django(&server, "device", "device_code", "  scope: [records]\n  rotates: true\n");
    let person = Person { walk: "django-device", account: server.account(), ..Person::default() };
    if connect(&project, &person, "device-django").is_none() {
        return;
    }
    assert_eq!((project.pulls(), refreshes(&server)), (25, 1));
}

#[test]
fn what_a_server_says_does_not_move_the_cursor() {
    let server = Wire::start(0, |request: WireRequest| {
        let answer = match request.path.as_str() {
            "/device" => json!({
                "device_code": "the-device-code", "user_code": "AB\u{1b}[2J", "verification_uri": "http://a.example/\u{1b}]0;",
                "verification_uri_complete": "http://a.example/\u{1b}[1A", "interval": 1, "expires_in": 60,
            }),
            _ => json!({
                "access_token": "an-access-token", "refresh_token": "a-refresh-token", "scope": "a\u{1b}[31m", "kept": "\u{9b}1A",
            }),
        };
        Reply::json(200, &answer)
    })
    .unwrap();
    let url = server.base_url();
    let project = Project::new(&format!(
        "base_url: {url}\nauth: {{ kind: oauth2, grant: device_code, client_id: tv, device_url: '{url}/device', \
         token_url: '{url}/token', keep: {{ kept: $.kept }} }}\n"
    ));
    let ended = project.river(&["auth", "login", "shop"]);
    assert_eq!(ended.exit, Some(0), "{ended:?}");
    let moves = |text: &str| text.chars().any(|letter| letter.is_control() && letter != '\n');
    assert!(!moves(&ended.out) && !moves(&ended.err), "{ended:?}");
    assert!(ended.err.contains("AB\u{fffd}[2J") && ended.out.contains("a\u{fffd}[31m"), "{ended:?}");
}

/// Types the code that river shows where river says.
fn connect(project: &Project, person: &Person<'_>, picture: &str) -> Option<()> {
    let mut running = project.start(&["auth", "login", "shop"]);
    let (url, code) = (running.address(), running.indented("  "));
    let person = Person { code: &code, ..*person };
    person.opens(&url, &screenshot(&format!("{picture}.png")))?;
    let ended = running.end();
    assert_eq!((ended.exit, project.entries().len()), (Some(0), 1), "{ended:?}");
    assert!(ended.out.contains("signed in to `shop`"), "{ended:?}");
    Some(())
}
