//! Requests to the servers of OAuth, as plain data.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::assertion::{AssertionError, assertion};
use super::client::Client;
use crate::http::{Body, Header, Request};
use crate::spec::auth::{ClientAuth, Grant};

/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// No answer with tokens is larger.
const LARGEST_ANSWER: u64 = 1 << 20;

/// The assertion of a client (RFC 7523, 2.2).
const CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The grant of RFC 7523, 2.1.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Parameters of a form, in their order.
pub(super) type Form = Vec<(String, String)>;

impl Client<'_> {
    /// Renews with a refresh token (RFC 6749, 6).
    pub fn refresh_request(
        &self,
        refresh_token: &str,
        server: Option<&Url>,
        now: SystemTime,
    ) -> Result<Request, AssertionError> {
        let form = vec![pair("grant_type", "refresh_token"), pair("refresh_token", refresh_token)];
        self.token_request(form, server, now)
    }

    /// Asks for the first token. None: only a refresh token brings one, or a person.
    pub(super) fn first_request(&self, now: SystemTime) -> Result<Option<Request>, AssertionError> {
        let text = |name: &str| self.values.text(name).unwrap_or_default();
        let mut form = match self.plan.grant {
            Grant::Password => vec![
                pair("grant_type", "password"),
                pair("username", &text("username")),
                pair("password", &text("password")),
            ],
            Grant::JwtBearer => {
                let assertion = assertion(self, now)?;
                vec![pair("grant_type", JWT_BEARER), pair("assertion", &assertion)]
            }
            Grant::ClientCredentials => vec![pair("grant_type", "client_credentials")],
            Grant::AuthorizationCode | Grant::RefreshToken | Grant::DeviceCode => return Ok(None),
        };
        form.extend(self.scope_parameter());
        self.token_request(form, None, now).map(Some)
    }

    /// A request to the token endpoint, or to the same path of another server.
    pub fn token_request(
        &self,
        form: Form,
        server: Option<&Url>,
        now: SystemTime,
    ) -> Result<Request, AssertionError> {
        let mut form = form;
        form.extend(self.values.group("extra.token"));
        self.authenticated(at(&self.token_url, server), form, now)
    }

    /// Revokes a token (RFC 7009, 2.1). None: the connection does not say where.
    pub fn revoke_request(
        &self,
        token: &str,
        server: Option<&Url>,
        now: SystemTime,
    ) -> Option<Result<Request, AssertionError>> {
        let url = at(self.revoke_url.as_ref()?, server);
        Some(self.authenticated(url, vec![pair("token", token)], now))
    }

    /// Asks for the codes of a device (RFC 8628, 3.1).
    pub fn device_request(&self, now: SystemTime) -> Option<Result<Request, AssertionError>> {
        let mut form: Form = self.scope_parameter().into_iter().collect();
        form.extend(self.values.group("extra.device"));
        Some(self.authenticated(self.device_url.clone()?, form, now))
    }

    pub(super) fn scope_parameter(&self) -> Option<(String, String)> {
        (!self.scope.is_empty()).then(|| pair("scope", &self.scope.join(&self.plan.scope_separator)))
    }

    /// What the server calls a parameter.
    pub(super) fn name(&self, name: &str) -> String {
        let renamed = self.plan.names.iter().find(|(own, _)| own == name);
        renamed.map_or(name, |(_, other)| other).to_owned()
    }

    /// Proves who the application is, and sends the form.
    fn authenticated(&self, url: Url, mut form: Form, now: SystemTime) -> Result<Request, AssertionError> {
        let client_id = self.values.text("client_id");
        let secret = self.values.text("client_secret");
        let mut headers = vec![open_header("Accept", "application/json")];
        match self.plan.client_auth {
            ClientAuth::Body => {
                form.extend(client_id.map(|id| pair("client_id", &id)));
                form.extend(secret.map(|secret| pair("client_secret", &secret)));
            }
            ClientAuth::Basic => {
                headers.extend(self.basic(&client_id.unwrap_or_default(), secret.as_deref()));
            }
            ClientAuth::PrivateKeyJwt => {
                let assertion = assertion(self, now)?;
                form.extend(client_id.map(|id| pair("client_id", &id)));
                form.push(pair("client_assertion_type", CLIENT_ASSERTION));
                form.push(pair("client_assertion", &assertion));
            }
            ClientAuth::None => form.extend(client_id.map(|id| pair("client_id", &id))),
        }
        let pairs = form.iter().map(|(name, value)| (self.name(name), value));
        let text = Serializer::new(String::new()).extend_pairs(pairs).finish();
        let mut request = Request::new(Method::POST, url);
        request.headers = headers;
        request.body = Body::Text {
            content_type: "application/x-www-form-urlencoded".to_owned(),
            text: text.into(),
            secret_parts: true,
        };
        request.timeouts.total = TIMEOUT;
        request.max_body = LARGEST_ANSWER;
        // A redirect would carry the secret on to who knows where.
        request.follow_redirects = false;
        Ok(request)
    }

    /// Id and secret, each encoded as in a form (RFC 6749, 2.3.1).
    fn basic(&self, id: &str, secret: Option<&str>) -> Option<Header> {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let secret = secret.unwrap_or_default();
        let value = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
        self.redactor.learn(&value);
        Header::new("Authorization", &format!("Basic {value}"), true, true).ok()
    }
}

/// A parameter.
pub(super) fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn open_header(name: &str, value: &str) -> Header {
    Header::new(name, value, false, true).expect("a header of ours")
}

/// The same path at another server.
fn at(url: &Url, server: Option<&Url>) -> Url {
    let Some(server) = server else { return url.clone() };
    let mut url = url.clone();
    // All three fail only for URLs without a host, and neither is one.
    let _ = url.set_scheme(server.scheme());
    let _ = url.set_host(server.host_str());
    let _ = url.set_port(server.port());
    url
}
