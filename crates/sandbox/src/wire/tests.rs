//! What the server adds to an ordinary one: cuts at a chosen byte, and connections that stay open.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::{Cut, Flight, InFlight, Reply, Server, WireRequest};

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.base_url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

fn ask(stream: &mut TcpStream, target: &str) {
    write!(stream, "GET {target} HTTP/1.1\r\nhost: sandbox\r\n\r\n").unwrap();
}

/// Everything that arrives until the end, and how it ends.
fn read_to_end(stream: &mut TcpStream) -> (Vec<u8>, Option<io::ErrorKind>) {
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).err();
    (bytes, error.map(|error| error.kind()))
}

/// Splits off the body; the head must announce this many bytes.
fn body_of(bytes: &[u8], promised: usize) -> &[u8] {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = str::from_utf8(&bytes[..end]).unwrap();
    assert!(head.contains(&format!("content-length: {promised}")), "{head}");
    &bytes[end + 4..]
}

/// Waits for the server, but not forever.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never happens");
        thread::yield_now();
    }
}

fn server_with_cut(length: usize, cut: Cut) -> Server {
    Server::start(0, move |_| Reply::text(200, "text/plain", vec![b'x'; length]).cut(cut)).unwrap()
}

#[test]
fn a_cut_lets_exactly_so_many_bytes_through() {
    let reset = Some(io::ErrorKind::ConnectionReset);
    let cases = [
        (10, Cut::CloseAfter(0), 0, None),
        (10, Cut::CloseAfter(4), 4, None),
        (10, Cut::CloseAfter(10), 10, None),
        (10, Cut::CloseAfter(11), 10, None),
        (0, Cut::CloseAfter(3), 0, None),
        (10, Cut::ResetAfter(0), 0, reset),
        (10, Cut::ResetAfter(4), 4, reset),
        (10, Cut::ResetAfter(10), 10, reset),
        (300_000, Cut::CloseAfter(299_999), 299_999, None),
    ];
    for (length, cut, received, error) in cases {
        let server = server_with_cut(length, cut);
        let mut stream = connect(&server);
        ask(&mut stream, "/");
        let (bytes, ending) = read_to_end(&mut stream);
        assert_eq!(body_of(&bytes, length).len(), received, "{cut:?}");
        assert_eq!(ending, error, "{cut:?}");
    }
}

#[test]
fn a_reset_before_the_reply_shows_no_byte_of_it() {
    let server = server_with_cut(10, Cut::ResetBefore);
    let mut stream = connect(&server);
    ask(&mut stream, "/");
    assert_eq!(read_to_end(&mut stream), (Vec::new(), Some(io::ErrorKind::ConnectionReset)));
}

#[test]
fn a_cut_meets_its_reply_and_not_the_ones_before() {
    let server = Server::start(0, |request: WireRequest| {
        let reply = Reply::text(200, "text/plain", request.target);
        if request.path == "/cut" { reply.cut(Cut::CloseAfter(3)) } else { reply }
    })
    .unwrap();
    let mut stream = connect(&server);
    for _ in 0..3 {
        ask(&mut stream, "/whole?a=b");
        let mut bytes = [0; 512];
        let count = stream.read(&mut bytes).unwrap();
        assert_eq!(body_of(&bytes[..count], 10), b"/whole?a=b");
    }
    ask(&mut stream, "/cut");
    let (bytes, error) = read_to_end(&mut stream);
    assert_eq!((body_of(&bytes, 4), error), (b"/cu".as_slice(), None));
}

#[test]
fn a_reply_that_is_no_http_says_so() {
    let server = Server::start(0, |_| Reply::empty(200).header("no header", "x")).unwrap();
    let mut stream = connect(&server);
    ask(&mut stream, "/");
    let mut bytes = [0; 512];
    let count = stream.read(&mut bytes).unwrap();
    assert!(bytes[..count].starts_with(b"HTTP/1.1 500 "));
}

