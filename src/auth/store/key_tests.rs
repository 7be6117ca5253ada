use std::collections::BTreeSet;

use bytes::Bytes;
use http::Method;
use minijinja::value::Value;
use url::Url;

use super::*;
use crate::diagnostic::{Findings, Sources, Span};
use crate::expr::{Expression, mapping};
use crate::http::Header;
use crate::plan::scope::Meaning;
use crate::plan::written::Written;
use crate::spec::node::{Key, Text, TextStyle};

fn key(seed: u8) -> StoreKey {
    StoreKey([seed; BYTES])
}

fn request(method: &str, url: &str, headers: &[(&str, &str)], body: Option<(&str, &'static str)>) -> Request {
    let mut request = Request::new(method.parse::<Method>().unwrap(), Url::parse(url).unwrap());
    request.headers =
        headers.iter().map(|(name, value)| Header::new(name, value, true, false).unwrap()).collect();
    if let Some((content_type, text)) = body {
        request.body = Body::Text {
            content_type: content_type.to_owned(),
            text: Bytes::from_static(text.as_bytes()),
            secret_parts: true,
        };
    }
    request
}

fn id(request: &Request, extract: &[ExtractPlan]) -> EntryId {
    key(1).entry(&Subject { request, extract, context: &Value::from(()), proof: None })
}

fn written(text: &str) -> Text {
    Text { span: nowhere(), value: text.to_owned(), style: TextStyle::Plain, offsets: None }
}

fn nowhere() -> Span {
    let mut sources = Sources::default();
    let file = sources.add("test", "");
    sources.start_of(file)
}

fn path(text: &str) -> ExtractSource {
    ExtractSource::Path(Written::path(&written(text), &mut Findings::default()).unwrap())
}

fn extract(name: &str, source: ExtractSource) -> ExtractPlan {
    let key = Key { span: nowhere(), name: name.to_owned() };
    ExtractPlan { key, meaning: Meaning::default(), source, secret: false, default: None, all: false }
}

#[test]
fn whatever_changes_the_request_changes_the_name() {
    let form = Some(("application/x-www-form-urlencoded", "secret=a"));
    let url = "https://a.example/token";
    let requests = [
        request("POST", url, &[], form),
        request("PUT", url, &[], form),
        request("POST", "https://a.example/token?x=1", &[], form),
        request("POST", "https://b.example/token", &[], form),
        request("POST", url, &[("x-key", "a")], form),
        request("POST", url, &[("x-key", "b")], form),
        request("POST", url, &[("x-ke", "ya")], form),
        request("POST", url, &[("x-key", "a"), ("x-other", "b")], form),
        // As sent: some services care for the order.
        request("POST", url, &[("x-other", "b"), ("x-key", "a")], form),
        request("POST", url, &[], Some(("application/x-www-form-urlencoded", "secret=b"))),
        request("POST", url, &[], Some(("text/plain", "secret=a"))),
        request("POST", url, &[], Some(("text/plain", ""))),
        request("POST", url, &[], None),
        Request { follow_redirects: false, ..request("POST", url, &[], None) },
    ];
    let names: BTreeSet<EntryId> = requests.iter().map(|request| id(request, &[])).collect();
    assert_eq!(names.len(), requests.len());
    let again: BTreeSet<EntryId> = requests.iter().map(|request| id(&request.clone(), &[])).collect();
    assert_eq!(names, again);
}

#[test]
fn whatever_changes_the_extraction_changes_the_name() {
    let request = request("GET", "https://a.example/", &[], None);
    let regex = |pattern: &str| regex::Regex::new(pattern).unwrap();
    let header = |name: &str| ExtractSource::Header(name.to_owned());
    let all = [
        vec![],
        vec![extract("a", path("$.a"))],
        vec![extract("b", path("$.a"))],
        vec![extract("a", path("$.b"))],
        vec![extract("a", path("$.a")), extract("b", path("$.b"))],
        vec![ExtractPlan { default: Some(1.into()), ..extract("a", path("$.a")) }],
        vec![ExtractPlan { default: Some("1".into()), ..extract("a", path("$.a")) }],
        vec![ExtractPlan { all: true, ..extract("a", path("$.a")) }],
        vec![extract("a", header("x"))],
        vec![extract("a", ExtractSource::Status)],
        vec![extract("a", ExtractSource::Regex { pattern: regex("x"), header: None })],
        vec![extract("a", ExtractSource::Regex { pattern: regex("x"), header: Some("x".to_owned()) })],
    ];
    let names: BTreeSet<EntryId> = all.iter().map(|extract| id(&request, extract)).collect();
    assert_eq!(names.len(), all.len());
    let secret = [ExtractPlan { secret: true, ..extract("a", path("$.a")) }];
    assert_eq!(
        id(&request, &secret),
        id(&request, &[extract("a", path("$.a"))]),
        "every plan says it itself"
    );
    assert_eq!(id(&request, &[extract("a", header("X"))]), id(&request, &[extract("a", header("x"))]));
}

#[test]
fn what_an_expression_reads_changes_the_name() {
    let request = request("GET", "https://a.example/", &[], None);
    let text = written("response.json.a ~ params.user");
    let source = ExtractSource::Expression(
        Written::<Expression>::expression(&text, &mut Findings::default()).unwrap(),
    );
    let extract = [extract("a", source)];
    let name = |user: Value, other: &str| {
        let context = mapping([("params", mapping([("user", user), ("other", other.into())]))]);
        key(1).entry(&Subject { request: &request, extract: &extract, context: &context, proof: None })
    };
    assert_eq!(name("x".into(), "1"), name("x".into(), "2"), "it does not read `params.other`");
    assert_ne!(name("x".into(), "1"), name("y".into(), "1"));
    assert_ne!(name("1".into(), "1"), name(1.into(), "1"));
}

#[test]
fn a_name_is_digits_and_depends_on_the_key() {
    let request = request("GET", "https://a.example/", &[], None);
    let name = |seed| {
        key(seed).entry(&Subject { request: &request, extract: &[], context: &Value::from(()), proof: None })
    };
    assert_ne!(name(1), name(2));
    assert_eq!(name(1).as_str().len(), 64);
    assert_eq!(EntryId::parse(name(1).as_str()), Some(name(1)));
    for other in ["", "key", "../key", &"A".repeat(64), &"0".repeat(63)] {
        assert_eq!(EntryId::parse(other), None);
    }
}

#[test]
fn every_field_of_a_sign_in_changes_its_name() {
    let all: [&[(&str, &str)]; 8] = [
        &[],
        &[("", "")],
        &[("client_id", "a"), ("user", "b")],
        &[("client_id", "a"), ("user", "c")],
        &[("client_id", "ab"), ("user", "")],
        &[("client_idab", ""), ("user", "")],
        &[("user", "b"), ("client_id", "a")],
        &[("client_id", "a"), ("name", "b")],
    ];
    let names: BTreeSet<EntryId> = all.iter().map(|fields| key(1).sign_in_entry(fields)).collect();
    assert_eq!(names.len(), all.len());
    assert_eq!(key(1).sign_in_entry(all[2]), key(1).sign_in_entry(all[2]));
    assert_ne!(key(1).sign_in_entry(all[2]), key(2).sign_in_entry(all[2]));
    assert_eq!(EntryId::parse(key(1).sign_in_entry(&[]).as_str()), Some(key(1).sign_in_entry(&[])));
}

#[test]
fn names_and_seals_are_the_standard_hmac() {
    // RFC 4231, test case 1, through a key that is filled up to 32 bytes with zeros, as HMAC does itself.
    let mut bytes = [0; BYTES];
    bytes[..20].fill(0x0b);
    let mut block = [0; BLOCK];
    block[..BYTES].copy_from_slice(&bytes);
    let mut text = Canonical(Hmac::new(&block.into()));
    text.0.update(b"Hi There");
    assert_eq!(text.hexadecimal(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

#[test]
fn the_key_is_made_once_and_read_by_all() {
    let folder = tempfile::tempdir().unwrap();
    let keys: BTreeSet<[u8; BYTES]> = std::thread::scope(|scope| {
        let open = || StoreKey::open(folder.path()).unwrap().0.0;
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(keys.len(), 1);
    assert!(!keys.contains(&[0; BYTES]));
    assert!(!folder.path().join("key.tmp").exists());
}

#[test]
fn a_key_half_made_by_a_dead_process_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key.tmp"), b"half").unwrap();
    StoreKey::open(folder.path()).unwrap();
    assert_eq!(std::fs::metadata(folder.path().join("key")).unwrap().len(), 32);
}

#[test]
fn debug_does_not_show_the_key() {
    assert_eq!(format!("{:?}", key(7)), "StoreKey { .. }");
}
