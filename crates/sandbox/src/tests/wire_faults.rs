//! Each fault as a client sees it.

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::walk::{Client, next_target};
use crate::{Options, Sandbox};

const TARGET: &str = "/crm/v8/Leads?fields=Last_Name,Email&per_page=50";

async fn with_fault(fault: &str) -> (Sandbox, Client) {
    let options = Options { leads: 220, faults: vec![fault.parse().unwrap()], ..Options::default() };
    let sandbox = Sandbox::start(options).unwrap();
    let client = Client::of(&sandbox).await;
    (sandbox, client)
}

/// The kind of the underlying I/O error, and whether it came before the head.
async fn broken(client: &Client, target: &str) -> (&'static str, Option<io::ErrorKind>) {
    match client.get(target).await {
        Err(error) => ("before", io_error_of(&error)),
        Ok(response) => {
            assert_eq!(response.status(), 200);
            ("in the body", io_error_of(&response.bytes().await.unwrap_err()))
        }
    }
}

fn io_error_of(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        cause = error.source();
    }
    None
}

#[tokio::test]
async fn a_reset_comes_before_any_byte() {
    let (sandbox, client) = with_fault("reset").await;
    assert_eq!(broken(&client, TARGET).await, ("before", Some(io::ErrorKind::ConnectionReset)));
    assert_eq!(client.json(TARGET).await["info"]["count"], 50);
    assert_eq!(sandbox.requests()[1].status, None);
}

#[tokio::test]
async fn a_reset_in_the_body_comes_after_the_head() {
    let (sandbox, client) = with_fault("reset-body").await;
    assert_eq!(broken(&client, TARGET).await, ("in the body", Some(io::ErrorKind::ConnectionReset)));
    assert_eq!(client.json(TARGET).await["info"]["count"], 50);
    assert_eq!(sandbox.requests().len(), 3);
}

#[tokio::test]
async fn a_truncated_body_ends_in_an_orderly_close() {
    let (_sandbox, client) = with_fault("truncate").await;
    let whole = client.get(&format!("{TARGET}&page=2")).await.unwrap();
    assert!(whole.bytes().await.is_ok());
    let mut response = client.get(TARGET).await.unwrap();
    let promised = response.content_length().unwrap();
    let mut received = 0;
    let error = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => received += chunk.len() as u64,
            Ok(None) => panic!("the body ended as if it were whole"),
            Err(error) => break error,
        }
    };
    assert_eq!(received, promised / 2);
    assert_ne!(io_error_of(&error), Some(io::ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_stalled_answer_never_comes() {
    let (sandbox, client) = with_fault("stall").await;
    let arrival = async {
        while sandbox.requests().len() < 2 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    tokio::select! {
        answer = client.get(TARGET) => panic!("{answer:?}"),
        () = arrival => {}
    }
    assert_eq!(sandbox.requests()[1].status, None);
}

#[tokio::test]
async fn a_stalled_body_stops_half_way() {
    let (_sandbox, client) = with_fault("stall-body").await;
    let mut response = client.get(TARGET).await.unwrap();
    assert!(!response.chunk().await.unwrap().unwrap().is_empty());
    let rest = async { while response.chunk().await.unwrap().is_some() {} };
    assert!(tokio::time::timeout(Duration::from_millis(50), rest).await.is_err());
}

#[tokio::test]
async fn a_delay_is_kept() {
    let (_sandbox, client) = with_fault("delay=30ms").await;
    let start = Instant::now();
    client.json(TARGET).await;
    assert!(start.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn a_status_comes_with_a_body_and_retry_after() {
    let (_sandbox, client) = with_fault("status=429:2@1x2").await;
    for _ in 0..2 {
        let response = client.get(TARGET).await.unwrap();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["content-type"], "application/json;charset=UTF-8");
        let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(body["code"], "TOO_MANY_REQUESTS");
    }
    client.json(TARGET).await;
}

#[tokio::test]
async fn pages_of_html_take_the_place_of_json() {
    for (fault, status, start) in [("html", 200, "<!DOCTYPE html>"), ("html-error", 502, "<html>")] {
        let (_sandbox, client) = with_fault(fault).await;
        let response = client.get(TARGET).await.unwrap();
        assert_eq!(response.status(), status);
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(response.text().await.unwrap().starts_with(start));
    }
}

#[tokio::test]
async fn an_empty_answer_has_no_body() {
    let (_sandbox, client) = with_fault("empty").await;
    let response = client.get(TARGET).await.unwrap();
    assert_eq!(response.status(), 204);
    assert!(response.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn bad_json_is_whole_http() {
    let (_sandbox, client) = with_fault("bad-json").await;
    let response = client.get(TARGET).await.unwrap();
    let promised = response.content_length().unwrap();
    let body = response.bytes().await.unwrap();
    assert_eq!(body.len() as u64, promised);
    assert!(std::str::from_utf8(&body).is_ok());
    assert!(serde_json::from_slice::<Value>(&body).is_err());
}

#[tokio::test]
async fn an_expired_token_must_be_refreshed_once() {
    let (_sandbox, mut client) = with_fault("expire@2").await;
    let first = client.json(TARGET).await;
    let second = next_target(TARGET, &first).unwrap();
    for target in [&second, &second, TARGET] {
        let response = client.get(target).await.unwrap();
        assert_eq!(response.status(), 401);
        let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(body["code"], "INVALID_TOKEN");
    }
    client.refresh().await;
    assert_eq!(client.json(&second).await["info"]["page"], 2);
}

#[tokio::test]
async fn a_repeated_page_is_the_one_before() {
    let (_sandbox, client) = with_fault("repeat@3").await;
    let first = client.json(TARGET).await;
    let second = client.json(&next_target(TARGET, &first).unwrap()).await;
    let third = next_target(TARGET, &second).unwrap();
    let repeated = client.json(&third).await;
    assert_eq!(repeated["data"], second["data"]);
    assert_eq!(repeated["info"]["page"], 2);
    assert_eq!(client.json(&third).await["info"]["page"], 3, "the fault happens once");
}

#[tokio::test]
async fn more_records_without_a_token() {
    let (_sandbox, client) = with_fault("no-token@5").await;
    let last = client.json(&format!("{TARGET}&page=5")).await;
    assert_eq!(last["info"]["more_records"], true);
    assert!(last["info"]["next_page_token"].is_null());
    assert_eq!(last["info"]["count"], 20);
}

#[tokio::test]
async fn the_token_endpoint_breaks_on_the_wire_too() {
    let options = Options { faults: vec!["reset@token".parse().unwrap()], ..Options::default() };
    let sandbox = Sandbox::start(options).unwrap();
    let client = Client::without_token(&sandbox);
    let error = client.ask_for_token().await.unwrap_err();
    assert_eq!(io_error_of(&error), Some(io::ErrorKind::ConnectionReset));
    assert_eq!(client.ask_for_token().await.unwrap().status(), 200);
}
