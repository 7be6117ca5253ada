//! Zoho's own clients read the sandbox, unchanged: they are only told of other addresses.
//!
//! `scripts/test` fetches them. Where they are missing a test prints that it is skipped; `RIVER_TEST_REQUIRE=sdk`
//! makes that a failure.
#![cfg(unix)]

#[path = "sdk/client.rs"]
mod client;
#[path = "support/requirement.rs"]
mod requirement;

use std::collections::BTreeSet;

use client::{Client, Got};
use river_sandbox::{Options, RecordedRequest, Sandbox};
use serde_json::{Value, json};

const LEADS: u64 = 1_250;
const USERS: u64 = 230;

#[test]
fn the_python_sdk_reads_all_there_is() {
    if let Some(client) = Client::python() {
        reads_all_there_is(&client);
    }
}

#[test]
fn the_node_sdk_reads_all_there_is() {
    if let Some(client) = Client::node() {
        reads_all_there_is(&client);
    }
}

fn reads_all_there_is(client: &Client) {
    let sandbox = Sandbox::start(Options { leads: LEADS, users: USERS, ..Options::default() }).unwrap();
    let got = client.read_all(&sandbox);
    let requests = sandbox.requests();
    let refused = refused(&requests);
    assert!(
        refused.iter().all(|request| request.contains("page_token=nonsense")),
        "{refused:?} {}",
        got.stderr
    );
    assert_eq!(refused.len(), 1, "the one that is wrong on purpose");
    compare(&sandbox, &got);
    assert_eq!(pages_of(&requests, "/crm/v8/Leads?", "per_page=100"), 13);
    assert_eq!(pages_of(&requests, "/crm/v8/Contacts?", "per_page=200"), 3);
    assert_eq!(pages_of(&requests, "/crm/v8/users?", "per_page=200"), 2);
    let tokens = requests.iter().filter(|request| request.path_and_query == "/oauth/v2/token").count();
    assert_eq!(tokens, 1, "the token is used as long as it lives");
}

/// What the client got against what another client, that of this test, gets.
fn compare(sandbox: &Sandbox, got: &Got) {
    let reader = client::Reader::of(sandbox);
    for (name, module) in [("leads", "Leads"), ("contacts", "Contacts")] {
        let expected = reader.ids("data", &format!("/crm/v8/{module}?fields=id&sort_order=desc"));
        assert_eq!(got.json[name], json!(expected), "{name}");
        assert_eq!(expected.iter().collect::<BTreeSet<_>>().len(), expected.len());
    }
    assert_eq!(got.json["leads"].as_array().unwrap().len() as u64, LEADS);
    for (module, newest) in got.json["newest"].as_object().unwrap() {
        let expected = reader.get(&format!("/crm/v8/{module}/{}", newest[0].as_str().unwrap()));
        let expected = expected["data"][0].as_object().unwrap();
        let names: BTreeSet<_> = expected.keys().collect();
        assert_eq!(newest, &json!([expected["id"], expected["Owner"]["id"], names]), "{module}");
    }
    assert_eq!(got.json["refusal"], json!([400, "INVALID_DATA"]));
    assert_eq!(got.json["users"], json!(reader.ids("users", "/crm/v8/users?type=AllUsers")));
    assert_eq!(got.json["users"].as_array().unwrap().len() as u64, USERS);
    let org = &reader.get("/crm/v8/org")["org"][0];
    assert_eq!(got.json["org"], json!([[org["id"], org["zgid"]]]));
    let modules = &reader.get("/crm/v8/settings/modules")["modules"];
    assert_eq!(got.json["modules"], members(modules, "api_name"));
    for (module, fields) in got.json["fields"].as_object().unwrap() {
        let expected = &reader.get(&format!("/crm/v8/settings/fields?module={module}"))["fields"];
        let expected: Vec<_> = expected.as_array().unwrap().iter().map(brief).collect();
        assert_eq!(fields, &json!(expected), "{module}");
    }
}

fn brief(field: &Value) -> Value {
    json!([field["api_name"], field["data_type"], members(&field["pick_list_values"], "display_value")])
}

fn members(list: &Value, name: &str) -> Value {
    list.as_array().unwrap().iter().map(|value| value[name].clone()).collect()
}

/// The requests that got no good answer, among which 204 is one.
fn refused(requests: &[RecordedRequest]) -> Vec<String> {
    let is_bad = |request: &&RecordedRequest| !matches!(request.status, Some(200 | 204));
    let text = |request: &RecordedRequest| {
        format!("{} {}: {:?}", request.method, request.path_and_query, request.status)
    };
    requests.iter().filter(is_bad).map(text).collect()
}

fn pages_of(requests: &[RecordedRequest], path: &str, parameter: &str) -> usize {
    let is_one = |request: &&RecordedRequest| {
        request.path_and_query.starts_with(path) && request.path_and_query.contains(parameter)
    };
    requests.iter().filter(is_one).count()
}
