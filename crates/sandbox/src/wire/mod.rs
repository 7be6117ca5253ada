//! A small HTTP server on loopback, for stand-ins: a function from a [`WireRequest`] to a [`Reply`].
//!
//! It knows nothing about Zoho. Unlike an ordinary server it can break a [`Reply`] on the wire ([`Cut`]): a reset
//! connection, a body that ends early, an answer that never comes. Tests also use it for other servers.

mod compression;
mod in_flight;
mod multipart;
mod serve;
mod socket;

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::Serialize;
use url::form_urlencoded;

pub use in_flight::{Flight, InFlight};
pub use serve::{BoundListener, Server};

/// One request with its whole body.
#[derive(Debug, Clone)]
pub struct WireRequest {
    /// The method.
    pub method: Method,
    /// The path as it was sent, without the query.
    pub path: String,
    /// The parameters of the query in order, percent-decoded.
    pub query: Vec<(String, String)>,
    /// Path and query as they were sent.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// Keeps the request in flight, as does every copy.
    pub in_flight: InFlight,
}

impl WireRequest {
    /// The first query parameter with this name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first header with this name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body parsed as a form: `multipart/form-data` if its content type says so, otherwise
    /// `application/x-www-form-urlencoded`.
    pub fn form(&self) -> Vec<(String, String)> {
        if let Some(boundary) = self.header("content-type").and_then(multipart::boundary) {
            return multipart::read(&String::from_utf8_lossy(&self.body), boundary);
        }
        form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

/// What the server answers, and how the answer breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Headers, except `date` and `content-length`, which are added.
    pub headers: Vec<(String, String)>,
    /// The whole body; `content-length` is its length even if it is cut.
    pub body: Bytes,
    /// How long the server waits before the first byte.
    pub delay: Duration,
    /// Where the connection breaks. Without a cut it stays open for the next request.
    pub cut: Option<Cut>,
}

/// How a connection breaks during a reply. Numbers are bytes of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// TCP reset before the first byte of the reply.
    ResetBefore,
    /// TCP reset after the head and this many bytes of the body.
    ResetAfter(usize),
    /// An orderly close after the head and this many bytes of the body.
    CloseAfter(usize),
    /// No byte of the reply is ever sent; the connection stays open.
    Stall,
    /// Nothing more is sent after the head and this many bytes of the body; the connection stays open.
    StallAfter(usize),
}

impl Reply {
    /// A reply without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), delay: Duration::ZERO, cut: None }
    }

    /// A reply with a body of this content type.
    pub fn text(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::empty(status) }.header("content-type", content_type)
    }

    /// A JSON reply.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => Self::text(status, "application/json;charset=UTF-8", bytes),
            Err(error) => Self::text(500, "text/plain", format!("cannot write the reply as JSON: {error}")),
        }
    }

    /// The same reply with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same reply, sent after a delay.
    #[must_use]
    pub fn delayed(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The same reply, broken on the wire.
    #[must_use]
    pub fn cut(self, cut: Cut) -> Self {
        Self { cut: Some(cut), ..self }
    }

    /// The status that a client sees; `None` if the connection breaks before it.
    pub fn visible_status(&self) -> Option<u16> {
        match self.cut {
            Some(Cut::ResetBefore | Cut::Stall) => None,
            Some(Cut::ResetAfter(_) | Cut::CloseAfter(_) | Cut::StallAfter(_)) | None => Some(self.status),
        }
    }
}
