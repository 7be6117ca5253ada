//! The one way to a token: from the store, else by asking under the lock of its entry.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::answer::Refused;
use super::asking::{Asking, Found};
use super::assertion::AssertionError;
use super::client::Client;
use super::outside::{Notice, Outside, Unanswered};
use super::sign_in::SignIn;
use crate::auth::store::{EntryId, Locked, StoreError, TokenStore};
use crate::http::{Response, SendError};

/// How long another process may hold the lock: it may hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// A sign-in that is good now.
#[derive(Debug, Clone)]
pub struct Held {
    /// What it is.
    pub sign_in: SignIn,
    /// Which one of the store's; none: it is not there.
    pub generation: Option<u64>,
}

/// What is known before a token is asked for.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// The generation that a service did not accept.
    pub refused: Option<u64>,
    /// What was used last, where there is no store to keep it.
    pub held: Option<SignIn>,
}

/// Why there is no token.
#[derive(Debug)]
pub enum Unsigned<S> {
    /// A person has to sign in first.
    NotSignedIn,
    /// There is no refresh token, and the access token is over.
    NoRefreshToken,
    /// A sign-in brought a token that ends, and no refresh token.
    Unrenewable,
    /// The server refuses, and says why.
    Refused {
        /// Why.
        refused: Refused,
        /// What it said.
        response: Box<Response>,
        /// Whether a refresh token was sent that a sign-in or an earlier refresh gave, and a new one was expected.
        rotating: bool,
    },
    /// No answer came.
    NoAnswer {
        /// Why not.
        error: SendError,
        /// After how many retries.
        retries: u32,
        /// Whether the answer may have been the only copy of a refresh token.
        rotating: bool,
    },
    /// The store cannot keep what would come, so that nothing was asked.
    Unstorable(StoreError),
    /// Somebody may have signed in, but what is kept of it cannot be read or locked.
    Unreadable(StoreError),
    /// What came cannot be kept: a new refresh token is lost.
    Lost(StoreError),
    /// A device's code is over, and nobody has typed it.
    NobodyConsented {
        /// After this time.
        after: Duration,
    },
    /// The assertion cannot be signed.
    Assertion(AssertionError),
    /// The wish to stop.
    Stopped(S),
}

impl<S> Unsigned<S> {
    /// The wish to stop, if that is all it is.
    ///
    /// # Errors
    /// What it is otherwise.
    pub fn stopped(self) -> Result<S, Self> {
        match self {
            Self::Stopped(stop) => Ok(stop),
            Self::NotSignedIn
            | Self::NoRefreshToken
            | Self::Unrenewable
            | Self::Refused { .. }
            | Self::NoAnswer { .. }
            | Self::Unstorable(_)
            | Self::Unreadable(_)
            | Self::Lost(_)
            | Self::NobodyConsented { .. }
            | Self::Assertion(_) => Err(self),
        }
    }

    /// Whether a person has to sign in, or to set a refresh token, before anything else.
    pub fn wants_a_first_sign_in(&self) -> bool {
        match self {
            Self::NotSignedIn => true,
            Self::NoRefreshToken
            | Self::Unrenewable
            | Self::Refused { .. }
            | Self::NoAnswer { .. }
            | Self::Unstorable(_)
            | Self::Unreadable(_)
            | Self::Lost(_)
            | Self::NobodyConsented { .. }
            | Self::Assertion(_)
            | Self::Stopped(_) => false,
        }
    }

    /// Whether the server refuses the token or code that was sent.
    pub(super) fn is_about_the_grant(&self) -> bool {
        self.refusal().is_some_and(|(refused, _)| refused.is_about_the_grant())
    }

    /// Why the server refuses, and what it said.
    pub fn refusal(&self) -> Option<(&Refused, &Response)> {
        match self {
            Self::Refused { refused, response, .. } => Some((refused, response)),
            Self::NotSignedIn
            | Self::NoRefreshToken
            | Self::Unrenewable
            | Self::NoAnswer { .. }
            | Self::Unstorable(_)
            | Self::Unreadable(_)
            | Self::Lost(_)
            | Self::NobodyConsented { .. }
            | Self::Assertion(_)
            | Self::Stopped(_) => None,
        }
    }

    /// Whether somebody wants to stop, and nothing went wrong.
    pub fn is_a_wish_to_stop(&self) -> bool {
        match self {
            Self::Stopped(_) => true,
            Self::NotSignedIn
            | Self::NoRefreshToken
            | Self::Unrenewable
            | Self::Refused { .. }
            | Self::NoAnswer { .. }
            | Self::Unstorable(_)
            | Self::Unreadable(_)
            | Self::Lost(_)
            | Self::NobodyConsented { .. }
            | Self::Assertion(_) => false,
        }
    }

    /// The wish to stop; Err: why there is no token.
    pub fn into_stop(self) -> Result<S, Self> {
        match self {
            Self::Stopped(stop) => Ok(stop),
            Self::NotSignedIn
            | Self::NoRefreshToken
            | Self::Unrenewable
            | Self::Refused { .. }
            | Self::NoAnswer { .. }
            | Self::Unstorable(_)
            | Self::Unreadable(_)
            | Self::Lost(_)
            | Self::NobodyConsented { .. }
            | Self::Assertion(_) => Err(self),
        }
    }

