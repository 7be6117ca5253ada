//! A request as plain data, before a socket opens.

use std::fmt;

use bytes::Bytes;
use http::Method;
use http::header::{HeaderName, HeaderValue};
use url::Url;

use super::limits::{MAX_BODY, Timeouts};
use crate::secret::{MASK, Redactor};

/// Everything that is sent, fully rendered, and how to treat the answer.
///
/// The transport adds only what a connection needs: `Host`, `Content-Length`, `Accept: */*` and `User-Agent` unless
/// given here, `Accept-Encoding: gzip`, and `Authorization: Basic` for a user in the URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// As written, so that servers with own methods can be reached.
    pub method: Method,
    /// With its query.
    pub url: Url,
    /// In the order they are sent; a name may repeat.
    pub headers: Vec<Header>,
    /// Names of query parameters whose values are secret, however short.
    pub secret_query: Vec<String>,
    /// What is sent after the headers.
    pub body: Body,
    /// For one try.
    pub timeouts: Timeouts,
    /// Whether a redirect is followed, or is the answer.
    pub follow_redirects: bool,
    /// The largest body accepted as an answer, in bytes after gzip is undone.
    pub max_body: u64,
}

impl Request {
    /// A request without headers and body, with the documented limits.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            secret_query: Vec::new(),
            body: Body::None,
            timeouts: Timeouts::default(),
            follow_redirects: true,
            max_body: MAX_BODY,
        }
    }

    /// Method and URL for logs and messages; users in the URL, secret parameters and known secrets are masked.
    pub fn describe(&self, redactor: &Redactor) -> String {
        let mut text = format!("{} {}", self.method, printable_origin(&self.url));
        text.push_str(self.url.path());
        if let Some(query) = self.url.query() {
            text.push('?');
            text.push_str(&self.masked_query(query));
        }
        redactor.redact(&text).into_owned()
    }

    /// Whether sending it twice does no harm: as declared, else by its method (RFC 9110, 9.2.2).
    pub fn is_idempotent(&self, declared: Option<bool>) -> bool {
        declared.unwrap_or_else(|| self.method.is_idempotent())
    }

    fn masked_query(&self, query: &str) -> String {
        let pairs: Vec<String> = query.split('&').map(|pair| self.masked_pair(pair)).collect();
        pairs.join("&")
    }

    fn masked_pair(&self, pair: &str) -> String {
        let Some((spelled, _)) = pair.split_once('=') else {
            return pair.to_owned();
        };
        let name = url::form_urlencoded::parse(spelled.as_bytes()).next().map(|(name, _)| name);
        if name.is_some_and(|name| self.secret_query.iter().any(|secret| *secret == name)) {
            return format!("{spelled}={MASK}");
        }
        pair.to_owned()
    }
}

/// Scheme, host and port, a user masked.
fn printable_origin(url: &Url) -> String {
    let origin = place(url);
    if url.username().is_empty() && url.password().is_none() {
        return origin;
    }
    origin.replacen("://", &format!("://{MASK}@"), 1)
}

/// Scheme, host and port: as much of a URL as an error may print.
pub(super) fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Path and query may hold secrets that only a redactor knows, so that neither is printed.
impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("method", &self.method)
            .field("place", &place(&self.url))
            .field("headers", &self.headers)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// One header line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Lower case, as HTTP/2 sends it.
    pub name: HeaderName,
    /// Marked sensitive if `secret`: not printed, and not indexed by HTTP/2.
    pub value: HeaderValue,
    /// Rendered from a secret: never sent to another origin.
    pub secret: bool,
    /// Written in a connection: meant for its origin only.
    pub from_connection: bool,
}

impl Header {
    /// Reads a rendered name and value; characters beyond ASCII in the value are sent as UTF-8.
    pub fn new(name: &str, value: &str, secret: bool, from_connection: bool) -> Result<Self, HeaderError> {
        let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(HeaderError::Name { name: name.to_owned() });
        };
        let Ok(mut value) = HeaderValue::from_bytes(value.as_bytes()) else {
            return Err(HeaderError::Value { name: name.to_owned(), found: found_control(value) });
        };
        value.set_sensitive(secret);
        Ok(Self { name: header, value, secret, from_connection })
    }
}

/// The character that a header value may not hold, named without the value.
fn found_control(value: &str) -> String {
    let control = value.chars().find(|character| character.is_control() && *character != '\t');
    match control {
        Some('\n' | '\r') => "a line break".to_owned(),
        Some(other) => format!("the character U+{:04X}", u32::from(other)),
        None => "a character that is not allowed".to_owned(),
    }
}

