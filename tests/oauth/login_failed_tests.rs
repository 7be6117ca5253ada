//! A sign-in at oidc-provider that does not work: what the browser and the terminal say, and that nothing is kept or lost.

use std::net::TcpListener;

use reqwest::Url;

use crate::browser::Person;
use crate::project::{Ended, Project, screenshot};
use crate::registered::{OFFLINE, SECRET, connection, decide_at_oidc, oidc, sign_in, token_requests};
use crate::server::Server;
use crate::visitor::{Answer, Visitor};

const CODE: &str = "authorization_code";
const LOGIN: [&str; 3] = ["auth", "login", "shop"];

#[test]
fn who_says_no_is_told_so_and_stays_signed_in() {
    let Some(server) = Server::oidc(&[]) else { return };
    let project = oidc(&server, "post", CODE, OFFLINE);
    sign_in(&server, &project);
    let before = project.kept();

    let mut running = project.start(&LOGIN);
    let person = Person { walk: "oidc", account: server.account(), rejects: true, ..Person::default() };
    let Some(page) = person.opens(&running.address(), &screenshot("not-signed-in.png")) else { return };
    assert_eq!((page.status, page.title.as_str()), (Some(200), "Not signed in – river"));
    assert!(page.landmarks == ["main"] && page.reachable_by_main && !page.overflows, "{page:?}");
    assert_eq!(
        page.text,
        "Not signed in\n\nNot signed in to shop: consent was not given: the service says access_denied (the user said no).\n\nThe terminal says what helps. You can close this window."
    );
    let ended = running.end();
    fails(&ended, "consent was not given: the service says `access_denied` (the user said no)");
    assert!(ended.err.contains("press the button that accepts"), "{ended:?}");
    assert_eq!((project.kept(), project.pulls()), (before, 25));
}

#[test]
fn what_a_service_says_is_shown_as_text_and_fits() {
    let Some(server) = Server::oidc(&[]) else { return };
    let project = oidc(&server, "public", CODE, OFFLINE);
    std::fs::rename(project.path("connections/shop.yaml"), project.path("connections/größe 東京.yaml"))
        .unwrap();
    let mut running = project.start(&["auth", "login", "größe 東京"]);
    let long = "lang".repeat(50);
    let url = format!("{}?error={long}&error_description=%1b[31m<b>%60a", redirect(&running.address()));
    let Some(page) = Person { walk: "none", ..Person::default() }.opens(&url, &screenshot("long-words.png"))
    else {
        return;
    };
    let told = format!("Not signed in to größe 東京: consent was not given: the service says {long} (");
    assert!(page.text.contains(&told) && page.text.contains("<b>"), "{page:?}");
    assert!(!page.overflows, "{page:?}");
    let ended = running.end();
    fails(&ended, "not signed in to `größe 東京`: consent was not given");
    assert!(!ended.err.contains('\u{1b}'), "a service may not move the cursor: {ended:?}");
}

#[test]
fn an_answer_to_another_sign_in_is_not_taken() {
    let Some(server) = Server::oidc(&[]) else { return };
    let project = oidc(&server, "post", CODE, OFFLINE);
    let mut running = project.start(&LOGIN);
    let url = format!("{}?code=made-up&state=another", redirect(&running.address()));
    let page = Visitor::new().get(&url);
    assert!(page.text.contains("belongs to another sign-in"), "{page:?}");
    let ended = running.end();
    fails(&ended, "its `state` is not the one that was sent");
    assert!(project.entries().is_empty() && token_requests(&server).is_empty(), "{ended:?}");
}

#[test]
fn a_code_is_good_once_and_never_if_it_is_made_up() {
    let Some(server) = Server::oidc(&[]) else { return };
    let project = oidc(&server, "post", CODE, OFFLINE);
    let ended = project.river(&[&LOGIN[..], &["--code", "-made-up-code"]].concat());
    fails(&ended, "the server refuses: `invalid_request` (missing required parameter 'redirect_uri')");
    assert!(ended.err.contains("`river auth login NAME --no-browser`"), "{ended:?}");
    assert!(!ended.err.contains("made-up-code"), "{ended:?}");

    let mut running = project.start(&[&LOGIN[..], &["--no-browser"]].concat());
    let back = decide_at_oidc(&server, &running.address(), "allow").location().unwrap();
    running.paste(&format!("{back}\n"));
    let ended = running.end();
    assert_eq!((ended.exit, project.pulls()), (Some(0), 25), "{ended:?}");
    let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let ended = project.river(&[&LOGIN[..], &["--code", &code]].concat());
    fails(&ended, "the server refuses: `invalid_request`");
    assert!(!ended.err.contains(&code), "{ended:?}");
}

