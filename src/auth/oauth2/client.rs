//! An OAuth client as a connection describes it, with its values.

use serde_json::{Map, Value};
use url::Url;

use crate::auth::values::AuthValues;
use crate::diagnostic::Span;
use crate::http::is_local;
use crate::plan::auth::{AuthPlan, OAuth2Plan};
use crate::secret::Redactor;
use crate::spec::auth::Grant;

/// An OAuth client.
#[derive(Debug)]
pub struct Client<'a> {
    /// The connection it belongs to.
    pub connection: &'a str,
    /// What is known without its values.
    pub plan: &'a OAuth2Plan,
    /// Where tokens are got and renewed.
    pub token_url: Url,
    /// Where a person consents.
    pub authorize_url: Option<Url>,
    /// Where a device asks for its code.
    pub device_url: Option<Url>,
    /// Where tokens are revoked.
    pub revoke_url: Option<Url>,
    /// Where the code comes back to, if that is registered.
    pub redirect_url: Option<Url>,
    /// The servers that a callback may name.
    pub allowed_servers: Vec<Url>,
    /// What the token is for.
    pub scope: Vec<String>,
    pub(super) values: &'a AuthValues,
    /// Learns what is secret in answers.
    pub redactor: &'a Redactor,
}

/// A value that makes no client.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct BadSetting {
    /// What is wrong.
    pub message: String,
    /// What helps.
    pub help: &'static str,
    /// Where.
    pub span: Option<Span>,
}

impl<'a> Client<'a> {
    /// Makes the client of an `auth` with `kind: oauth2`. None: it is of another kind.
    pub fn new(
        auth: &'a AuthPlan,
        values: &'a AuthValues,
        redactor: &'a Redactor,
    ) -> Option<Result<Self, BadSetting>> {
        let plan = auth.oauth2()?;
        Some(Settings { auth, values }.client(plan, redactor))
    }

    /// What tells this sign-in from all others: names and values of what decides whose tokens come.
    pub(super) fn identity(&self) -> Vec<(&'static str, String)> {
        let text = |name| self.values.text(name).unwrap_or_default();
        let mut fields = vec![("grant", self.plan.grant.word().to_owned()), ("client_id", text("client_id"))];
        match self.plan.grant {
            // Who signed in is not known before: the connection's name stands for the person. The server may be the
            // one that the callback named, so that it is none of the name.
            Grant::AuthorizationCode | Grant::DeviceCode => {
                fields.push(("connection", self.connection.to_owned()));
            }
            Grant::RefreshToken => {
                fields.push(("token_url", self.token_url.to_string()));
                fields.push(("refresh_token", text("refresh_token")));
            }
            Grant::ClientCredentials | Grant::Password | Grant::JwtBearer => {
                fields.push(("token_url", self.token_url.to_string()));
                fields.push(("scope", self.scope.join(" ")));
                for name in ["client_secret", "username", "password"] {
                    fields.push((name, text(name)));
                }
                for name in ["jwt.private_key", "jwt.issuer", "jwt.subject", "jwt.audience"] {
                    fields.push((name, text(name)));
                }
                fields.push(("extra", format!("{:?}", self.values.group("extra.token"))));
                fields.push(("claims", format!("{:?}", self.values.group("jwt.claims"))));
            }
        }
        fields
    }

    /// What `keep` says: name → path.
    pub(super) fn keeps(&self) -> Map<String, Value> {
        let keeps = self.plan.keep.iter();
        keeps.map(|(name, path)| (name.clone(), Value::from(path.text.value.as_str()))).collect()
    }

    /// A refresh token that the connection brings.
    pub fn own_refresh_token(&self) -> Option<String> {
        self.values.text("refresh_token")
    }

    /// Whether a person signs in before there is a token.
    pub fn needs_person(&self) -> bool {
        self.plan.needs_person()
    }
}

struct Settings<'a> {
    auth: &'a AuthPlan,
    values: &'a AuthValues,
}

impl<'a> Settings<'a> {
    fn client(&self, plan: &'a OAuth2Plan, redactor: &'a Redactor) -> Result<Client<'a>, BadSetting> {
        let token_url = self.url("token_url")?.ok_or_else(|| self.empty("token_url"))?;
        let allowed = self.values.texts("callback_server.allowed");
        let allowed: Result<Vec<_>, _> =
            allowed.iter().map(|text| self.parse("callback_server.allowed", text)).collect();
        let mut scope = self.values.group("scope");
        scope.sort_by_key(|(index, _)| index.parse::<usize>().unwrap_or_default());
        Ok(Client {
            connection: &self.auth.connection_name,
            plan,
            token_url,
            authorize_url: self.url("authorize_url")?,
            device_url: self.url("device_url")?,
            revoke_url: self.url("revoke_url")?,
            redirect_url: self.url("redirect_url")?,
            allowed_servers: allowed?,
            scope: scope.into_iter().map(|(_, text)| text).filter(|text| !text.is_empty()).collect(),
            values: self.values,
            redactor,
        })
    }

    fn url(&self, name: &str) -> Result<Option<Url>, BadSetting> {
        self.values.text(name).map(|text| self.parse(name, &text)).transpose()
    }

    fn parse(&self, name: &str, text: &str) -> Result<Url, BadSetting> {
        let bad = |problem: String| BadSetting {
            message: format!("`auth` of connection `{}`: `{name}` {problem}", self.auth.connection_name),
            help: "a URL is `https://HOST/PATH`; look at the values that were put into it",
            span: self.span(name),
        };
        let url =
            Url::parse(text).map_err(|error| bad(format!("is `{text}`, which is not a URL: {error}")))?;
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_local(&url) => Ok(url),
            // RFC 6749, 3.1.2.1 and 3.2: TLS is required.
            "http" => Err(bad(format!("is `{text}`: secrets are sent there, and `http` does not hide them"))),
            // `localhost:8765/callback` is a URL of the scheme `localhost`.
            _ if !text.contains("://") => {
                Err(bad(format!("is `{text}`, which begins with neither `https://` nor `http://`")))
            }
            other => Err(bad(format!("is `{text}`: river does not speak `{other}`"))),
        }
    }

    fn empty(&self, name: &str) -> BadSetting {
        BadSetting {
            message: format!("`auth` of connection `{}`: `{name}` is empty", self.auth.connection_name),
            help: "a URL is `https://HOST/PATH`; look at the values that were put into it",
            span: self.span(name),
        }
    }

    fn span(&self, name: &str) -> Option<Span> {
        self.auth.values.iter().find(|entry| entry.name == name).and_then(|entry| entry.span)
    }
}
