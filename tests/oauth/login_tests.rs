//! river signs in at oidc-provider, pulls with renewals, and ends a sign-in.

use crate::browser::{Heading, Page, Person};
use crate::project::{Project, screenshot};
use crate::registered::{OFFLINE, oidc, refreshes, sign_in, token_requests};
use crate::server::Server;

/// Each token is good for two pages of five.
const SHORT: [(&str, &str); 1] = [("OAUTH_TOKEN_USES", "2")];
const CODE: &str = "authorization_code";

#[test]
fn in_a_browser_and_runs_renew_by_themselves() {
    let Some(server) = Server::oidc(&SHORT) else { return };
    let project = oidc(&server, "post", CODE, OFFLINE);
    let Some(page) = consent(&project, &Person { account: server.account(), ..PERSON }, "signed-in") else {
        return;
    };
    assert_eq!((page.status, page.lang.as_deref()), (Some(200), Some("en")));
    assert_eq!(page.title, "Signed in – river");
    assert_eq!(page.headings, [Heading { level: 1, text: "Signed in".to_owned() }]);
    assert!(page.landmarks == ["main"] && page.reachable_by_main && !page.overflows, "{page:?}");
    assert!(page.text.contains("River is signed in to shop."), "{page:?}");
    assert!(page.text.contains("You can close this window"), "{page:?}");

    // Two pages a token: after the two of the sign-in's, a new one for the third and the fifth page, and so on.
    for (pulled, renewed) in [(25, 2), (25, 4), (25, 7)] {
        assert_eq!((project.pulls(), refreshes(&server)), (pulled, renewed));
    }
    assert_eq!(token_requests(&server)[0], (CODE.to_owned(), "body".to_owned(), None));
}

#[test]
fn each_client_proves_itself_in_its_own_way() {
    let Some(server) = Server::oidc(&SHORT) else { return };
    let ways = [
        ("post", "body"),
        ("basic", "basic"),
        ("RS256", "private_key_jwt"),
        ("ES256", "private_key_jwt"),
        ("public", "none"),
    ];
    let mut seen = 0;
    for (client, proof) in ways {
        let project = oidc(&server, client, CODE, OFFLINE);
        let page = sign_in(&server, &project);
        assert_eq!(page.status, 200, "{page:?}");
        assert_eq!(project.pulls(), 25, "{client}");
        let requests = token_requests(&server).split_off(seen);
        seen += requests.len();
        let grants: Vec<_> = requests.iter().map(|(grant, ..)| grant.as_str()).collect();
        assert_eq!(grants, [CODE, "refresh_token", "refresh_token"], "{client}");
        assert!(requests.iter().all(|(_, way, error)| way == proof && error.is_none()), "{requests:?}");
    }
}

#[test]
fn an_application_signs_in_for_itself() {
    let Some(server) = Server::oidc(&SHORT) else { return };
    for client in ["post", "basic", "RS256", "ES256"] {
        let project = oidc(&server, client, "client_credentials", "  scope: [records]\n");
        assert_eq!(project.pulls(), 25, "{client}");
    }
    // Five pages of two are three tokens each.
    let requests = token_requests(&server);
    assert_eq!(requests.len(), 12, "{requests:?}");
    assert!(requests.iter().all(|(grant, _, error)| grant == "client_credentials" && error.is_none()));
}

#[test]
fn a_sign_in_is_shown_renewed_and_ended() {
    let Some(server) = Server::oidc(&[]) else { return };
    let project = oidc(&server, "basic", CODE, OFFLINE);
    let status = project.river(&["auth", "status", "shop"]);
    assert_eq!(status.exit, Some(6), "{status:?}");
    assert!(status.out.contains("shop: not signed in (oauth2, authorization_code)"), "{status:?}");
    let run = project.river(&["run", "pull.yaml"]);
    assert_eq!(run.exit, Some(6), "{run:?}");
    assert!(run.err.contains("error[not-signed-in]: nobody is signed in to `shop`"), "{run:?}");

    sign_in(&server, &project);
    let status = project.river(&["auth", "status", "shop", "--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(
        (&told[0]["ready"], &told[0]["scopes"]),
        (&true.into(), &"openid offline_access records".into())
    );

    let first = project.kept_text("refresh_token");
    let renewed = project.river(&["auth", "refresh", "shop"]);
    assert_eq!(renewed.exit, Some(0), "{renewed:?}");
    assert!(renewed.out.contains("renewed the token of `shop`"), "{renewed:?}");
    assert!(renewed.out.contains("kept; the service gives a new one with each use"), "{renewed:?}");
    assert_ne!(project.kept_text("refresh_token"), first);
    let second = project.kept_text("refresh_token");

    let revoked = project.river(&["auth", "revoke", "shop"]);
    assert_eq!((revoked.exit, project.entries().len()), (Some(0), 0), "{revoked:?}");
    let run = project.river(&["run", "pull.yaml"]);
    assert!(run.exit == Some(6) && run.err.contains("error[not-signed-in]"), "{run:?}");
    let refused = project.river_reading(&["auth", "import", "shop"], &second);
    assert!(refused.exit == Some(6) && refused.err.contains("invalid_grant"), "{refused:?}");
    assert!(!refused.err.contains(&second) && project.entries().is_empty(), "{refused:?}");
}

#[test]
fn a_refresh_token_comes_from_elsewhere_bare_or_in_an_answer() {
    let Some(server) = Server::oidc(&[]) else { return };
    let (one, other) = (oidc(&server, "post", CODE, OFFLINE), oidc(&server, "post", CODE, OFFLINE));
    sign_in(&server, &one);
    let token = one.kept_text("refresh_token");
    let forgotten = one.river(&["auth", "logout", "shop"]);
    assert_eq!((forgotten.exit, one.entries().len()), (Some(0), 0), "{forgotten:?}");

    let imported = other.river_reading(&["auth", "import", "shop"], &format!("{token}\n"));
    assert_eq!(imported.exit, Some(0), "{imported:?}");
    assert_eq!(other.pulls(), 25);
    let answer =
        serde_json::json!({ "access_token": "old", "refresh_token": other.kept_text("refresh_token") });
    let imported = one.river_reading(&["auth", "import", "shop"], &answer.to_string());
    assert_eq!((imported.exit, one.pulls()), (Some(0), 25), "{imported:?}");
    assert!(imported.out.contains(".river/tokens/"), "{imported:?}");
}

const PERSON: Person<'_> = Person { walk: "oidc", account: ("", ""), code: "", rejects: false };

/// Signs in with a browser: the last page, which is river's.
pub(crate) fn consent(project: &Project, person: &Person<'_>, picture: &str) -> Option<Page> {
    let mut running = project.start(&["auth", "login", "shop"]);
    let page = person.opens(&running.address(), &screenshot(&format!("{picture}.png")))?;
    let ended = running.end();
    assert_eq!(ended.exit, Some(0), "{ended:?}");
    assert!(ended.out.contains("signed in to `shop`"), "{ended:?}");
    let [entry] = project.entries().try_into().unwrap();
    let name = entry.file_name().unwrap().to_string_lossy().into_owned();
    assert!(ended.out.contains(&format!(".river/tokens/{name} (")), "{ended:?}");
    Some(page)
}
