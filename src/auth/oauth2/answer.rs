//! What a token endpoint answers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::StatusCode;
use http::header::DATE;
use serde_json::{Map, Value};

use super::client::Client;
use super::probable;
use crate::expr::jsonpath::JsonPath;
use crate::http::Response;
use crate::plan::written::Written;
use crate::spec::auth::ExpiresUnit;

/// What an answer brings.
#[derive(Clone, PartialEq)]
pub struct Tokens {
    /// What requests are sent with.
    pub access_token: String,
    /// What the next access token is got with.
    pub refresh_token: Option<String>,
    /// How long the access token holds; none: until it is refused.
    pub life: Option<Duration>,
    /// What it is for, if the server says so.
    pub scope: Option<String>,
    /// What the connection keeps.
    pub kept: Map<String, Value>,
}

/// Why an answer brings no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The server says why, with whatever status.
    #[error("the server refuses: `{error}`{}", description.as_ref().map(|text| format!(" ({text})")).unwrap_or_default())]
    Error {
        /// Its word (RFC 6749, 5.2).
        error: String,
        /// The same in words.
        description: Option<String>,
    },
    /// The status says so, and nothing else.
    #[error("the server answered {status}")]
    Status {
        /// The status.
        status: StatusCode,
    },
    /// Something else than JSON.
    #[error("the server's answer is not JSON")]
    NotJson,
    /// There is no token in it.
    #[error("the answer has no token at `{path}`")]
    NoToken {
        /// Where it should be.
        path: String,
    },
    /// How long it holds cannot be read.
    #[error("the answer says at `{path}` that the token holds for `{found}`, which is no number")]
    Expiry {
        /// Where.
        path: String,
        /// What is there.
        found: String,
    },
    /// What the connection keeps is not there.
    #[error("the answer has nothing to keep as `{name}` at `{path}`")]
    NothingToKeep {
        /// Its name.
        name: String,
        /// Where it should be.
        path: String,
    },
}

/// Words that say nothing of a token or code (RFC 6749, 4.1.2.1 and 5.2; RFC 8628, 3.5).
const ABOUT_SOMETHING_ELSE: [&str; 8] = [
    "invalid_request",
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
    "slow_down",
];

impl Refused {
    /// What helps, where the connection has no hint.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Error { error, .. } => match error.as_str() {
                "invalid_grant" => {
                    "the refresh token or code is wrong, used up, revoked or too old: a new one is needed"
                }
                "invalid_client" | "unauthorized_client" => {
                    "check client id and secret, `client_auth`, and that the application may use this grant"
                }
                "invalid_scope" => {
                    "check `scope` and `scope_separator`: the application may not ask for one of them"
                }
                "unsupported_grant_type" => "the server does not know this `grant`",
                "invalid_request" => {
                    "the server misses a parameter or does not take one: look at `extra` and `names`"
                }
                "access_denied" => {
                    "the person or the service said no; some services also say this when they were asked too often"
                }
                "expired_token" => "nobody typed the code in time",
                _ => "the word is the server's own: look for it in its documentation",
            },
            Self::Status { status } if status.is_redirection() => {
                "secrets are not sent after a redirect: put the final address into `token_url`"
            }
            Self::Status { status } if status.is_server_error() => "the server failed: run again later",
            Self::Status { .. } | Self::NotJson => {
                "check `token_url`: this does not look like a token endpoint"
            }
            Self::NoToken { .. } => "say where it is: `answer: { access_token: $.PATH }`",
            Self::Expiry { .. } => {
                "say where the number is: `answer: { expires_in: $.PATH, expires_unit: s }`"
            }
            Self::NothingToKeep { .. } => "check the path under `keep`",
        }
    }

    /// Whether the token or code that was sent is what is wrong, as far as the word tells: servers have words of their
    /// own for that.
    pub fn is_about_the_grant(&self) -> bool {
        // Zoho tells a wrong secret from a wrong client: `invalid_client_secret`.
        let about_the_client = |error: &str| error.starts_with("invalid_client");
        self.word().is_some_and(|error| !about_the_client(error) && !ABOUT_SOMETHING_ELSE.contains(&error))
    }

    /// The server's word.
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Error { error, .. } => Some(error),
            Self::Status { .. }
            | Self::NotJson
            | Self::NoToken { .. }
            | Self::Expiry { .. }
            | Self::NothingToKeep { .. } => None,
        }
    }
}

