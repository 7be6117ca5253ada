//! The rules of `POST /oauth/v2/token`.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::*;

fn answer_to(form: &str) -> (u16, Value) {
    let mut request = request(Method::POST, "/oauth/v2/token");
    request.body = form.to_owned().into();
    let reply = site(Options::default()).answer(&request, START);
    (reply.status, json_of(&reply))
}

#[test]
fn a_refresh_gives_an_access_token_and_no_new_refresh_token() {
    let (status, mut body) = answer_to(&refresh_form());
    let token = body["access_token"].take();
    assert_eq!(status, 200);
    assert_eq!(
        body,
        json!({
            "access_token": null,
            "scope": crate::oauth::SCOPE.join(" "),
            "api_domain": "http://sandbox.test",
            "token_type": "Bearer",
            "expires_in": 3600,
        })
    );
    let parts: Vec<_> = token.as_str().unwrap().split('.').map(str::len).collect();
    assert_eq!(parts, [4, 32, 32]);
}

#[test]
fn the_query_will_do_for_a_body() {
    let target = format!("/oauth/v2/token?{}", refresh_form());
    let reply = site(Options::default()).answer(&request(Method::POST, &target), START);
    assert!(json_of(&reply)["access_token"].is_string());
}

#[test]
fn multipart_will_do_and_the_client_may_come_by_basic() {
    let site = site(Options::default());
    let part = |name: &str, value: &str| {
        format!("--frontier\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts = part("grant_type", "refresh_token") + &part("refresh_token", REFRESH_TOKEN);
    let credentials = BASE64_STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    let wrong = BASE64_STANDARD.encode(format!("{CLIENT_ID}:other"));
    for (credentials, error) in [
        (credentials, Value::Null),
        (wrong, json!("invalid_client_secret")),
        (String::new(), json!("invalid_client")),
    ] {
        let mut request = request(Method::POST, "/oauth/v2/token");
        request.body = format!("{parts}--frontier--\r\n").into();
        let request = with_header(request, "content-type", "multipart/form-data; boundary=\"frontier\"");
        let request = with_header(request, "authorization", &format!("Basic {credentials}"));
        let body = json_of(&site.answer(&request, START));
        assert_eq!(body["error"], error);
        assert_eq!(body["access_token"].is_string(), error.is_null());
    }
}

#[test]
fn errors_have_status_200() {
    let good = refresh_form();
    let cases = [
        (good.replace(CLIENT_ID, "1000.OTHER"), "invalid_client"),
        (good.replace(CLIENT_SECRET, "other"), "invalid_client_secret"),
        (good.replace(REFRESH_TOKEN, "1000.other"), "invalid_code"),
        (good.replace("grant_type=refresh_token", "grant_type=authorization_code&code=1"), "invalid_code"),
        (good.replace("grant_type=refresh_token", "grant_type=password"), "unsupported_grant_type"),
        (String::new(), "invalid_client"),
    ];
    for (form, error) in cases {
        assert_eq!(answer_to(&form), (200, json!({"error": error})), "{form}");
    }
}

#[test]
fn the_eleventh_token_in_ten_minutes_is_refused_with_status_400() {
    let site = site(Options::default());
    for second in 0..10 {
        assert_eq!(refresh(&site, after(second)).status, 200);
    }
    let refused = refresh(&site, after(599));
    let body = json!({
        "error_description": "You have made too many requests continuously. Please try again after some time.",
        "error": "Access Denied",
        "status": "failure",
    });
    assert_eq!((refused.status, json_of(&refused)), (400, body));
    assert_eq!(refresh(&site, after(600)).status, 200);
}

#[test]
fn the_life_of_a_token_is_told() {
    let site = site(Options { token_life: Duration::from_secs(90), ..Options::default() });
    assert_eq!(json_of(&refresh(&site, START))["expires_in"], 90);
}

#[test]
fn only_post_will_do() {
    let reply = site(Options::default()).answer(&request(Method::GET, "/oauth/v2/token"), START);
    assert_eq!(reply.status, 405);
}

#[test]
fn faults_of_the_token_endpoint_meet_good_requests_only() {
    let faults = ["error=access_denied", "throttle", "status=503:7@token", "html@token", "empty@token"];
    let faults = faults.map(|text| text.parse().unwrap()).to_vec();
    let site = site(Options { faults, ..Options::default() });
    assert_eq!(
        json_of(&site.answer(&request(Method::POST, "/oauth/v2/token"), START))["error"],
        "invalid_client"
    );

    assert_eq!(json_of(&refresh(&site, START)), json!({"error": "access_denied"}));
    let throttled = refresh(&site, START);
    assert_eq!((throttled.status, &json_of(&throttled)["error"]), (400, &json!("Access Denied")));
    let unavailable = refresh(&site, START);
    assert_eq!(error_code(&unavailable), (503, "SERVICE_UNAVAILABLE".to_owned()));
    assert!(unavailable.headers.contains(&("retry-after".to_owned(), "7".to_owned())));
    assert!(refresh(&site, START).body.starts_with(b"<!DOCTYPE html>"));
    assert_eq!(refresh(&site, START).status, 204);
    assert!(json_of(&refresh(&site, START))["access_token"].is_string());
}
