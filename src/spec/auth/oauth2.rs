//! `kind: oauth2`: tokens that are got and renewed.

use super::kinds::kind;
use crate::spec::connection::ConnectionValue;
use crate::spec::node::{Node, Text};
use crate::spec::reader::{Read, SpecReader};
use crate::spec::table::{Shape, table};
use crate::spec::value::{ExpressionText, NamedMap, PathText, Period, Spanned, TemplateText, words};

kind!(
    /// `kind: oauth2`.
    OAuth2Kind, "oauth2"
);

table! {
    /// Tokens that are got and renewed (RFC 6749).
    pub struct OAuth2Spec("auth.oauth2") {
        /// What proves who asks.
        kind: OAuth2Kind = Required,
        /// How the first token is got.
        grant: Spanned<Grant> = Required,
        /// Where a person consents.
        authorize_url: ConnectionValue = Optional,
        /// Where tokens are got and renewed.
        token_url: ConnectionValue = Required,
        /// Where a device asks for its code (RFC 8628).
        device_url: ConnectionValue = Optional,
        /// Where tokens are revoked (RFC 7009).
        revoke_url: ConnectionValue = Optional,
        /// The id of the registered application.
        client_id: ConnectionValue = Optional,
        /// Its secret.
        client_secret: ConnectionValue = Optional,
        /// How the application proves itself; by default `body` with a secret and `none` without.
        client_auth: Spanned<ClientAuth> = Optional,
        /// A refresh token that is there already; a sign-in replaces it.
        refresh_token: ConnectionValue = Optional,
        /// The user of `grant: password`.
        username: ConnectionValue = Optional,
        /// The user's password.
        password: ConnectionValue = Optional,
        /// What is signed for `grant: jwt_bearer` and `client_auth: private_key_jwt`.
        jwt: JwtSpec = Optional,
        /// What the token is for: a list, or one text.
        scope: ScopeSpec = Optional,
        /// What stands between scopes.
        scope_separator: Text = Default(" "),
        /// Parameters that are sent besides.
        extra: ExtraSpec = Optional,
        /// Parameters that the server calls otherwise: `client_id: clientId`.
        names: NamedMap<Text> = Optional,
        /// The proof that the code comes back to who asked for it (RFC 7636).
        pkce: Pkce = Default("S256"),
        /// Where the code comes back to, as it is registered; by default a free port of 127.0.0.1.
        redirect_url: ConnectionValue = Optional,
        /// A server for the token that the callback names.
        callback_server: CallbackServerSpec = Optional,
        /// Where things are in the server's answer.
        answer: AnswerSpec = Optional,
        /// Values of the answer that become `connection.NAME`.
        keep: NamedMap<PathText> = Optional,
        /// The text around the token.
        header: Text = Default("Bearer {token}"),
        /// Where it goes: `headers.NAME` or `query.NAME`.
        into: Text = Default("headers.Authorization"),
        /// How long before its end a token is renewed; at most half of its life.
        renew_before: Period = Default("60s"),
        /// Which answer of the service means that the token is renewed once and the request sent again.
        renew_when: ExpressionText = Default("response.status == 401"),
        /// Whether each use of a refresh token gives a new one: then nothing is asked while nothing can be stored.
        rotates: bool = Default("false"),
        /// Where else than at `base_url` the token may be sent: `https://HOST`.
        origins: Vec<TemplateText> = Optional,
    }
    other_words { "auth_url" => "authorize_url", "authorization_url" => "authorize_url", "authorization_endpoint" => "authorize_url", "access_token_url" => "token_url", "token_endpoint" => "token_url", "scopes" => "scope", "redirect_uri" => "redirect_url", "callback_url" => "redirect_url", "grant_type" => "grant", "device_authorization_url" => "device_url", "refresh_before" => "renew_before", "prefix" => "header", "audience" => "extra", "private_key" => "jwt" }
}

words! {
    /// How the first token is got.
    pub enum Grant("grant") {
        /// A person consents in a browser (RFC 6749, 4.1).
        AuthorizationCode = "authorization_code",
        /// With a refresh token that is there already (RFC 6749, 6).
        RefreshToken = "refresh_token",
        /// The application for itself (RFC 6749, 4.4).
        ClientCredentials = "client_credentials",
        /// With a user's password (RFC 6749, 4.3).
        Password = "password",
        /// A person consents on another device (RFC 8628).
        DeviceCode = "device_code",
        /// With a signed assertion (RFC 7523).
        JwtBearer = "jwt_bearer",
    }
    other_words { "code" => "authorization_code", "authorization" => "authorization_code", "refresh" => "refresh_token", "client" => "client_credentials", "device" => "device_code", "jwt" => "jwt_bearer", "urn:ietf:params:oauth:grant-type:jwt-bearer" => "jwt_bearer", "urn:ietf:params:oauth:grant-type:device_code" => "device_code" }
}

words! {
    /// How an application proves itself at the token endpoint.
    pub enum ClientAuth("client authentication") {
        /// Id and secret in the form (RFC 6749, 2.3.1).
        Body = "body",
        /// Id and secret as HTTP Basic (RFC 6749, 2.3.1).
        Basic = "basic",
        /// A signed assertion (RFC 7523, 2.2).
        PrivateKeyJwt = "private_key_jwt",
        /// Its id only.
        None = "none",
    }
    other_words { "client_secret_post" => "body", "client_secret_basic" => "basic", "post" => "body", "header" => "basic" }
}

words! {
    /// How the proof of RFC 7636 is sent.
    pub enum Pkce("PKCE method") {
        /// Its hash.
        S256 = "S256",
        /// As it is.
        Plain = "plain",
        /// Not at all.
        None = "none",
    }
    other_words { "s256" => "S256" }
}

