//! The refresh and access tokens that were issued.
//!
//! Zoho: a refresh token gives at most ten access tokens in ten minutes, and at most fifteen are valid at a time: the
//! sixteenth invalidates the oldest (page on token validity in the v8 documentation). A user has at most twenty refresh
//! tokens: the next one replaces the oldest.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::WINDOW;
use super::codes::{Authorization, CodeOrigin, RefreshTokenRule};
use super::scope::Scopes;
use crate::REFRESH_TOKEN;
use crate::usage::{RefreshTokenUsage, Share};

const DOCUMENTED_IN_WINDOW: usize = 10;
const MOST_ALIVE: usize = 15;
const MOST_REFRESH_TOKENS: usize = 20;

/// The tokens of the only user.
#[derive(Debug)]
pub(crate) struct IssuedTokens {
    life: SignedDuration,
    most_in_window: usize,
    /// Oldest first.
    families: Vec<TokenFamily>,
    issued: u64,
    refused: u64,
    over_documented: u64,
}

/// The tokens of one authorization.
#[derive(Debug)]
struct TokenFamily {
    /// Without one, the access token cannot be refreshed.
    refresh_token: Option<String>,
    /// Whether the user agreed on the consent page.
    consented: bool,
    scopes: Scopes,
    alive: VecDeque<AccessToken>,
    /// When the access tokens of the last ten minutes were issued.
    issued: VecDeque<Timestamp>,
    refused: u64,
}

#[derive(Debug)]
struct AccessToken {
    text: String,
    expires: Timestamp,
}

/// What the token endpoint answers.
#[derive(Debug)]
pub(super) struct TokenResponse {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) scope: String,
    pub(super) life: SignedDuration,
}

/// Too many access tokens were issued in the last ten minutes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Throttled;

/// The part of [`Usage`](crate::Usage) that is about tokens.
#[derive(Debug)]
pub(crate) struct TokensUsage {
    pub(crate) refresh_tokens: Vec<RefreshTokenUsage>,
    pub(crate) issued: u64,
    pub(crate) refused: u64,
    pub(crate) over_documented: u64,
}

impl IssuedTokens {
    pub(crate) fn new(life: Duration, per_ten_minutes: u32) -> Self {
        let built_in = TokenFamily::new(Some(REFRESH_TOKEN.to_owned()), false, Scopes::built_in());
        Self {
            life: SignedDuration::try_from(life).unwrap_or(SignedDuration::MAX),
            most_in_window: per_ten_minutes as usize,
            families: vec![built_in],
            issued: 0,
            refused: 0,
            over_documented: 0,
        }
    }

    /// The tokens for a code.
    pub(super) fn authorize(&mut self, authorization: Authorization, now: Timestamp) -> TokenResponse {
        self.forget(now);
        let consented = matches!(authorization.origin, CodeOrigin::Consent { .. });
        let issues_refresh_token = match authorization.refresh_token {
            RefreshTokenRule::Never => false,
            RefreshTokenRule::Always => true,
            // Guess: once the first refresh token is gone, the next time is the first again.
            RefreshTokenRule::Once => {
                !self.families.iter().any(|family| family.consented && family.refresh_token.is_some())
            }
        };
        if issues_refresh_token {
            self.make_room_for_a_refresh_token();
        }
        let refresh_token = issues_refresh_token.then(new_text);
        let mut family = TokenFamily::new(refresh_token.clone(), consented, authorization.scopes);
        let response = TokenResponse {
            access_token: family.issue(self.life, now),
            refresh_token,
            scope: family.scopes.to_text(),
            life: self.life,
        };
        self.families.push(family);
        self.issued += 1;
        response
    }

    /// A new access token, unless there were too many recently. `None` for an unknown refresh token.
    pub(super) fn refresh(
        &mut self,
        refresh_token: &str,
        now: Timestamp,
    ) -> Option<Result<TokenResponse, Throttled>> {
        self.forget(now);
        let family = self.families.iter_mut().find(|family| family.is_refreshed_by(refresh_token))?;
        if family.issued.len() >= DOCUMENTED_IN_WINDOW {
            self.over_documented += 1;
        }
        if family.issued.len() >= self.most_in_window {
            family.refused += 1;
            self.refused += 1;
            return Some(Err(Throttled));
        }
        self.issued += 1;
        Some(Ok(TokenResponse {
            access_token: family.issue(self.life, now),
            refresh_token: None,
            scope: family.scopes.to_text(),
            life: self.life,
        }))
    }

