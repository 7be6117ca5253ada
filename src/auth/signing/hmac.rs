//! `kind: hmac`: a signature over a string that the author describes, put where the author says.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use minijinja::value::Value;

use super::error::SigningError;
use super::mac;
use super::moment::Moment;
use super::{sent, spelling};
use crate::expr::mapping;
use crate::http::Request;
use crate::plan::auth::Place;
use crate::secret::Secret;
use crate::spec::auth::{Encoding, HmacAlgorithm, SecretEncoding, TimestampForm};

/// Makes the signing string of the names `request`, `timestamp` and `nonce`, or says why it cannot.
pub type SigningString = Box<dyn Fn(&Value) -> Result<String, String> + Send + Sync>;

/// A described signature.
pub struct Hmac {
    /// The key, in `key_encoding`.
    pub secret: Secret,
    /// How the service writes the key.
    pub key_encoding: SecretEncoding,
    /// The hash.
    pub algorithm: HmacAlgorithm,
    /// What is signed.
    pub signing_string: SigningString,
    /// How the signature is written.
    pub encoding: Encoding,
    /// How `timestamp` is written.
    pub timestamp: TimestampForm,
    /// Headers to set; in the texts `{signature}`, `{timestamp}` and `{nonce}` are replaced.
    pub headers: Vec<(String, String)>,
    /// Query parameters to add, the same way. Those without the signature are there before it is made.
    pub query: Vec<(String, String)>,
}

/// What is replaced in the texts of headers and parameters.
struct Stamp {
    timestamp: String,
    nonce: String,
}

const SIGNATURE: &str = "{signature}";

impl Hmac {
    pub(super) fn sign(&self, request: &mut Request, moment: &Moment) -> Result<Vec<Secret>, SigningError> {
        let key = self.key_encoding.key(&self.secret)?;
        let stamp = Stamp { timestamp: self.timestamp.write(moment.timestamp()?), nonce: moment.nonce() };
        let (later, first): (Vec<_>, Vec<_>) =
            self.entries().into_iter().partition(|(_, text)| text.contains(SIGNATURE));
        for (place, text) in first {
            place.put(&stamp.fill(text), request)?;
        }
        let signed = (self.signing_string)(&stamp.names(request));
        let signed = signed.map_err(|problem| SigningError::SigningString { problem })?;
        let signature = self.encoding.write(&self.algorithm.mac(&key, signed.as_bytes()));
        for (place, text) in later {
            place.put(&stamp.fill(text).replace(SIGNATURE, &signature), request)?;
        }
        Ok(vec![Secret::new(signature)])
    }

    /// Everything that is set.
    pub(super) fn places(&self) -> Vec<Place> {
        self.entries().into_iter().map(|(place, _)| place).collect()
    }

    fn entries(&self) -> Vec<(Place, &str)> {
        let headers = self.headers.iter().map(|(name, text)| (Place::Header(name.clone()), text.as_str()));
        let query = self.query.iter().map(|(name, text)| (Place::Query(name.clone()), text.as_str()));
        headers.chain(query).collect()
    }
}

impl Stamp {
    fn fill(&self, text: &str) -> String {
        text.replace("{timestamp}", &self.timestamp).replace("{nonce}", &self.nonce)
    }

    /// What the signing string can be made of.
    fn names(&self, request: &Request) -> Value {
        mapping([
            ("request", request_names(request)),
            ("timestamp", Value::from(self.timestamp.as_str())),
            ("nonce", Value::from(self.nonce.as_str())),
        ])
    }
}

/// The request as it is sent. Bodies are rendered text, so that nothing is lost.
fn request_names(request: &Request) -> Value {
    let body = sent::body(request);
    let url = format!("{}{}", request.url.origin().ascii_serialization(), sent::target(request));
    mapping([
        ("method", Value::from(request.method.as_str())),
        ("url", Value::from(url)),
        ("path", Value::from(request.url.path())),
        ("query", Value::from(request.url.query().unwrap_or_default())),
        ("host", Value::from(sent::host(request))),
        ("body", Value::from(String::from_utf8_lossy(body))),
        ("body_sha256", Value::from(mac::sha256_hex(body))),
    ])
}

impl SecretEncoding {
    fn key(self, secret: &Secret) -> Result<Vec<u8>, SigningError> {
        let text = secret.expose();
        let (key, encoding) = match self {
            Self::Text => return Ok(text.as_bytes().to_vec()),
            Self::Hex => (from_hex(text.trim()), "hex"),
            Self::Base64 => (from_base64(text.trim()), "base64"),
        };
        key.ok_or(SigningError::Key { encoding })
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let engines = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];
    engines.iter().find_map(|engine| engine.decode(text).ok())
}

impl Encoding {
    fn write(self, signature: &[u8]) -> String {
        match self {
            Self::Hex => spelling::hex(signature),
            Self::Base64 => STANDARD.encode(signature),
        }
    }
}

impl TimestampForm {
    fn write(self, time: Timestamp) -> String {
        match self {
            Self::Unix => time.as_second().to_string(),
            Self::UnixMilliseconds => time.as_millisecond().to_string(),
            Self::Rfc3339 => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            Self::HttpDate => time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        }
    }
}

/// The signing string is code.
impl fmt::Debug for Hmac {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Hmac")
            .field("algorithm", &self.algorithm)
            .field("headers", &self.headers)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "hmac_tests.rs"]
mod tests;
