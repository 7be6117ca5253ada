//! The authorization codes that were issued. Each can be exchanged once.
//!
//! Zoho: a code from the consent page is valid for two minutes (the documentation of the CRM says three), one from the
//! console for as long as was chosen there. Ten codes in ten minutes are allowed, then the answer is `access_denied`.

use std::collections::VecDeque;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::scope::Scopes;
use super::{WINDOW, tokens};
use crate::faults::TokenError;
use crate::usage::Share;

const MOST_IN_WINDOW: usize = 10;

/// The codes of the only client.
#[derive(Debug, Default)]
pub(crate) struct IssuedCodes {
    alive: Vec<AuthorizationCode>,
    issued: VecDeque<Timestamp>,
    refused: u64,
}

#[derive(Debug)]
struct AuthorizationCode {
    text: String,
    expires: Timestamp,
    authorization: Authorization,
}

/// What a code stands for.
#[derive(Debug)]
pub(super) struct Authorization {
    pub(super) scopes: Scopes,
    pub(super) origin: CodeOrigin,
    pub(super) refresh_token: RefreshTokenRule,
}

/// Where a code was requested.
#[derive(Debug)]
pub(super) enum CodeOrigin {
    /// On the consent page, with what the exchange must match.
    Consent { redirect_uri: String, challenge: Option<CodeChallenge> },
    /// In the API console.
    SelfClient,
}

/// Whether the exchange also issues a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefreshTokenRule {
    Never,
    /// Zoho: only the first time.
    Once,
    Always,
}

/// What the verifier in the exchange must match (RFC 7636).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CodeChallenge {
    Plain(String),
    S256(String),
}

/// Too many codes were issued in the last ten minutes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooManyCodes;

impl IssuedCodes {
    pub(super) fn issue(
        &mut self,
        authorization: Authorization,
        life: SignedDuration,
        now: Timestamp,
    ) -> Result<String, TooManyCodes> {
        self.forget(now);
        if self.issued.len() >= MOST_IN_WINDOW {
            self.refused += 1;
            return Err(TooManyCodes);
        }
        self.issued.push_back(now);
        let text = tokens::new_text();
        let expires = now.checked_add(life).unwrap_or(Timestamp::MAX);
        self.alive.push(AuthorizationCode { text: text.clone(), expires, authorization });
        Ok(text)
    }

    /// Checks an exchange without using up the code. Guess: a failed exchange does not use up the code either.
    pub(super) fn check(&self, exchange: &CodeExchange<'_>, now: Timestamp) -> Result<(), TokenError> {
        let is_meant = |code: &&AuthorizationCode| code.text == exchange.code && now < code.expires;
        let code = self.alive.iter().find(is_meant).ok_or(TokenError::InvalidCode)?;
        code.authorization.origin.check(exchange)
    }

    /// Uses up a code.
    pub(super) fn take(&mut self, text: &str) -> Option<Authorization> {
        let place = self.alive.iter().position(|code| code.text == text)?;
        Some(self.alive.swap_remove(place).authorization)
    }

    pub(crate) fn usage(&mut self, now: Timestamp) -> (Share, u64) {
        self.forget(now);
        (Share::new(self.issued.len(), MOST_IN_WINDOW), self.refused)
    }

    fn forget(&mut self, now: Timestamp) {
        self.issued.retain(|issued| now.duration_since(*issued) < WINDOW);
        self.alive.retain(|code| now < code.expires);
    }
}

/// The parameters of a code exchange.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodeExchange<'a> {
    pub(super) code: &'a str,
    pub(super) redirect_uri: Option<&'a str>,
    pub(super) verifier: Option<&'a str>,
}

impl CodeOrigin {
    fn check(&self, exchange: &CodeExchange<'_>) -> Result<(), TokenError> {
        // Zoho: a self client has no redirect URI. Guess: one that is sent anyway is ignored.
        let Self::Consent { redirect_uri, challenge } = self else { return Ok(()) };
        if exchange.redirect_uri != Some(redirect_uri) {
            return Err(TokenError::InvalidRedirectUri);
        }
        let fits =
            |challenge: &CodeChallenge| exchange.verifier.is_some_and(|verifier| challenge.fits(verifier));
        // Guess: the error code, which is that of RFC 7636.
        if challenge.as_ref().is_none_or(fits) { Ok(()) } else { Err(TokenError::InvalidGrant) }
    }
}

impl CodeChallenge {
    /// Reads the challenge and its method, by default `plain`. `None` for an unknown method.
    pub(super) fn read(value: &str, method: Option<&str>) -> Option<Self> {
        match method {
            None | Some("plain") => Some(Self::Plain(value.to_owned())),
            Some("S256") => Some(Self::S256(value.to_owned())),
            Some(_) => None,
        }
    }

    fn fits(&self, verifier: &str) -> bool {
        match self {
            Self::Plain(value) => value == verifier,
            Self::S256(value) => *value == BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_fits_its_challenge() {
        // From RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let cases = [
            (challenge, Some("S256"), verifier, true),
            (challenge, Some("S256"), challenge, false),
            (challenge, Some("plain"), challenge, true),
            (challenge, None, challenge, true),
            (challenge, None, verifier, false),
        ];
        for (value, method, verifier, fits) in cases {
            assert_eq!(
                CodeChallenge::read(value, method).unwrap().fits(verifier),
                fits,
                "{method:?} {verifier}"
            );
        }
        assert_eq!(CodeChallenge::read(challenge, Some("s256")), None);
    }
}
