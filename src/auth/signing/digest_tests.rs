use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;

use super::super::tests::{at, header, request, with_body, with_header};
use super::*;

/// RFC 7616, 3.9.1.
const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const CLIENT_NONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

fn headers(line: &str) -> HeaderMap {
    HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_str(line).unwrap())])
}

fn challenge(line: &str) -> Challenge {
    challenge::read(&headers(line)).unwrap().unwrap()
}

fn of_rfc_7616(rest: &str) -> Challenge {
    let opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS";
    challenge(&format!(
        "Digest realm=\"http-auth@example.org\", nonce=\"{NONCE}\", opaque=\"{opaque}\"{rest}"
    ))
}

fn mufasa(challenge: &Challenge) -> Answer<'_> {
    Answer {
        challenge,
        username: "Mufasa",
        password: "Circle of Life",
        method: "GET",
        target: "/dir/index.html",
        body: b"",
        client_nonce: CLIENT_NONCE,
        count: 1,
    }
}

#[test]
fn the_examples_of_rfc_7616() {
    let cases = [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ];
    for (algorithm, response) in cases {
        let challenge = of_rfc_7616(&format!(", qop=\"auth, auth-int\", algorithm={algorithm}"));
        let expected = format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", response=\"{response}\", \
             algorithm={algorithm}, qop=auth, nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
        assert_eq!(mufasa(&challenge).write(), (expected, response.to_owned()));
    }
}

