//! `kind: aws_sigv4`: AWS Signature Version 4, in the header `Authorization`.
//!
//! Source of every fact: "Create a signed AWS API request" in the IAM User Guide of AWS.

use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderName};
use http::header::{PROXY_AUTHORIZATION, TRANSFER_ENCODING, USER_AGENT};

use super::error::SigningError;
use super::mac;
use super::moment::Moment;
use super::{authorization, place, sent, spelling};
use crate::http::Request;
use crate::secret::Secret;
use crate::spec::auth::HmacAlgorithm;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: &str = "x-amz-date";
const SESSION_TOKEN: &str = "x-amz-security-token";
const PAYLOAD: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// Headers that servers on the way may change; AWS says to leave them out.
const UNSIGNED: [HeaderName; 7] =
    [AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, PROXY_AUTHORIZATION, TRANSFER_ENCODING, USER_AGENT];

/// A key of AWS, and what it is used for.
#[derive(Debug)]
pub struct AwsSigV4 {
    /// Names the key; sent.
    pub access_key_id: Secret,
    /// The key; never sent.
    pub secret_access_key: Secret,
    /// Belongs to a key that was lent for a time.
    pub session_token: Option<Secret>,
    /// Where the service is, as `eu-central-1`.
    pub region: String,
    /// The service's word in signatures, as `execute-api` or `s3`.
    pub service: String,
}

impl AwsSigV4 {
    pub(super) fn sign(&self, request: &mut Request, moment: &Moment) -> Result<Vec<Secret>, SigningError> {
        let time = moment.timestamp()?.strftime("%Y%m%dT%H%M%SZ").to_string();
        self.prepare(request, &time)?;
        let signed = signed_headers(request);
        let names: Vec<&str> = signed.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let canonical = self.canonical(request, &signed, &names);
        let signature = self.signature(&time, &canonical);
        let (key, scope) = (self.access_key_id.expose(), self.scope(&time));
        authorization::put(
            &format!("{ALGORITHM} Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"),
            request,
        )?;
        Ok(vec![Secret::new(signature)])
    }

    /// Sets the headers that belong to the signature, and spells the query as it is signed: of a `+` some services
    /// make a blank and some do not.
    fn prepare(&self, request: &mut Request, time: &str) -> Result<(), SigningError> {
        place::put_header(DATE, time, request)?;
        if let Some(token) = &self.session_token {
            place::put_header(SESSION_TOKEN, token.expose(), request)?;
        }
        if self.is_s3() && sent::header(request, &PAYLOAD).is_none() {
            let payload = mac::sha256_hex(sent::body(request));
            place::put_header(PAYLOAD.as_str(), &payload, request)?;
        }
        let query = request.url.query().map(|query| spelling::parameters(query.as_bytes()));
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            request.url.set_query(Some(&spelling::joined(&query)));
        }
        Ok(())
    }

    /// The request as it is signed.
    fn canonical(&self, request: &Request, signed: &[(String, String)], names: &str) -> String {
        let mut query = spelling::parameters(request.url.query().unwrap_or_default().as_bytes());
        query.sort();
        let headers: Vec<String> = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let headers = headers.concat();
        // What is in the header counts, so that an author can say `UNSIGNED-PAYLOAD`.
        let payload = sent::header(request, &PAYLOAD).unwrap_or_else(|| mac::sha256_hex(sent::body(request)));
        let (method, path, query) = (&request.method, self.path(request), spelling::joined(&query));
        format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{payload}")
    }

    /// S3 signs the path as it was meant. All others sign the spelling that was sent, without empty segments.
    fn path(&self, request: &Request) -> String {
        let path = request.url.path();
        if self.is_s3() {
            let segments = path.split('/').map(|segment| {
                let meant: Vec<u8> = percent_encoding::percent_decode_str(segment).collect();
                spelling::percent(&meant)
            });
            return segments.collect::<Vec<_>>().join("/");
        }
        let segments: Vec<String> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| format!("/{}", spelling::percent(segment.as_bytes())))
            .collect();
        let end = if path.ends_with('/') { "/" } else { "" };
        segments.concat() + end
    }

    fn signature(&self, time: &str, canonical: &str) -> String {
        let scope = self.scope(time);
        let text = format!("{ALGORITHM}\n{time}\n{scope}\n{}", mac::sha256_hex(canonical.as_bytes()));
        let first = format!("AWS4{}", self.secret_access_key.expose()).into_bytes();
        let parts = self.parts(time).into_iter();
        let key = parts.fold(first, |key, part| HmacAlgorithm::Sha256.mac(&key, part.as_bytes()));
        spelling::hex(&HmacAlgorithm::Sha256.mac(&key, text.as_bytes()))
    }

    /// What the signature is good for.
    fn scope(&self, time: &str) -> String {
        self.parts(time).join("/")
    }

    fn parts<'a>(&'a self, time: &'a str) -> [&'a str; 4] {
        let day = time.split('T').next().unwrap_or_default();
        [day, &self.region, &self.service, "aws4_request"]
    }

    fn is_s3(&self) -> bool {
        self.service.starts_with("s3")
    }
}

/// Every header that is sent and not [`UNSIGNED`], by name; values without blanks around them, and none doubled within.
fn signed_headers(request: &Request) -> Vec<(String, String)> {
    let mut signed: Vec<(String, String)> = vec![(HOST.to_string(), sent::host(request))];
    if let Some(content_type) = sent::content_type(request) {
        signed.push((CONTENT_TYPE.to_string(), trimmed(&content_type)));
    }
    for header in &request.headers {
        let (name, value) = (header.name.as_str(), String::from_utf8_lossy(header.value.as_bytes()));
        if UNSIGNED.contains(&header.name) || [HOST, CONTENT_TYPE].contains(&header.name) {
            continue;
        }
        match signed.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => *values = format!("{values},{}", trimmed(&value)),
            None => signed.push((name.to_owned(), trimmed(&value))),
        }
    }
    signed.sort();
    signed
}

fn trimmed(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "aws_sigv4_tests.rs"]
mod tests;
