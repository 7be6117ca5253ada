//! What is kept of a sign-in.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use url::Url;

use super::answer::Tokens;
use super::client::Client;
use crate::auth::store::{Entry, Fresh};
use crate::plan::connection::looks_secret;
use crate::secret::Redactor;

/// A clock that was further ahead than this when something was stored was wrong.
const FUTURE: Duration = Duration::from_secs(60);

/// A sign-in, as it lies in the store.
#[derive(Clone, PartialEq)]
pub struct SignIn {
    /// What requests are sent with.
    pub access_token: String,
    /// What the next access token is got with.
    pub refresh_token: Option<String>,
    /// When the access token came.
    pub received: SystemTime,
    /// When it ends; none: when it is refused.
    pub expires: Option<SystemTime>,
    /// What it is for, as the server said or as was asked.
    pub scope: Option<String>,
    /// What the connection keeps of the answers.
    pub kept: Map<String, Value>,
    /// The server for tokens that the callback named.
    pub server: Option<Url>,
    /// When the person signed in; none: nobody had to.
    pub signed_in: Option<SystemTime>,
    /// Whether a refresh token was ever replaced by a new one.
    pub rotated: bool,
    /// The token endpoint that the connection named.
    pub(super) token_url: Option<String>,
    /// The hash of the connection's own refresh token that was used last: it may be used up.
    pub(super) own_used: Option<String>,
    /// Where in the answer each of them was, as `keep` said.
    pub(super) keeps: Map<String, Value>,
    /// The word with which the server refused the refresh token last; none: it has not, or gave a new one since.
    pub refused: Option<String>,
}

impl SignIn {
    /// The first tokens of a client.
    pub fn first(client: &Client<'_>, tokens: Tokens, received: SystemTime) -> Self {
        let asked = (!client.scope.is_empty()).then(|| client.scope.join(&client.plan.scope_separator));
        Self {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            received,
            expires: tokens.life.and_then(|life| received.checked_add(life)),
            scope: tokens.scope.or(asked),
            kept: tokens.kept,
            server: None,
            signed_in: None,
            rotated: false,
            token_url: Some(client.token_url.to_string()),
            own_used: None,
            keeps: client.keeps(),
            refused: None,
        }
    }

    /// The next tokens after these: what the answer does not bring stays (RFC 6749, 6).
    pub(super) fn renewed(&self, used: &str, tokens: Tokens, received: SystemTime) -> Self {
        let rotated = tokens.refresh_token.as_deref().is_some_and(|new| new != used);
        Self {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token.or_else(|| Some(used.to_owned())),
            received,
            expires: tokens.life.and_then(|life| received.checked_add(life)),
            scope: tokens.scope.or_else(|| self.scope.clone()),
            kept: tokens.kept,
            server: self.server.clone(),
            signed_in: self.signed_in,
            rotated: self.rotated || rotated,
            token_url: self.token_url.clone(),
            own_used: self.own_used.clone(),
            keeps: self.keeps.clone(),
            refused: None,
        }
    }

    /// Whether it is what the connection means: another server, or another refresh token where nobody signed in, is
    /// another sign-in.
    pub fn is_of(&self, client: &Client<'_>) -> bool {
        let elsewhere = self.token_url.as_deref().is_some_and(|url| url != client.token_url.as_str());
        let own = client.own_refresh_token();
        let replaced = self.own_used.is_some() && own.is_some_and(|own| !self.began_with(&own));
        !elsewhere && !replaced
    }

    /// The first answer to a refresh token that the connection brought.
    pub(super) fn keeping(self, used: &str) -> Self {
        let rotated = self.refresh_token.as_deref().is_some_and(|new| new != used);
        Self { refresh_token: self.refresh_token.or_else(|| Some(used.to_owned())), rotated, ..self }
    }

    /// The same, got with the connection's own refresh token.
    pub(super) fn beginning_with(self, own: &str) -> Self {
        Self { own_used: Some(hash(own)), ..self }
    }

    /// Whether the connection's own refresh token was used for it.
    pub(super) fn began_with(&self, own: &str) -> bool {
        self.own_used.as_ref().is_some_and(|used| *used == hash(own))
    }

    /// Whether what is kept of the answers is what the connection wants now.
    pub(super) fn has_what_is_kept(&self, client: &Client<'_>) -> bool {
        client.keeps().iter().all(|(name, path)| {
            self.kept.contains_key(name) && self.keeps.get(name).is_none_or(|known| known == path)
        })
    }

