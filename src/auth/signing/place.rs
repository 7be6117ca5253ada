//! Where in a request a secret goes.

use http::header::COOKIE;

use super::error::SigningError;
use crate::http::{Header, HeaderError, Request};
use crate::plan::auth::Place;

impl Place {
    /// Whether the request has something there already.
    pub(super) fn is_taken(&self, request: &Request) -> bool {
        match self {
            Self::Header(name) => has_header(request, name),
            Self::Query(name) => request.url.query_pairs().any(|(known, _)| known == *name),
            Self::Cookie(name) => cookies(request).iter().any(|(known, _)| known == name),
        }
    }

    /// Puts a text there that stays with the request's origin.
    pub(super) fn put(&self, text: &str, request: &mut Request) -> Result<(), SigningError> {
        match self {
            Self::Header(name) => put_header(name, text, request)?,
            Self::Query(name) => {
                request.url.query_pairs_mut().append_pair(name, text);
                request.secret_query.push(name.clone());
            }
            Self::Cookie(name) => put_cookie(name, text, request)?,
        }
        Ok(())
    }
}

/// Adds a header, in place of one of the same name.
pub(super) fn put_header(name: &str, text: &str, request: &mut Request) -> Result<(), HeaderError> {
    let header = Header::new(name, text, true, true)?;
    request.headers.retain(|known| known.name != header.name);
    request.headers.push(header);
    Ok(())
}

fn has_header(request: &Request, name: &str) -> bool {
    request.headers.iter().any(|header| header.name.as_str().eq_ignore_ascii_case(name))
}

/// Into the one `Cookie` that a request may have (RFC 6265, 5.4).
fn put_cookie(name: &str, text: &str, request: &mut Request) -> Result<(), SigningError> {
    if let Some(found) = text.chars().find(|character| !is_for_cookies(*character)) {
        return Err(SigningError::Cookie { name: name.to_owned(), found: u32::from(found) });
    }
    let mut all = cookies(request);
    all.push((name.to_owned(), text.to_owned()));
    let line: Vec<String> = all.into_iter().map(|(name, value)| joined(name, &value)).collect();
    Ok(put_header(COOKIE.as_str(), &line.join("; "), request)?)
}

/// A cookie that came without `=` goes without.
fn joined(name: String, value: &str) -> String {
    if value.is_empty() { name } else { format!("{name}={value}") }
}

/// What the value of a cookie may hold (`cookie-octet` of RFC 6265, 4.1.1).
fn is_for_cookies(character: char) -> bool {
    character.is_ascii_graphic() && !matches!(character, '"' | ',' | ';' | '\\')
}

fn cookies(request: &Request) -> Vec<(String, String)> {
    let lines = request.headers.iter().filter(|header| header.name == COOKIE);
    let lines: Vec<_> = lines.map(|header| String::from_utf8_lossy(header.value.as_bytes())).collect();
    let all = lines.iter().flat_map(|line| line.split(';')).map(str::trim).filter(|one| !one.is_empty());
    all.map(|one| one.split_once('=').unwrap_or((one, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
