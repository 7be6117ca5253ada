//! A client that reads from a listening sandbox.

use std::collections::HashSet;
use std::io::Cursor;

use serde_json::{Value, json};

use crate::{Options, Sandbox};

/// A client as one writes it for Zoho, without any retries.
pub(super) struct Client {
    http: reqwest::Client,
    base_url: String,
    form: String,
    access_token: String,
}

impl Client {
    pub(super) async fn of(sandbox: &Sandbox) -> Self {
        let mut client = Self::without_token(sandbox);
        client.refresh().await;
        client
    }

    pub(super) fn without_token(sandbox: &Sandbox) -> Self {
        Self {
            http: reqwest::Client::builder().no_proxy().no_gzip().build().unwrap(),
            base_url: sandbox.base_url(),
            form: form_of(sandbox),
            access_token: String::new(),
        }
    }

    pub(super) async fn refresh(&mut self) {
        let answer: Value =
            serde_json::from_slice(&self.ask_for_token().await.unwrap().bytes().await.unwrap()).unwrap();
        self.access_token = answer["access_token"].as_str().unwrap().to_owned();
        self.base_url = answer["api_domain"].as_str().unwrap().to_owned();
    }

    pub(super) async fn ask_for_token(&self) -> reqwest::Result<reqwest::Response> {
        let url = format!("{}/oauth/v2/token", self.base_url);
        let request = self.http.post(url).header("content-type", "application/x-www-form-urlencoded");
        request.body(self.form.clone()).send().await
    }

    pub(super) async fn get(&self, target: &str) -> reqwest::Result<reqwest::Response> {
        let request = self.http.get(format!("{}{target}", self.base_url));
        request.header("authorization", format!("Zoho-oauthtoken {}", self.access_token)).send().await
    }

    async fn post(&self, target: &str, body: String) -> Value {
        let request = self.http.post(format!("{}{target}", self.base_url)).body(body);
        let request = request.header("authorization", format!("Zoho-oauthtoken {}", self.access_token));
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
    }

    pub(super) async fn json(&self, target: &str) -> Value {
        let response = self.get(target).await.unwrap();
        assert_eq!(response.status(), 200, "{target}");
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }
}

fn form_of(sandbox: &Sandbox) -> String {
    let connection = sandbox.connection();
    let value = |key| &connection.iter().find(|value| value.key == key).unwrap().value;
    let (id, secret, token) = (value("client_id"), value("client_secret"), value("refresh_token"));
    format!("grant_type=refresh_token&client_id={id}&client_secret={secret}&refresh_token={token}")
}

/// The target of the next page; `None` at the end.
pub(super) fn next_target(first: &str, body: &Value) -> Option<String> {
    let token = body["info"]["next_page_token"].as_str()?;
    Some(format!("{first}&page_token={token}"))
}

#[tokio::test]
async fn a_walk_by_page_token_meets_every_lead_once() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let client = Client::of(&sandbox).await;
    let first = "/crm/v8/Leads?fields=Last_Name,Email,Company,Phone,Created_Time,Modified_Time";
    let mut target = Some(first.to_owned());
    let mut ids = HashSet::new();
    let mut pages = 0;
    while let Some(page) = target {
        let body = client.json(&page).await;
        for lead in body["data"].as_array().unwrap() {
            assert!(ids.insert(lead["id"].as_str().unwrap().to_owned()), "an id comes twice");
        }
        pages += 1;
        assert_eq!(body["info"]["page"], pages);
        target = next_target(first, &body);
    }
    assert_eq!((ids.len(), pages), (5_000, 25));
    assert_eq!(sandbox.requests().len(), 26);
}

#[tokio::test]
async fn a_walk_by_the_last_id_and_a_file_have_the_same_leads() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let client = Client::of(&sandbox).await;
    let mut walked: Vec<String> = vec!["0".to_owned()];
    loop {
        let last = walked.last().unwrap();
        let query = format!("select Email from Leads where id > {last} order by id asc limit 2000");
        let body = client.post("/crm/v8/coql", json!({"select_query": query}).to_string()).await;
        let leads = body["data"].as_array().unwrap();
        walked.extend(leads.iter().map(|lead| lead["id"].as_str().unwrap().to_owned()));
        if body["info"]["more_records"] == false {
            break;
        }
    }

    let query = json!({"query": {"module": {"api_name": "Leads"}, "fields": ["Email"]}});
    let added = client.post("/crm/bulk/v8/read", query.to_string()).await;
    let job = format!("/crm/bulk/v8/read/{}", added["data"][0]["details"]["id"].as_str().unwrap());
    let mut details = Value::Null;
    while details["state"] != "COMPLETED" {
        details = client.json(&job).await["data"][0].clone();
    }
    let file = client.get(details["result"]["download_url"].as_str().unwrap()).await.unwrap();
    let mut zip = zip::ZipArchive::new(Cursor::new(file.bytes().await.unwrap())).unwrap();
    let mut sheet = csv::Reader::from_reader(zip.by_index(0).unwrap());
    let ids: Vec<_> = sheet.records().map(|line| line.unwrap()[0].to_owned()).collect();
    assert_eq!(walked[1..], ids);
    assert_eq!(ids.len(), 5_000);
}

#[tokio::test]
async fn a_page_token_outlives_the_sandbox_as_long_as_the_data_is_the_same() {
    let target = "/crm/v8/Leads?fields=Email";
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let first = Client::of(&sandbox).await.json(target).await;
    drop(sandbox);
    let second = next_target(target, &first).unwrap();

    let again = Sandbox::start(Options::default()).unwrap();
    assert_eq!(Client::of(&again).await.json(&second).await["info"]["page"], 2);
    let smaller = Sandbox::start(Options { leads: 100, ..Options::default() }).unwrap();
    assert_eq!(Client::of(&smaller).await.get(&second).await.unwrap().status(), 400);
}

#[tokio::test]
async fn what_came_in_is_kept() {
    let sandbox = Sandbox::start(Options { leads: 3, ..Options::default() }).unwrap();
    let client = Client::of(&sandbox).await;
    client.json("/crm/v8/Leads?fields=Last_Name%2CEmail").await;
    let requests = sandbox.requests();
    assert_eq!(requests[0].body, form_of(&sandbox));
    assert_eq!(requests[1].path_and_query, "/crm/v8/Leads?fields=Last_Name%2CEmail");
    assert!(requests[1].headers["authorization"].to_str().unwrap().starts_with("Zoho-oauthtoken 1000."));
    assert_eq!(requests[1].status, Some(200));
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_and_a_dropped_sandbox_frees_it() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let port = sandbox.base_url().rsplit_once(':').unwrap().1.parse().unwrap();
    assert!(Sandbox::start(Options { port, ..Options::default() }).is_err());
    drop(sandbox);
    assert!(Sandbox::start(Options { port, ..Options::default() }).is_ok());
}
