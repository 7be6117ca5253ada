//! What comes back from the browser (RFC 6749, 4.1.2).

use url::Url;

use super::authorize::Invitation;
use super::client::Client;

/// A code that can be exchanged once, and soon.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: String,
    /// The server at which it is exchanged, if the callback names one.
    pub server: Option<Url>,
}

/// A callback that brings no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// The person, or the service, says no.
    #[error("consent was not given: the service says `{error}`{}", description.as_ref().map(|text| format!(" ({text})")).unwrap_or_default())]
    Denied {
        /// Its word (RFC 6749, 4.1.2.1).
        error: String,
        /// The same in words.
        description: Option<String>,
    },
    /// It answers another sign-in, or somebody made it up.
    #[error("the answer belongs to another sign-in: its `state` is not the one that was sent")]
    WrongState,
    /// Neither code nor error.
    #[error("the answer has neither a `code` nor an `error`")]
    NoCode,
    /// A server that the connection does not know.
    #[error("the answer names the server `{found}`, which is not one of the connection's")]
    Server {
        /// As named.
        found: String,
    },
}

impl CallbackError {
    /// What helps.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Denied { error, .. } if error == "access_denied" => {
                "sign in again and press the button that accepts; some services also say this when they were asked too often"
            }
            Self::Denied { error, .. } if error == "invalid_scope" => {
                "check `scope` and `scope_separator` of the connection"
            }
            Self::Denied { .. } => {
                "look for the word in the service's documentation, and at how the application is registered"
            }
            Self::WrongState => {
                "use the newest address only: an older tab or window may have answered; sign in again"
            }
            Self::NoCode => "sign in again, and copy the whole address that the browser shows at the end",
            Self::Server { .. } => {
                "the secret is not sent there; if the server is the service's own, add it to `callback_server: { allowed: … }`"
            }
        }
    }
}

impl Client<'_> {
    /// Takes the code out of the query of a callback.
    pub fn take_code(&self, query: &str, invitation: &Invitation) -> Result<Code, CallbackError> {
        let parameters: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let get = |name: &str| {
            let found = parameters.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
        };
        let state = get("state");
        if let Some(error) =
            get("error").filter(|_| state.as_ref().is_none_or(|state| *state == invitation.state))
        {
            // Some services say no without the state (Zoho).
            return Err(CallbackError::Denied { error, description: get("error_description") });
        }
        if state.as_deref() != Some(invitation.state.as_str()) && (state.is_some() || get("code").is_some()) {
            return Err(CallbackError::WrongState);
        }
        let code = get("code").ok_or(CallbackError::NoCode)?;
        self.redactor.learn(&code);
        let named = self.plan.callback_server.as_deref().and_then(get);
        Ok(Code { code, server: named.map(|named| self.allowed(named)).transpose()? })
    }

    /// A server is taken from a callback only if the connection knows it: the client's secret goes there. That of
    /// `token_url` has it anyway.
    fn allowed(&self, named: String) -> Result<Url, CallbackError> {
        let found = Url::parse(&named).ok();
        let mut servers = self.allowed_servers.iter().chain([&self.token_url]);
        let known = found.filter(|found| servers.any(|known| known.origin() == found.origin()));
        known.ok_or(CallbackError::Server { found: named })
    }
}

/// The query of an address that a person pasted: all of it, or what stands behind the `?`.
pub fn pasted_query(text: &str) -> Option<&str> {
    let text = text.trim();
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    (query.contains("code=") || query.contains("error=")).then_some(query)
}

/// The code is secret until it is used.
impl std::fmt::Debug for Code {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Code").field("server", &self.server).finish_non_exhaustive()
    }
}
