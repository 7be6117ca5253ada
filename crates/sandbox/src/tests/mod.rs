//! Tests of the whole sandbox: `walk` and `wire_faults` over the wire, all others without a socket and at a fixed time.

mod authorization;
mod bulk;
mod churn;
mod coql;
mod guesses;
mod limits;
mod listing;
mod metadata;
mod other_clients;
mod records;
mod search;
mod token_endpoint;
mod walk;
mod wire_faults;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::Url;

use super::site::Site;
use super::wire::{InFlight, Reply, WireRequest};
use super::{CLIENT_ID, CLIENT_SECRET, Options, REFRESH_TOKEN};

const START: Timestamp = Timestamp::constant(1_764_000_000, 0);

fn after(seconds: i64) -> Timestamp {
    START + SignedDuration::from_secs(seconds)
}

/// A site without a listener.
fn site(options: Options) -> Site {
    Site::new(options, "http://sandbox.test".to_owned())
}

fn request(method: Method, target: &str) -> WireRequest {
    let url = Url::parse("http://sandbox.test").unwrap().join(target).unwrap();
    WireRequest {
        method,
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        target: target.to_owned(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        in_flight: InFlight::default(),
    }
}

fn with_header(mut request: WireRequest, name: &'static str, value: &str) -> WireRequest {
    request.headers.insert(name, HeaderValue::from_str(value).unwrap());
    request
}

/// The parameters of a valid refresh.
fn refresh_form() -> String {
    format!(
        "grant_type=refresh_token&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}&refresh_token={REFRESH_TOKEN}"
    )
}

fn refresh(site: &Site, now: Timestamp) -> Reply {
    let mut request = request(Method::POST, "/oauth/v2/token");
    request.body = refresh_form().into();
    site.answer(&request, now)
}

fn access_token(site: &Site, now: Timestamp) -> String {
    json_of(&refresh(site, now))["access_token"].as_str().unwrap().to_owned()
}

fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

fn error_code(reply: &Reply) -> (u16, String) {
    (reply.status, json_of(reply)["code"].as_str().unwrap_or_default().to_owned())
}
