//! `river sandbox` as other programs meet it: a process that tells where it listens, and ends when it is asked to.
#![cfg(unix)]

#[path = "sandbox/client.rs"]
mod client;
#[path = "sandbox/process.rs"]
mod process;

use client::Client;
use process::{Served, river};
use rustix::process::Signal;
use serde_json::{Value, json};

const LEADS: &str = "/crm/v8/Leads?fields=Last_Name";
const CALLBACK: &str = "http://127.0.0.1:8765/callback?tenant=1";

#[tokio::test]
async fn a_client_signs_in_refreshes_and_revokes() {
    let mut served = Served::start(&["--json", "--leads", "3"]);
    let ready = served.ready();
    let keys: Vec<_> = ready.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["base_url", "accounts_url", "client_id", "client_secret", "refresh_token"]);
    let client = Client::of(&ready);

    let page = client.ask(&[
        ("redirect_uri", CALLBACK),
        ("scope", "ZohoCRM.modules.READ"),
        ("access_type", "offline"),
        ("state", "a&b \"c\""),
    ]);
    let page = page.await;
    assert_eq!(page.status, 200);
    let callback = client.press("accept", &page.text).await;
    let names: Vec<_> = callback.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["tenant", "code", "location", "accounts-server", "state"]);
    assert_eq!((callback[2].1.as_str(), callback[4].1.as_str()), ("us", "a&b \"c\""));
    assert_eq!(callback[3].1, ready["base_url"].as_str().unwrap());
    let denied = client.press("reject", &page.text).await;
    assert_eq!(denied[1], ("error".to_owned(), "access_denied".to_owned()));

    let exchange = [("code", callback[1].1.as_str()), ("redirect_uri", CALLBACK)];
    let tokens = client.token("authorization_code", &exchange).await.json();
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    let refreshed = client.token("refresh_token", &[("refresh_token", refresh_token)]).await.json();
    assert_eq!((&refreshed["scope"], &refreshed["refresh_token"]), (&tokens["scope"], &Value::Null));
    for token in [&tokens, &refreshed] {
        let leads = client.get(LEADS, token).await.json();
        assert_eq!(leads["data"].as_array().unwrap().len(), 3);
    }

    let revoked = client.post("/oauth/v2/token/revoke", &[("token", refresh_token)]).await;
    assert_eq!((revoked.status, revoked.json()), (200, json!({"status": "success"})));
    for token in [&tokens, &refreshed] {
        assert_eq!(client.get(LEADS, token).await.json()["code"], "INVALID_TOKEN");
    }
    let again = client.token("refresh_token", &[("refresh_token", refresh_token)]).await;
    assert_eq!((again.status, again.json()), (200, json!({"error": "invalid_code"})));

    let ended = served.end(Signal::TERM);
    assert_eq!(ended.err, "sandbox: 11 requests, 2 access tokens, 2 credits, 0 refused by a limit\n");
    assert_eq!(ended.code, Some(0));
}

#[tokio::test]
async fn limits_can_be_made_tight_and_each_request_is_logged() {
    let limits = ["--tokens-per-ten-minutes", "1", "--credits", "1", "--token-life", "1m"];
    let mut served = Served::start(&[&["-v", "--json", "--seed", "7"], limits.as_slice()].concat());
    let ready = served.ready();
    let client = Client::of(&ready);
    let good = [("refresh_token", ready["refresh_token"].as_str().unwrap())];
    let tokens = client.token("refresh_token", &good).await.json();
    assert_eq!(tokens["expires_in"], 60);
    assert_eq!(client.token("refresh_token", &good).await.status, 400);
    assert_eq!(client.get(LEADS, &tokens).await.status, 200);
    assert_eq!(client.get(LEADS, &tokens).await.status, 429);
    let usage = client.get("/sandbox/limits", &tokens).await.json();
    assert_eq!((&usage["requests"], &usage["refused"]), (&json!(4), &json!(2)));

    let ended = served.end(Signal::INT);
    let expected = " INFO POST /oauth/v2/token: 200\n INFO POST /oauth/v2/token: 400\n \
                    INFO GET /crm/v8/Leads: 200\n INFO GET /crm/v8/Leads: 429\n INFO GET /sandbox/limits: 200\n\
                    sandbox: 4 requests, 1 access token, 1 credit, 2 refused by a limit\n";
    assert_eq!((ended.err.as_str(), ended.code), (expected, Some(0)));
}

#[test]
fn what_it_prints_is_what_a_pipeline_needs() {
    let mut served = Served::start(&["--leads", "3"]);
    let text = served.text_up_to("accounts_url: ");
    let base_url = text.rsplit_once(' ').unwrap().1;
    let values = river_sandbox::connection_to(base_url);
    let [_, id, secret, token] = values.as_slice() else { panic!("{values:?}") };
    let (id, secret, token) = (&id.value, &secret.value, &token.value);
    assert_eq!(
        text,
        format!(
            "A stand-in for Zoho listens on {base_url}; Ctrl-C ends it.\n\n\
             Base URL:      {base_url}\nClient id:     {id}\nClient secret: {secret}\nRefresh token: {token}\n\n\
             For pipelines, in the environment or in `.env`:\n\n  \
             ZOHO_CLIENT_ID={id}\n  ZOHO_CLIENT_SECRET={secret}\n  ZOHO_REFRESH_TOKEN={token}\n\n\
             and among the values of `connections/zoho.yaml`, in place of its own:\n\n  \
             accounts_url: {base_url}"
        )
    );

    let folder = process::project_that_does_as_it_says(&text);
    let ran = river(folder.path(), &["run", "zoho_leads"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let leads = std::fs::read_to_string(folder.path().join("out/leads.jsonl")).unwrap();
    assert_eq!(leads.lines().count(), 3);
    let ended = served.end(Signal::HUP);
    assert_eq!(ended.err, "sandbox: 2 requests, 1 access token, 1 credit, 0 refused by a limit\n");
}

#[test]
fn a_port_that_is_taken_is_said() {
    let mut served = Served::start(&["--json"]);
    let ready = served.ready();
    let (_, port) = ready["base_url"].as_str().unwrap().rsplit_once(':').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ran = river(folder.path(), &["sandbox", "--port", port]);
    let expected = format!(
        "error: port {port} of 127.0.0.1 is taken by another program\n  \
         = help: `--port 0` takes a free one; `river sandbox` prints which\n"
    );
    assert_eq!((ran.err, ran.out.as_str(), ran.code), (expected, "", Some(1)));
    assert_eq!(served.end(Signal::TERM).code, Some(0));
}