impl Client<'_> {
    /// Reads an answer of the token endpoint. What is secret in it is learned first. What an answer to a refresh does not
    /// bring again is as it was, in `former`.
    pub fn read(&self, response: &Response, former: &Map<String, Value>) -> Result<Tokens, Refused> {
        let body: Value = serde_json::from_slice(&response.body).map_err(|_| {
            probable::learn_text(&response.body, self.redactor);
            if response.status.is_success() {
                Refused::NotJson
            } else {
                Refused::Status { status: response.status }
            }
        })?;
        probable::learn_named(&body, self.redactor);
        let answer = &self.plan.answer;
        let access_token = text_at(&answer.access_token, &body);
        let refresh_token = text_at(&answer.refresh_token, &body);
        for secret in [&access_token, &refresh_token].into_iter().flatten() {
            self.redactor.learn(secret);
        }
        // Some servers tell errors with status 200 (Zoho, GitHub).
        if let Some(error) = self.error_in(&body) {
            return Err(Refused::Error { error, description: text_at(&answer.error_description, &body) });
        }
        if !response.status.is_success() {
            return Err(Refused::Status { status: response.status });
        }
        let Some(access_token) = access_token else {
            probable::learn_lookalikes(&body, self.redactor);
            return Err(Refused::NoToken { path: answer.access_token.text.value.clone() });
        };
        let life = self.life(&body, response)?;
        Ok(Tokens {
            access_token,
            refresh_token,
            life,
            scope: self.scope_of(&body),
            kept: self.kept(&body, former)?,
        })
    }

    /// The server's word for what is wrong.
    pub(super) fn error_in(&self, body: &Value) -> Option<String> {
        text_at(&self.plan.answer.error, body)
    }

    /// The refresh token in an answer that somebody kept.
    pub fn refresh_token_in(&self, body: &Value) -> Option<String> {
        text_at(&self.plan.answer.refresh_token, body)
    }

    /// A list of scopes is as good as a text.
    fn scope_of(&self, body: &Value) -> Option<String> {
        let path = &self.plan.answer.scope;
        match path.item.evaluate(body).first()? {
            Value::Array(items) => {
                let scopes: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                Some(scopes.join(" "))
            }
            _ => text_at(path, body),
        }
    }

    /// How long the token holds, told by the server's clock where it names a moment.
    fn life(&self, body: &Value, response: &Response) -> Result<Option<Duration>, Refused> {
        let expires = &self.plan.answer.expires;
        let Some(text) = text_at(&expires.path, body) else { return Ok(expires.default) };
        let bad = || Refused::Expiry { path: expires.path.text.value.clone(), found: text.clone() };
        let number: f64 = text.trim().parse().map_err(|_| bad())?;
        if !number.is_finite() {
            return Err(bad());
        }
        let seconds = match expires.unit {
            ExpiresUnit::Seconds => number,
            ExpiresUnit::Milliseconds => number / 1000.0,
            ExpiresUnit::EpochSeconds => number - clock_of(response),
            ExpiresUnit::EpochMilliseconds => number / 1000.0 - clock_of(response),
        };
        // Nobody gives a token that is over: some services write 0 for one without an end.
        if seconds <= 0.0 {
            return Ok(expires.default);
        }
        // A hundred years are for ever.
        Ok(Some(Duration::try_from_secs_f64(seconds.min(3.2e9)).unwrap_or_default()))
    }

    fn kept(&self, body: &Value, former: &Map<String, Value>) -> Result<Map<String, Value>, Refused> {
        // Another connection with the same sign-in may keep something else.
        let mut kept = former.clone();
        for (name, path) in &self.plan.keep {
            let found = path.item.evaluate(body).first().copied().filter(|value| !value.is_null());
            let value = found.or_else(|| former.get(name)).cloned();
            let missing = || Refused::NothingToKeep { name: name.clone(), path: path.text.value.clone() };
            kept.insert(name.clone(), value.ok_or_else(missing)?);
        }
        Ok(kept)
    }
}

/// The server's time, else ours: seconds since 1970.
fn clock_of(response: &Response) -> f64 {
    let date =
        response.headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let moment: SystemTime = date.unwrap_or(response.received_at);
    moment.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Text or a number; nothing where it is empty.
fn text_at(path: &Written<JsonPath>, body: &Value) -> Option<String> {
    let text = match path.item.evaluate(body).first()? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Names, not values.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("refresh_token", &self.refresh_token.is_some())
            .field("life", &self.life)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
