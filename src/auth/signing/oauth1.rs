//! `kind: oauth1` (RFC 5849): a signature over method, URL, parameters and form, with two secrets as its key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::SigningError;

use super::moment::Moment;
use super::{authorization, sent, spelling};
use crate::http::Request;
use crate::secret::Secret;
use crate::spec::auth::{HmacAlgorithm, OAuth1Method};

/// An application, and on whose behalf it asks.
#[derive(Debug)]
pub struct OAuth1 {
    /// Names the application.
    pub consumer_key: Secret,
    /// The application's secret.
    pub consumer_secret: Secret,
    /// On whose behalf; empty: on the application's own.
    pub token: Secret,
    /// The token's secret; empty without a token.
    pub token_secret: Secret,
    /// How it is signed.
    pub signature_method: OAuth1Method,
    /// What the service calls the account; sent, not signed.
    pub realm: Option<String>,
}

impl OAuth1Method {
    fn name(self) -> &'static str {
        match self {
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha256 => "HMAC-SHA256",
            Self::Plaintext => "PLAINTEXT",
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Name and value, both as they are.
type Parameter = (&'static str, String);

impl OAuth1 {
    pub(super) fn sign(&self, request: &mut Request, moment: &Moment) -> Result<Vec<Secret>, SigningError> {
        let mut parameters = self.parameters(moment.timestamp()?.as_second(), &moment.nonce());
        let signature = self.signature(request, &parameters);
        parameters.push(("oauth_signature", signature.clone()));
        authorization::put(&self.header(&parameters), request)?;
        Ok(vec![Secret::new(signature)])
    }

    /// What is sent and signed besides the request itself (RFC 5849, 3.1).
    fn parameters(&self, timestamp: i64, nonce: &str) -> Vec<Parameter> {
        let mut parameters = vec![("oauth_consumer_key", self.consumer_key.expose().to_owned())];
        if !self.token.expose().is_empty() {
            parameters.push(("oauth_token", self.token.expose().to_owned()));
        }
        parameters.push(("oauth_signature_method", self.signature_method.name().to_owned()));
        parameters.push(("oauth_timestamp", timestamp.to_string()));
        parameters.push(("oauth_nonce", nonce.to_owned()));
        parameters.push(("oauth_version", "1.0".to_owned()));
        parameters
    }

    fn signature(&self, request: &Request, parameters: &[Parameter]) -> String {
        let key =
            format!("{}&{}", percent(self.consumer_secret.expose()), percent(self.token_secret.expose()));
        let algorithm = match self.signature_method {
            OAuth1Method::Plaintext => return key,
            OAuth1Method::HmacSha1 => HmacAlgorithm::Sha1,
            OAuth1Method::HmacSha256 => HmacAlgorithm::Sha256,
        };
        STANDARD.encode(algorithm.mac(key.as_bytes(), base_string(request, parameters).as_bytes()))
    }

    fn header(&self, parameters: &[Parameter]) -> String {
        let realm = self.realm.iter().map(|realm| format!("realm={}", spelling::quoted(realm)));
        let parameters = parameters.iter().map(|(name, value)| format!("{name}=\"{}\"", percent(value)));
        format!("OAuth {}", realm.chain(parameters).collect::<Vec<_>>().join(", "))
    }
}

/// What is signed (RFC 5849, 3.4.1).
fn base_string(request: &Request, own: &[Parameter]) -> String {
    let url = &request.url;
    let place = format!("{}{}", url.origin().ascii_serialization(), url.path());
    let mut all = spelling::parameters(url.query().unwrap_or_default().as_bytes());
    if has_form(request) {
        all.extend(spelling::parameters(sent::body(request)));
    }
    all.extend(own.iter().map(|(name, value)| (percent(name), percent(value))));
    all.sort();
    let method = request.method.as_str().to_ascii_uppercase();
    [percent(&method), percent(&place), percent(&spelling::joined(&all))].join("&")
}

/// A form is signed, any other body is not (RFC 5849, 3.4.1.3.1).
fn has_form(request: &Request) -> bool {
    let content_type = sent::content_type(request).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM)
}

fn percent(text: &str) -> String {
    spelling::percent(text.as_bytes())
}

#[cfg(test)]
#[path = "oauth1_tests.rs"]
mod tests;