/// RFC 7616, 3.9.2, with the values of erratum 4897: those in the text are of another hash.
#[test]
fn the_hashed_user_of_rfc_7616() {
    let line = "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
        nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", \
        opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true";
    let written = |challenge: &Challenge| {
        let client_nonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";
        let (username, password, target) = ("Jäsøn Doe", "Secret, or not?", "/doe.json");
        Answer { username, password, target, client_nonce, ..mufasa(challenge) }.write()
    };
    let (text, response) = written(&challenge(line));
    assert_eq!(response, "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5");
    assert!(
        text.contains("username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\""),
        "{text}"
    );
    assert!(text.ends_with(", userhash=true"), "{text}");
    let (text, same) = written(&challenge(&line.replace("userhash=true", "userhash=false")));
    assert_eq!(same, response);
    assert!(text.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, "), "{text}");
}

/// RFC 2617, 3.5, and the same without `qop` as RFC 2069 has it.
#[test]
fn the_examples_of_older_rfcs() {
    let line = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
        opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let written = |challenge: &Challenge| {
        Answer { password: "Circle Of Life", client_nonce: "0a4f113b", ..mufasa(challenge) }.write()
    };
    let (_, response) = written(&challenge(&format!("{line}, qop=\"auth,auth-int\"")));
    assert_eq!(response, "6629fae49393a05397450978507c4ef1");
    let (text, response) = written(&challenge(line));
    assert_eq!(response, "670fd8c2df070c60b045671b8b24ff02");
    assert_eq!(
        text,
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
         uri=\"/dir/index.html\", response=\"670fd8c2df070c60b045671b8b24ff02\", \
         opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
    );
}

/// As Python's `hashlib` gives them by the formulas of RFC 7616, 3.4.
#[test]
fn what_the_rfcs_have_no_example_of() {
    let cases = [
        (", algorithm=MD5-sess, qop=auth", "GET", "e783283f46242139c486a698fec7211d"),
        (
            ", algorithm=SHA-256-sess, qop=auth",
            "GET",
            "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7",
        ),
        (", qop=auth-int", "POST", "fce5b8ce602d522db81fbab19a1ce91a"),
        (
            ", algorithm=SHA-256, qop=auth-int",
            "POST",
            "516f79adfff6666420ffc521c31940db7abbb8601f7390ec958d4eb9533e80e3",
        ),
        ("", "GET", "7b2cc3b30e75b4777ea31027084363fd"),
        (", algorithm=SHA-256", "GET", "a1306b0595a6c7fe96c448631fb5cfbd5107bd1fe1da729d978dd7446b812363"),
    ];
    for (rest, method, expected) in cases {
        let challenge = of_rfc_7616(rest);
        let body: &[u8] = if method == "POST" { b"a=1" } else { b"" };
        assert_eq!(Answer { method, body, ..mufasa(&challenge) }.write().1, expected, "{rest}");
    }
}

#[test]
fn quotes_in_names_are_escaped() {
    let challenge = challenge("Digest realm=\"a \\\"b\\\"\", nonce=n");
    let (text, _) = Answer { username: "me\\\"", ..mufasa(&challenge) }.write();
    assert!(text.starts_with("Digest username=\"me\\\\\\\"\", realm=\"a \\\"b\\\"\", "), "{text}");
}

fn digest() -> Digest {
    Digest::new("Mufasa".into(), "Circle of Life".into())
}

fn fresh(nonce: &str) -> HeaderMap {
    headers(&format!("Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\""))
}

fn get() -> Request {
    request("GET", "https://a.example/dir/index.html?page=2")
}

/// The nonce and the count that a request answers with.
fn says(request: &Request) -> String {
    let (nonce, count) = answer::nonce_and_count(&header(request, "authorization"));
    format!("{} {}", nonce.unwrap_or_default(), count.unwrap_or_default())
}

fn refused(realm: &str) -> SigningError {
    SigningError::Refused { realm: realm.to_owned() }
}

#[test]
fn the_first_request_waits_for_a_challenge_and_later_ones_do_not() {
    let digest = digest();
    let mut first = get();
    assert!(digest.sign(&mut first).unwrap().is_empty());
    assert_eq!(first, get());
    let secrets = digest.answer_challenge(&fresh("one"), &mut first, &at(0)).unwrap().unwrap();
    assert_eq!(says(&first), "one 1");
    let text = header(&first, "authorization");
    assert!(text.contains("uri=\"/dir/index.html?page=2\""), "{text}");
    assert!(text.contains(&format!("response=\"{}\"", secrets[0].expose())), "{text}");
    for count in 2..5 {
        let mut next = get();
        digest.sign(&mut next).unwrap();
        assert_eq!(says(&next), format!("one {count}"));
        assert!(header(&next, "authorization").contains("cnonce=\"abababababababababababababababab\""));
    }
}

#[test]
fn a_challenge_that_has_aged_is_replaced() {
    let digest = digest();
    digest.answer_challenge(&fresh("one"), &mut get(), &at(0)).unwrap();
    let mut later = get();
    digest.sign(&mut later).unwrap();
    let stale = headers("Digest realm=\"r\", nonce=\"two\", qop=\"auth\", stale=TRUE");
    assert!(digest.answer_challenge(&stale, &mut later, &at(0)).unwrap().is_some());
    assert_eq!(says(&later), "two 1");
    assert_eq!(later.headers.len(), 1);
}

#[test]
fn a_refused_answer_ends_it() {
    let digest = digest();
    let mut first = get();
    digest.answer_challenge(&fresh("one"), &mut first, &at(0)).unwrap();
    for again in ["one", "two"] {
        assert_eq!(digest.answer_challenge(&fresh(again), &mut first, &at(0)).unwrap_err(), refused("r"));
    }
}

#[test]
fn a_refused_answer_in_the_old_form_ends_it() {
    let old = |nonce: &str| headers(&format!("Digest realm=\"r\", nonce=\"{nonce}\""));
    let digest = digest();
    let mut first = get();
    digest.answer_challenge(&old("one"), &mut first, &at(0)).unwrap();
    assert_eq!(digest.answer_challenge(&old("two"), &mut first, &at(0)).unwrap_err(), refused("r"));
    // One that has worked before may have aged.
    let mut later = get();
    digest.sign(&mut later).unwrap();
    assert!(digest.answer_challenge(&old("two"), &mut later, &at(0)).unwrap().is_some());
    assert_eq!(digest.answer_challenge(&old("three"), &mut later, &at(0)).unwrap_err(), refused("r"));
}

#[test]
fn each_origin_has_its_challenge() {
    let digest = digest();
    digest.answer_challenge(&fresh("one"), &mut get(), &at(0)).unwrap();
    let mut elsewhere = request("GET", "https://b.example/");
    assert!(digest.sign(&mut elsewhere).unwrap().is_empty());
    digest.answer_challenge(&fresh("two"), &mut elsewhere, &at(0)).unwrap();
    let mut back = get();
    digest.sign(&mut back).unwrap();
    assert_eq!((says(&elsewhere), says(&back)), ("two 1".to_owned(), "one 2".to_owned()));
}

#[test]
fn nothing_is_answered_where_nothing_was_asked() {
    let digest = digest();
    assert_eq!(answered(&digest, &HeaderMap::new(), get()), None);
    let by_hand = with_header("authorization", "Bearer mine", get());
    assert_eq!(answered(&digest, &fresh("one"), by_hand), None);
}

fn answered(digest: &Digest, headers: &HeaderMap, mut request: Request) -> Option<String> {
    let before = request.clone();
    let answer = digest.answer_challenge(headers, &mut request, &at(0)).unwrap();
    assert_eq!(answer.is_none(), request == before);
    answer.map(|_| says(&request))
}

#[test]
fn the_body_is_covered_where_the_server_asks_for_it() {
    let with_body = || with_body("text/plain", "a=1", request("POST", "https://a.example/"));
    let asks = headers("Digest realm=\"r\", nonce=\"one\", qop=\"auth-int\"");
    let response = |mut request: Request| {
        let digest = digest();
        digest.answer_challenge(&asks, &mut request, &at(0)).unwrap().unwrap()[0].expose().to_owned()
    };
    assert_eq!(response(with_body()), response(with_body()));
    assert_ne!(response(with_body()), response(request("POST", "https://a.example/")));
}

#[test]
fn a_count_without_digits_left_waits_for_a_challenge() {
    let digest = digest();
    digest.answer_challenge(&fresh("one"), &mut get(), &at(0)).unwrap();
    digest.sessions().values_mut().for_each(|session| session.count = u32::MAX - 1);
    let mut last = get();
    digest.sign(&mut last).unwrap();
    assert_eq!(says(&last), format!("one {}", u32::MAX));
    let mut none = get();
    assert!(digest.sign(&mut none).unwrap().is_empty());
    assert_eq!(none, get());
}
