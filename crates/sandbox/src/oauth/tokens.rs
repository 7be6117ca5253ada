//! The refresh and access tokens that are out.
//!
//! Zoho: at most ten access tokens in ten minutes for a refresh token, at most fifteen alive, the sixteenth ends the
//! oldest (token-validity page of the v8 documentation); twenty refresh tokens for a user, the next drops the oldest.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::REFRESH_TOKEN;
use super::super::usage::{RefreshTokenUsage, Share};
use super::WINDOW;
use super::codes::{Authorization, Origin, RefreshTokenRule};
use super::scope::Scopes;

const DOCUMENTED_IN_WINDOW: usize = 10;
const MOST_ALIVE: usize = 15;
const MOST_REFRESH_TOKENS: usize = 20;

/// The tokens of the one user there is.
#[derive(Debug)]
pub(crate) struct Tokens {
    life: SignedDuration,
    most_in_window: usize,
    /// The oldest first.
    grants: Vec<Grant>,
    given: u64,
    refused: u64,
    over_documented: u64,
}

/// What one authorization has led to.
#[derive(Debug)]
struct Grant {
    /// None: its access token cannot be refreshed.
    refresh_token: Option<String>,
    /// Whether the user consented to it on the consent page.
    consented: bool,
    scopes: Scopes,
    alive: VecDeque<AccessToken>,
    /// When the tokens of the last ten minutes were given.
    given: VecDeque<Timestamp>,
    refused: u64,
}

#[derive(Debug)]
struct AccessToken {
    text: String,
    expires: Timestamp,
}

/// What the token endpoint gives.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) scope: String,
    pub(super) life: SignedDuration,
}

/// No token now: too many were given in the last ten minutes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Throttled;

/// How the tokens stand, for who counts.
#[derive(Debug)]
pub(crate) struct TokensUsage {
    pub(crate) refresh_tokens: Vec<RefreshTokenUsage>,
    pub(crate) given: u64,
    pub(crate) refused: u64,
    pub(crate) over_documented: u64,
}

impl Tokens {
    pub(crate) fn new(life: Duration, per_ten_minutes: u32) -> Self {
        let built_in = Grant::new(Some(REFRESH_TOKEN.to_owned()), false, Scopes::built_in());
        Self {
            life: SignedDuration::try_from(life).unwrap_or(SignedDuration::MAX),
            most_in_window: per_ten_minutes as usize,
            grants: vec![built_in],
            given: 0,
            refused: 0,
            over_documented: 0,
        }
    }

    /// The tokens for a code.
    pub(super) fn authorize(&mut self, authorization: Authorization, now: Timestamp) -> Given {
        self.forget(now);
        let consented = matches!(authorization.origin, Origin::Consent { .. });
        let gives_refresh_token = match authorization.refresh_token {
            RefreshTokenRule::Never => false,
            RefreshTokenRule::Always => true,
            // That it is the first time again once the token of the first time is gone is a guess.
            RefreshTokenRule::Once => {
                !self.grants.iter().any(|grant| grant.consented && grant.refresh_token.is_some())
            }
        };
        if gives_refresh_token {
            self.make_room_for_a_refresh_token();
        }
        let refresh_token = gives_refresh_token.then(new_text);
        let mut grant = Grant::new(refresh_token.clone(), consented, authorization.scopes);
        let given = Given {
            access_token: grant.give(self.life, now),
            refresh_token,
            scope: grant.scopes.told(),
            life: self.life,
        };
        self.grants.push(grant);
        self.given += 1;
        given
    }

    /// A new access token, unless there were too many of late. None for an unknown refresh token.
    pub(super) fn refresh(
        &mut self,
        refresh_token: &str,
        now: Timestamp,
    ) -> Option<Result<Given, Throttled>> {
        self.forget(now);
        let grant = self.grants.iter_mut().find(|grant| grant.is_refreshed_by(refresh_token))?;
        if grant.given.len() >= DOCUMENTED_IN_WINDOW {
            self.over_documented += 1;
        }
        if grant.given.len() >= self.most_in_window {
            grant.refused += 1;
            self.refused += 1;
            return Some(Err(Throttled));
        }
        self.given += 1;
        Some(Ok(Given {
            access_token: grant.give(self.life, now),
            refresh_token: None,
            scope: grant.scopes.told(),
            life: self.life,
        }))
    }

