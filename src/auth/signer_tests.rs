use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::auth::signing::Moment;
use crate::diagnostic::{Findings, Sources};
use crate::expr::mapping;
use crate::http::Request;
use crate::plan::connection::{ConnectionSource, alone};
use crate::spec::connection::ConnectionSpec;

/// The plan of an `auth` and its values, all of which stand in the text.
fn auth(text: &str) -> (AuthPlan, AuthValues) {
    let mut sources = Sources::default();
    let file = sources
        .add("shop.yaml".to_owned(), format!("base_url: https://api.example\nid: shop-7\nauth: {text}\n"));
    let mut findings = Findings::default();
    let spec = crate::spec::read::<ConnectionSpec>(&sources, file, &mut findings).unwrap();
    let plan = alone("shop", &spec, &[], &mut findings).auth.unwrap();
    assert!(!findings.has_errors(), "{:?}", findings.sorted());
    let mut values = AuthValues::default();
    for entry in &plan.values {
        let ConnectionSource::Written(written) = &entry.source else { unreachable!("all is written here") };
        values.insert(&entry.name, written.value(&mapping([("connection", Value::from(()))])).unwrap());
    }
    (plan, values)
}

/// Every header and the query of a request that was signed.
fn signed(text: &str) -> String {
    let (plan, values) = auth(text);
    let signer = signer(&plan, &values, &mapping([("id", Value::from("shop-7"))])).unwrap();
    let url = "https://api.example/items?a=1".parse().unwrap();
    let mut request = Request::new(http::Method::GET, url);
    let moment = Moment { now: UNIX_EPOCH + Duration::from_secs(1_700_000_000), nonce: [7; 16] };
    signer.sign(&mut request, &moment).unwrap();
    let headers = request.headers.iter().map(|header| {
        let value = String::from_utf8_lossy(header.value.as_bytes()).into_owned();
        assert!(header.secret && header.from_connection, "{}", header.name);
        format!("{}: {value}", header.name)
    });
    let query = request.url.query().unwrap_or_default().to_owned();
    headers.chain([query]).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_the_author_wrote_is_what_is_sent() {
    let table = [
        ("{ kind: basic, username: ada }", "authorization: Basic YWRhOg==\na=1"),
        (
            "{ kind: bearer, token: t0k, header: 'Token token={token}' }",
            "authorization: Token token=t0k\na=1",
        ),
        ("{ kind: bearer, token: t0k, into: query.auth }", "a=1&auth=t0k"),
        ("{ kind: api_key, key: k3y, into: headers.X-Api-Key }", "x-api-key: k3y\na=1"),
        (
            "{ kind: oauth1, consumer_key: ck, consumer_secret: cs, token: tk, token_secret: ts, signature_method: PLAINTEXT, realm: shop }",
            "authorization: OAuth realm=\"shop\", oauth_consumer_key=\"ck\", oauth_token=\"tk\", oauth_signature_method=\"PLAINTEXT\", oauth_timestamp=\"1700000000\", oauth_nonce=\"07070707070707070707070707070707\", oauth_version=\"1.0\", oauth_signature=\"cs%26ts\"\na=1",
        ),
        (
            // printf 'GET shop-7 1700000000000' | openssl dgst -sha1 -mac HMAC -macopt hexkey:00ff -binary | base64
            "{ kind: hmac, secret: 00ff, secret_encoding: hex, algorithm: sha1, encoding: base64, timestamp: unix_ms, sign: '{{ request.method }} {{ connection.id }} {{ timestamp }}', headers: { X-Time: '{timestamp}' }, query: { sig: '{signature}' } }",
            "x-time: 1700000000000\na=1&sig=exnOQW2etJGEGH6iTlX0FniG0iQ%3D",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(signed(text), expected, "{text}");
    }
}

#[test]
fn a_signature_for_aws_names_region_and_service() {
    let text = signed(
        "{ kind: aws_sigv4, access_key_id: AKID, secret_access_key: s, session_token: lent, region: eu-central-1, service: execute-api }",
    );
    assert!(text.contains("Credential=AKID/20231114/eu-central-1/execute-api/aws4_request"), "{text}");
    assert!(text.contains("x-amz-security-token: lent"), "{text}");
}

#[test]
fn a_certificate_is_no_part_of_a_request() {
    let (plan, values) = auth("{ kind: mtls, certificate: nothing, private_key: nothing }");
    assert!(signer(&plan, &values, &Value::from(())).is_none());
    let error = certificate(&plan, &values).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "`certificate` holds nothing in PEM, no certificate");
}
