//! river signs in at the sandbox, which is as peculiar as Zoho.

use std::sync::{Arc, Mutex};

use reqwest::Url;
use river_sandbox::wire::{Reply, Server as Wire, WireRequest};
use river_sandbox::{Options, Sandbox};

use crate::browser::Person;
use crate::login_tests::consent;
use crate::project::{Ended, Project, screenshot};
use crate::visitor::{Answer, Visitor};

const PULL: &str = r#"name: pull
connection: shop
steps:
  - name: leads
    request: { url: /crm/v8/Leads, query: { fields: "Last_Name", per_page: 20 } }
    paginate: { kind: cursor, next: $.info.next_page_token, into: query.page_token, more: response.json.info.more_records }
    records: $.data
"#;

const OFFLINE: &str = "{ access_type: offline, prompt: consent }";

#[test]
fn in_a_browser_with_what_zoho_says_besides() {
    let (sandbox, project) = started(OFFLINE);
    let Some(page) = consent(&project, &Person { walk: "sandbox", ..Person::default() }, "signed-in-zoho")
    else {
        return;
    };
    assert_eq!(page.title, "Signed in – river");
    assert_eq!(project.kept()["entry"]["values"]["kept"]["api_domain"], sandbox.base_url());
    assert_eq!(project.kept()["entry"]["values"]["server"], format!("{}/", sandbox.base_url()));
    // The address of the API is what came with the token.
    assert_eq!(project.pulls(), 40);
    let renewed = project.river(&["auth", "refresh", "shop"]);
    assert_eq!((renewed.exit, project.pulls()), (Some(0), 40), "{renewed:?}");
    let revoked = project.river(&["auth", "revoke", "shop"]);
    assert_eq!((revoked.exit, project.entries().len()), (Some(0), 0), "{revoked:?}");
}

#[test]
fn who_rejects_stays_out() {
    let (_sandbox, project) = started(OFFLINE);
    let mut running = project.start(&LOGIN);
    let person = Person { walk: "sandbox", rejects: true, ..Person::default() };
    let Some(page) = person.opens(&running.address(), &screenshot("rejected-zoho.png")) else { return };
    assert_eq!(page.title, "Not signed in – river");
    fails(&running.end(), "consent was not given: the service says `access_denied`");
    assert!(project.entries().is_empty());
}

#[test]
fn the_secret_goes_to_no_server_that_only_the_callback_knows() {
    let (_sandbox, project) = started(OFFLINE);
    let asked = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&asked);
    let elsewhere = Wire::start(0, move |_: WireRequest| {
        *seen.lock().unwrap() += 1;
        Reply::json(200, &serde_json::json!({}))
    })
    .unwrap();
    let mut running = project.start(&LOGIN);
    let mut back = accept(&running.address());
    let pairs: Vec<(String, String)> = back.query_pairs().into_owned().collect();
    let others = pairs.iter().filter(|(name, _)| name != "accounts-server");
    back.query_pairs_mut().clear().extend_pairs(others).append_pair("accounts-server", &elsewhere.base_url());
    assert!(back.as_str().contains("accounts-server=http%3A%2F%2F127.0.0.1"), "{back}");
    let page = Visitor::new().get(back.as_str());
    assert!(page.text.contains("not one of the connection"), "{page:?}");
    let ended = running.end();
    fails(&ended, &format!("the answer names the server `{}`", elsewhere.base_url()));
    assert_eq!((*asked.lock().unwrap(), project.entries().len()), (0, 0));
}

#[test]
fn a_code_of_the_console_is_good_once() {
    let (sandbox, project) = started(OFFLINE);
    let code = Visitor::new()
        .post(
            &format!("{}/sandbox/self-client-code", sandbox.base_url()),
            &[("scope", "ZohoCRM.modules.READ"), ("minutes", "3")],
        )
        .member("code");
    let with_code = [&LOGIN[..], &["--code", &code]].concat();
    let ended = project.river(&with_code);
    assert_eq!((ended.exit, project.pulls()), (Some(0), 40), "{ended:?}");
    let before = project.kept();

    // Status 200, and no token in it.
    let ended = project.river(&with_code);
    fails(&ended, "the server refuses: `invalid_code`");
    assert!(ended.err.contains("answer: 200 OK") && ended.err.contains("a code is good once"), "{ended:?}");
    assert!(!ended.err.contains(&code), "{ended:?}");
    assert_eq!(project.kept(), before, "an earlier sign-in stays");
}

