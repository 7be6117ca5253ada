//! How requests prove who asks: the `auth` of a connection or of a request.

mod kinds;
mod oauth2;

pub use kinds::{
    ApiKeySpec, AwsSigV4Spec, BasicSpec, BearerSpec, DigestSpec, Encoding, HmacAlgorithm, HmacSpec, MtlsSpec,
    NoneSpec, OAuth1Method, OAuth1Spec, SecretEncoding, TimestampForm,
};
pub use oauth2::{
    AnswerSpec, CallbackServerSpec, ClientAuth, ExpiresUnit, ExtraSpec, Grant, JwtAlgorithm, JwtSpec,
    OAuth2Spec, Pkce, ScopeSpec,
};

use super::node::Node;
use super::reader::{Read, SpecReader};
use super::table::{KeyRow, KeyTable, Presence, Shape};
use super::value::words;

words! {
    /// The kinds of `auth`.
    pub enum AuthKindWord("auth kind") {
        /// Requests are sent as they are.
        None = "none",
        /// A user and a password (RFC 7617).
        Basic = "basic",
        /// A token in a header (RFC 6750).
        Bearer = "bearer",
        /// A key in a header, the query or a cookie.
        ApiKey = "api_key",
        /// Tokens that are got and renewed (RFC 6749).
        OAuth2 = "oauth2",
        /// Signed requests (RFC 5849).
        OAuth1 = "oauth1",
        /// Requests signed in a way that is described here.
        Hmac = "hmac",
        /// Requests signed for AWS.
        AwsSigV4 = "aws_sigv4",
        /// A certificate of the client's.
        Mtls = "mtls",
        /// A user and a password that are not sent (RFC 7616).
        Digest = "digest",
    }
    other_words { "oauth" => "oauth2", "OAuth2" => "oauth2", "oauth2_auth" => "oauth2", "apikey" => "api_key", "apiKey" => "api_key", "token" => "bearer", "http_basic" => "basic", "sigv4" => "aws_sigv4", "aws" => "aws_sigv4", "certificate" => "mtls", "client_certificate" => "mtls" }
}

/// How requests prove who asks.
#[derive(Debug, Clone, PartialEq)]
pub enum AuthSpec {
    /// Not at all.
    None,
    /// `kind: basic`.
    Basic(BasicSpec),
    /// `kind: bearer`.
    Bearer(BearerSpec),
    /// `kind: api_key`.
    ApiKey(ApiKeySpec),
    /// `kind: digest`.
    Digest(DigestSpec),
    /// `kind: oauth1`.
    OAuth1(OAuth1Spec),
    /// `kind: hmac`.
    Hmac(Box<HmacSpec>),
    /// `kind: aws_sigv4`.
    AwsSigV4(AwsSigV4Spec),
    /// `kind: mtls`.
    Mtls(MtlsSpec),
    /// `kind: oauth2`.
    OAuth2(Box<OAuth2Spec>),
}

/// What a message about a missing `kind` shows.
const KIND: KeyTable = KeyTable {
    name: "auth",
    doc: &["How requests prove who asks."],
    rows: &[KeyRow {
        key: "kind",
        doc: &["What proves who asks."],
        presence: Presence::Required,
        shape: <AuthKindWord as Read>::shape,
    }],
    later: &[],
    other_words: &[],
};

impl AuthSpec {
    /// Whether requests carry credentials.
    pub fn sends_credentials(&self) -> bool {
        match self {
            Self::None => false,
            Self::Basic(_)
            | Self::Bearer(_)
            | Self::ApiKey(_)
            | Self::Digest(_)
            | Self::OAuth1(_)
            | Self::Hmac(_)
            | Self::AwsSigV4(_)
            | Self::Mtls(_)
            | Self::OAuth2(_) => true,
        }
    }

    /// `kind: oauth2`, if it is one.
    pub fn oauth2(&self) -> Option<&OAuth2Spec> {
        match self {
            Self::OAuth2(spec) => Some(spec),
            Self::None
            | Self::Basic(_)
            | Self::Bearer(_)
            | Self::ApiKey(_)
            | Self::Digest(_)
            | Self::OAuth1(_)
            | Self::Hmac(_)
            | Self::AwsSigV4(_)
            | Self::Mtls(_) => None,
        }
    }
}

impl Read for AuthSpec {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        if node.as_text().is_some_and(|text| text.value == "none") {
            return Some(Self::None);
        }
        if node.as_map().is_none() {
            reader.wrong_type(node, "a mapping", "write `auth: { kind: bearer, token: … }`, or `auth: none`");
            return None;
        }
        let Some(kind) = node.get("kind") else {
            reader.missing_key(node.first_key_span(), "kind", &KIND);
            return None;
        };

        Some(match AuthKindWord::read(kind, reader)? {
            AuthKindWord::None => NoneSpec::read(node, reader).map(|_| Self::None)?,
            AuthKindWord::Basic => Self::Basic(BasicSpec::read(node, reader)?),
            AuthKindWord::Bearer => Self::Bearer(BearerSpec::read(node, reader)?),
            AuthKindWord::ApiKey => Self::ApiKey(ApiKeySpec::read(node, reader)?),
            AuthKindWord::Digest => Self::Digest(DigestSpec::read(node, reader)?),
            AuthKindWord::OAuth1 => Self::OAuth1(OAuth1Spec::read(node, reader)?),
            AuthKindWord::Hmac => Self::Hmac(Box::new(HmacSpec::read(node, reader)?)),
            AuthKindWord::AwsSigV4 => Self::AwsSigV4(AwsSigV4Spec::read(node, reader)?),
            AuthKindWord::Mtls => Self::Mtls(MtlsSpec::read(node, reader)?),
            AuthKindWord::OAuth2 => Self::OAuth2(Box::new(OAuth2Spec::read(node, reader)?)),
        })
    }

    fn shape() -> Shape {
        let of_kind = |kind: &AuthKindWord| match kind {
            AuthKindWord::None => NoneSpec::shape(),
            AuthKindWord::Basic => BasicSpec::shape(),
            AuthKindWord::Bearer => BearerSpec::shape(),
            AuthKindWord::ApiKey => ApiKeySpec::shape(),
            AuthKindWord::Digest => DigestSpec::shape(),
            AuthKindWord::OAuth1 => OAuth1Spec::shape(),
            AuthKindWord::Hmac => HmacSpec::shape(),
            AuthKindWord::AwsSigV4 => AwsSigV4Spec::shape(),
            AuthKindWord::Mtls => MtlsSpec::shape(),
            AuthKindWord::OAuth2 => OAuth2Spec::shape(),
        };
        let kinds = AuthKindWord::ALL.iter().map(of_kind);
        Shape::Either([Shape::Words(&["none"])].into_iter().chain(kinds).collect())
    }
}
