//! The address at which a person consents (RFC 6749, 4.1.1; RFC 7636).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use url::Url;

use super::client::Client;
use super::request::pair;
use crate::spec::auth::Pkce;

/// Chance for one sign-in: nobody else may guess it.
#[derive(Clone, Copy)]
pub struct Chance {
    /// For `state`.
    pub state: [u8; 32],
    /// For the proof that the code comes back to who asked for it.
    pub verifier: [u8; 32],
}

/// An invitation to consent, and what is needed to take the answer.
pub struct Invitation {
    /// Where the person goes.
    pub url: Url,
    /// Where the person is sent back to.
    pub redirect: Url,
    /// What comes back unchanged.
    pub state: String,
    /// What proves that the code is ours; none: the connection wants no proof.
    pub verifier: Option<String>,
}

impl Chance {
    /// From the system. Err: it has none.
    pub fn of_system() -> Result<Self, std::io::Error> {
        let mut chance = Self { state: [0; 32], verifier: [0; 32] };
        for bytes in [&mut chance.state, &mut chance.verifier] {
            getrandom::fill(bytes).map_err(std::io::Error::other)?;
        }
        Ok(chance)
    }
}

impl Client<'_> {
    /// Invites a person. None: the connection has no `authorize_url`.
    pub fn invitation(&self, redirect: Url, chance: Chance) -> Option<Invitation> {
        let mut url = self.authorize_url.clone()?;
        let state = URL_SAFE_NO_PAD.encode(chance.state);
        let verifier = self.plan.pkce.is_sent().then(|| URL_SAFE_NO_PAD.encode(chance.verifier));
        let mut parameters = vec![
            pair("response_type", "code"),
            pair("client_id", &self.values.text("client_id").unwrap_or_default()),
            pair("redirect_uri", redirect.as_str()),
        ];
        parameters.extend(self.scope_parameter());
        parameters.push(pair("state", &state));
        if let Some(verifier) = &verifier {
            let (challenge, method) = match self.plan.pkce {
                Pkce::Plain => (verifier.clone(), "plain"),
                Pkce::S256 | Pkce::None => (URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)), "S256"),
            };
            parameters.push(pair("code_challenge", &challenge));
            parameters.push(pair("code_challenge_method", method));
        }
        parameters.extend(self.values.group("extra.authorize"));
        let named = parameters.iter().map(|(name, value)| (self.name(name), value));
        url.query_pairs_mut().extend_pairs(named);
        Some(Invitation { url, redirect, state, verifier })
    }
}

/// What is to be guessed is not shown.
impl std::fmt::Debug for Invitation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Invitation").field("redirect", &self.redirect).finish_non_exhaustive()
    }
}

/// What is to be guessed is not shown.
impl std::fmt::Debug for Chance {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Chance").finish_non_exhaustive()
    }
}
