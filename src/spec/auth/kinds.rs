//! The kinds of `auth` that need no token from a server.

use crate::spec::connection::ConnectionValue;
use crate::spec::node::{Node, Text};
use crate::spec::reader::{Read, SpecReader};
use crate::spec::table::{Shape, table};
use crate::spec::value::{NamedMap, TemplateText, words};

/// Declares the only word that a table allows for `kind`; the reader of `auth` has already checked it.
macro_rules! kind {
    ($(#[doc = $doc:literal])+ $Kind:ident, $word:literal) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $Kind;

        impl Read for $Kind {
            fn read(_: &Node, _: &mut SpecReader<'_>) -> Option<Self> {
                Some(Self)
            }

            fn shape() -> Shape {
                Shape::Words(&[$word])
            }
        }
    };
}
pub(super) use kind;

kind!(
    /// `kind: none`.
    NoneKind, "none"
);
kind!(
    /// `kind: basic`.
    BasicKind, "basic"
);
kind!(
    /// `kind: bearer`.
    BearerKind, "bearer"
);
kind!(
    /// `kind: api_key`.
    ApiKeyKind, "api_key"
);
kind!(
    /// `kind: digest`.
    DigestKind, "digest"
);
kind!(
    /// `kind: oauth1`.
    OAuth1Kind, "oauth1"
);
kind!(
    /// `kind: hmac`.
    HmacKind, "hmac"
);
kind!(
    /// `kind: aws_sigv4`.
    AwsSigV4Kind, "aws_sigv4"
);
kind!(
    /// `kind: mtls`.
    MtlsKind, "mtls"
);

table! {
    /// Requests are sent as they are.
    pub struct NoneSpec("auth.none") {
        /// What proves who asks.
        kind: NoneKind = Required,
    }
}

table! {
    /// A user and a password in the header `Authorization` (RFC 7617).
    pub struct BasicSpec("auth.basic") {
        /// What proves who asks.
        kind: BasicKind = Required,
        /// The user.
        username: ConnectionValue = Required,
        /// The password; by default there is none.
        password: ConnectionValue = Optional,
        /// Where else than at `base_url` it may be sent: `https://HOST`.
        origins: Vec<TemplateText> = Optional,
    }
    other_words { "user" => "username", "login" => "username", "pass" => "password" }
}

table! {
    /// A token in a header (RFC 6750).
    pub struct BearerSpec("auth.bearer") {
        /// What proves who asks.
        kind: BearerKind = Required,
        /// The token.
        token: ConnectionValue = Required,
        /// The text around the token.
        header: Text = Default("Bearer {token}"),
        /// Where it goes: `headers.NAME` or `query.NAME`.
        into: Text = Default("headers.Authorization"),
        /// Where else than at `base_url` it may be sent: `https://HOST`.
        origins: Vec<TemplateText> = Optional,
    }
    other_words { "access_token" => "token", "prefix" => "header", "key" => "token" }
}

table! {
    /// A key in a header, the query or a cookie.
    pub struct ApiKeySpec("auth.api_key") {
        /// What proves who asks.
        kind: ApiKeyKind = Required,
        /// The key.
        key: ConnectionValue = Required,
        /// Where it goes: `headers.NAME`, `query.NAME` or `cookies.NAME`.
        into: Text = Required,
        /// Where else than at `base_url` it may be sent: `https://HOST`.
        origins: Vec<TemplateText> = Optional,
    }
    other_words { "api_key" => "key", "value" => "key", "in" => "into", "name" => "into", "location" => "into", "header" => "into" }
}

table! {
    /// A user and a password that answer a server's challenge and are not sent (RFC 7616).
    pub struct DigestSpec("auth.digest") {
        /// What proves who asks.
        kind: DigestKind = Required,
        /// The user.
        username: ConnectionValue = Required,
        /// The password.
        password: ConnectionValue = Required,
        /// Where else than at `base_url` it may be sent: `https://HOST`.
        origins: Vec<TemplateText> = Optional,
    }
    other_words { "user" => "username", "pass" => "password" }
}

table! {
    /// Requests signed as OAuth 1.0 wants it (RFC 5849).
    pub struct OAuth1Spec("auth.oauth1") {
        /// What proves who asks.
        kind: OAuth1Kind = Required,
        /// Which application asks.
        consumer_key: ConnectionValue = Required,
        /// The secret of the application.
        consumer_secret: ConnectionValue = Required,
        /// For which user it asks.
        token: ConnectionValue = Optional,
        /// The secret of the token.
        token_secret: ConnectionValue = Optional,
        /// How it is signed.
        signature_method: OAuth1Method = Default("HMAC-SHA1"),
        /// The realm that is named with the signature.
        realm: ConnectionValue = Optional,
        /// Where else than at `base_url` it may be sent: `https://HOST`.
        origins: Vec<TemplateText> = Optional,
    }
    other_words { "client_key" => "consumer_key", "client_secret" => "consumer_secret", "access_token" => "token", "access_token_secret" => "token_secret" }
}

words! {
    /// How a request of OAuth 1.0 is signed.
    pub enum OAuth1Method("signature method") {
        /// HMAC with SHA-1 (RFC 5849, 3.4.2).
        HmacSha1 = "HMAC-SHA1",
        /// The same with SHA-256.
        HmacSha256 = "HMAC-SHA256",
        /// The secrets themselves (RFC 5849, 3.4.4).
        Plaintext = "PLAINTEXT",
    }
}

impl OAuth1Method {
    /// Whether the secrets themselves are sent.
    pub fn sends_secrets(self) -> bool {
        match self {
            Self::Plaintext => true,
            Self::HmacSha1 | Self::HmacSha256 => false,
        }
    }
}

table! {
    /// Requests signed with a shared secret, in a way that is described here.
    pub struct HmacSpec("auth.hmac") {
        /// What proves who asks.
        kind: HmacKind = Required,
        /// The shared secret.
        secret: ConnectionValue = Required,
        /// How the secret is written.
        secret_encoding: SecretEncoding = Default("text"),
        /// The hash.
        algorithm: HmacAlgorithm = Default("sha256"),
        /// What is signed: a template that sees `request.method`, `url`, `path`, `query`, `host`, `body`, `body_sha256`, then `timestamp`, `nonce` and `connection`.
        sign: TemplateText = Required,
        /// How the signature is written.
        encoding: Encoding = Default("hex"),
        /// How `{timestamp}` is written.
        timestamp: TimestampForm = Default("unix"),
        /// Headers with `{signature}`, `{timestamp}`, `{nonce}` in them.
        headers: NamedMap<TemplateText> = Optional,
        /// Query parameters with the same.
        query: NamedMap<TemplateText> = Optional,
        /// Where else than at `base_url` it may be sent: `https://HOST`.
        origins: Vec<TemplateText> = Optional,
    }
    other_words { "key" => "secret", "message" => "sign", "payload" => "sign", "string_to_sign" => "sign", "hash" => "algorithm", "digest" => "algorithm" }
}

words! {
    /// The hashes of HMAC.
    pub enum HmacAlgorithm("hash") {
        /// SHA-1.
        Sha1 = "sha1",
        /// SHA-256.
        Sha256 = "sha256",
        /// SHA-512.
        Sha512 = "sha512",
    }
    other_words { "SHA1" => "sha1", "SHA256" => "sha256", "SHA512" => "sha512", "sha-256" => "sha256" }
}

words! {
    /// How a signature is written.
    pub enum Encoding("encoding") {
        /// Hexadecimal digits in lower case.
        Hex = "hex",
        /// Base64 with padding (RFC 4648, 4).
        Base64 = "base64",
    }
}

words! {
    /// How a shared secret is written.
    pub enum SecretEncoding("encoding") {
        /// As it is.
        Text = "text",
        /// Hexadecimal digits.
        Hex = "hex",
        /// Base64.
        Base64 = "base64",
    }
}

words! {
    /// How a moment is written.
    pub enum TimestampForm("form of time") {
        /// Seconds since 1970.
        Unix = "unix",
        /// Milliseconds since 1970.
        UnixMilliseconds = "unix_ms",
        /// `2026-11-23T12:00:00Z`.
        Rfc3339 = "rfc3339",
        /// `Mon, 23 Nov 2026 12:00:00 GMT` (RFC 9110, 5.6.7).
        HttpDate = "http_date",
    }
}

table! {
    /// Requests signed for AWS and what speaks like it (Signature Version 4).
    pub struct AwsSigV4Spec("auth.aws_sigv4") {
        /// What proves who asks.
        kind: AwsSigV4Kind = Required,
        /// The id of the access key.
        access_key_id: ConnectionValue = Required,
        /// Its secret.
        secret_access_key: ConnectionValue = Required,
        /// The token of a session, with keys that end.
        session_token: ConnectionValue = Optional,
        /// The region: `eu-central-1`.
        region: ConnectionValue = Required,
        /// The service: `execute-api`, `s3`.
        service: ConnectionValue = Required,
        /// Where else than at `base_url` it may be sent: `https://HOST`.
        origins: Vec<TemplateText> = Optional,
    }
    other_words { "access_key" => "access_key_id", "secret_key" => "secret_access_key" }
}

table! {
    /// A certificate of the client's, shown when the connection is made (RFC 8446, 4.4.2).
    pub struct MtlsSpec("auth.mtls") {
        /// What proves who asks.
        kind: MtlsKind = Required,
        /// The certificate and those above it, in PEM.
        certificate: ConnectionValue = Required,
        /// Its private key, in PEM.
        private_key: ConnectionValue = Required,
        /// Roots that are trusted besides the system's, in PEM.
        ca: ConnectionValue = Optional,
        /// Where else than at `base_url` it may be shown: `https://HOST`.
        origins: Vec<TemplateText> = Optional,
    }
    other_words { "cert" => "certificate", "key" => "private_key", "client_cert" => "certificate", "client_key" => "private_key" }
}
