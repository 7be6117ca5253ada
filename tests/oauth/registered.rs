//! Connections to the servers, as somebody would write them who registered a client there.

use std::fs;

use crate::project::Project;
use crate::server::Server;
use crate::visitor::{Answer, Visitor};

/// The environment variable with a client's secret.
pub(crate) const SECRET: &str = "SHOP_SECRET";

/// The connection with a grant; `more` are further lines of its `auth`.
pub(crate) fn connection(server: &Server, client_id: &str, grant: &str, more: &str) -> String {
    let value = |name| server.value(name);
    format!(
        "base_url: {}\nauth:\n  kind: oauth2\n  grant: {grant}\n  authorize_url: {}\n  token_url: {}\n  \
         device_url: {}\n  revoke_url: {}\n  client_id: {client_id}\n{more}",
        value("issuer"),
        value("authorize_url"),
        value("token_url"),
        value("device_url"),
        value("revoke_url"),
    )
}

/// What oidc-provider wants to hear before it gives a refresh token, of which each is good once.
pub(crate) const OFFLINE: &str = "  scope: [openid, offline_access, records]
  extra: { authorize: { prompt: consent } }
  rotates: true
";

/// How a client that has a secret gives it: `body` or `basic`.
pub(crate) fn by_secret(way: &str) -> String {
    format!("  client_secret: {{ from: env:{SECRET} }}\n  client_auth: {way}\n")
}

/// A project with a client of oidc-provider, each of which proves itself in its own way: `post`, `basic`, `public`,
/// `RS256` or `ES256`.
pub(crate) fn oidc(server: &Server, client: &str, grant: &str, more: &str) -> Project {
    let named = if matches!(client, "RS256" | "ES256") { "jwt" } else { client };
    let registered = server.client(named);
    let proof = match client {
        "post" => by_secret("body"),
        "basic" => by_secret("basic"),
        "public" => String::new(),
        algorithm => {
            let id = server.key(algorithm).id;
            format!(
                "  client_auth: private_key_jwt\n  jwt: {{ algorithm: {algorithm}, key_id: {id}, private_key: {{ from: file:key.pem }} }}\n"
            )
        }
    };
    let project = Project::new(&connection(server, &registered.id, grant, &(proof + more)));
    if named == "jwt" {
        fs::write(project.path("key.pem"), server.key(client).pem).unwrap();
    }
    match &registered.secret {
        Some(secret) => project.with_secret(SECRET, secret),
        None => project,
    }
}

/// A project with a client of django-oauth-toolkit.
pub(crate) fn django(server: &Server, client: &str, grant: &str, more: &str) -> Project {
    let registered = server.client(client);
    let proof = if registered.secret.is_some() { by_secret("basic") } else { String::new() };
    let project = Project::new(&connection(server, &registered.id, grant, &(proof + more)));
    match &registered.secret {
        Some(secret) => project.with_secret(SECRET, secret),
        None => project,
    }
}

/// Signs in at oidc-provider and decides, without a browser; the answer that sends back.
pub(crate) fn decide_at_oidc(server: &Server, url: &str, decision: &str) -> Answer {
    let (visitor, (username, password)) = (&mut Visitor::new(), server.account());
    let page = visitor.get(url);
    let page = visitor.follow(page);
    let page = visitor.submit(&page, &[("username", username), ("password", password)]);
    visitor.submit(&page, &[("decision", decision)])
}

/// The same at django-oauth-toolkit, where everybody says yes.
pub(crate) fn allow_at_django(server: &Server, url: &str) -> Answer {
    let (visitor, (username, password)) = (&mut Visitor::new(), server.account());
    let page = visitor.get(url);
    let page = visitor.follow(page);
    let page = visitor.submit(&page, &[("username", username), ("password", password)]);
    visitor.submit(&page, &[("allow", "Authorize")])
}

/// Signs in at oidc-provider without a browser, and goes back to where the command waits.
pub(crate) fn sign_in(server: &Server, project: &Project) -> Answer {
    let mut running = project.start(&["auth", "login", "shop"]);
    let back = decide_at_oidc(server, &running.address(), "allow").location().unwrap();
    let page = Visitor::new().get(back.as_str());
    let ended = running.end();
    assert_eq!(ended.exit, Some(0), "{ended:?}");
    page
}

/// The token requests so far: grant, way of proof, and error or nothing.
pub(crate) fn token_requests(server: &Server) -> Vec<(String, String, Option<String>)> {
    let noted = Visitor::new().get(server.value("token_requests_url")).json();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let requests = noted.as_array().unwrap().iter();
    requests
        .map(|request| {
            let [grant, proof] = ["grant_type", "proof"].map(|name| text(&request[name]).unwrap());
            (grant, proof, text(&request["error"]))
        })
        .collect()
}

/// How many refreshes there were, all of which succeeded.
pub(crate) fn refreshes(server: &Server) -> usize {
    let refreshes: Vec<_> =
        token_requests(server).into_iter().filter(|(grant, ..)| grant == "refresh_token").collect();
    assert!(refreshes.iter().all(|(_, _, error)| error.is_none()), "{refreshes:?}");
    refreshes.len()
}
