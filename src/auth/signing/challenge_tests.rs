use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn headers(lines: &[&str]) -> HeaderMap {
    lines.iter().map(|line| (WWW_AUTHENTICATE, HeaderValue::from_str(line).unwrap())).collect()
}

fn asked(line: &str) -> Vec<String> {
    let shown = |asked: &Asked| {
        let parameters = asked.parameters.iter().map(|(name, value)| format!(" {name}=[{value}]"));
        asked.scheme.clone() + &parameters.collect::<String>()
    };
    parse(line).iter().map(shown).collect()
}

#[test]
fn lines_are_taken_apart() {
    let cases: [(&str, &[&str]); 14] = [
        ("Basic realm=\"simple\"", &["Basic realm=[simple]"]),
        (
            "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
            &["Newauth realm=[apps] type=[1] title=[Login to \"apps\"]", "Basic realm=[simple]"],
        ),
        (
            "Digest realm = \"a\" ,nonce=b,QOP=\"auth,auth-int\"",
            &["Digest realm=[a] nonce=[b] qop=[auth,auth-int]"],
        ),
        ("Digest realm=\"a, Basic b\", nonce=c", &["Digest realm=[a, Basic b] nonce=[c]"]),
        ("Negotiate, Digest nonce=x", &["Negotiate", "Digest nonce=[x]"]),
        ("Negotiate oYG2MIGzoAMKAQChCwYJ, Digest nonce=x", &["Negotiate", "Digest nonce=[x]"]),
        ("NTLM TlRMTVNTUA==, Digest nonce=x", &["NTLM tlrmtvntua=[=]", "Digest nonce=[x]"]),
        ("Digest realm=\"\", nonce=\"\"", &["Digest realm=[] nonce=[]"]),
        ("Digest realm=\"never ends", &["Digest realm=[never ends]"]),
        ("Digest realm=a nonce=b", &["Digest realm=[a] nonce=[b]"]),
        (", ,Digest nonce=x,,", &["Digest nonce=[x]"]),
        ("Digest", &["Digest"]),
        ("realm=x", &[]),
        ("=\"\" é, Digest", &["Digest"]),
    ];
    for (line, expected) in cases {
        assert_eq!(asked(line), expected, "{line}");
    }
}

#[test]
fn the_first_that_is_known_is_taken() {
    let read = |lines: &[&str]| read(&headers(lines)).map(|found| found.map(|challenge| challenge.nonce));
    let sha512 = "Digest realm=r, nonce=one, algorithm=SHA-512";
    let sha256 = "Digest realm=r, nonce=two, algorithm=sha-256, qop=\"auth\"";
    let md5 = "digest realm=r, nonce=three";
    assert_eq!(read(&[]), Ok(None));
    assert_eq!(read(&[sha512, sha256, md5]), Ok(Some("two".to_owned())));
    assert_eq!(read(&[&format!("Basic realm=r, {md5}, {sha256}")]), Ok(Some("three".to_owned())));
    assert_eq!(
        read(&["Basic realm=r", "Negotiate"]).unwrap_err().to_string(),
        "the service asks for `Basic`, `Negotiate`, not for `Digest`"
    );
    assert_eq!(read(&[sha512]), Err(SigningError::DigestAlgorithm { found: "SHA-512".to_owned() }));
    assert_eq!(read(&["Digest nonce=n"]), Err(SigningError::Challenge { missing: "realm" }));
    assert_eq!(read(&["Digest realm=r"]), Err(SigningError::Challenge { missing: "nonce" }));
    let none = "Digest realm=r, nonce=n, qop=\"auth-conf, x\"";
    assert_eq!(read(&[none]), Err(SigningError::DigestProtection { found: "auth-conf, x".to_owned() }));
}

#[test]
fn what_a_challenge_asks_for() {
    let read = |rest: &str| read(&headers(&[&format!("Digest realm=r, nonce=n{rest}")])).unwrap().unwrap();
    let algorithms = [
        ("", Hash::Md5, false),
        (", algorithm=MD5", Hash::Md5, false),
        (", algorithm=md5-sess", Hash::Md5, true),
        (", algorithm=\"SHA-256\"", Hash::Sha256, false),
        (", algorithm=SHA-256-sess", Hash::Sha256, true),
        (", algorithm=SHA-512-256", Hash::Sha512Of256, false),
        (", algorithm=SHA-512-256-sess", Hash::Sha512Of256, true),
    ];
    for (rest, hash, session) in algorithms {
        assert_eq!((read(rest).hash, read(rest).session), (hash, session), "{rest}");
    }
    let protections = [
        ("", Protection::Old),
        (", qop=auth", Protection::Request),
        (", qop=\"auth-int, AUTH\"", Protection::Request),
        (", qop=\"auth-int\"", Protection::RequestAndBody),
    ];
    for (rest, protection) in protections {
        assert_eq!(read(rest).protection, protection, "{rest}");
    }
    assert!(read(", userhash=True").user_hash);
    assert!(!read(", userhash=false").user_hash);
    assert_eq!(read(", opaque=\"o\"").opaque.as_deref(), Some("o"));
}

proptest! {
    #[test]
    fn any_line_is_read(line in ".{0,40}", dense in "[ \t,=\"\\\\aDigest é]{0,30}") {
        parse(&line);
        parse(&dense);
    }
}
