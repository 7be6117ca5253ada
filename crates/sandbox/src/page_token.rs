//! Page tokens: opaque to the client. They contain everything needed to continue, so that the sandbox keeps no state.
//!
//! Guess: a token names the last record that was served rather than a position, so that records which are added or
//! removed in the meantime do not cause others to be repeated or skipped (`page-token=offset` is the alternative).
//!
//! Zoho: a token is bound to the parameters of the request that it came from, and is valid for 24 hours.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use super::records::{Number, SortKey};

/// How long a token is valid.
const LIFE: SignedDuration = SignedDuration::from_hours(24);
const WORDS: usize = 5;
/// Stands for a missing number.
const NO_NUMBER: u64 = u64::MAX;

/// The content of a page token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageToken {
    /// How many records come before the page.
    pub(super) served: u32,
    /// The sort key of the last record before the page; without it, the page starts after `served` records.
    pub(super) after: Option<SortKey>,
    /// A hash of the parameters that the token is bound to.
    pub(super) bound: u64,
    /// When the token expires, in seconds since 1970.
    pub(super) expires: u32,
}

impl PageToken {
    /// When a token expires that is issued now.
    pub(super) fn expiry(now: Timestamp) -> u32 {
        u32::try_from(now.as_second().saturating_add(LIFE.as_secs())).unwrap_or(u32::MAX)
    }

    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        now.as_second() >= i64::from(self.expires)
    }

    /// The token as text. Without the key, nobody can make a valid one.
    pub(super) fn seal(&self, key: u64) -> String {
        let words = self.words();
        let checksum = hash_of(&(key, words));
        let mut sealed = [checksum; WORDS];
        for ((sealed, word), place) in sealed[1..].iter_mut().zip(words).zip(0_u64..) {
            *sealed = word ^ hash_of(&(key, checksum, place));
        }
        URL_SAFE_NO_PAD.encode(sealed.map(u64::to_be_bytes).as_flattened())
    }

    /// Reads a token that was sealed with the same key.
    pub(super) fn open(text: &str, key: u64) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (words, []) = bytes.as_chunks() else { return None };
        let words: &[[u8; 8]; WORDS] = words.try_into().ok()?;
        let [checksum, mut words @ ..] = words.map(u64::from_be_bytes);
        for (word, place) in words.iter_mut().zip(0_u64..) {
            *word ^= hash_of(&(key, checksum, place));
        }
        (checksum == hash_of(&(key, words))).then(|| Self::from_words(words))
    }

    fn words(&self) -> [u64; WORDS - 1] {
        let (modified, number) =
            self.after.map_or((0, NO_NUMBER), |key| (key.modified.cast_unsigned(), key.number.word()));
        [u64::from(self.served) << 32 | u64::from(self.expires), modified, number, self.bound]
    }

    fn from_words([served_and_expires, modified, number, bound]: [u64; WORDS - 1]) -> Self {
        let [served, expires] = [served_and_expires >> 32, served_and_expires & u64::from(u32::MAX)]
            .map(|half| u32::try_from(half).unwrap_or(u32::MAX));
        let modified = modified.cast_signed();
        let after = (number != NO_NUMBER).then(|| SortKey { modified, number: Number::from_word(number) });
        Self { served, after, bound, expires }
    }
}

/// A hash that is the same in every run of the same binary.
pub(super) fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sealed_token_opens(
            served: u32, after: Option<(i64, u32)>, bound: u64, expires: u32, key: u64
        ) {
            let after = after.map(|(modified, word)| SortKey { modified, number: Number::from_word(word.into()) });
            let token = PageToken { served, after, bound, expires };
            let text = token.seal(key);
            prop_assert_eq!(PageToken::open(&text, key), Some(token));
            prop_assert_eq!(PageToken::open(&text, !key), None);
        }

        #[test]
        fn a_changed_token_does_not_open(place in 0..54_usize, letter in "[0-9A-Za-z_-]") {
            let text = PageToken { served: 200, after: None, bound: 7, expires: 9 }.seal(1);
            let mut changed = text.clone();
            changed.replace_range(place..=place, &letter);
            prop_assert_eq!(PageToken::open(&changed, 1).is_some(), changed == text);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,90}") {
            prop_assert_eq!(PageToken::open(&text, 1), None);
        }
    }

    #[test]
    fn a_token_lives_a_day() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let token = PageToken { served: 0, after: None, bound: 0, expires: PageToken::expiry(now) };
        assert!(!token.is_expired(now + SignedDuration::from_secs(86_399)));
        assert!(token.is_expired(now + SignedDuration::from_secs(86_400)));
    }
}