    /// Whether a person only has to sign in.
    pub fn is_not_signed_in(&self) -> bool {
        match self {
            Self::NotSignedIn => true,
            Self::NoRefreshToken
            | Self::Unrenewable
            | Self::Refused { .. }
            | Self::NoAnswer { .. }
            | Self::Unstorable(_)
            | Self::Unreadable(_)
            | Self::Lost(_)
            | Self::NobodyConsented { .. }
            | Self::Assertion(_)
            | Self::Stopped(_) => false,
        }
    }

    /// The server's word, if it is about the grant.
    pub(super) fn word_about_the_grant(&self) -> Option<String> {
        let (refused, _) = self.refusal()?;
        refused.word().filter(|_| refused.is_about_the_grant()).map(str::to_owned)
    }
}

/// Gets a token: one that is kept and good, else a new one.
pub async fn token<O: Outside>(
    client: &Client<'_>,
    store: Option<&Arc<TokenStore>>,
    before: Before,
    outside: &mut O,
) -> Result<Held, Unsigned<O::Stop>> {
    let asking = Asking { client, before };
    let Some(store) = store else { return asking.unkept(None, StoreError::Absent, outside).await };
    let id = entry_id(client, store);
    let former = match asking.look(store.read(&id), outside) {
        Found::Good(held) => {
            outside.hear(Notice::Kept);
            return Ok(held);
        }
        Found::Unusable(trouble) => return asking.unkept(None, trouble, outside).await,
        Found::Old(sign_in) => Some(sign_in),
        Found::Nothing => None,
    };
    let lock = match wait_for_lock(store, &id, outside).await? {
        Ok(lock) => lock,
        Err(trouble) => return asking.unkept(former, trouble, outside).await,
    };
    // Who held the lock before may have stored another one meanwhile.
    match asking.look(lock.read(), outside) {
        Found::Good(held) => {
            outside.hear(Notice::Kept);
            Ok(held)
        }
        Found::Unusable(trouble) => asking.unkept(None, trouble, outside).await,
        Found::Old(sign_in) => asking.renew(Some(sign_in), &lock, outside).await,
        Found::Nothing => asking.renew(None, &lock, outside).await,
    }
}

/// Uses an imported refresh token once, and keeps what comes. What was kept before stays if it is refused.
pub async fn prove<O: Outside>(
    client: &Client<'_>,
    imported: SignIn,
    lock: &Locked,
    outside: &mut O,
) -> Result<Held, Unsigned<O::Stop>> {
    let asking = Asking { client, before: Before::default() };
    let token = imported.refresh_token.clone().unwrap_or_default();
    let asked = asking.refresh(Some(&imported), &token, outside).await;
    asking.keep(asked, Some(&imported), lock, outside)
}

/// The entry of a client's sign-in.
pub fn entry_id(client: &Client<'_>, store: &TokenStore) -> EntryId {
    let identity = client.identity();
    let fields: Vec<(&str, &str)> = identity.iter().map(|(name, value)| (*name, value.as_str())).collect();
    store.sign_in_entry(&fields)
}

/// Waits for an entry's lock. None: it cannot be had, which was told.
pub async fn lock<O: Outside>(
    store: &Arc<TokenStore>,
    id: &EntryId,
    outside: &mut O,
) -> Result<Option<Locked>, Unsigned<O::Stop>> {
    let held = wait_for_lock(store, id, outside).await?;
    Ok(held.map_err(|trouble| outside.hear(Notice::Trouble(&trouble))).ok())
}

async fn wait_for_lock<O: Outside>(
    store: &Arc<TokenStore>,
    id: &EntryId,
    outside: &mut O,
) -> Result<Result<Locked, StoreError>, Unsigned<O::Stop>> {
    match store.try_lock(id) {
        Ok(Some(held)) => Ok(Ok(held)),
        Ok(None) => {
            outside.hear(Notice::WaitingForOther);
            let held = outside.within(PATIENCE, store.lock(id)).await.map_err(Unsigned::Stopped)?;
            Ok(held.unwrap_or(Err(StoreError::Busy)))
        }
        Err(trouble) => Ok(Err(trouble)),
    }
}

pub(super) fn unanswered<S>(why: Unanswered<S>, rotating: bool) -> Unsigned<S> {
    match why {
        Unanswered::Failed { error, retries } => Unsigned::NoAnswer { error, retries, rotating },
        Unanswered::Stopped(stop) => Unsigned::Stopped(stop),
    }
}

pub(super) fn refusal<S>(refused: Refused, response: Response, rotating: bool) -> Unsigned<S> {
    Unsigned::Refused { refused, response: Box::new(response), rotating }
}

/// Whether a token that was refused should have held for much longer: then its life was probably counted in another unit.
pub fn refused_long_before(sign_in: &SignIn, now: SystemTime) -> Option<Duration> {
    const LONG: Duration = Duration::from_secs(20 * 24 * 3600);
    let left = sign_in.expires?.duration_since(now).ok()?;
    (left > LONG).then_some(left)
}
