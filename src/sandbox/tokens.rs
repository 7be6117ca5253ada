//! The access tokens that are out.
//!
//! Zoho: at most ten of them in ten minutes for a refresh token, at most fifteen alive; the sixteenth ends the
//! oldest (token-validity page of the v8 documentation).

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

const THROTTLE_WINDOW: SignedDuration = SignedDuration::from_mins(10);
const MOST_ALIVE: usize = 15;

/// The access tokens of the one refresh token there is.
#[derive(Debug)]
pub(super) struct AccessTokens {
    life: SignedDuration,
    per_ten_minutes: u32,
    alive: VecDeque<AccessToken>,
    /// When the tokens of the last ten minutes were given.
    given: VecDeque<Timestamp>,
    random: fastrand::Rng,
}

#[derive(Debug)]
struct AccessToken {
    text: String,
    expires: Timestamp,
}

/// No token now: too many were given in the last ten minutes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Throttled;

impl AccessTokens {
    pub(super) fn new(life: Duration, per_ten_minutes: u32) -> Self {
        let life = SignedDuration::try_from(life).unwrap_or(SignedDuration::MAX);
        // The tokens are not the data: a token of another run must not work in this one.
        let random = fastrand::Rng::new();
        Self { life, per_ten_minutes, alive: VecDeque::new(), given: VecDeque::new(), random }
    }

    pub(super) fn life(&self) -> SignedDuration {
        self.life
    }

    /// A new token, unless there were too many of late.
    pub(super) fn issue(&mut self, now: Timestamp) -> Result<String, Throttled> {
        self.given.retain(|given| now.duration_since(*given) < THROTTLE_WINDOW);
        if self.given.len() >= self.per_ten_minutes as usize {
            return Err(Throttled);
        }
        self.given.push_back(now);
        if self.alive.len() == MOST_ALIVE {
            self.alive.pop_front();
        }
        let text = format!("1000.{:032x}.{:032x}", self.random.u128(..), self.random.u128(..));
        let expires = now.checked_add(self.life).unwrap_or(Timestamp::MAX);
        self.alive.push_back(AccessToken { text: text.clone(), expires });
        Ok(text)
    }

    pub(super) fn is_alive(&self, text: &str, now: Timestamp) -> bool {
        self.alive.iter().any(|token| token.text == text && now < token.expires)
    }

    /// Ends a token before its time.
    pub(super) fn end(&mut self, text: &str) {
        self.alive.retain(|token| token.text != text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::constant(1_700_000_000, 0);

    fn after(seconds: i64) -> Timestamp {
        START + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_token_dies_at_the_end_of_its_life() {
        let mut tokens = AccessTokens::new(Duration::from_secs(3600), 10);
        let token = tokens.issue(START).unwrap();
        assert!(tokens.is_alive(&token, after(3599)));
        assert!(!tokens.is_alive(&token, after(3600)));
        assert!(!tokens.is_alive("1000.0.0", START));
    }

    #[test]
    fn an_ended_token_is_dead_and_others_live() {
        let mut tokens = AccessTokens::new(Duration::from_secs(3600), 10);
        let (first, second) = (tokens.issue(START).unwrap(), tokens.issue(START).unwrap());
        tokens.end(&first);
        assert!(!tokens.is_alive(&first, START));
        assert!(tokens.is_alive(&second, START));
    }

    #[test]
    fn the_eleventh_in_ten_minutes_is_throttled() {
        let mut tokens = AccessTokens::new(Duration::from_secs(3600), 10);
        for second in 0..10 {
            assert!(tokens.issue(after(second)).is_ok());
        }
        assert_eq!(tokens.issue(after(599)), Err(Throttled));
        assert!(tokens.issue(after(600)).is_ok(), "the first of the ten is ten minutes old");
        assert_eq!(tokens.issue(after(600)), Err(Throttled));
    }

    #[test]
    fn the_sixteenth_ends_the_oldest() {
        let mut tokens = AccessTokens::new(Duration::from_secs(3600), 100);
        let given: Vec<_> = (0..16).map(|_| tokens.issue(START).unwrap()).collect();
        let alive: Vec<_> = given.iter().map(|token| tokens.is_alive(token, START)).collect();
        assert_eq!(alive.iter().filter(|alive| **alive).count(), 15);
        assert!(!alive[0]);
    }
}