    pub(super) fn is_refresh_token(&self, text: &str) -> bool {
        self.families.iter().any(|family| family.is_refreshed_by(text))
    }

    pub(crate) fn is_alive(&self, text: &str, now: Timestamp) -> bool {
        let mut alive = self.families.iter().flat_map(|family| &family.alive);
        alive.any(|token| token.text == text && now < token.expires)
    }

    /// The scopes of an access token.
    pub(crate) fn scopes_of(&self, text: &str) -> Option<&Scopes> {
        let family =
            self.families.iter().find(|family| family.alive.iter().any(|token| token.text == text))?;
        Some(&family.scopes)
    }

    /// Invalidates an access token. Returns whether it existed.
    pub(crate) fn end(&mut self, text: &str) -> bool {
        let before = self.access_tokens();
        for family in &mut self.families {
            family.alive.retain(|token| token.text != text);
        }
        self.access_tokens() < before
    }

    /// Revokes a refresh token with its access tokens, or an access token. Returns whether it existed.
    pub(super) fn revoke(&mut self, text: &str) -> bool {
        let before = self.families.len();
        self.families.retain(|family| !family.is_refreshed_by(text));
        self.families.len() < before || self.end(text)
    }

    pub(crate) fn usage(&mut self, now: Timestamp) -> TokensUsage {
        self.forget(now);
        let most = self.most_in_window;
        let lasting = self.families.iter().filter(|family| family.refresh_token.is_some());
        TokensUsage {
            refresh_tokens: lasting.map(|family| family.usage(most)).collect(),
            issued: self.issued,
            refused: self.refused,
            over_documented: self.over_documented,
        }
    }

    fn access_tokens(&self) -> usize {
        self.families.iter().map(|family| family.alive.len()).sum()
    }

    /// Guess: the access tokens of a refresh token that is dropped become invalid too.
    fn make_room_for_a_refresh_token(&mut self) {
        let lasting = |family: &TokenFamily| family.refresh_token.is_some();
        if self.families.iter().filter(|family| lasting(family)).count() >= MOST_REFRESH_TOKENS
            && let Some(oldest) = self.families.iter().position(lasting)
        {
            self.families.remove(oldest);
        }
    }

    fn forget(&mut self, now: Timestamp) {
        for family in &mut self.families {
            family.issued.retain(|issued| now.duration_since(*issued) < WINDOW);
            family.alive.retain(|token| now < token.expires);
        }
        self.families.retain(|family| family.refresh_token.is_some() || !family.alive.is_empty());
    }
}

impl TokenFamily {
    fn new(refresh_token: Option<String>, consented: bool, scopes: Scopes) -> Self {
        let (alive, issued) = (VecDeque::new(), VecDeque::new());
        Self { refresh_token, consented, scopes, alive, issued, refused: 0 }
    }

    /// Guess: the access token from a code exchange counts like one from a refresh.
    fn issue(&mut self, life: SignedDuration, now: Timestamp) -> String {
        self.issued.push_back(now);
        if self.alive.len() == MOST_ALIVE {
            self.alive.pop_front();
        }
        let text = new_text();
        let expires = now.checked_add(life).unwrap_or(Timestamp::MAX);
        self.alive.push_back(AccessToken { text: text.clone(), expires });
        text
    }

    fn is_refreshed_by(&self, text: &str) -> bool {
        self.refresh_token.as_deref() == Some(text)
    }

    fn usage(&self, most_in_window: usize) -> RefreshTokenUsage {
        RefreshTokenUsage {
            built_in: self.is_refreshed_by(REFRESH_TOKEN),
            tokens_in_ten_minutes: Share::new(self.issued.len(), most_in_window),
            live_tokens: Share::new(self.alive.len(), MOST_ALIVE),
            refused: self.refused,
        }
    }
}

/// A random text in the format of Zoho's tokens and codes. It does not depend on the seed, so that a token from another
/// run does not work in this one.
pub(super) fn new_text() -> String {
    format!("1000.{:032x}.{:032x}", fastrand::u128(..), fastrand::u128(..))
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
