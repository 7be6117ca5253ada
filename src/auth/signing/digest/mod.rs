//! `kind: digest` (RFC 7616): an answer to the server's challenge.
//!
//! The first request goes out unsigned, its 401 brings the challenge, and every request after that is signed at once
//! with the same challenge, counted, until the server brings another.

mod answer;
mod challenge;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::HeaderMap;

use self::answer::Answer;
use self::challenge::Challenge;
use super::error::SigningError;
use super::moment::Moment;
use super::{authorization, sent};
use crate::http::Request;
use crate::secret::Secret;

/// User name and password, which are not sent, and the challenges of each origin.
#[derive(Debug)]
pub struct Digest {
    username: Secret,
    password: Secret,
    sessions: Mutex<BTreeMap<String, Session>>,
}

/// A challenge, and how often it was answered.
#[derive(Debug, Clone)]
struct Session {
    challenge: Challenge,
    /// The same for all answers to this challenge: of a `-sess` algorithm it is a part of the key (RFC 7616, 3.4.2).
    client_nonce: String,
    count: u32,
}

impl Digest {
    /// Nothing is known of the server yet.
    pub fn new(username: Secret, password: Secret) -> Self {
        Self { username, password, sessions: Mutex::default() }
    }

    /// Answers a 401: the request is to be sent once more, as it is then. None if there is nothing to answer, and the
    /// 401 stands: the server said no word of how, or the author signs by hand.
    ///
    /// An answer to a fresh challenge that is refused is an error, so that this ends. What comes back must be masked, as
    /// with [`super::Signer::sign`].
    pub fn answer_challenge(
        &self,
        headers: &HeaderMap,
        request: &mut Request,
        moment: &Moment,
    ) -> Result<Option<Vec<Secret>>, SigningError> {
        let given = authorization::of(request);
        if given.as_deref().is_some_and(|given| !answer::is_ours(given)) {
            return Ok(None);
        }
        let Some(challenge) = challenge::read(headers)? else { return Ok(None) };
        if given.is_some_and(|given| self.was_fresh(request, &given)) {
            return Err(SigningError::Refused { realm: challenge.realm });
        }
        let session = Session { challenge, client_nonce: moment.nonce(), count: 0 };
        self.sessions().insert(origin(request), session);
        self.sign(request).map(Some)
    }

    /// With the challenge that is known for the origin; unsigned without one.
    pub(super) fn sign(&self, request: &mut Request) -> Result<Vec<Secret>, SigningError> {
        let Some(session) = self.next(&origin(request)) else { return Ok(Vec::new()) };
        let (text, response) = Answer {
            challenge: &session.challenge,
            username: self.username.expose(),
            password: self.password.expose(),
            method: request.method.as_str(),
            target: &sent::target(request),
            body: sent::body(request),
            client_nonce: &session.client_nonce,
            count: session.count,
        }
        .write();
        authorization::put(&text, request)?;
        Ok(vec![Secret::new(response)])
    }

    /// Counts one more answer. A count that has no digits left needs a new challenge.
    fn next(&self, origin: &str) -> Option<Session> {
        let mut sessions = self.sessions();
        let session = sessions.get_mut(origin)?;
        let Some(count) = session.count.checked_add(1) else {
            sessions.remove(origin);
            return None;
        };
        session.count = count;
        Some(session.clone())
    }

    /// Whether a refused answer was the first one to its challenge: then no newer challenge makes it right.
    fn was_fresh(&self, request: &Request, given: &str) -> bool {
        let (nonce, count) = answer::nonce_and_count(given);
        match count {
            Some(count) => count == 1,
            // The old form does not count; what is known of the challenge does.
            None => self.sessions().get(&origin(request)).is_some_and(|session| {
                nonce.as_deref() == Some(session.challenge.nonce.as_str()) && session.count <= 1
            }),
        }
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn origin(request: &Request) -> String {
    request.url.origin().ascii_serialization()
}

#[cfg(test)]
#[path = "../digest_tests.rs"]
mod tests;