#[test]
fn what_is_pasted_is_an_address_with_a_code() {
    let Some(server) = Server::oidc(&[]) else { return };
    let project = oidc(&server, "public", CODE, OFFLINE);
    let pasted = [
        ("rubbish\n", "not the address that the browser showed at the end"),
        ("", "not the address that the browser showed at the end"),
        ("http://127.0.0.1/callback?code=a&state=b\n", "its `state` is not the one that was sent"),
        ("http://127.0.0.1/callback?error=access_denied\n", "the service says `access_denied`"),
    ];
    for (text, told) in pasted {
        let ended = project.river_reading(&[&LOGIN[..], &["--no-browser"]].concat(), text);
        fails(&ended, told);
    }
    assert!(project.entries().is_empty() && token_requests(&server).is_empty());
}

#[test]
fn nobody_comes() {
    let Some(server) = Server::oidc(&[]) else { return };
    let project = oidc(&server, "public", CODE, OFFLINE);
    let ended = project.river(&[&LOGIN[..], &["--timeout", "1s"]].concat());
    fails(&ended, "no browser came back within 1 second");
}

#[test]
fn the_registered_port_is_in_use() {
    let Some(server) = Server::oidc(&[]) else { return };
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let redirect = format!("  redirect_url: http://localhost:{port}/callback\n");
    let project = oidc(&server, "public", CODE, &(OFFLINE.to_owned() + &redirect));
    let ended = project.river(&LOGIN);
    fails(&ended, &format!("port {port} of this machine is in use, and `redirect_url` needs it"));
    assert!(ended.err.contains("--no-browser"), "{ended:?}");
}

#[test]
fn the_secret_is_wrong() {
    let Some(server) = Server::oidc(&[]) else { return };
    for client in ["post", "basic"] {
        let project = oidc(&server, client, CODE, OFFLINE).with_secret(SECRET, "not the secret");
        let (page, ended) = come_back(&server, &project);
        assert!(page.text.contains("<h1>Not signed in</h1>"), "{page:?}");
        fails(&ended, "the server refuses: `invalid_client`");
        assert!(project.entries().is_empty(), "{ended:?}");
    }
}

#[test]
fn the_redirect_is_not_registered() {
    let Some(server) = Server::oidc(&[]) else { return };
    let client = server.client("public").id;
    let project = Project::new(&connection(&server, &client, CODE, OFFLINE));
    let unregistered = "  redirect_url: http://127.0.0.1:8765/elsewhere\n";
    project.connect(&connection(&server, &client, CODE, &(OFFLINE.to_owned() + unregistered)));
    let mut running = project.start(&[&LOGIN[..], &["--no-browser"]].concat());
    // The service shows a page of its own and sends nobody back: the person has nothing to paste.
    let page = Visitor::new().get(&running.address());
    assert!(page.status == 400 && page.text.contains("redirect_uri"), "{page:?}");
    running.paste("\n");
    let ended = running.end();
    fails(&ended, "not the address that the browser showed at the end");
    assert!(ended.err.contains("redirect_url"), "it may be that nothing was shown: {ended:?}");
}

/// The person consents, and the exchange does not work.
fn come_back(server: &Server, project: &Project) -> (Answer, Ended) {
    let mut running = project.start(&LOGIN);
    let back = decide_at_oidc(server, &running.address(), "allow").location().unwrap();
    let page = Visitor::new().get(back.as_str());
    (page, running.end())
}

/// Where a person is sent back to.
fn redirect(asked: &str) -> String {
    let asked = Url::parse(asked).unwrap();
    asked.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned()
}

fn fails(ended: &Ended, told: &str) {
    assert_eq!((ended.exit, ended.out.as_str()), (Some(6), ""), "{ended:?}");
    assert!(ended.err.contains(told), "{told}: {}", ended.err);
}