table! {
    /// A signed assertion (RFC 7523).
    pub struct JwtSpec("auth.oauth2.jwt") {
        /// The private key, in PEM.
        private_key: ConnectionValue = Required,
        /// How it is signed.
        algorithm: JwtAlgorithm = Default("RS256"),
        /// The id of the key.
        key_id: ConnectionValue = Optional,
        /// Who says so; by default the client id.
        issuer: ConnectionValue = Optional,
        /// For whom; by default the client id.
        subject: ConnectionValue = Optional,
        /// To whom; by default the token URL.
        audience: ConnectionValue = Optional,
        /// How long it holds.
        lifetime: Period = Default("5m"),
        /// What it says besides.
        claims: NamedMap<ConnectionValue> = Optional,
    }
    other_words { "kid" => "key_id", "iss" => "issuer", "sub" => "subject", "aud" => "audience", "key" => "private_key", "alg" => "algorithm" }
}

words! {
    /// How an assertion is signed (RFC 7518, 3.1).
    pub enum JwtAlgorithm("signature algorithm") {
        /// RSA with SHA-256.
        Rs256 = "RS256",
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
    }
}

/// Scopes: a list, or one text.
#[derive(Debug, Clone, PartialEq)]
pub struct ScopeSpec(pub Vec<TemplateText>);

impl Read for ScopeSpec {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        match node.as_list() {
            Some(_) => Vec::read(node, reader).map(Self),
            None => TemplateText::read(node, reader).map(|one| Self(vec![one])),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::Template, Shape::List(Box::new(Shape::Template))])
    }
}

table! {
    /// Parameters that are sent besides.
    pub struct ExtraSpec("auth.oauth2.extra") {
        /// When a person is asked for consent.
        authorize: NamedMap<ConnectionValue> = Optional,
        /// When a token is got or renewed.
        token: NamedMap<ConnectionValue> = Optional,
        /// When a device asks for its code.
        device: NamedMap<ConnectionValue> = Optional,
    }
}

table! {
    /// A server for the token that the callback names.
    pub struct CallbackServerSpec("auth.oauth2.callback_server") {
        /// The parameter of the callback that names it.
        from: Text = Required,
        /// The servers that it may name: the secret goes to none but these. A list, or a mapping of them.
        allowed: ConnectionValue = Required,
    }
}

table! {
    /// Where things are in the answer of the token endpoint.
    pub struct AnswerSpec("auth.oauth2.answer") {
        /// The access token.
        access_token: PathText = Default("$.access_token"),
        /// The refresh token.
        refresh_token: PathText = Default("$.refresh_token"),
        /// How long the access token holds.
        expires_in: PathText = Default("$.expires_in"),
        /// What `expires_in` counts.
        expires_unit: ExpiresUnit = Default("s"),
        /// How long a token holds whose answer does not say so; without it, until it is refused.
        expires_default: Period = Optional,
        /// What went wrong, also with status 200.
        error: PathText = Default("$.error"),
        /// The same in words.
        error_description: PathText = Default("$.error_description"),
        /// What the token is for.
        scope: PathText = Default("$.scope"),
    }
    other_words { "token" => "access_token", "expiry" => "expires_in", "expires" => "expires_in", "unit" => "expires_unit" }
}

words! {
    /// What an expiry counts.
    pub enum ExpiresUnit("unit of time") {
        /// Seconds from now.
        Seconds = "s",
        /// Milliseconds from now.
        Milliseconds = "ms",
        /// Seconds since 1970.
        EpochSeconds = "epoch_s",
        /// Milliseconds since 1970.
        EpochMilliseconds = "epoch_ms",
    }
    other_words { "seconds" => "s", "milliseconds" => "ms" }
}

impl Grant {
    /// Whether a person must consent before there is a token.
    pub fn needs_person(self) -> bool {
        match self {
            Self::AuthorizationCode | Self::DeviceCode => true,
            Self::RefreshToken | Self::ClientCredentials | Self::Password | Self::JwtBearer => false,
        }
    }

    /// Whether a run needs a refresh token to get a token: one from a person's sign-in, or one that the connection
    /// gives.
    pub fn needs_refresh_token(self) -> bool {
        match self {
            Self::AuthorizationCode | Self::RefreshToken | Self::DeviceCode => true,
            Self::ClientCredentials | Self::Password | Self::JwtBearer => false,
        }
    }

    /// Whether the application acts for itself, so that its own credentials are the only proof in the request.
    pub fn acts_for_the_client(self) -> bool {
        match self {
            Self::ClientCredentials => true,
            Self::AuthorizationCode
            | Self::RefreshToken
            | Self::Password
            | Self::DeviceCode
            | Self::JwtBearer => false,
        }
    }

    /// Whether the browser is redirected to a callback.
    pub fn uses_callback(self) -> bool {
        match self {
            Self::AuthorizationCode => true,
            Self::RefreshToken
            | Self::ClientCredentials
            | Self::Password
            | Self::DeviceCode
            | Self::JwtBearer => false,
        }
    }
}

impl ClientAuth {
    /// Whether the application is authenticated.
    pub fn authenticates_the_client(self) -> bool {
        match self {
            Self::Body | Self::Basic | Self::PrivateKeyJwt => true,
            Self::None => false,
        }
    }
}

impl Pkce {
    /// Whether a proof is sent with the code.
    pub fn is_sent(self) -> bool {
        match self {
            Self::S256 | Self::Plain => true,
            Self::None => false,
        }
    }
}

impl OAuth2Spec {
    /// The names of the values that it keeps from an answer.
    pub fn kept_names(&self) -> impl Iterator<Item = &str> {
        self.keep.given().into_iter().flat_map(|keep| &keep.0).map(|(key, _)| key.name.as_str())
    }
}