/// A rendered header that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Names are letters, digits and a few signs (RFC 9110, 5.1).
    #[error("`{name}` cannot be the name of a header: only letters, digits and `-` `_` are safe")]
    Name {
        /// As rendered.
        name: String,
    },
    /// A value is one line. It is not shown, for it may be secret.
    #[error("the value of the header `{name}` holds {found}")]
    Value {
        /// As rendered.
        name: String,
        /// The offending character in words.
        found: String,
    },
}

/// What is sent after the headers.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// A rendered text.
    Text {
        /// Sent as `Content-Type`, unless a header says otherwise.
        content_type: String,
        /// As sent.
        text: Bytes,
        /// Whether a secret was rendered into it: then no redirect carries it to another origin.
        secret_parts: bool,
    },
}

impl Body {
    /// Its `Content-Type` and its text, if it is not empty.
    pub fn text(&self) -> Option<(&str, &Bytes)> {
        match self {
            Self::Text { content_type, text, .. } => Some((content_type, text)),
            Self::None => None,
        }
    }

    /// Whether a secret was rendered into it.
    pub fn has_secret_parts(&self) -> bool {
        match self {
            Self::Text { secret_parts, .. } => *secret_parts,
            Self::None => false,
        }
    }
}

/// Size and type, not the text.
impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => formatter.write_str("None"),
            Self::Text { content_type, text, secret_parts } => formatter
                .debug_struct("Text")
                .field("content_type", content_type)
                .field("bytes", &text.len())
                .field("secret_parts", secret_parts)
                .finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(url: &str) -> Request {
        Request::new(Method::GET, Url::parse(url).unwrap())
    }

    #[test]
    fn describes_itself_without_secrets() {
        let redactor = Redactor::default();
        redactor.learn("s3cr&t");
        let cases = [
            ("https://a.example/x?page=2", "GET https://a.example/x?page=2"),
            ("https://a.example:8443", "GET https://a.example:8443/"),
            ("https://me:pw@a.example/x", "GET https://***@a.example/x"),
            ("https://a.example/x?t=s3cr%26t&n=1", "GET https://a.example/x?t=***&n=1"),
            ("https://a.example/s3cr&t/x", "GET https://a.example/***/x"),
            ("https://a.example/x?pin=12&n=1", "GET https://a.example/x?pin=***&n=1"),
            ("https://a.example/x?p%69n=12&flag", "GET https://a.example/x?p%69n=***&flag"),
        ];
        for (url, expected) in cases {
            let request = Request { secret_query: vec!["pin".to_owned()], ..get(url) };
            assert_eq!(request.describe(&redactor), expected);
        }
    }

    #[test]
    fn idempotence_is_by_method_unless_declared() {
        let cases = [
            ("GET", None, true),
            ("HEAD", None, true),
            ("PUT", None, true),
            ("DELETE", None, true),
            ("OPTIONS", None, true),
            ("POST", None, false),
            ("PATCH", None, false),
            ("SEARCH", None, false),
            ("POST", Some(true), true),
            ("GET", Some(false), false),
        ];
        for (method, declared, expected) in cases {
            let request = Request::new(method.parse().unwrap(), Url::parse("https://a.example").unwrap());
            assert_eq!(request.is_idempotent(declared), expected, "{method} {declared:?}");
        }
    }

    #[test]
    fn bad_headers_are_refused_without_their_value() {
        let error = |name, value| Header::new(name, value, true, false).unwrap_err().to_string();
        assert_eq!(error("X-Key", "abc\r\nX-Evil: 1"), "the value of the header `X-Key` holds a line break");
        assert_eq!(error("X-Key", "a\u{1b}b"), "the value of the header `X-Key` holds the character U+001B");
        assert!(error("X Key", "a").starts_with("`X Key` cannot be the name of a header"));
        assert!(Header::new("X-Name", "José", false, false).is_ok());
    }

    #[test]
    fn debug_prints_no_secret() {
        let mut request = get("https://me:userpw@a.example/pathpw?q=querypw");
        request.headers.push(Header::new("Authorization", "Bearer headerpw", true, false).unwrap());
        request.body = Body::Text {
            content_type: "text/plain".to_owned(),
            text: Bytes::from_static(b"bodypw"),
            secret_parts: true,
        };
        let debug = format!("{request:?}");
        assert!(!debug.contains("pw"), "{debug}");
        assert!(debug.contains("https://a.example"), "{debug}");
    }
}