#[test]
fn a_request_is_read_with_its_parameters() {
    let server = Server::start(0, |request: WireRequest| {
        assert_eq!(request.parameter("q"), Some("a b&c"));
        assert_eq!(request.header("x-kind"), Some("test"));
        let form = request.form();
        Reply::text(
            200,
            "text/plain",
            format!("{} {} {}={}", request.method, request.path, form[0].0, form[0].1),
        )
    })
    .unwrap();
    let mut stream = connect(&server);
    let head =
        "POST /p%20q?q=a+b%26c HTTP/1.1\r\nhost: s\r\nx-kind: test\r\ncontent-length: 8\r\nconnection: close";
    write!(stream, "{head}\r\n\r\nk=%C3%A9").unwrap();
    let (bytes, _) = read_to_end(&mut stream);
    assert!(bytes.ends_with("POST /p%20q k=é".as_bytes()), "{}", String::from_utf8_lossy(&bytes));
}

#[test]
fn a_long_reply_is_compressed_for_who_accepts_it() {
    let request = |accepted: &'static str| {
        let mut headers = http::HeaderMap::new();
        headers.insert("accept-encoding", accepted.parse().unwrap());
        let (method, body) = (http::Method::GET, bytes::Bytes::new());
        WireRequest {
            method,
            path: String::new(),
            query: Vec::new(),
            target: String::new(),
            headers,
            body,
            in_flight: InFlight::default(),
        }
    };
    let long = "x".repeat(1_000);
    for (accepted, length, cut, expected) in [
        ("gzip", 1_000, None, true),
        ("br, GZIP;q=0.5", 1_000, None, true),
        ("gzip", 999, None, false),
        ("gzip;q=0", 1_000, None, false),
        ("br", 1_000, None, false),
        ("gzip", 1_000, Some(Cut::CloseAfter(500)), false),
    ] {
        let reply = Reply { cut, ..Reply::text(200, "text/plain", long[..length].to_owned()) };
        let sent = reply.clone().compressed_for(&request(accepted));
        if !expected {
            assert_eq!(sent, reply, "{accepted}");
            continue;
        }
        assert!(sent.headers.contains(&("content-encoding".to_owned(), "gzip".to_owned())));
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*sent.body).read_to_string(&mut text).unwrap();
        assert_eq!(text, long);
    }
}

#[test]
fn a_request_is_in_flight_until_the_last_byte_of_its_reply() {
    let flights: Arc<Mutex<Vec<Flight>>> = Arc::default();
    let seen = Arc::clone(&flights);
    let server = Server::start(0, move |request: WireRequest| {
        let mut flights = seen.lock().unwrap();
        let under_way = flights.iter().filter(|flight| !flight.is_over()).count();
        flights.push(request.in_flight.flight());
        let reply = Reply::text(200, "text/plain", under_way.to_string());
        match request.path.as_str() {
            "/stalls" => reply.cut(Cut::Stall),
            "/lasts" => reply.delayed(Duration::from_secs(3600)),
            "/stops" => reply.cut(Cut::StallAfter(1)),
            _ => reply,
        }
    })
    .unwrap();
    let under_way = || {
        let mut stream = connect(&server);
        write!(stream, "GET / HTTP/1.1\r\nhost: s\r\nconnection: close\r\n\r\n").unwrap();
        body_of(&read_to_end(&mut stream).0, 1)[0] - b'0'
    };
    assert_eq!((under_way(), under_way()), (0, 0), "an answered request is over");

    let mut stopped = connect(&server);
    ask(&mut stopped, "/stops");
    let _ = stopped.read(&mut [0; 512]).unwrap();
    assert_eq!(under_way(), 1, "not all of a body has come");

    let waiting = ["/stalls", "/lasts"].map(|target| {
        let mut stream = connect(&server);
        ask(&mut stream, target);
        stream
    });
    wait_until(|| flights.lock().unwrap().len() == 6);
    assert_eq!(under_way(), 3, "nothing has come");
    drop((stopped, waiting));
    wait_until(|| flights.lock().unwrap().iter().all(Flight::is_over));
}