    /// What is kept from where the connection looks for it now: an answer that does not bring it again leaves it.
    pub(super) fn kept_as_now(&self, client: &Client<'_>) -> Map<String, Value> {
        let now = client.keeps();
        let kept = self.kept.iter().filter(|(name, _)| {
            self.keeps.get(*name).is_none_or(|known| now.get(*name).is_none_or(|path| path == known))
        });
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// What other connections keep of the same sign-in stays.
    pub(super) fn keeping_also(self, former: Option<&Self>) -> Self {
        let Some(former) = former else { return self };
        let (mut kept, mut keeps) = (former.kept.clone(), former.keeps.clone());
        kept.extend(self.kept);
        keeps.extend(self.keeps);
        Self { kept, keeps, ..self }
    }

    /// Tells the redactor what is secret in it.
    pub fn be_learned(&self, redactor: &Redactor) {
        redactor.learn(&self.access_token);
        if let Some(token) = &self.refresh_token {
            redactor.learn(token);
        }
        let kept = self.kept.iter().filter(|(name, _)| looks_secret(name));
        for value in kept.filter_map(|(_, value)| value.as_str()) {
            redactor.learn(value);
        }
    }

    /// Whether the access token is good for requests: its end is further away than `margin`, or than half of its life.
    pub fn is_good(&self, now: SystemTime, margin: Duration) -> bool {
        if self.access_token.is_empty() || self.received.duration_since(now).is_ok_and(|ahead| ahead > FUTURE)
        {
            return false;
        }
        let Some(expires) = self.expires else { return true };
        let life = expires.duration_since(self.received).unwrap_or_default();
        let margin = margin.min(life / 2);
        expires.checked_sub(margin).is_some_and(|end| end > now)
    }

    /// Reads an entry of the store. None: it is something else.
    pub fn of(entry: &Entry) -> Option<Self> {
        let values = &entry.fresh.values;
        let text = |name: &str| values.get(name).and_then(Value::as_str).map(str::to_owned);
        let time = |name: &str| values.get(name).and_then(Value::as_u64).map(from_milliseconds);
        Some(Self {
            access_token: text("access_token")?,
            refresh_token: text("refresh_token"),
            received: entry.fresh.received,
            expires: time("access_token_expires"),
            scope: text("scope"),
            kept: values.get("kept").and_then(Value::as_object).cloned().unwrap_or_default(),
            server: text("server").and_then(|server| Url::parse(&server).ok()),
            signed_in: time("signed_in"),
            rotated: values.get("rotated").and_then(Value::as_bool).unwrap_or(false),
            token_url: text("token_url"),
            own_used: text("own_used"),
            keeps: values.get("keeps").and_then(Value::as_object).cloned().unwrap_or_default(),
            refused: text("refused"),
        })
    }

    /// As it is stored. The entry has no end of its own: a refresh token may be good for years.
    pub fn to_fresh(&self) -> Fresh {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        let time =
            |time: Option<SystemTime>| time.map_or(Value::Null, |time| Value::from(milliseconds(time)));
        let values = [
            ("access_token", Value::from(self.access_token.as_str())),
            ("refresh_token", text(&self.refresh_token)),
            ("access_token_expires", time(self.expires)),
            ("scope", text(&self.scope)),
            ("kept", Value::Object(self.kept.clone())),
            ("server", self.server.as_ref().map_or(Value::Null, |server| Value::from(server.as_str()))),
            ("signed_in", time(self.signed_in)),
            ("rotated", Value::from(self.rotated)),
            ("token_url", text(&self.token_url)),
            ("own_used", text(&self.own_used)),
            ("keeps", Value::Object(self.keeps.clone())),
            ("refused", text(&self.refused)),
        ];
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Fresh { received: self.received, expires: None, values }
    }
}

/// Names, not values.
impl std::fmt::Debug for SignIn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SignIn")
            .field("refresh_token", &self.refresh_token.is_some())
            .field("expires", &self.expires)
            .field("scope", &self.scope)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// It is compared only; the token itself may be of no more use.
fn hash(token: &str) -> String {
    STANDARD.encode(Sha256::digest(token))
}

fn milliseconds(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// Times that no clock reaches become one that every system can name.
fn from_milliseconds(milliseconds: u64) -> SystemTime {
    let farthest = Duration::from_secs(i64::MAX.unsigned_abs() / 1_000_000);
    UNIX_EPOCH + Duration::from_millis(milliseconds).min(farthest)
}

#[cfg(test)]
#[path = "sign_in_tests.rs"]
mod tests;
