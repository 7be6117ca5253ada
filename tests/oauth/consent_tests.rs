//! A person at a browser allows and is sent back to a listener of the test.

use river::sandbox::{Options, Sandbox};

use crate::authorization::{STATE, authorize_url, challenge, proof_key};
use crate::browser::{Heading, Page, Person};
use crate::callback::Callback;
use crate::server::Server;

#[test]
fn at_oidc_provider() {
    let Some(server) = Server::oidc(&[]) else { return };
    let scope = [("scope", "openid offline_access records"), ("prompt", "consent")];
    let person = Person { walk: "oidc", account: server.account(), allows: true };
    let client = server.client("post").id;
    let Some(pages) = allow(&person, server.value("authorize_url"), &client, &scope) else { return };
    let titles: Vec<_> = pages.iter().map(|page| page.title.as_str()).collect();
    assert_eq!(titles, ["Sign in", "river-post asks for access"]);
}

#[test]
fn at_django() {
    let Some(server) = Server::django(&[]) else { return };
    let person = Person { walk: "django", account: server.account(), allows: true };
    let client = server.client("confidential").id;
    let Some(pages) = allow(&person, server.value("authorize_url"), &client, &[]) else { return };
    assert!(pages[1].text.contains("Authorize River (confidential)?"), "{pages:?}");
}

#[test]
fn at_the_sandbox_whose_page_can_be_found_by_ear() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let client_id = sandbox.connection().into_iter().find(|value| value.key == "client_id").unwrap().value;
    let authorize = format!("{}/oauth/v2/auth", sandbox.base_url());
    let scope = [("scope", "ZohoCRM.modules.READ"), ("access_type", "offline")];
    let person = Person { walk: "sandbox", account: ("", ""), allows: true };
    let Some(pages) = allow(&person, &authorize, &client_id, &scope) else { return };
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

/// The pages on the way to the callback, which gets a code.
fn allow(person: &Person<'_>, authorize: &str, client: &str, extra: &[(&str, &str)]) -> Option<Vec<Page>> {
    let (callback, folder, challenge) = (Callback::listen(), tempfile::tempdir().unwrap(), challenge());
    let extra = [extra, &proof_key(&challenge)].concat();
    let screenshot = folder.path().join("last.png");
    let url = authorize_url(authorize, client, &callback.url(), &extra);
    let last = person.opens(url.as_str(), &screenshot)?;
    assert_eq!(last.title, "Back");
    assert!(std::fs::read(screenshot).unwrap().starts_with(b"\x89PNG"));
    let sent_back = callback.parameters();
    assert_eq!(sent_back["state"], STATE);
    assert!(!sent_back["code"].is_empty());
    Some(last.pages)
}
