//! Signed assertions: who asks, for whom, until when (RFC 7523).

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Map, Value};

use super::client::Client;
use crate::spec::auth::JwtAlgorithm;

/// A key that cannot sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// It is not one of the algorithm's.
    #[error("`jwt.private_key` is not a private key for {algorithm} in PEM")]
    Key {
        /// The algorithm.
        algorithm: &'static str,
    },
    /// There is no random number to name it with.
    #[error("no assertion can be made: the system gives no random numbers")]
    Random,
}

impl AssertionError {
    /// What helps.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Key { algorithm: "ES256" } => {
                "it is a P-256 key that begins with `-----BEGIN PRIVATE KEY-----` (PKCS #8): `openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt`"
            }
            Self::Key { .. } => {
                "it begins with `-----BEGIN PRIVATE KEY-----` and has line breaks: take it from a file, `private_key: { from: file:key.pem }`"
            }
            Self::Random => "try again",
        }
    }
}

/// Signs an assertion of the client.
pub(super) fn assertion(client: &Client<'_>, now: SystemTime) -> Result<String, AssertionError> {
    let Some(jwt) = client.plan.jwt else { return Ok(String::new()) };
    let text = |name: &str| client.values.text(name);
    let pem = text("jwt.private_key").unwrap_or_default();
    // In JSON and in environment variables, line breaks are often written out.
    let pem = pem.replace("\\n", "\n");
    let (algorithm, word, key) = match jwt.algorithm {
        JwtAlgorithm::Rs256 => (Algorithm::RS256, "RS256", EncodingKey::from_rsa_pem(pem.as_bytes())),
        JwtAlgorithm::Es256 => (Algorithm::ES256, "ES256", EncodingKey::from_ec_pem(pem.as_bytes())),
    };
    let refused = |_| AssertionError::Key { algorithm: word };
    let key = key.map_err(refused)?;
    let header = Header { kid: text("jwt.key_id"), ..Header::new(algorithm) };
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let client_id = text("client_id");
    let mut claims = Map::new();
    let mut claim = |name: &str, value: Option<String>| {
        claims.extend(value.map(|value| (name.to_owned(), Value::from(value))));
    };
    claim("iss", text("jwt.issuer").or_else(|| client_id.clone()));
    claim("sub", text("jwt.subject").or_else(|| client_id.clone()));
    claim("aud", text("jwt.audience").or_else(|| Some(client.token_url.to_string())));
    claim("jti", Some(unique()?));
    for (name, value) in client.values.group("jwt.claims") {
        claim(&name, Some(value));
    }
    claims.insert("iat".to_owned(), Value::from(since));
    claims.insert("exp".to_owned(), Value::from(since + jwt.lifetime.as_secs()));
    let assertion = encode(&header, &claims, &key).map_err(refused)?;
    client.redactor.learn(&assertion);
    Ok(assertion)
}

/// Tells one assertion from all others (RFC 7519, 4.1.7).
fn unique() -> Result<String, AssertionError> {
    use std::fmt::Write;
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| AssertionError::Random)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
