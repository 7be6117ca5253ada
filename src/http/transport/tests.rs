use std::io::Write;

use http::Method;
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::script::{Script, Step, serve_script, serve_tls};
use super::*;
use crate::http::limits::Timeouts;
use crate::http::request::{Body, Header};
use crate::http::send_error::{Reached, TlsProblem};

const MEBIBYTE: usize = 1024 * 1024;

pub(super) fn settings() -> TransportSettings {
    TransportSettings { proxy: Proxy::None, ..TransportSettings::default() }
}

fn transport() -> Transport {
    Transport::new(&settings()).unwrap()
}

fn request(method: Method, url: &str) -> Request {
    Request::new(method, Url::parse(url).unwrap())
}

pub(super) fn get(url: &str) -> Request {
    request(Method::GET, url)
}

fn post(url: &str, secret_parts: bool) -> Request {
    let body = Body::Text {
        content_type: "text/plain".to_owned(),
        text: Bytes::from_static(b"token=1"),
        secret_parts,
    };
    Request { body, ..request(Method::POST, url) }
}

/// Bytes of an answer; `head` is the status and the headers.
fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let head = head.replace('\n', "\r\n");
    [format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes(), body].concat()
}

fn send(head: &str, body: &[u8]) -> Script {
    vec![Step::Send(answer(head, body))]
}

pub(super) fn ok() -> Script {
    send("200 OK\ncontent-length: 2", b"ok")
}

pub(super) fn redirect(status: u16, location: &str) -> Script {
    send(&format!("{status} Elsewhere\nlocation: {location}\ncontent-length: 0"), b"")
}

async fn failure(request: &Request) -> Failure {
    transport().send(request).await.unwrap_err().failure
}

