//! What a connection's values make of its `auth`.

use std::sync::Arc;

use minijinja::value::Value;

use super::signing::{ApiKey, AwsSigV4, Basic, Bearer, Digest, Hmac, OAuth1, Signer};
use super::values::AuthValues;
use crate::expr::{mapping, scalar_text};
use crate::http::{ClientIdentity, IdentityError, roots_from_pem};
use crate::plan::auth::{AuthKind, AuthPlan, HmacPlan, OAuth2Plan};
use crate::secret::Secret;

/// A certificate to show, and the roots (DER) that are trusted besides the system's.
pub type Certificate = (ClientIdentity, Vec<Vec<u8>>);

/// How a kind proves who asks. There is no fourth way: a kind cannot be without one, so that its requests would go out as
/// they are.
#[derive(Debug)]
pub enum Proof<'p> {
    /// Something in each request.
    Signer(Signer),
    /// A token in each request, which a server gives first.
    Token(&'p OAuth2Plan),
    /// A certificate that is shown below HTTP.
    Certificate(Result<Certificate, IdentityError>),
}

/// What a kind without tokens puts into requests. None: it proves itself otherwise.
pub fn signer(auth: &AuthPlan, values: &AuthValues, connection: &Value) -> Option<Signer> {
    match proof(auth, values, connection) {
        Proof::Signer(signer) => Some(signer),
        Proof::Token(_) | Proof::Certificate(_) => None,
    }
}

/// The certificate that a kind shows. None: it proves itself otherwise.
pub fn certificate(auth: &AuthPlan, values: &AuthValues) -> Option<Result<Certificate, IdentityError>> {
    match proof(auth, values, &Value::UNDEFINED) {
        Proof::Certificate(certificate) => Some(certificate),
        Proof::Signer(_) | Proof::Token(_) => None,
    }
}

/// How a kind proves who asks. `connection` is what a signing string sees besides the request.
pub fn proof<'p>(auth: &'p AuthPlan, values: &AuthValues, connection: &Value) -> Proof<'p> {
    let secret = |name: &str| Secret::new(values.text(name).unwrap_or_default());
    let text = |name: &str| values.text(name).unwrap_or_default();
    Proof::Signer(match &auth.kind {
        AuthKind::Basic => {
            Signer::Basic(Basic { username: secret("username"), password: secret("password") })
        }
        AuthKind::Bearer { around, into } => {
            Signer::Bearer(Bearer { token: secret("token"), around: around.clone(), into: into.clone() })
        }
        AuthKind::ApiKey { into } => Signer::ApiKey(ApiKey { key: secret("key"), into: into.clone() }),
        AuthKind::Digest => Signer::Digest(Digest::new(secret("username"), secret("password"))),
        AuthKind::OAuth1 { method } => Signer::OAuth1(OAuth1 {
            consumer_key: secret("consumer_key"),
            consumer_secret: secret("consumer_secret"),
            token: secret("token"),
            token_secret: secret("token_secret"),
            signature_method: *method,
            realm: values.text("realm"),
        }),
        AuthKind::Hmac(plan) => Signer::Hmac(hmac(plan, values, connection)),
        AuthKind::AwsSigV4 => Signer::AwsSigV4(AwsSigV4 {
            access_key_id: secret("access_key_id"),
            secret_access_key: secret("secret_access_key"),
            session_token: values.text("session_token").map(Secret::new),
            region: text("region"),
            service: text("service"),
        }),
        AuthKind::Mtls => return Proof::Certificate(shown_certificate(values)),
        AuthKind::OAuth2(plan) => return Proof::Token(plan),
    })
}

/// What a token is sent with.
pub fn bearer(oauth2: &OAuth2Plan, token: &str) -> Signer {
    let token = Secret::new(token.to_owned());
    Signer::Bearer(Bearer { token, around: oauth2.around.clone(), into: oauth2.into.clone() })
}

fn shown_certificate(values: &AuthValues) -> Result<Certificate, IdentityError> {
    let text = |name: &str| values.text(name).unwrap_or_default();
    let key = Secret::new(text("private_key"));
    let identity = ClientIdentity::from_pem(&text("certificate"), &key)?;
    let roots = values.text("ca").map(|pem| roots_from_pem(&pem)).transpose()?;
    Ok((identity, roots.unwrap_or_default()))
}

fn hmac(plan: &HmacPlan, values: &AuthValues, connection: &Value) -> Hmac {
    // In the order of the author: a service may sign the query as it is.
    let filled = |group: &str, texts: &[(String, String)]| -> Vec<(String, String)> {
        let value = |name: &str| values.text(&format!("{group}.{name}")).unwrap_or_default();
        texts.iter().map(|(name, _)| (name.clone(), value(name))).collect()
    };
    let (template, connection) = (Arc::clone(&plan.sign), connection.clone());
    Hmac {
        secret: Secret::new(values.text("secret").unwrap_or_default()),
        key_encoding: plan.secret_encoding,
        algorithm: plan.algorithm,
        signing_string: Box::new(move |names| {
            let name = |name: &str| (name.to_owned(), names.get_attr(name).unwrap_or_default());
            let own = ["request", "timestamp", "nonce"].map(name);
            let context = mapping(own.into_iter().chain([("connection".to_owned(), connection.clone())]));
            let value = template.item.value(&context).map_err(|error| error.message)?;
            scalar_text(&value).ok_or_else(|| "it is no text".to_owned())
        }),
        encoding: plan.encoding,
        timestamp: plan.timestamp,
        headers: filled("headers", &plan.headers),
        query: filled("query", &plan.query),
    }
}

#[cfg(test)]
#[path = "signer_tests.rs"]
mod tests;
