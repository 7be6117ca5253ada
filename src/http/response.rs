//! An answer as it came.

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap};
use url::Url;

use super::excerpt;
use super::request::place;
use crate::secret::Redactor;

/// A complete answer: whatever its status, its body is all there.
#[derive(Clone)]
pub struct Response {
    /// As sent.
    pub status: StatusCode,
    /// As sent, without those that gzip took along (`Content-Encoding`, `Content-Length`).
    pub headers: HeaderMap,
    /// Where it came from in the end.
    pub url: Url,
    /// Gzip undone, else byte for byte.
    pub body: Bytes,
    /// From sending to the last byte, redirects included.
    pub elapsed: Duration,
    /// Redirects followed.
    pub redirects: u32,
    /// This machine's clock at the last byte.
    pub received_at: SystemTime,
}

impl Response {
    /// The first header of this name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether the answer says that it is JSON (`application/json`, `…+json`); the body is not looked at.
    pub fn is_json(&self) -> bool {
        let essence = self.media_type().to_ascii_lowercase();
        matches!(essence.as_str(), "application/json" | "text/json") || essence.ends_with("+json")
    }

    /// One line of the body for a message: at most `longest` characters of text, secrets masked, nothing that moves a
    /// terminal's cursor; of HTML what a reader would see; of binary data only what it is.
    pub fn excerpt(&self, longest: usize, redactor: &Redactor) -> String {
        self.excerpt_of(&self.body, longest, redactor)
    }

    /// The same for what is left of the body when its records are taken out: they are data, not a message.
    pub fn excerpt_of(&self, rest: &[u8], longest: usize, redactor: &Redactor) -> String {
        excerpt::of(rest, self.media_type(), longest, redactor)
    }

    /// `Content-Type` without its parameters, or nothing.
    fn media_type(&self) -> &str {
        let value = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim()
    }
}

/// Headers and body may hold secrets; only their size is printed.
impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Response")
            .field("status", &self.status)
            .field("place", &place(&self.url))
            .field("headers", &self.headers.len())
            .field("bytes", &self.body.len())
            .field("redirects", &self.redirects)
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::header::HeaderValue;

    use super::*;

    fn response(content_type: &'static str) -> Response {
        Response {
            status: StatusCode::OK,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]),
            url: Url::parse("https://a.example/x?key=pw").unwrap(),
            body: Bytes::from_static(b"{\"pw\": 1}"),
            elapsed: Duration::ZERO,
            redirects: 0,
            received_at: SystemTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn json_is_known_by_its_type() {
        let cases = [
            ("application/json", true),
            ("Application/JSON;charset=UTF-8", true),
            ("application/problem+json", true),
            ("text/json", true),
            ("text/html", false),
            ("application/jsonp", false),
            ("application/x-ndjson", false),
            ("", false),
        ];
        for (content_type, expected) in cases {
            assert_eq!(response(content_type).is_json(), expected, "{content_type}");
        }
    }

    #[test]
    fn headers_are_found_in_any_case() {
        assert_eq!(response("text/plain").header("content-TYPE"), Some("text/plain"));
        assert_eq!(response("text/plain").header("x-none"), None);
    }

    #[test]
    fn debug_prints_no_content() {
        let debug = format!("{:?}", response("text/plain"));
        assert!(!debug.contains("pw"), "{debug}");
    }
}