    pub(super) fn is_refresh_token(&self, text: &str) -> bool {
        self.grants.iter().any(|grant| grant.is_refreshed_by(text))
    }

    pub(crate) fn is_alive(&self, text: &str, now: Timestamp) -> bool {
        let mut alive = self.grants.iter().flat_map(|grant| &grant.alive);
        alive.any(|token| token.text == text && now < token.expires)
    }

    /// What an access token may be used for.
    pub(crate) fn scopes_of(&self, text: &str) -> Option<&Scopes> {
        let grant = self.grants.iter().find(|grant| grant.alive.iter().any(|token| token.text == text))?;
        Some(&grant.scopes)
    }

    /// Ends an access token before its time; whether there was one.
    pub(crate) fn end(&mut self, text: &str) -> bool {
        let before = self.access_tokens();
        for grant in &mut self.grants {
            grant.alive.retain(|token| token.text != text);
        }
        self.access_tokens() < before
    }

    /// Ends a refresh token and its access tokens, or an access token; whether there was one.
    pub(super) fn revoke(&mut self, text: &str) -> bool {
        let before = self.grants.len();
        self.grants.retain(|grant| !grant.is_refreshed_by(text));
        self.grants.len() < before || self.end(text)
    }

    pub(crate) fn usage(&mut self, now: Timestamp) -> TokensUsage {
        self.forget(now);
        let most = self.most_in_window;
        let lasting = self.grants.iter().filter(|grant| grant.refresh_token.is_some());
        TokensUsage {
            refresh_tokens: lasting.map(|grant| grant.usage(most)).collect(),
            given: self.given,
            refused: self.refused,
            over_documented: self.over_documented,
        }
    }

    fn access_tokens(&self) -> usize {
        self.grants.iter().map(|grant| grant.alive.len()).sum()
    }

    /// Zoho does not say what becomes of the access tokens of a refresh token that is dropped; that they die with it
    /// is a guess.
    fn make_room_for_a_refresh_token(&mut self) {
        let lasting = |grant: &Grant| grant.refresh_token.is_some();
        if self.grants.iter().filter(|grant| lasting(grant)).count() >= MOST_REFRESH_TOKENS
            && let Some(oldest) = self.grants.iter().position(lasting)
        {
            self.grants.remove(oldest);
        }
    }

    fn forget(&mut self, now: Timestamp) {
        for grant in &mut self.grants {
            grant.given.retain(|given| now.duration_since(*given) < WINDOW);
            grant.alive.retain(|token| now < token.expires);
        }
        self.grants.retain(|grant| grant.refresh_token.is_some() || !grant.alive.is_empty());
    }
}

impl Grant {
    fn new(refresh_token: Option<String>, consented: bool, scopes: Scopes) -> Self {
        let (alive, given) = (VecDeque::new(), VecDeque::new());
        Self { refresh_token, consented, scopes, alive, given, refused: 0 }
    }

    /// That the token which comes with a code counts like one of a refresh is a guess.
    fn give(&mut self, life: SignedDuration, now: Timestamp) -> String {
        self.given.push_back(now);
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
            tokens_in_ten_minutes: Share::new(self.given.len(), most_in_window),
            live_tokens: Share::new(self.alive.len(), MOST_ALIVE),
            refused: self.refused,
        }
    }
}

/// A text in the shape of Zoho's tokens and codes. It does not depend on the seed: a token of another run must not
/// work in this one.
pub(super) fn new_text() -> String {
    format!("1000.{:032x}.{:032x}", fastrand::u128(..), fastrand::u128(..))
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
