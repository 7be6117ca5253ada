//! Where a browser is sent back to: a listener of the test, which shows a page.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use reqwest::Url;

const PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Back</title></head>\
    <body><main><h1>Back at the test</h1></main></body></html>\n";
/// A browser opens connections that it then does not use.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Callback {
    base: String,
    requests: Receiver<String>,
}

impl Callback {
    pub(crate) fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let sender = sender.clone();
                std::thread::spawn(move || answer(&stream).map(|target| sender.send(target)));
            }
        });
        Self { base, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/callback", self.base)
    }

    /// With what somebody was sent back, who has been there already.
    pub(crate) fn parameters(&self) -> BTreeMap<String, String> {
        let mut targets = self.requests.try_iter().filter(|target| target.starts_with("/callback"));
        let target = targets.next().expect("nobody was sent back");
        assert_eq!(targets.next(), None, "sent back twice");
        Url::parse(&format!("{}{target}", self.base)).unwrap().query_pairs().into_owned().collect()
    }
}

/// Answers one request; its target.
fn answer(mut stream: &TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    lines.find(String::is_empty)?;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n";
    write!(stream, "{head}Content-Length: {}\r\n\r\n{PAGE}", PAGE.len()).ok()?;
    Some(target)
}
