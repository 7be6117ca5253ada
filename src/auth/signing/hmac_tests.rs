use super::super::tests::{at, header, request, with_body};
use super::*;
use crate::spec::auth::{Encoding, HmacAlgorithm, SecretEncoding, TimestampForm};

fn signing(text: &str) -> SigningString {
    let template = crate::expr::Template::compile(text).unwrap();
    Box::new(move |names| template.text(names).map_err(|error| error.to_string()))
}

fn hmac(secret: &str, sign: &str) -> Hmac {
    Hmac {
        secret: secret.into(),
        key_encoding: SecretEncoding::Text,
        algorithm: HmacAlgorithm::Sha256,
        signing_string: signing(sign),
        encoding: Encoding::Hex,
        timestamp: TimestampForm::Unix,
        headers: vec![("X-Signature".to_owned(), "{signature}".to_owned())],
        query: Vec::new(),
    }
}

/// RFC 2202, 3 (2), and RFC 4231, 4.3 and 4.7.
#[test]
fn the_hashes_of_the_rfcs() {
    let long = "aa".repeat(131);
    let cases = [
        (
            HmacAlgorithm::Sha1,
            SecretEncoding::Text,
            "Jefe",
            "what do ya want for nothing?",
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        ),
        (
            HmacAlgorithm::Sha256,
            SecretEncoding::Text,
            "Jefe",
            "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            HmacAlgorithm::Sha512,
            SecretEncoding::Hex,
            "4a656665",
            "what do ya want for nothing?",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
        (
            HmacAlgorithm::Sha256,
            SecretEncoding::Base64,
            "SmVmZQ==",
            "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            HmacAlgorithm::Sha256,
            SecretEncoding::Base64,
            "SmVmZQ\n",
            "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            HmacAlgorithm::Sha256,
            SecretEncoding::Hex,
            &long,
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ];
    for (algorithm, key_encoding, secret, text, expected) in cases {
        let mut get = request("GET", "https://a.example/");
        let hmac = Hmac { key_encoding, algorithm, ..hmac(secret, text) };
        let secrets = hmac.sign(&mut get, &at(0)).unwrap();
        assert_eq!(header(&get, "x-signature"), expected);
        assert_eq!(secrets[0].expose(), expected);
    }
}

/// The example of Binance, "SIGNED (TRADE and `USER_DATA`) Endpoint security": all parameters are signed, the time included.
#[test]
fn the_example_of_binance() {
    let signer = Hmac {
        headers: Vec::new(),
        query: vec![
            ("signature".to_owned(), "{signature}".to_owned()),
            ("timestamp".to_owned(), "{timestamp}".to_owned()),
        ],
        timestamp: TimestampForm::UnixMilliseconds,
        ..hmac("NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j", "{{ request.query }}")
    };
    let query = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000";
    let mut post = request("POST", &format!("https://api.binance.com/api/v3/order?{query}"));
    let moment = Moment {
        now: std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_499_827_319_559),
        nonce: [0; 16],
    };
    signer.sign(&mut post, &moment).unwrap();
    let expected = format!(
        "{query}&timestamp=1499827319559&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    );
    assert_eq!(post.url.query(), Some(expected.as_str()));
}

#[test]
fn every_name_is_there() {
    let names = "{{ request.method }}|{{ request.url }}|{{ request.path }}|{{ request.query }}|{{ request.host }}|\
                 {{ request.body }}|{{ request.body_sha256 }}|{{ timestamp }}|{{ nonce }}";
    let template = crate::expr::Template::compile(names).unwrap();
    let signer = Hmac {
        signing_string: Box::new(move |names| {
            let text = template.text(names).unwrap();
            assert_eq!(
                text,
                "POST|https://a.example:8443/%C3%A9?a=1&b=%20|/%C3%A9|a=1&b=%20|a.example:8443|{\"n\":1}|\
                 2bfd14f43d17fc7cea24e0917a8879b4b2f880b8baeec1b9d90fbaad655e71bd|1700000000|\
                 abababababababababababababababab"
            );
            Ok(text)
        }),
        ..hmac("k", "")
    };
    let post = request("POST", "https://me:pw@a.example:8443/é?a=1&b=%20#part");
    let mut post = with_body("application/json", "{\"n\":1}", post);
    signer.sign(&mut post, &at(1_700_000_000)).unwrap();
}

#[test]
fn a_hash_of_nothing() {
    let signer = hmac("k", "{{ request.body_sha256 }}{{ request.query }}");
    let by_hand = hmac("k", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let (mut one, mut other) = (request("GET", "https://a.example/"), request("GET", "https://a.example/"));
    signer.sign(&mut one, &at(0)).unwrap();
    by_hand.sign(&mut other, &at(0)).unwrap();
    assert_eq!(one, other);
}

#[test]
fn times_are_written() {
    let cases = [
        (TimestampForm::Unix, "1769851800"),
        (TimestampForm::UnixMilliseconds, "1769851800000"),
        (TimestampForm::Rfc3339, "2026-01-31T09:30:00Z"),
        (TimestampForm::HttpDate, "Sat, 31 Jan 2026 09:30:00 GMT"),
    ];
    for (timestamp, expected) in cases {
        let mut get = request("GET", "https://a.example/");
        let headers = vec![
            ("X-Timestamp".to_owned(), "t={timestamp}".to_owned()),
            ("X-Nonce".to_owned(), "{nonce}".to_owned()),
        ];
        Hmac { timestamp, headers, ..hmac("k", "{{ timestamp }}") }
            .sign(&mut get, &at(1_769_851_800))
            .unwrap();
        assert_eq!(header(&get, "x-timestamp"), format!("t={expected}"));
        assert_eq!(header(&get, "x-nonce"), "ab".repeat(16));
    }
}

#[test]
fn a_text_holds_more_than_one_thing() {
    let mut get = request("GET", "https://a.example/");
    let headers = vec![("Authorization".to_owned(), "HMAC t={timestamp},n={nonce},s={signature}".to_owned())];
    let signer = Hmac { headers, encoding: Encoding::Base64, ..hmac("Jefe", "what do ya want for nothing?") };
    signer.sign(&mut get, &at(5)).unwrap();
    assert_eq!(
        header(&get, "authorization"),
        "HMAC t=5,n=abababababababababababababababab,s=W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
    );
}
