//! The limits of the API as a client sees them, and how they are reported.

use std::time::Duration;

use serde_json::json;

use super::walk::Client;
use crate::{Peak, Sandbox};

use super::*;

const TARGET: &str = "/crm/v8/Leads?fields=Email&per_page=1";

fn call(token: &str, target: &str) -> WireRequest {
    with_header(request(Method::GET, target), "authorization", &format!("Zoho-oauthtoken {token}"))
}

fn credits_remaining(reply: &Reply) -> Option<&str> {
    let mut headers = reply.headers.iter();
    headers.find(|(name, _)| name == "x-api-credits-remaining").map(|(_, value)| value.as_str())
}

#[test]
fn credits_run_out_for_a_day() {
    let site = site(Options { credits: 6, ..Options::default() });
    let token = access_token(&site, START);
    let answer = |target| site.answer(&call(&token, target), START);
    let first = answer(TARGET);
    assert_eq!((first.status, credits_remaining(&first)), (200, None), "one of six");
    let view = answer("/crm/v8/Leads?fields=Email&cvid=1");
    assert_eq!(credits_remaining(&view), Some("2"), "a custom view costs three");
    assert_eq!(credits_remaining(&answer("/crm/v8/Nothing")), Some("1"), "what is no route costs too");
    assert_eq!(credits_remaining(&answer("/crm/v8/Leads")), Some("0"), "and so does a wrong parameter");
    let refused = answer(TARGET);
    assert_eq!(error_code(&refused), (429, "TOO_MANY_REQUESTS".to_owned()));
    assert_eq!(credits_remaining(&refused), Some("0"));
    assert_eq!(site.usage(START).refused, 1);

    let next_day = after(24 * 3600);
    let token = access_token(&site, next_day);
    assert_eq!(site.answer(&call(&token, TARGET), next_day).status, 200);
}

#[test]
fn each_call_costs_its_credits() {
    let query =
        |limit: u64| format!(r#"{{"select_query": "select id from Leads where id > 1 limit {limit}"}}"#);
    let bulk = r#"{"query": {"module": {"api_name": "Leads"}}}"#.to_owned();
    for (target, body, cost) in [
        ("/crm/v8/Leads/deleted", String::new(), 1),
        ("/crm/v8/Leads/actions/count", String::new(), 1),
        ("/crm/v8/Leads/search?word=Boston", String::new(), 1),
        ("/crm/v8/users", String::new(), 1),
        ("/crm/v8/org", String::new(), 1),
        ("/crm/v8/settings/modules", String::new(), 1),
        ("/crm/v8/Calls?fields=id", String::new(), 1),
        ("/crm/v8/coql", query(200), 1),
        ("/crm/v8/coql", query(1_000), 2),
        ("/crm/v8/coql", query(2_000), 3),
        ("/crm/v8/coql", "nothing".to_owned(), 1),
        ("/crm/bulk/v8/read", bulk, 50),
        ("/crm/bulk/v8/read/1", String::new(), 1),
    ] {
        let site = site(Options { leads: 60, ..Options::default() });
        let token = access_token(&site, START);
        let mut request = call(&token, target);
        request.method = if body.is_empty() { Method::GET } else { Method::POST };
        request.body = body.into();
        site.answer(&request, START);
        assert_eq!(site.usage(START).credits.used, cost, "{target}");
    }
}

#[test]
fn what_goes_wrong_costs_unless_it_is_turned_away() {
    for (fault, cost) in [
        ("status=429", 0),
        ("expire", 0),
        ("status=401", 0),
        ("status=503", 1),
        ("status=403", 1),
        ("reset", 1),
        ("truncate", 1),
        ("html-error", 1),
        ("empty", 1),
    ] {
        let faults = vec![fault.parse().unwrap()];
        let site = site(Options { leads: 60, faults, ..Options::default() });
        let token = access_token(&site, START);
        site.answer(&call(&token, "/crm/v8/Leads?fields=id&per_page=200"), START);
        assert_eq!(site.usage(START).credits.used, cost, "{fault}");
    }
}

#[test]
fn calls_that_are_in_flight_leave_no_room() {
    let site = site(Options { concurrency: 2, ..Options::default() });
    let token = access_token(&site, START);
    let waiting = [call(&token, TARGET), call(&token, TARGET)];
    for request in &waiting {
        assert_eq!(site.answer(request, START).status, 200);
    }
    let refused = site.answer(&call(&token, TARGET), START);
    assert_eq!(error_code(&refused), (429, "TOO_MANY_REQUESTS".to_owned()));
    assert_eq!(refresh(&site, START).status, 200, "the token endpoint is no call of the API");
    drop(waiting);
    assert_eq!(site.answer(&call(&token, TARGET), START).status, 200);
}

#[test]
fn the_limits_can_be_looked_at() {
    let site = site(Options { tokens_per_ten_minutes: 1, credits: 2, ..Options::default() });
    let token = access_token(&site, START);
    refresh(&site, START);
    for _ in 0..3 {
        site.answer(&call(&token, TARGET), START);
    }
    let reply = site.answer(&request(Method::GET, "/sandbox/limits"), START);
    let expected = json!({
        "requests": 5,
        "access_tokens": 1,
        "grant_codes": {"used": 0, "most": 10},
        "refresh_tokens": [{
            "built_in": true,
            "tokens_in_ten_minutes": {"used": 1, "most": 1},
            "live_tokens": {"used": 1, "most": 15},
            "refused": 1,
        }],
        "credits": {"used": 2, "most": 2},
        "concurrency": {"highest": 1, "most": 20},
        "refused": 2,
        "over_documented_limits": 0,
    });
    assert_eq!((reply.status, json_of(&reply)), (200, expected));
}

#[tokio::test]
async fn a_call_is_in_flight_until_its_answer_has_come() {
    let faults = vec!["stall-body@2".parse().unwrap()];
    let sandbox = Sandbox::start(Options { concurrency: 1, leads: 3, faults, ..Options::default() }).unwrap();
    let client = Client::of(&sandbox).await;
    for _ in 0..3 {
        client.json(TARGET).await;
    }
    let stalled = client.get(&format!("{TARGET}&page=2")).await.unwrap();
    assert_eq!(stalled.status(), 200, "the head is there");
    assert_eq!(client.get(TARGET).await.unwrap().status(), 429);
    drop(stalled);
    let until_it_is_over = async { while client.get(TARGET).await.unwrap().status() == 429 {} };
    tokio::time::timeout(Duration::from_secs(60), until_it_is_over).await.unwrap();
    assert_eq!(sandbox.usage().concurrency, Peak { highest: 2, most: 1 });
}
