use super::super::tests::{at, header, request, with_body, with_header};
use super::*;

/// 2015-08-30T12:36:00Z, when every request of AWS's test suite is signed.
const SUITE: u64 = 1_440_938_160;

/// Of AWS's test suite.
const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflf\
    KD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6f\
    E8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/\
    oLxBA==";

/// Fits in no header, so that none is sent: the examples have bodies without a type.
const UNSENT: &str = "\n";

fn suite(service: &str) -> AwsSigV4 {
    AwsSigV4 {
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
        session_token: None,
        region: "us-east-1".to_owned(),
        service: service.to_owned(),
    }
}

/// Names and signature of what a request says after it was signed.
fn signed(signer: &AwsSigV4, mut request: Request, seconds: u64) -> String {
    let secrets = signer.sign(&mut request, &at(seconds)).unwrap();
    let authorization = header(&request, "authorization");
    let (before, rest) = authorization.split_once("SignedHeaders=").unwrap();
    assert!(before.starts_with("AWS4-HMAC-SHA256 Credential="), "{authorization}");
    assert!(authorization.ends_with(secrets[0].expose()), "{authorization}");
    rest.replace(", Signature=", " ")
}

#[test]
fn the_whole_header() {
    let mut get = request("GET", "https://example.amazonaws.com/");
    suite("service").sign(&mut get, &at(SUITE)).unwrap();
    assert_eq!(
        header(&get, "authorization"),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;x-amz-date, \
         Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    );
    assert_eq!(header(&get, "x-amz-date"), "20150830T123600Z");
}

#[test]
fn the_test_suite_of_aws() {
    let get = |url| request("GET", url);
    let post = || request("POST", "https://example.amazonaws.com/");
    let form = |content_type| with_body(content_type, "Param1=value1", post());
    let cases = [
        (
            "get-vanilla",
            get("https://example.amazonaws.com/"),
            "host;x-amz-date 5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "get-relative",
            get("https://example.amazonaws.com/example/.."),
            "host;x-amz-date 5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "get-slash",
            get("https://example.amazonaws.com//"),
            "host;x-amz-date 5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "get-vanilla-query-order-key-case",
            get("https://example.amazonaws.com/?Param2=value2&Param1=value1"),
            "host;x-amz-date b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "post-vanilla",
            post(),
            "host;x-amz-date 5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "post-x-www-form-urlencoded",
            form("application/x-www-form-urlencoded"),
            "content-type;host;x-amz-date ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ];
    for (name, request, expected) in cases {
        assert_eq!(signed(&suite("service"), request, SUITE), expected, "{name}");
    }
    let lent = AwsSigV4 { session_token: Some(TOKEN.into()), ..suite("service") };
    let expected = "host;x-amz-date;x-amz-security-token 85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead";
    assert_eq!(signed(&lent, post(), SUITE), expected, "post-sts-header-before");
}

/// "Create a signed AWS API request", the example with `ListUsers`.
#[test]
fn the_example_of_the_user_guide() {
    let url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08";
    let content_type = "application/x-www-form-urlencoded; charset=utf-8";
    let get = with_header("content-type", content_type, request("GET", url));
    let expected =
        "content-type;host;x-amz-date 5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    assert_eq!(signed(&suite("iam"), get, SUITE), expected);
}

/// "Examples: Signature Calculations" in the API reference of S3.
#[test]
fn the_examples_of_s3() {
    let signer = AwsSigV4 {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
        ..suite("s3")
    };
    let get = |rest: &str| request("GET", &format!("https://examplebucket.s3.amazonaws.com/{rest}"));
    let put = with_body(
        UNSENT,
        "Welcome to Amazon S3.",
        request("PUT", "https://examplebucket.s3.amazonaws.com/test$file.text"),
    );
    let put = with_header("date", "Fri, 24 May 2013 00:00:00 GMT", put);
    let put = with_header("x-amz-storage-class", "REDUCED_REDUNDANCY", put);
    let cases = [
        (
            "get an object",
            with_header("range", "bytes=0-9", get("test.txt")),
            "host;range;x-amz-content-sha256;x-amz-date f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "get a setting",
            get("?lifecycle"),
            "host;x-amz-content-sha256;x-amz-date fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "list objects",
            get("?max-keys=2&prefix=J"),
            "host;x-amz-content-sha256;x-amz-date 34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
        (
            "put an object",
            put,
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class 98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
    ];
    for (name, request, expected) in cases {
        assert_eq!(signed(&signer, request, 1_369_353_600), expected, "{name}");
    }
}

/// As `botocore` 1.44.5 signs it.
#[test]
fn signs_awkward_texts_as_others_do() {
    let url = "https://api.example.com:8443/a%20b//c%3Ad/%C3%A9/?z=1&b=%20x&b=%2B&a=%C3%A9&empty=";
    let put = with_header(
        "x-trace",
        "  a   b ",
        with_body("application/json; charset=utf-8", "{\"é\":1}", request("PUT", url)),
    );
    let expected = "content-type;host;x-amz-date;x-trace 53cd05937d8a57680acc10a0d7c7bf8ba5caf6b8889f681233416bf2b746f4e9";
    assert_eq!(signed(&suite("execute-api"), put, SUITE), expected);
    let url = "https://bucket.s3.eu-central-1.amazonaws.com/a%20b//c%3Ad/%C3%A9/x%2By";
    let put = with_body(UNSENT, "hello", request("PUT", url));
    let expected = "host;x-amz-content-sha256;x-amz-date ba7e19690b4c39591a6846efad6ecd5f5769424c34968c15d48deafcfe8a733c";
    assert_eq!(signed(&suite("s3"), put, SUITE), expected);
}

#[test]
fn the_query_is_sent_as_it_is_signed() {
    let mut get = request("GET", "https://a.example/?q=a+b&q=%2b&x&u=a'(b)!&n=%FF&&e=");
    suite("service").sign(&mut get, &at(SUITE)).unwrap();
    assert_eq!(get.url.query(), Some("q=a%20b&q=%2B&x=&u=a%27%28b%29%21&n=%FF&e="));
}

#[test]
fn a_payload_that_the_author_hashed_stays() {
    let put = || with_body("text/plain", "hello", request("PUT", "https://bucket.s3.amazonaws.com/x"));
    let mut unsigned = with_header("x-amz-content-sha256", "UNSIGNED-PAYLOAD", put());
    suite("s3").sign(&mut unsigned, &at(SUITE)).unwrap();
    assert_eq!(header(&unsigned, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
    assert_ne!(signed(&suite("s3"), unsigned, SUITE), signed(&suite("s3"), put(), SUITE));
}

#[test]
fn an_older_date_is_replaced() {
    let get = with_header("x-amz-date", "20000101T000000Z", request("GET", "https://example.amazonaws.com/"));
    let expected = "host;x-amz-date 5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    assert_eq!(signed(&suite("service"), get, SUITE), expected);
}

#[test]
fn headers_that_may_change_on_the_way_are_not_signed() {
    let get = with_header("user-agent", "mine", request("GET", "https://example.amazonaws.com/"));
    let get = with_header("x-two", "b", with_header("x-two", "a", get));
    assert!(signed(&suite("service"), get, SUITE).starts_with("host;x-amz-date;x-two "));
}
