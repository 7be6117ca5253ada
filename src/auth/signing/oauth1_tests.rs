use super::super::tests::{at, header, request, with_body, with_header};
use super::*;
use crate::spec::auth::OAuth1Method;

fn photos() -> OAuth1 {
    OAuth1 {
        consumer_key: "dpf43f3p2l4k3l03".into(),
        consumer_secret: "kd94hf93k423kf44".into(),
        token: "nnch734d00sl2jdk".into(),
        token_secret: "pfkkdhi9sl3r4s00".into(),
        signature_method: OAuth1Method::HmacSha1,
        realm: Some("Photos".to_owned()),
    }
}

fn form(text: &str, request: Request) -> Request {
    with_body("application/x-www-form-urlencoded", text, request)
}

/// The examples of the RFC send no `oauth_version`.
fn without_version(mut parameters: Vec<Parameter>) -> Vec<Parameter> {
    parameters.retain(|(name, _)| *name != "oauth_version");
    parameters
}

#[test]
fn the_photos_of_rfc_5849_1_2() {
    let get = request("GET", "http://photos.example.net/photos?file=vacation.jpg&size=original");
    let parameters = without_version(photos().parameters(137_131_202, "chapoH"));
    assert_eq!(photos().signature(&get, &parameters), "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
}

#[test]
fn the_temporary_credentials_of_rfc_5849_1_2() {
    let signer = OAuth1 { token: "".into(), token_secret: "".into(), ..photos() };
    let post = request("POST", "https://photos.example.net/initiate");
    let mut parameters = without_version(signer.parameters(137_131_200, "wIjqoS"));
    parameters.push(("oauth_callback", "http://printer.example.com/ready".to_owned()));
    assert_eq!(signer.signature(&post, &parameters), "74KNZJeDHnMBp0EMJ9ZHt/XKycU=");
}

#[test]
fn the_base_string_of_rfc_5849_3_4_1() {
    let post = request("POST", "http://EXAMPLE.com:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b");
    let signer =
        OAuth1 { consumer_key: "9djdj82h48djs9d2".into(), token: "kkk9d7dh3k39sjv7".into(), ..photos() };
    let parameters = without_version(signer.parameters(137_131_201, "7d8f3e4a"));
    let expected = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D\
        %26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a\
        %26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7";
    assert_eq!(base_string(&form("c2&a3=2+q", post), &parameters), expected);
}

#[test]
fn the_example_of_twitter() {
    let signer = OAuth1 {
        consumer_key: "xvz1evFS4wEEPTGEFPHBog".into(),
        consumer_secret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw".into(),
        token: "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb".into(),
        token_secret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE".into(),
        signature_method: OAuth1Method::HmacSha1,
        realm: None,
    };
    let post = request("POST", "https://api.twitter.com/1.1/statuses/update.json?include_entities=true");
    let post = form("status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21", post);
    let parameters = signer.parameters(1_318_622_958, "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg");
    assert_eq!(signer.signature(&post, &parameters), "hCtSmYh+iHYCEqBWrE7C7hYmtUk=");
}

/// As `oauthlib` 4.0.1 signs it.
#[test]
fn signs_awkward_texts_as_others_do() {
    let cases = [
        (OAuth1Method::HmacSha1, "XO%2B4YIPSYtoMi8vpjzhufqk9BA0%3D"),
        (OAuth1Method::HmacSha256, "Iki9byHQeCQpE8EJtxiM6g%2FlPImcy%2BBb0f8h3%2FKeI30%3D"),
    ];
    for (signature_method, expected) in cases {
        let signer = OAuth1 {
            consumer_key: "key&1".into(),
            consumer_secret: "se cret/&".into(),
            token: "tok+en".into(),
            token_secret: "é".into(),
            signature_method,
            realm: None,
        };
        let url = "HTTP://API.Example.com:80/a%20b/%C3%A9?z=1&b=%20x&b=+y&a=%C3%A9&empty=";
        let post = form("c=2&d=a%2Bb&a=1+2", request("POST", url));
        let parameters = signer.parameters(1_318_622_958, "000102030405060708090a0b0c0d0e0f");
        assert_eq!(spelling::percent(signer.signature(&post, &parameters).as_bytes()), expected);
    }
}

#[test]
fn the_header() {
    let mut get = request("GET", "https://a.example/");
    let signer = OAuth1 {
        signature_method: OAuth1Method::Plaintext,
        realm: Some("the \"big\" account".to_owned()),
        consumer_secret: "se cret/&".into(),
        ..photos()
    };
    let secrets = signer.sign(&mut get, &at(1_700_000_000)).unwrap();
    assert_eq!(
        header(&get, "authorization"),
        "OAuth realm=\"the \\\"big\\\" account\", oauth_consumer_key=\"dpf43f3p2l4k3l03\", \
         oauth_token=\"nnch734d00sl2jdk\", oauth_signature_method=\"PLAINTEXT\", oauth_timestamp=\"1700000000\", \
         oauth_nonce=\"abababababababababababababababab\", oauth_version=\"1.0\", \
         oauth_signature=\"se%2520cret%252F%2526%26pfkkdhi9sl3r4s00\""
    );
    assert_eq!(secrets[0].expose(), "se%20cret%2F%26&pfkkdhi9sl3r4s00");
}

#[test]
fn without_a_token_none_is_sent() {
    let mut get = request("GET", "https://a.example/");
    OAuth1 { token: "".into(), ..photos() }.sign(&mut get, &at(0)).unwrap();
    assert!(!header(&get, "authorization").contains("oauth_token="));
}

#[test]
fn only_forms_are_signed() {
    let post = || request("POST", "https://a.example/");
    let own = photos().parameters(0, "n");
    let cases = [
        (form("f=1", post()), true),
        (with_body("Application/X-WWW-Form-Urlencoded; charset=utf-8", "f=1", post()), true),
        (with_body("text/plain", "f=1", post()), false),
        (with_header("content-type", "text/plain", form("f=1", post())), false),
        (with_header("content-type", FORM, with_body("text/plain", "f=1", post())), true),
    ];
    for (request, expected) in cases {
        assert_eq!(base_string(&request, &own).contains("f%3D1"), expected, "{request:?}");
    }
}
