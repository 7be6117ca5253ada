//! What a redirect may carry where.
//!
//! Stricter than clients usually are: another origin (scheme, host, port) gets nothing that was meant for the first one,
//! and nothing goes from https to http.

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE,
    COOKIE, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION,
};
use http::{Method, StatusCode};
use url::Url;

use super::request::{Body, Header, Request, place};

/// Whether the status asks to go elsewhere: 301, 302, 303, 307, 308 (RFC 9110, 15.4).
pub fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The request to send next, when `request` was answered with a redirect to `location`.
pub fn decide(
    status: StatusCode,
    location: &HeaderValue,
    request: &Request,
) -> Result<Request, RedirectError> {
    let mut next = Request { url: target(location, &request.url)?, ..request.clone() };
    if becomes_get(status, &request.method) {
        forget_body(&mut next);
    }
    if next.url.origin() != request.url.origin() {
        forget_secrets(&mut next, &request.url)?;
    }
    Ok(next)
}

/// Why a redirect is not followed. URLs are shown without path and query, where secrets may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// The `Location` cannot be read.
    #[error("redirects to something that is not a URL")]
    NotUrl,
    /// Only the web is followed, never `file:` and the like.
    #[error("redirects to a `{scheme}:` URL; only http and https are followed")]
    Scheme {
        /// Of the `Location`.
        scheme: String,
    },
    /// From https to http: everything sent would be readable on the way.
    #[error("redirects from https to `{to}`, which is not encrypted")]
    Downgrade {
        /// Origin of the `Location`.
        to: String,
    },
    /// The redirect asks for the same body at another origin, and the body holds a secret.
    #[error(
        "redirects to `{to}` with the same body, which holds a secret that is meant for the first host only"
    )]
    WithSecrets {
        /// Origin of the `Location`.
        to: String,
    },
    /// More than [`super::limits::MAX_REDIRECTS`].
    #[error("redirects for the {count}th time; at most {limit} are followed", count = limit + 1)]
    TooMany {
        /// The most that are followed.
        limit: u32,
    },
}

impl RedirectError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotUrl | Self::Scheme { .. } => {
                "set `follow_redirects: false` to see the answer itself, and check the URL"
            }
            Self::Downgrade { .. } => "ask the service for an https address and use it as `url`",
            Self::WithSecrets { .. } => "if the new address is right, use it as `url`",
            Self::TooMany { .. } => "the service sends in circles; missing credentials are a common cause",
        }
    }
}

/// The absolute URL of a `Location`, which brings no user and password of its own choice.
fn target(location: &HeaderValue, from: &Url) -> Result<Url, RedirectError> {
    let location = std::str::from_utf8(location.as_bytes()).map_err(|_| RedirectError::NotUrl)?;
    let mut to = from.join(location).map_err(|_| RedirectError::NotUrl)?;
    match (from.scheme(), to.scheme()) {
        ("https", "http") => return Err(RedirectError::Downgrade { to: place(&to) }),
        (_, "http" | "https") => {}
        (_, scheme) => return Err(RedirectError::Scheme { scheme: scheme.to_owned() }),
    }
    let same = to.origin() == from.origin();
    let user = if same { from.username() } else { "" };
    let password = from.password().filter(|_| same);
    // Setting a user fails only without a host, which http URLs have.
    let _ = to.set_username(user);
    let _ = to.set_password(password);
    Ok(to)
}

/// 303 always asks for a page; 301 and 302 do on POST, as everyone reads them (RFC 9110, 15.4.2 and 15.4.3).
fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        303 => true,
        301 | 302 => *method == Method::POST,
        _ => false,
    }
}

fn forget_body(request: &mut Request) {
    const OF_THE_BODY: [HeaderName; 5] =
        [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION];
    if request.method != Method::HEAD {
        request.method = Method::GET;
    }
    request.body = Body::None;
    request.headers.retain(|header| !OF_THE_BODY.contains(&header.name));
}

/// For a request that goes to another origin than the one it was made for.
fn forget_secrets(request: &mut Request, from: &Url) -> Result<(), RedirectError> {
    if request.body.has_secret_parts() {
        return Err(RedirectError::WithSecrets { to: place(&request.url) });
    }
    request.headers.retain(|header| !is_for_one_origin(header));
    forget_parameters(request, from);
    Ok(())
}

/// Many servers repeat the query in the address they send on to: what is secret in it is not repeated to others. A
/// parameter of the same name with another value is the server's own.
fn forget_parameters(request: &mut Request, from: &Url) {
    let names = &request.secret_query;
    let secret: Vec<_> =
        from.query_pairs().filter(|(name, _)| names.iter().any(|known| known == name)).collect();
    let (dropped, kept): (Vec<_>, Vec<_>) = request
        .url
        .query_pairs()
        .into_owned()
        .partition(|(name, value)| secret.iter().any(|(known, sent)| known == name && sent == value));
    if dropped.is_empty() {
        return;
    }
    request.url.set_query(None);
    if !kept.is_empty() {
        request.url.query_pairs_mut().extend_pairs(kept);
    }
}

