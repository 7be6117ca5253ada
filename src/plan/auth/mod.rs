//! How requests prove who asks, compiled: everything is known but the values.
//!
//! The values are entries like those of a connection; they are looked up when a run starts. No request is made here.

mod build;
mod oauth2;
mod origin;
mod place;

use std::sync::Arc;

use super::connection::{ConnectionEntry, ConnectionPlan};
use super::need::{Need, ValueUse};
use super::scope::VariableUse;
use super::written::Written;
use crate::diagnostic::Span;
use crate::expr::Template;
use crate::spec::auth::{AuthKindWord, Encoding, HmacAlgorithm, OAuth1Method, SecretEncoding, TimestampForm};

pub(super) use build::{AuthHome, build};
pub use oauth2::{AnswerPlan, ExpiresAs, JwtPlan, OAuth2Plan};
pub use origin::{ORIGIN_HELP, OriginError, parse_origin};
pub use place::Place;

/// How requests prove who asks.
#[derive(Debug)]
pub struct AuthPlan {
    /// The connection it belongs to, as commands name it.
    pub connection_name: String,
    /// The same by its index in the plan: its values are in scope.
    pub connection: Option<usize>,
    /// Where it stands.
    pub span: Span,
    /// What it does.
    pub kind: AuthKind,
    /// Its values, `client_id` and `extra.token.audience` alike.
    pub values: Vec<ConnectionEntry>,
}

/// The kinds, with what is known of them before any value is.
#[derive(Debug)]
pub enum AuthKind {
    /// `username`, `password`.
    Basic,
    /// `token`.
    Bearer {
        /// The text around it.
        around: Around,
        /// Where it goes.
        into: Place,
    },
    /// `key`.
    ApiKey {
        /// Where it goes.
        into: Place,
    },
    /// `username`, `password`.
    Digest,
    /// `consumer_key`, `consumer_secret`, `token`, `token_secret`, `realm`.
    OAuth1 {
        /// How it is signed.
        method: OAuth1Method,
    },
    /// `secret`.
    Hmac(Box<HmacPlan>),
    /// `access_key_id`, `secret_access_key`, `session_token`, `region`, `service`.
    AwsSigV4,
    /// `certificate`, `private_key`, `ca`.
    Mtls,
    /// Tokens of a server.
    OAuth2(Box<OAuth2Plan>),
}

/// A signature that is described.
#[derive(Debug)]
pub struct HmacPlan {
    /// The hash.
    pub algorithm: HmacAlgorithm,
    /// How the secret is written.
    pub secret_encoding: SecretEncoding,
    /// What is signed.
    pub sign: Arc<Written<Template>>,
    /// How the signature is written.
    pub encoding: Encoding,
    /// How the time is written.
    pub timestamp: TimestampForm,
    /// Headers with placeholders, as written; the values are `headers.NAME`.
    pub headers: Vec<(String, String)>,
    /// Query parameters with placeholders; the values are `query.NAME`.
    pub query: Vec<(String, String)>,
}

/// The text around a token: `Bearer {token}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Around {
    /// What comes before it.
    pub before: String,
    /// What comes after it.
    pub after: String,
}

/// How one step proves who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthUse {
    /// Its index in the plan.
    pub auth: usize,
    /// Whether the request can be rendered only with what a sign-in keeps.
    pub kept: KeptUse,
}

/// Whether a request reads what only a sign-in brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptUse {
    /// It does not.
    None,
    /// Its URL is computed, and may turn out to join a `base_url` that a sign-in brings.
    Perhaps,
    /// It does.
    Read,
}

impl KeptUse {
    /// Whether the request may have to wait for a sign-in before it can be rendered.
    pub fn may_read(self) -> bool {
        match self {
            Self::None => false,
            Self::Perhaps | Self::Read => true,
        }
    }

    /// Whether only rendering it tells.
    pub fn is_uncertain(self) -> bool {
        match self {
            Self::Perhaps => true,
            Self::None | Self::Read => false,
        }
    }
}

