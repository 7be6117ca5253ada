//! river signs in at django-oauth-toolkit, which gives a new refresh token with each use and ends the access token of the
//! last one.

use crate::browser::Person;
use crate::login_tests::consent;
use crate::project::Project;
use crate::registered::{allow_at_django, django, refreshes, token_requests};
use crate::server::Server;
use crate::visitor::Visitor;

const SHORT: [(&str, &str); 1] = [("OAUTH_TOKEN_USES", "2")];
const CODE: &str = "authorization_code";

#[test]
fn in_a_browser_and_runs_renew_by_themselves() {
    let Some(server) = Server::django(&SHORT) else { return };
    let project = django(&server, "confidential", CODE, "  rotates: true\n");
    let person = Person { walk: "django", account: server.account(), ..Person::default() };
    let Some(page) = consent(&project, &person, "signed-in-django") else { return };
    assert_eq!(page.title, "Signed in – river");
    for (pulled, renewed) in [(25, 2), (25, 4), (25, 7)] {
        assert_eq!((project.pulls(), refreshes(&server)), (pulled, renewed));
    }
    assert_eq!(token_requests(&server)[0], (CODE.to_owned(), "basic".to_owned(), None));
}

#[test]
fn a_public_client_that_is_not_told_of_rotation() {
    let Some(server) = Server::django(&SHORT) else { return };
    let project = django(&server, "public", CODE, "");
    sign_in(&server, &project);
    assert_eq!((project.pulls(), refreshes(&server)), (25, 2));
    let status = project.river(&["auth", "status", "shop"]);
    assert!(status.out.contains("kept; the service gives a new one with each use"), "{status:?}");

    let revoked = project.river(&["auth", "revoke", "shop"]);
    assert_eq!((revoked.exit, project.entries().len()), (Some(0), 0), "{revoked:?}");
    let run = project.river(&["run", "pull.yaml"]);
    assert!(run.exit == Some(6) && run.err.contains("`river auth login shop`"), "{run:?}");
}

#[test]
fn with_a_password() {
    let Some(server) = Server::django(&SHORT) else { return };
    let (username, password) = server.account();
    let more = |name: &str| format!("  username: {username}\n  password: {{ from: env:{name} }}\n");
    let project =
        django(&server, "password", "password", &more("PASSWORD")).with_secret("PASSWORD", password);
    assert_eq!(project.pulls(), 25);
    let grants: Vec<_> = token_requests(&server).into_iter().map(|(grant, ..)| grant).collect();
    assert_eq!(grants, ["password", "refresh_token", "refresh_token"]);

    let project =
        django(&server, "password", "password", &more("PASSWORD")).with_secret("PASSWORD", "a wrong one");
    let run = project.river(&["run", "pull.yaml"]);
    assert!(run.exit == Some(6) && run.err.contains("`invalid_grant`"), "{run:?}");
}

#[test]
fn for_itself() {
    let Some(server) = Server::django(&SHORT) else { return };
    let project = django(&server, "machine", "client_credentials", "  scope: [records]\n");
    assert_eq!(project.pulls(), 25);
    let requests = token_requests(&server);
    assert_eq!(requests.len(), 3, "{requests:?}");
    assert!(
        requests.iter().all(|(grant, way, error)| {
            grant == "client_credentials" && way == "basic" && error.is_none()
        })
    );
}

fn sign_in(server: &Server, project: &Project) {
    let mut running = project.start(&["auth", "login", "shop"]);
    let back = allow_at_django(server, &running.address()).location().unwrap();
    Visitor::new().get(back.as_str());
    let ended = running.end();
    assert_eq!(ended.exit, Some(0), "{ended:?}");
}
