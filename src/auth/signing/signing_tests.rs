use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::header::HeaderValue;
use http::{Method, StatusCode};
use proptest::prelude::*;
use url::Url;

use super::*;
use crate::http::{Body, Header, redirect};
use crate::secret::Redactor;
use crate::spec::auth::{Encoding, HmacAlgorithm, OAuth1Method, SecretEncoding, TimestampForm};

fn around() -> crate::plan::auth::Around {
    crate::plan::auth::Around { before: "Zoho-oauthtoken ".to_owned(), after: String::new() }
}

pub(super) fn request(method: &str, url: &str) -> Request {
    Request::new(Method::from_bytes(method.as_bytes()).unwrap(), Url::parse(url).unwrap())
}

pub(super) fn with_body(content_type: &str, text: &str, request: Request) -> Request {
    let (content_type, text) = (content_type.to_owned(), Bytes::from(text.to_owned()));
    Request { body: Body::Text { content_type, text, secret_parts: false }, ..request }
}

pub(super) fn with_header(name: &str, value: &str, mut request: Request) -> Request {
    request.headers.push(Header::new(name, value, false, false).unwrap());
    request
}

pub(super) fn at(seconds: u64) -> Moment {
    Moment { now: UNIX_EPOCH + Duration::from_secs(seconds), nonce: [0xab; 16] }
}

/// All values of a header in one line.
pub(super) fn header(request: &Request, name: &str) -> String {
    let values = request.headers.iter().filter(|header| header.name == name);
    values.map(|header| header.value.to_str().unwrap()).collect::<Vec<_>>().join(" | ")
}

fn get() -> Request {
    request("GET", "https://a.example/orders?page=2")
}

fn bearer(into: &str) -> Signer {
    let into = into.parse().unwrap();
    Signer::Bearer(Bearer { token: "s3cret".into(), around: around(), into })
}

fn api_key(key: &str, into: &str) -> Signer {
    Signer::ApiKey(ApiKey { key: key.into(), into: into.parse().unwrap() })
}

fn basic(username: &str, password: &str) -> Signer {
    Signer::Basic(Basic { username: username.into(), password: password.into() })
}

fn oauth1() -> Signer {
    Signer::OAuth1(OAuth1 {
        consumer_key: "consumer".into(),
        consumer_secret: "s3cret".into(),
        token: "".into(),
        token_secret: "".into(),
        signature_method: OAuth1Method::HmacSha256,
        realm: None,
    })
}

fn sigv4() -> Signer {
    Signer::AwsSigV4(AwsSigV4 {
        access_key_id: "AKID".into(),
        secret_access_key: "s3cret".into(),
        session_token: Some("session-token".into()),
        region: "eu-central-1".to_owned(),
        service: "s3".to_owned(),
    })
}

fn described() -> Signer {
    Signer::Hmac(Hmac {
        secret: "s3cret".into(),
        key_encoding: SecretEncoding::Text,
        algorithm: HmacAlgorithm::Sha256,
        signing_string: Box::new(|names| {
            let body = names.get_attr("request").unwrap().get_attr("body_sha256").unwrap();
            let url = names.get_attr("request").unwrap().get_attr("url").unwrap();
            let method = names.get_attr("request").unwrap().get_attr("method").unwrap();
            Ok(format!("{method} {url} {body}"))
        }),
        encoding: Encoding::Hex,
        timestamp: TimestampForm::Unix,
        headers: vec![("X-Signature".to_owned(), "{signature}".to_owned())],
        query: vec![("at".to_owned(), "{timestamp}".to_owned())],
    })
}