/// What comes of a GET to a server that plays `script`.
async fn failure_of(script: Script) -> Failure {
    let server = serve_script(vec![script]).await;
    failure(&get(&server.url("/"))).await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_request_and_its_answer() {
    let server = serve_script(vec![send("201 Created\nX-Kind: test\ncontent-length: 5", b"hello")]).await;
    let mut request = get(&server.url("/a%20b?x=1&y=%2F#part"));
    request.headers.push(Header::new("X-One", "1", false, false).unwrap());
    request.headers.push(Header::new("X-One", "é", false, false).unwrap());
    let response = transport().send(&request).await.unwrap();
    assert_eq!(response.status, 201);
    assert_eq!(response.header("x-kind"), Some("test"));
    assert_eq!(response.body, "hello");
    assert_eq!(response.redirects, 0);
    assert_eq!(response.url, request.url);
    let expected = format!(
        "GET /a%20b?x=1&y=%2F HTTP/1.1\r\nx-one: 1\r\nx-one: é\r\naccept: */*\r\nuser-agent: river/{}\r\n\
         accept-encoding: gzip\r\nhost: 127.0.0.1:{}\r\n\r\n",
        env!("CARGO_PKG_VERSION"),
        server.port
    );
    assert_eq!(server.received(), [expected]);
}

#[tokio::test]
async fn a_body_goes_with_its_type() {
    let server = serve_script(vec![ok(), ok()]).await;
    let mut request = post(&server.url("/"), true);
    transport().send(&request).await.unwrap();
    request.headers.push(Header::new("content-type", "application/x-own", false, false).unwrap());
    transport().send(&request).await.unwrap();
    let received = server.received();
    assert!(received[0].contains("content-type: text/plain\r\n"), "{received:?}");
    assert!(received[0].ends_with("content-length: 7\r\n\r\ntoken=1"), "{received:?}");
    assert!(received[1].contains("content-type: application/x-own\r\n"), "{received:?}");
    assert!(!received[1].contains("text/plain"), "{received:?}");
}

#[tokio::test]
async fn a_user_in_the_url_becomes_a_header() {
    let server = serve_script(vec![ok()]).await;
    let url = server.url("/").replace("://", "://me:p%40ss@");
    transport().send(&get(&url)).await.unwrap();
    // me:p@ss
    assert!(
        server.received()[0].contains("authorization: Basic bWU6cEBzcw==\r\n"),
        "{:?}",
        server.received()
    );
}

#[test]
fn a_try_may_run_on_any_thread() {
    fn is_send(_: &impl Send) {}
    let (transport, request) = (transport(), get("http://a.example/"));
    is_send(&transport.send(&request));
}

#[tokio::test]
async fn connections_are_used_again() {
    let kept = Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec());
    let server = serve_script(vec![vec![kept.clone(), Step::ReadRequest, kept]]).await;
    let transport = transport();
    for _ in 0..2 {
        transport.send(&get(&server.url("/"))).await.unwrap();
    }
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_redirect_within_the_origin_keeps_all() {
    let server = serve_script(vec![redirect(302, "/next?page=2"), ok()]).await;
    let mut request = get(&server.url("/first"));
    request.headers.push(Header::new("authorization", "Bearer abc", true, true).unwrap());
    let response = transport().send(&request).await.unwrap();
    assert_eq!((response.redirects, response.url.as_str()), (1, server.url("/next?page=2").as_str()));
    let second = &server.received()[1];
    assert!(second.starts_with("GET /next?page=2 HTTP/1.1\r\n"), "{second}");
    assert!(second.contains("authorization: Bearer abc\r\n"), "{second}");
    assert!(!second.contains("referer"), "{second}");
}

#[tokio::test]
async fn a_redirect_to_another_origin_leaks_nothing() {
    let other = serve_script(vec![ok()]).await;
    let first = serve_script(vec![redirect(302, &other.url("/next"))]).await;
    let url = first.url("/first?key=leak-0").replace("://", "://me:leak-1@");
    let mut request = get(&url);
    for (name, value, secret, from_connection) in [
        ("authorization", "leak-2", false, false),
        ("cookie", "leak-3", false, false),
        ("proxy-authorization", "leak-4", false, false),
        ("x-api-key", "leak-5", true, false),
        ("x-org", "leak-6", false, true),
        ("accept-language", "de", false, false),
    ] {
        request.headers.push(Header::new(name, value, secret, from_connection).unwrap());
    }
    transport().send(&request).await.unwrap();
    assert_eq!(first.received()[0].matches("leak-").count(), 6, "{:?}", first.received());
    let received = other.received();
    assert!(!received[0].contains("leak") && !received[0].contains("authorization"), "{received:?}");
    assert!(received[0].contains("accept-language: de\r\n"), "{received:?}");
}

#[tokio::test]
async fn a_redirect_back_does_not_bring_secrets_back() {
    let first = serve_script(vec![Vec::new()]).await;
    let other = serve_script(vec![redirect(302, &first.url("/back"))]).await;
    // The way is first → other → first; the first hop is decided here without a socket.
    let mut request = get(&first.url("/"));
    request.headers.push(Header::new("x-api-key", "leak", true, false).unwrap());
    let location = HeaderValue::from_str(&other.url("/")).unwrap();
    let next = redirect::decide(http::StatusCode::FOUND, &location, &request).unwrap();
    let _ = transport().send(&next).await;
    assert!(!first.received()[0].contains("leak"), "{:?}", first.received());
}

#[tokio::test]
async fn a_secret_body_is_not_sent_to_another_origin() {
    for (status, secret_parts, sent) in
        [(307, true, false), (308, true, false), (307, false, true), (303, true, true)]
    {
        let other = serve_script(vec![ok()]).await;
        let first = serve_script(vec![redirect(status, &other.url("/next"))]).await;
        let result = transport().send(&post(&first.url("/"), secret_parts)).await;
        assert_eq!(result.is_ok(), sent, "{status}");
        assert_eq!(other.received().len(), usize::from(sent), "{status}");
        if let Err(error) = result {
            assert!(matches!(error.failure, Failure::Redirect(RedirectError::WithSecrets { .. })), "{error}");
            assert_eq!(error.reached(), Reached::Maybe);
        }
    }
}

#[tokio::test]
async fn see_other_becomes_get_without_body() {
    let server = serve_script(vec![redirect(303, "/done"), ok()]).await;
    transport().send(&post(&server.url("/"), true)).await.unwrap();
    let second = &server.received()[1];
    assert!(second.starts_with("GET /done ") && second.ends_with("\r\n\r\n"), "{second}");
    assert!(!second.contains("content-"), "{second}");
}

#[tokio::test]
async fn redirects_end_somewhere() {
    let server = serve_script(vec![redirect(302, "/again"); 12]).await;
    let error = transport().send(&get(&server.url("/"))).await.unwrap_err();
    assert_eq!(error.failure, Failure::Redirect(RedirectError::TooMany { limit: MAX_REDIRECTS }));
    assert_eq!(error.redirects, MAX_REDIRECTS);
    assert_eq!(server.received().len(), 11);
}

#[tokio::test]
async fn redirects_can_be_the_answer() {
    let server = serve_script(vec![redirect(302, "/next"), send("302 Found\ncontent-length: 0", b"")]).await;
    let request = Request { follow_redirects: false, ..get(&server.url("/")) };
    assert_eq!(transport().send(&request).await.unwrap().status, 302);
    let without_location = get(&server.url("/"));
    assert_eq!(transport().send(&without_location).await.unwrap().status, 302);
}

#[tokio::test]
async fn a_body_that_ends_early_is_no_answer() {
    let declared = send("200 OK\ncontent-length: 100", b"0123456789");
    assert_eq!(failure_of(declared).await, Failure::Truncated { received: 10, declared: Some(100) });
    let chunked = send("200 OK\ntransfer-encoding: chunked", b"a\r\n0123456789\r\n5\r\n01");
    assert!(matches!(failure_of(chunked).await, Failure::Truncated { received: 12, declared: None }));
    let body = gzip(&vec![7; 100_000]);
    let head = format!("200 OK\ncontent-encoding: gzip\ncontent-length: {}", body.len());
    let cut = send(&head, &body[..body.len() - 20]);
    assert!(matches!(failure_of(cut).await, Failure::Truncated { declared: None, .. }));
}

#[tokio::test]
async fn a_reset_within_the_body_is_told() {
    // More than all buffers hold, so that the head was surely read before the reset.
    let sent = answer("200 OK\ncontent-length: 50000000", &vec![b'x'; 32 * MEBIBYTE]);
    let failure = failure_of(vec![Step::Send(sent), Step::Reset]).await;
    let Failure::Reset { received, declared, .. } = failure else { panic!("{failure:?}") };
    assert!(received > 0);
    assert_eq!(declared, Some(50_000_000));
}

#[tokio::test]
async fn no_answer_may_still_have_been_received() {
    for script in [vec![Step::Reset], Vec::new()] {
        let server = serve_script(vec![script]).await;
        let error = transport().send(&get(&server.url("/?key=pw"))).await.unwrap_err();
        assert!(matches!(error.failure, Failure::NoAnswer { .. }), "{error}");
        assert_eq!(error.reached(), Reached::Maybe);
        assert!(!error.to_string().contains("pw") && !format!("{error:?}").contains("pw"), "{error:?}");
    }
}

#[tokio::test]
async fn silence_ends_a_try() {
    let beginning = Step::Send(answer("200 OK\ncontent-length: 100", b"0123456789"));
    // The second limit leaves a busy machine time for the beginning.
    let cases = [(vec![Step::Hold], 50, None), (vec![beginning, Step::Hold], 500, Some(10))];
    for (script, milliseconds, received) in cases {
        let after = Duration::from_millis(milliseconds);
        let server = serve_script(vec![script]).await;
        let timeouts = Timeouts { read: after, ..Timeouts::default() };
        let error = transport().send(&Request { timeouts, ..get(&server.url("/")) }).await.unwrap_err();
        assert_eq!(error.failure, Failure::ReadTimeout { after, received });
        assert_eq!(error.reached(), Reached::Maybe);
    }
}

#[tokio::test]
async fn a_try_has_an_end() {
    let after = Duration::from_millis(50);
    let server = serve_script(vec![vec![Step::Hold]]).await;
    let timeouts = Timeouts { total: after, ..Timeouts::default() };
    let request = Request { timeouts, ..get(&server.url("/")) };
    assert_eq!(failure(&request).await, Failure::TotalTimeout { after });
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let large = vec![b'x'; 2 * MEBIBYTE];
    let packed = gzip(&vec![0; 50 * MEBIBYTE]);
    let limit = 1_000_000;
    assert!(packed.len() < 1_000_000, "the packed size is within the limit");
    let cases = [
        ("told", send(&format!("200 OK\ncontent-length: {}", large.len()), b"")),
        ("not told", send("200 OK", &large)),
        ("gzip", send(&format!("200 OK\ncontent-encoding: gzip\ncontent-length: {}", packed.len()), &packed)),
    ];
    for (name, script) in cases {
        let server = serve_script(vec![script]).await;
        let request = Request { max_body: limit, ..get(&server.url("/")) };
        assert_eq!(failure(&request).await, Failure::TooLarge { limit }, "{name}");
    }
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_taken() {
    let server = serve_script(vec![ok()]).await;
    let request = Request { max_body: 2, ..get(&server.url("/")) };
    assert_eq!(transport().send(&request).await.unwrap().body, "ok");
}

#[tokio::test]
async fn gzip_is_undone() {
    let text = "row\n".repeat(100_000);
    let body = gzip(text.as_bytes());
    let head = format!("200 OK\ncontent-encoding: gzip\ncontent-length: {}", body.len());
    let server = serve_script(vec![send(&head, &body), send(&head, &body)]).await;
    let transport = transport();
    for _ in 0..2 {
        let response = transport.send(&get(&server.url("/"))).await.unwrap();
        assert_eq!(response.body, text);
        assert_eq!(response.header("content-encoding"), None);
    }
    assert_eq!(transport.expected(None), text.len());
}

#[tokio::test]
async fn damaged_gzip_is_no_answer() {
    let mut body = gzip(&vec![7; 100_000]);
    let cut = body.len() / 2;
    let head = |length: usize| format!("200 OK\ncontent-encoding: gzip\ncontent-length: {length}");
    assert!(matches!(failure_of(send(&head(cut), &body[..cut])).await, Failure::Decode { .. }));
    let checksum = body.len() - 6;
    body[checksum] ^= 1;
    assert!(matches!(failure_of(send(&head(body.len()), &body)).await, Failure::Decode { .. }));
    assert!(matches!(failure_of(send(&head(5), b"plain")).await, Failure::Decode { .. }));
}

#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    let server = serve_script(vec![send("200 OK\ncontent-length: 100", b"")]).await;
    let response = transport().send(&request(Method::HEAD, &server.url("/"))).await.unwrap();
    assert_eq!((response.body.len(), response.header("content-length")), (0, Some("100")));
}

#[tokio::test]
async fn nobody_listens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = transport().send(&get(&url)).await.unwrap_err();
    assert_eq!(error.failure, Failure::Refused);
    assert_eq!(error.reached(), Reached::No);
    assert_eq!(error.to_string(), format!("`{}` refused the connection", url.trim_end_matches('/')));
}

