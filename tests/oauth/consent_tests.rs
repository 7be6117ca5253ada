//! A person at a browser decides, and is sent back to a listener of the test.

use std::collections::BTreeMap;

use river_sandbox::{Options, Sandbox};

use crate::authorization::{STATE, authorize_url, challenge, proof_key};
use crate::browser::{Heading, Page, Person};
use crate::callback::Callback;
use crate::device_tests;
use crate::server::Server;
use crate::visitor::Visitor;

#[test]
fn at_oidc_provider() {
    let Some(server) = Server::oidc(&[]) else { return };
    let scope = [("scope", "openid offline_access records"), ("prompt", "consent")];
    let person = Person { walk: "oidc", account: server.account(), ..Person::default() };
    let client = server.client("post").id;
    let Some(pages) = allow(&person, server.value("authorize_url"), &client, &scope) else { return };
    let titles: Vec<_> = pages.iter().map(|page| page.title.as_str()).collect();
    assert_eq!(titles, ["Sign in", "river-post asks for access"]);
}

#[test]
fn at_django() {
    let Some(server) = Server::django(&[]) else { return };
    let person = Person { walk: "django", account: server.account(), ..Person::default() };
    let client = server.client("confidential").id;
    let Some(pages) = allow(&person, server.value("authorize_url"), &client, &[]) else { return };
    assert!(pages[1].text.contains("Authorize River (confidential)?"), "{pages:?}");
}

#[test]
fn for_a_device_at_oidc_provider() {
    let Some(server) = Server::oidc(&[]) else { return };
    let person = Person { walk: "oidc-device", account: server.account(), ..Person::default() };
    let Some(last) = connect_device(&person, &server, "public") else { return };
    assert_eq!(last.title, "The device is connected");
}

#[test]
fn for_a_device_at_django() {
    let Some(server) = Server::django(&[]) else { return };
    let person = Person { walk: "django-device", account: server.account(), ..Person::default() };
    let Some(last) = connect_device(&person, &server, "device") else { return };
    assert!(last.text.contains("Device Authorized"), "{last:?}");
}

#[test]
fn at_the_sandbox_whose_page_can_be_found_by_ear() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let person = Person { walk: "sandbox", ..Person::default() };
    let (authorize, client) = ways_in(&sandbox);
    let Some(pages) = allow(&person, &authorize, &client, &SANDBOX_SCOPE) else { return };
    let [page] = pages.as_slice() else { panic!("{pages:?}") };
    assert_eq!((page.status, page.lang.as_deref()), (Some(200), Some("en")));
    assert_eq!(page.title, "Access to the sandbox");
    assert_eq!(
        page.headings,
        [Heading { level: 1, text: "river sandbox client asks for access".to_owned() }]
    );
    assert!(page.landmarks.contains(&"main".to_owned()) && page.reachable_by_main, "{page:?}");
    assert!(
        page.url.starts_with(&sandbox.base_url()) && page.text.contains("ZohoCRM.modules.READ"),
        "{page:?}"
    );
}

#[test]
fn somebody_may_say_no_at_the_sandbox() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let person = Person { walk: "sandbox", rejects: true, ..Person::default() };
    let (authorize, client) = ways_in(&sandbox);
    let Some((sent_back, _)) = decide(&person, &authorize, &client, &SANDBOX_SCOPE) else { return };
    assert_eq!((sent_back["error"].as_str(), sent_back["state"].as_str()), ("access_denied", STATE));
}

const SANDBOX_SCOPE: [(&str, &str); 2] = [("scope", "ZohoCRM.modules.READ"), ("access_type", "offline")];

/// Where a client of the sandbox asks, and its id.
fn ways_in(sandbox: &Sandbox) -> (String, String) {
    let client_id = sandbox.connection().into_iter().find(|value| value.key == "client_id").unwrap().value;
    (format!("{}/oauth/v2/auth", sandbox.base_url()), client_id)
}

/// The page on which a device is let in, which then gets its tokens.
fn connect_device(person: &Person<'_>, server: &Server, client: &str) -> Option<Page> {
    let (client, device, folder) = (server.client(client), &mut Visitor::new(), tempfile::tempdir().unwrap());
    let codes = device_tests::ask(device, server, &client, "records");
    let person = Person { code: &codes.member("user_code"), ..*person };
    let last = person.opens(&codes.member("verification_uri"), &folder.path().join("last.png"))?;
    assert_eq!(device_tests::poll(device, server, &client, &codes.member("device_code")).status, 200);
    Some(last)
}

/// The pages on the way to the callback, which gets a code.
fn allow(person: &Person<'_>, authorize: &str, client: &str, extra: &[(&str, &str)]) -> Option<Vec<Page>> {
    let (sent_back, pages) = decide(person, authorize, client, extra)?;
    assert_eq!(sent_back["state"], STATE);
    assert!(!sent_back["code"].is_empty());
    Some(pages)
}

/// What the callback gets, and the pages on the way there.
fn decide(
    person: &Person<'_>,
    authorize: &str,
    client: &str,
    extra: &[(&str, &str)],
) -> Option<(BTreeMap<String, String>, Vec<Page>)> {
    let (callback, folder, challenge) = (Callback::listen(), tempfile::tempdir().unwrap(), challenge());
    let extra = [extra, &proof_key(&challenge)].concat();
    let screenshot = folder.path().join("last.png");
    let url = authorize_url(authorize, client, &callback.url(), &extra);
    let last = person.opens(url.as_str(), &screenshot)?;
    assert_eq!(last.title, "Back");
    assert!(std::fs::read(screenshot).unwrap().starts_with(b"\x89PNG"));
    Some((callback.parameters(), last.pages))
}