#[test]
fn without_offline_access_there_is_no_refresh_token() {
    let (_sandbox, project) = started("{}");
    let mut running = project.start(&LOGIN);
    let page = come_back(&accept(&running.address()));
    assert!(page.text.contains("no refresh token"), "{page:?}");
    let ended = running.end();
    fails(&ended, "the service gave a token that ends and no refresh token");
    assert!(ended.err.contains("access_type: offline"), "{ended:?}");
    assert!(project.entries().is_empty());
}

#[test]
fn the_stand_in_that_is_started_for_it() {
    let (_sandbox, project) = started(OFFLINE);
    std::fs::rename(project.path("connections/shop.yaml"), project.path("connections/zoho.yaml")).unwrap();
    let mut running = project.start(&["auth", "login", "zoho", "--sandbox"]);
    come_back(&accept(&running.address()));
    let ended = running.end();
    assert_eq!(ended.exit, Some(0), "{ended:?}");
    assert!(ended.out.contains(".river/sandbox/tokens/"), "{ended:?}");
    assert!(project.path(".river/sandbox/tokens").is_dir() && project.entries().is_empty());

    // It is over with the command: the next one knows nothing of that sign-in, and has a refresh token of its own.
    let own = "  client_secret: '{{ connection.client_secret }}'\n  refresh_token: '{{ connection.refresh_token | default(none) }}'\n";
    let zoho = std::fs::read_to_string(project.path("connections/zoho.yaml")).unwrap();
    let zoho = zoho.replace("  client_secret: '{{ connection.client_secret }}'\n", own);
    let zoho = zoho.replace("client_id: 1000", "refresh_token: { from: env:NO_TOKEN }\nclient_id: 1000");
    std::fs::write(project.path("connections/zoho.yaml"), zoho).unwrap();
    std::fs::write(project.path("pull.yaml"), PULL.replace("connection: shop", "connection: zoho")).unwrap();
    let run = project.river(&["run", "pull.yaml", "--sandbox", "--leads", "40"]);
    assert_eq!((run.exit, run.out.lines().count()), (Some(0), 40), "{run:?}");
    let run = project.river(&["run", "pull.yaml", "--sandbox", "--leads", "40"]);
    assert_eq!((run.exit, run.out.lines().count()), (Some(0), 40), "{run:?}");
}

const LOGIN: [&str; 3] = ["auth", "login", "shop"];

/// The sandbox, and a connection to it that asks for consent with these parameters besides.
fn started(extra: &str) -> (Sandbox, Project) {
    let sandbox = Sandbox::start(Options { leads: 40, ..Options::default() }).unwrap();
    let value = |key: &str| sandbox.connection().into_iter().find(|value| value.key == key).unwrap().value;
    let connection = format!(
        "accounts_url: {}
client_id: {}
client_secret: {{ from: env:SHOP_SECRET }}
base_url: '{{{{ connection.api_domain }}}}'
auth:
  kind: oauth2
  grant: authorization_code
  authorize_url: '{{{{ connection.accounts_url }}}}/oauth/v2/auth'
  token_url: '{{{{ connection.accounts_url }}}}/oauth/v2/token'
  revoke_url: '{{{{ connection.accounts_url }}}}/oauth/v2/token/revoke'
  client_id: '{{{{ connection.client_id }}}}'
  client_secret: '{{{{ connection.client_secret }}}}'
  scope: [ZohoCRM.modules.READ]
  scope_separator: ','
  extra: {{ authorize: {extra} }}
  callback_server: {{ from: accounts-server, allowed: ['{{{{ connection.accounts_url }}}}'] }}
  header: 'Zoho-oauthtoken {{token}}'
  keep: {{ api_domain: $.api_domain }}
",
        value("accounts_url"),
        value("client_id"),
    );
    let project = Project::new(&connection).with_secret("SHOP_SECRET", &value("client_secret"));
    std::fs::write(project.path("pull.yaml"), PULL).unwrap();
    (sandbox, project)
}

/// Accepts without a browser; where that sends to.
fn accept(url: &str) -> Url {
    let person = &mut Visitor::new();
    let page = person.get(url);
    person.submit(&page, &[("decision", "accept")]).location().unwrap()
}

fn come_back(back: &Url) -> Answer {
    Visitor::new().get(back.as_str())
}

fn fails(ended: &Ended, told: &str) {
    assert_eq!((ended.exit, ended.out.as_str()), (Some(6), ""), "{ended:?}");
    assert!(ended.err.contains(told), "{told}: {}", ended.err);
}