#[tokio::test]
async fn a_host_without_address() {
    // A label longer than DNS allows is refused without asking any server.
    let url = format!("http://{}.invalid/?key=pw", "a".repeat(64));
    let error = transport().send(&get(&url)).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Unresolved { .. }), "{error}");
    assert_eq!(error.reached(), Reached::No);
    assert!(!format!("{error} {error:?}").contains("pw"), "{error:?}");
}

#[tokio::test]
async fn only_the_web_is_asked() {
    let error = failure(&get("ftp://a.example/?key=pw")).await;
    assert!(matches!(error, Failure::Unsendable { .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("pw"), "{error:?}");
}

#[tokio::test]
async fn what_is_not_http_is_named() {
    let ssh = vec![Step::Send(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())];
    assert!(matches!(failure_of(ssh).await, Failure::NotHttp { .. }));
    let headers = "\nx-one: 1".repeat(200);
    assert_eq!(failure_of(send(&format!("200 OK{headers}"), b"")).await, Failure::HeadersTooLarge);
}

/// A server's certificate and the root that signed it.
struct Identity {
    acceptor: TlsAcceptor,
    root: Vec<u8>,
}

fn identity(host: &str, years: std::ops::Range<i32>) -> Identity {
    let mut issuer = CertificateParams::default();
    issuer.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(issuer, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
    let certificate = params.signed_by(&key, &root).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    Identity { acceptor: TlsAcceptor::from(std::sync::Arc::new(config)), root: root.der().to_vec() }
}

fn trusting(root: &[u8]) -> Transport {
    Transport::new(&TransportSettings { trusted_roots: vec![root.to_vec()], ..settings() }).unwrap()
}

const ALWAYS: std::ops::Range<i32> = 2000..4000;

#[tokio::test]
async fn certificates_are_verified() {
    let cases = [
        ("localhost", 2000..2001, true, TlsProblem::Expired),
        ("localhost", 3000..4000, true, TlsProblem::NotYetValid),
        (
            "other.example",
            ALWAYS,
            true,
            TlsProblem::WrongHost { presented: vec!["other.example".to_owned()] },
        ),
        ("localhost", ALWAYS, false, TlsProblem::UnknownIssuer),
    ];
    for (host, years, trusted, expected) in cases {
        let identity = identity(host, years);
        let transport = if trusted { trusting(&identity.root) } else { transport() };
        let server = serve_tls(vec![ok()], identity.acceptor).await;
        let error = transport.send(&get(&server.url("/"))).await.unwrap_err();
        let Failure::Tls(problem) = &error.failure else { panic!("{error:?}") };
        match (&expected, problem) {
            // The names come in the library's spelling.
            (TlsProblem::WrongHost { .. }, TlsProblem::WrongHost { presented }) => {
                assert!(presented[0].contains("other.example"), "{presented:?}");
            }
            _ => assert_eq!(*problem, expected),
        }
        assert_eq!(error.reached(), Reached::No);
        assert!(server.received().is_empty());
    }
}

#[tokio::test]
async fn tls_works_and_is_not_left() {
    let plain = serve_script(vec![ok()]).await;
    let identity = identity("localhost", ALWAYS);
    let transport = trusting(&identity.root);
    let server = serve_tls(vec![ok(), redirect(302, &plain.url("/"))], identity.acceptor).await;
    assert_eq!(transport.send(&get(&server.url("/"))).await.unwrap().body, "ok");
    let error = transport.send(&get(&server.url("/"))).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Redirect(RedirectError::Downgrade { .. })), "{error}");
    assert!(plain.received().is_empty());
}

#[tokio::test]
async fn a_port_without_tls_is_named() {
    // Not a script: its server would wait for a request that never ends.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut socket, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    assert_eq!(failure(&get(&url)).await, Failure::Tls(TlsProblem::NotTls));
}

#[tokio::test]
async fn a_connection_has_a_timeout() {
    // Accepted by the system, never answered: the handshake hangs.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let connect_timeout = Duration::from_millis(50);
    let transport = Transport::new(&TransportSettings { connect_timeout, ..settings() }).unwrap();
    let error = transport.send(&get(&url)).await.unwrap_err();
    assert_eq!(error.failure, Failure::ConnectTimeout { after: connect_timeout });
    assert_eq!(error.reached(), Reached::No);
}

#[test]
fn settings_that_make_no_transport() {
    let user_agent = TransportSettings { user_agent: "a\nb".to_owned(), ..settings() };
    assert!(matches!(Transport::new(&user_agent), Err(TransportError::UserAgent { .. })));
    let root = TransportSettings { trusted_roots: vec![b"none".to_vec()], ..settings() };
    assert!(Transport::new(&root).is_err());
}

#[test]
fn headers_let_go_of_the_buffer_they_came_in() {
    let buffer = Bytes::from(b"one two".to_vec());
    let (one, two) = (buffer.slice(..3), buffer.slice(4..));
    let mut headers = HeaderMap::new();
    headers.append("x-a", HeaderValue::from_maybe_shared(one).unwrap());
    headers.append("x-a", HeaderValue::from_maybe_shared(two).unwrap());
    headers.iter_mut().for_each(|(_, value)| value.set_sensitive(true));
    let before = headers.clone();
    assert!(!buffer.is_unique());

    own(&mut headers);
    assert_eq!(headers, before);
    assert!(headers.values().all(HeaderValue::is_sensitive));
    drop(before);
    assert!(buffer.is_unique());
}