impl AuthPlan {
    /// Some step is sent with it: its values are needed, and what they read of the connection.
    pub(super) fn mark_used(&mut self) {
        self.values.iter_mut().for_each(|entry| entry.need = Need::Required);
    }

    /// What its values read of the connection; the address decides where they go.
    pub(super) fn uses(&self) -> Vec<ValueUse> {
        let base_url = ValueUse { name: Some("base_url".to_owned()), provided_for: true };
        let own = self.values.iter().flat_map(|entry| entry.source.uses());
        own.chain([base_url]).collect()
    }

    /// The environment variable that one of its values comes from, by itself or by a value of the connection.
    pub fn variable<'p>(&'p self, name: &str, connection: Option<&'p ConnectionPlan>) -> Option<&'p str> {
        let own = self.values.iter().find(|entry| entry.name == name)?;
        own.variable().or_else(|| match own.needs().as_slice() {
            [need] => connection?.values.iter().find(|entry| entry.name == *need)?.variable(),
            _ => None,
        })
    }

    /// The environment variables that its templates read.
    pub(super) fn environment(&self) -> Vec<VariableUse> {
        let used = self.values.iter().filter(|entry| entry.need.is_used());
        used.filter_map(|entry| entry.source.written()).flat_map(|plan| plan.meaning().environment).collect()
    }

    /// The header that it sets, in lower case; a step that sets it by itself is left alone.
    pub fn own_header(&self) -> Option<String> {
        match &self.kind {
            AuthKind::Basic | AuthKind::Digest | AuthKind::OAuth1 { .. } | AuthKind::AwsSigV4 => {
                Some("authorization".to_owned())
            }
            AuthKind::Bearer { into, .. } | AuthKind::ApiKey { into } => into.header().map(str::to_lowercase),
            AuthKind::OAuth2(plan) => plan.into.header().map(str::to_lowercase),
            AuthKind::Hmac(_) | AuthKind::Mtls => None,
        }
    }

    /// `kind: oauth2`, if it is one.
    pub fn oauth2(&self) -> Option<&OAuth2Plan> {
        match &self.kind {
            AuthKind::OAuth2(plan) => Some(plan),
            AuthKind::Basic
            | AuthKind::Bearer { .. }
            | AuthKind::ApiKey { .. }
            | AuthKind::Digest
            | AuthKind::OAuth1 { .. }
            | AuthKind::Hmac(_)
            | AuthKind::AwsSigV4
            | AuthKind::Mtls => None,
        }
    }
}

impl AuthKind {
    /// Whether who reads a request on its way can use what it proves itself with for others.
    pub fn can_be_overheard(&self) -> bool {
        match self {
            Self::Basic | Self::Bearer { .. } | Self::ApiKey { .. } | Self::OAuth2(_) => true,
            Self::OAuth1 { method } => method.sends_secrets(),
            Self::Digest | Self::Hmac(_) | Self::AwsSigV4 | Self::Mtls => false,
        }
    }

    /// The kind as authors write it.
    pub fn word(&self) -> &'static str {
        self.as_word().word()
    }

    /// The kind in the language.
    pub fn as_word(&self) -> AuthKindWord {
        match self {
            Self::Basic => AuthKindWord::Basic,
            Self::Bearer { .. } => AuthKindWord::Bearer,
            Self::ApiKey { .. } => AuthKindWord::ApiKey,
            Self::Digest => AuthKindWord::Digest,
            Self::OAuth1 { .. } => AuthKindWord::OAuth1,
            Self::Hmac(_) => AuthKindWord::Hmac,
            Self::AwsSigV4 => AuthKindWord::AwsSigV4,
            Self::Mtls => AuthKindWord::Mtls,
            Self::OAuth2(_) => AuthKindWord::OAuth2,
        }
    }
}

impl Around {
    /// The text with a token in it.
    pub fn text(&self, token: &str) -> String {
        format!("{}{token}{}", self.before, self.after)
    }
}
