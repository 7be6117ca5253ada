//! What of a request goes over the wire though none of its headers says so: the transport adds it, signatures cover it.

use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};

use crate::http::{Body, Request};

/// A header of the request as text; of several the first.
pub(super) fn header(request: &Request, name: &HeaderName) -> Option<String> {
    let found = request.headers.iter().find(|header| header.name == *name)?;
    Some(String::from_utf8_lossy(found.value.as_bytes()).into_owned())
}

/// `Content-Type`: of a header, else of the body if a header can hold it.
pub(super) fn content_type(request: &Request) -> Option<String> {
    header(request, &CONTENT_TYPE).or_else(|| match &request.body {
        Body::Text { content_type, .. } => {
            HeaderValue::from_str(content_type).is_ok().then(|| content_type.clone())
        }
        Body::None => None,
    })
}

/// `Host`: of a header, else of the URL, with a port that is not the scheme's own.
pub(super) fn host(request: &Request) -> String {
    header(request, &HOST).unwrap_or_else(|| {
        let host = request.url.host_str().unwrap_or_default();
        request.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    })
}

/// Path and query, as the first line of the request has them (RFC 9112, 3.2.1).
pub(super) fn target(request: &Request) -> String {
    let path = request.url.path();
    request.url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}

/// The body; empty if there is none.
pub(super) fn body(request: &Request) -> &[u8] {
    match &request.body {
        Body::Text { text, .. } => text,
        Body::None => &[],
    }
}
