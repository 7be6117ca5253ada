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

/// Makes the signer of a kind that needs no token. None: `oauth2`, which has to get one first, and `mtls`, which is no part
/// of a request. `connection` is what a signing string sees besides the request.
pub fn signer(auth: &AuthPlan, values: &AuthValues, connection: &Value) -> Option<Signer> {
    let secret = |name: &str| Secret::new(values.text(name).unwrap_or_default());
    let text = |name: &str| values.text(name).unwrap_or_default();
    Some(match &auth.kind {
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
        AuthKind::Mtls | AuthKind::OAuth2(_) => return None,
    })
}

/// What a token is sent with.
pub fn bearer(oauth2: &OAuth2Plan, token: &str) -> Signer {
    let token = Secret::new(token.to_owned());
    Signer::Bearer(Bearer { token, around: oauth2.around.clone(), into: oauth2.into.clone() })
}

/// The certificate of `kind: mtls`. None: it is another kind.
pub fn certificate(auth: &AuthPlan, values: &AuthValues) -> Option<Result<Certificate, IdentityError>> {
    let AuthKind::Mtls = auth.kind else { return None };
    let text = |name: &str| values.text(name).unwrap_or_default();
    let key = Secret::new(text("private_key"));
    let identity = ClientIdentity::from_pem(&text("certificate"), &key);
    Some(identity.and_then(|identity| {
        let roots = values.text("ca").map(|pem| roots_from_pem(&pem)).transpose()?;
        Ok((identity, roots.unwrap_or_default()))
    }))
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