fn is_for_one_origin(header: &Header) -> bool {
    const FOR_ONE_ORIGIN: [HeaderName; 4] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, HOST];
    header.secret || header.from_connection || FOR_ONE_ORIGIN.contains(&header.name)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn request(method: Method, url: &str, secret_parts: bool) -> Request {
        let header = |name, secret, from_connection| Header::new(name, "v", secret, from_connection).unwrap();
        Request {
            headers: vec![
                header("authorization", false, false),
                header("cookie", false, false),
                header("proxy-authorization", false, false),
                header("host", false, false),
                header("x-api-key", true, false),
                header("x-org", false, true),
                header("accept", false, false),
                header("content-type", false, false),
            ],
            body: Body::Text {
                content_type: "text/plain".to_owned(),
                text: Bytes::from_static(b"body"),
                secret_parts,
            },
            ..Request::new(method, Url::parse(url).unwrap())
        }
    }

    fn names(request: &Request) -> Vec<&str> {
        request.headers.iter().map(|header| header.name.as_str()).collect()
    }

    fn decided(status: u16, location: &str, request: &Request) -> Result<Request, RedirectError> {
        let location = HeaderValue::from_str(location).unwrap();
        decide(StatusCode::from_u16(status).unwrap(), &location, request)
    }

    #[test]
    fn methods_and_bodies() {
        let cases = [
            (301, "POST", "GET", false),
            (302, "POST", "GET", false),
            (303, "POST", "GET", false),
            (307, "POST", "POST", true),
            (308, "POST", "POST", true),
            (301, "PUT", "PUT", true),
            (302, "PATCH", "PATCH", true),
            (303, "PUT", "GET", false),
            (303, "HEAD", "HEAD", false),
            (301, "GET", "GET", true),
        ];
        for (status, method, expected, keeps_body) in cases {
            let from = request(method.parse().unwrap(), "https://a.example/x", true);
            let next = decided(status, "/y", &from).unwrap();
            assert_eq!(next.method.as_str(), expected, "{status} {method}");
            assert_eq!(next.body != Body::None, keeps_body, "{status} {method}");
            assert_eq!(names(&next).contains(&"content-type"), keeps_body, "{status} {method}");
            assert_eq!(next.url.as_str(), "https://a.example/y");
        }
    }

    #[test]
    fn another_origin_gets_nothing_that_was_not_meant_for_it() {
        let cases = [
            ("https://a.example/x", "https://b.example/", false),
            ("https://a.example/x", "https://a.example:8443/", false),
            ("https://a.example/x", "https://sub.a.example/", false),
            ("http://a.example/x", "https://a.example/", false),
            ("https://a.example/x", "//b.example/", false),
            ("https://a.example/x", "https://A.example:443/y", true),
            ("https://a.example/x", "?page=2", true),
        ];
        for (from, to, keeps) in cases {
            let next = decided(302, to, &request(Method::GET, from, false)).unwrap();
            let all = request(Method::GET, from, false);
            let expected = if keeps { names(&all) } else { vec!["accept", "content-type"] };
            assert_eq!(names(&next), expected, "{from} {to}");
        }
    }

    #[test]
    fn a_secret_body_stays_with_its_origin() {
        let from = request(Method::POST, "https://a.example/x", true);
        let to = "https://b.example".to_owned();
        assert_eq!(decided(307, "https://b.example/y?k=1", &from), Err(RedirectError::WithSecrets { to }));
        assert!(decided(307, "/y", &from).is_ok());
        assert!(decided(303, "https://b.example/y", &from).is_ok());
        let plain = request(Method::POST, "https://a.example/x", false);
        assert_ne!(decided(308, "https://b.example/y", &plain).unwrap().body, Body::None);
    }

    #[test]
    fn a_secret_parameter_stays_with_its_origin() {
        let from = Request {
            secret_query: vec!["key".to_owned()],
            ..request(Method::GET, "https://a.example/x?key=a%20b&page=2", false)
        };
        let cases = [
            ("https://b.example/y?key=a+b&page=2", "https://b.example/y?page=2"),
            ("https://b.example/y?key=a%20b", "https://b.example/y"),
            ("https://b.example/y?key=signed&q=%20", "https://b.example/y?key=signed&q=%20"),
            ("https://b.example/y?other=a%20b", "https://b.example/y?other=a%20b"),
            ("/y?key=a%20b", "https://a.example/y?key=a%20b"),
        ];
        for (location, expected) in cases {
            assert_eq!(decided(302, location, &from).unwrap().url.as_str(), expected);
        }
    }

    #[test]
    fn refused_targets() {
        let from = request(Method::GET, "https://a.example/x", false);
        let cases = [
            ("http://a.example/x?token=1", RedirectError::Downgrade { to: "http://a.example".to_owned() }),
            ("file:///etc/passwd", RedirectError::Scheme { scheme: "file".to_owned() }),
            ("ftp://b.example/", RedirectError::Scheme { scheme: "ftp".to_owned() }),
            ("https://[bad", RedirectError::NotUrl),
        ];
        for (location, expected) in cases {
            assert_eq!(decided(302, location, &from), Err(expected), "{location}");
        }
    }

    #[test]
    fn users_in_urls_stay_with_their_origin() {
        let cases = [
            ("/y", "https://me:pw@a.example/y"),
            ("https://a.example/y", "https://me:pw@a.example/y"),
            ("https://b.example/y", "https://b.example/y"),
            ("https://you:pw2@b.example/y", "https://b.example/y"),
        ];
        for (location, expected) in cases {
            let next =
                decided(302, location, &request(Method::GET, "https://me:pw@a.example/x", false)).unwrap();
            assert_eq!(next.url.as_str(), expected);
        }
    }
}