#[test]
fn plain_secrets_go_where_they_are_meant_to() {
    let cases = [
        (basic("Aladdin", "open sesame"), "authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        (basic("test", "123£"), "authorization", "Basic dGVzdDoxMjPCow=="),
        (basic("key", ""), "authorization", "Basic a2V5Og=="),
        (bearer("headers.Authorization"), "authorization", "Zoho-oauthtoken s3cret"),
        (bearer("headers.X-Token"), "x-token", "Zoho-oauthtoken s3cret"),
        (bearer("cookies.token"), "cookie", "token=s3cret"),
        (api_key("k3y", "headers.X-Api-Key"), "x-api-key", "k3y"),
        (api_key("k3y", "cookies.sid"), "cookie", "sid=k3y"),
    ];
    for (signer, name, expected) in cases {
        let mut request = get();
        signer.sign(&mut request, &at(0)).unwrap();
        assert_eq!(header(&request, name), expected);
        assert_eq!(request.url, get().url);
        assert_eq!(request.headers.len(), 1);
    }
}

#[test]
fn a_parameter_is_added_and_masked() {
    for signer in [api_key("a b&c", "query.api key"), bearer("query.api key")] {
        let mut request = get();
        signer.sign(&mut request, &at(0)).unwrap();
        let pairs: Vec<_> = request.url.query_pairs().into_owned().collect();
        let secret = if matches!(signer, Signer::ApiKey(_)) { "a b&c" } else { "s3cret" };
        assert_eq!(pairs[1], ("api key".to_owned(), secret.to_owned()));
        let described = request.describe(&Redactor::default());
        assert_eq!(described, "GET https://a.example/orders?page=2&api+key=***");
    }
}

#[test]
fn a_cookie_joins_those_that_are_there() {
    let mut request = with_header("cookie", "theme=dark; flag", with_header("cookie", "lang=de", get()));
    api_key("k3y", "cookies.sid").sign(&mut request, &at(0)).unwrap();
    assert_eq!(header(&request, "cookie"), "lang=de; theme=dark; flag; sid=k3y");
}

#[test]
fn what_the_author_set_by_hand_stays() {
    let by_hand = with_header("AUTHORIZATION", "Custom 1", get());
    let cases = [
        (basic("me", "pw"), by_hand.clone()),
        (oauth1(), by_hand.clone()),
        (sigv4(), by_hand.clone()),
        (bearer("headers.Authorization"), by_hand.clone()),
        (Signer::Digest(Digest::new("me".into(), "pw".into())), by_hand),
        (api_key("k3y", "headers.x-api-key"), with_header("X-Api-Key", "mine", get())),
        (api_key("k3y", "query.page"), get()),
        (api_key("k3y", "cookies.sid"), with_header("cookie", "sid=mine", get())),
        (described(), with_header("x-signature", "mine", get())),
        (described(), request("GET", "https://a.example/?at=1")),
    ];
    for (signer, request) in cases {
        let mut signed = request.clone();
        assert!(signer.stays_out(&request), "{signer:?}");
        assert!(signer.sign(&mut signed, &at(0)).unwrap().is_empty(), "{signer:?}");
        assert_eq!(signed, request, "{signer:?}");
    }
}

#[test]
fn another_origin_gets_nothing_of_it() {
    let signers = [
        basic("me", "s3cret"),
        bearer("headers.X-Token"),
        bearer("query.t"),
        api_key("s3cret", "headers.X-Api-Key"),
        api_key("s3cret", "query.key"),
        api_key("s3cret", "cookies.sid"),
        oauth1(),
        sigv4(),
        described(),
    ];
    for signer in signers {
        let mut signed = get();
        let secrets = signer.sign(&mut signed, &at(1_700_000_000)).unwrap();
        assert!(!secrets.is_empty());
        assert!(signed.headers.iter().all(|header| header.secret && header.from_connection), "{signer:?}");
        // A server that repeats the query, as many do.
        let location = format!("https://b.example/elsewhere?{}", signed.url.query().unwrap());
        let location = HeaderValue::from_str(&location).unwrap();
        let next = redirect::decide(StatusCode::FOUND, &location, &signed).unwrap();
        assert_eq!(next.url.as_str(), "https://b.example/elsewhere?page=2", "{signer:?}");
        assert!(next.headers.is_empty(), "{signer:?}");
    }
}

#[test]
fn what_was_made_of_secrets_is_told() {
    for signer in
        [basic("me", "pw"), bearer("headers.A"), api_key("k3y!", "query.k"), oauth1(), sigv4(), described()]
    {
        let mut signed = get();
        let redactor = Redactor::default();
        for secret in signer.sign(&mut signed, &at(1_700_000_000)).unwrap() {
            assert!(redactor.learn(secret.expose()));
        }
        let lines: Vec<String> = signed
            .headers
            .iter()
            .filter(|header| !header.name.as_str().starts_with("x-amz"))
            .map(|header| header.value.to_str().unwrap().to_owned())
            .collect();
        let text = format!("{} {}", signed.url, lines.join(" "));
        assert!(redactor.redact(&text).contains("***"), "{signer:?}");
    }
}

#[test]
fn debug_shows_no_secret() {
    for signer in [
        basic("me", "s3cret"),
        bearer("headers.A"),
        api_key("s3cret", "query.k"),
        oauth1(),
        sigv4(),
        described(),
    ] {
        let debug = format!("{signer:?}");
        assert!(!debug.contains("s3cret"), "{debug}");
    }
}

proptest! {
    /// Signing covers what it says it covers: another method, path, parameter or body has another signature.
    #[test]
    fn signatures_are_of_this_request(
        (path, other_path) in ("[a-zé %:]{1,6}", "[a-zé %:]{1,6}"),
        (value, other_value) in ("[ -~]{0,6}", "[ -~]{0,6}"),
        (body, other_body) in ("[a-z]{0,4}", "[a-z]{0,4}"),
    ) {
        let made = |path: &str, value: &str, body: &str| {
            let mut url = Url::parse("https://a.example/").unwrap();
            url.path_segments_mut().unwrap().push(path);
            url.query_pairs_mut().append_pair("q", value);
            with_body("application/x-www-form-urlencoded", &format!("f={body}"), request("POST", url.as_str()))
        };
        for signer in [oauth1(), sigv4(), described()] {
            let signature = |mut request: Request| {
                signer.sign(&mut request, &at(1_700_000_000)).unwrap().pop().unwrap().expose().to_owned()
            };
            let first = signature(made(&path, &value, &body));
            prop_assert_eq!(&first, &signature(made(&path, &value, &body)));
            let same = made(&path, &value, &body) == made(&other_path, &other_value, &other_body);
            prop_assert_eq!(first == signature(made(&other_path, &other_value, &other_body)), same);
        }
    }

    /// Nothing an author or a service can write makes it panic.
    #[test]
    fn anything_is_taken(text in any::<String>(), query in "[ -~]{0,20}") {
        for signer in [
            basic(&text, &text),
            api_key(&text, "headers.X"),
            api_key(&text, "query.x"),
            api_key(&text, "cookies.x"),
        ] {
            let mut request = get();
            request.url.set_query(Some(&query));
            let _ = signer.sign(&mut request, &at(0));
        }
        for signer in [oauth1(), sigv4(), described()] {
            let mut request = with_body("application/x-www-form-urlencoded", &text, get());
            request.url.set_query(Some(&query));
            prop_assert!(signer.sign(&mut request, &at(0)).is_ok());
        }
    }
}
