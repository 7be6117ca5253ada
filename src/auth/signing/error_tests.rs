use std::time::{Duration, UNIX_EPOCH};

use super::super::tests::{at, request};
use super::super::*;
use super::SigningError;
use crate::plan::auth::Around;
use crate::spec::auth::{Encoding, HmacAlgorithm, SecretEncoding, TimestampForm};

fn failed(signer: &Signer, moment: &Moment) -> SigningError {
    let mut request = request("GET", "https://a.example/");
    signer.sign(&mut request, moment).unwrap_err()
}

fn api_key(key: &str, into: &str) -> Signer {
    Signer::ApiKey(ApiKey { key: key.into(), into: into.parse().unwrap() })
}

fn hmac(key_encoding: SecretEncoding, signing_string: SigningString) -> Signer {
    Signer::Hmac(Hmac {
        secret: "s3cret!".into(),
        key_encoding,
        algorithm: HmacAlgorithm::Sha512,
        signing_string,
        encoding: Encoding::Hex,
        timestamp: TimestampForm::Unix,
        headers: vec![("X-Signature".to_owned(), "{signature}".to_owned())],
        query: vec![],
    })
}

#[test]
fn messages_and_help() {
    let bearer = |token: &str, header: &str| {
        let around = Around { before: header.to_owned(), after: String::new() };
        let into = Place::Header("Authorization".to_owned());
        Signer::Bearer(Bearer { token: token.into(), around, into })
    };
    let fails = || Box::new(|_: &_| Err("`connection.id` is not there".to_owned()));
    let basic = Signer::Basic(Basic { username: "s3cret:me".into(), password: "pw".into() });
    let cases = [
        (
            bearer("s3cret\nmore", "Bearer "),
            "the value of the header `Authorization` holds a line break",
            "a header is one line; look for a line break at the end of the secret",
        ),
        (
            basic,
            "the user name holds a `:`, which `kind: basic` cannot send",
            "take the `:` out of `username`; in `user:password` it separates the two",
        ),
        (
            api_key("s3cret;more", "cookies.sid"),
            "the value of the cookie `sid` holds the character U+003B",
            "look for blanks and line breaks in the key, or send it with `into: headers.NAME`",
        ),
        (
            hmac(SecretEncoding::Hex, fails()),
            "`secret` is not hex",
            "set `secret_encoding: text` if the service uses the key as it is written",
        ),
        (
            hmac(SecretEncoding::Base64, fails()),
            "`secret` is not base64",
            "set `secret_encoding: text` if the service uses the key as it is written",
        ),
        (
            hmac(SecretEncoding::Text, fails()),
            "`sign` cannot be rendered: `connection.id` is not there",
            "it sees `request.method`, `url`, `path`, `query`, `host`, `body`, `body_sha256`, and `timestamp`, `nonce`, \
             `connection`",
        ),
    ];
    for (signer, message, help) in cases {
        let error = failed(&signer, &at(0));
        assert_eq!((error.to_string().as_str(), error.help()), (message, help));
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
}

#[test]
fn a_header_without_a_name_is_refused() {
    let signer = Signer::ApiKey(ApiKey { key: "s3cret".into(), into: Place::Header("X Y".to_owned()) });
    let error = failed(&signer, &at(0));
    assert!(error.to_string().starts_with("`X Y` cannot be the name of a header"), "{error}");
    assert_eq!(error.help(), "give the header another name");
}

#[test]
fn a_clock_beyond_every_calendar() {
    let moment = Moment { now: UNIX_EPOCH + Duration::from_secs(1 << 50), nonce: [0; 16] };
    let error = failed(&hmac(SecretEncoding::Text, Box::new(|_| Ok(String::new()))), &moment);
    assert_eq!(error.to_string(), "the clock shows a time that cannot be written");
    assert_eq!(error.help(), "set this machine's clock");
}

#[test]
fn what_is_wrong_with_a_challenge() {
    let schemes = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let found = || "SHA-512".to_owned();
    let other_way = "ask the service for another way to sign in";
    let cases = [
        (
            SigningError::NotDigest { schemes: schemes(&["Negotiate", "basic"]) },
            "the service asks for `Negotiate`, `basic`, not for `Digest`",
            "set `kind: basic`",
        ),
        (
            SigningError::NotDigest { schemes: schemes(&["Bearer"]) },
            "the service asks for `Bearer`, not for `Digest`",
            "set the `kind` that the service's documentation names",
        ),
        (
            SigningError::Challenge { missing: "nonce" },
            "the service's challenge for `Digest` has no `nonce`",
            other_way,
        ),
        (
            SigningError::DigestAlgorithm { found: found() },
            "the service asks for the digest algorithm `SHA-512`; river knows `MD5`, `SHA-256`, `SHA-512-256` and each \
             with `-sess`",
            other_way,
        ),
        (
            SigningError::DigestProtection { found: "auth-conf".to_owned() },
            "the service asks for the protection `auth-conf` in `Digest`; river knows `auth` and `auth-int`",
            other_way,
        ),
        (
            SigningError::Refused { realm: "shop".to_owned() },
            "the service refuses the user name and the password for `shop`",
            "check `username` and `password`",
        ),
    ];
    for (error, message, help) in cases {
        assert_eq!((error.to_string().as_str(), error.help()), (message, help));
    }
}
