//! The one way to a token: from the store, else by asking under the lock of its entry.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Map;

use super::answer::Refused;
use super::assertion::AssertionError;
use super::client::Client;
use super::outside::{Notice, Outside, Unanswered, ask};
use super::sign_in::SignIn;
use crate::auth::store::{Entry, EntryId, Locked, Reading, StoreError, TokenStore};
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
    /// There is no store, and what would come has to be kept.
    NoStore,
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

/// Gets a token: one that is kept and good, else a new one.
pub async fn token<O: Outside>(
    client: &Client<'_>,
    store: Option<&Arc<TokenStore>>,
    before: Before,
    outside: &mut O,
) -> Result<Held, Unsigned<O::Stop>> {
    let asking = Asking { client, before };
    let Some(store) = store else { return asking.without_store(outside).await };
    let id = entry_id(client, store);
    let found = asking.look(store.read(&id), outside);
    if let Found::Good(held) = found {
        outside.hear(Notice::Kept);
        return Ok(held);
    }
    let held = match &found {
        Found::Unusable => None,
        _ => lock(store, &id, outside).await?,
    };
    let Some(lock) = held else { return asking.unlocked(found, outside).await };
    // Who held the lock before may have stored another one meanwhile.
    match asking.look(lock.read(), outside) {
        Found::Good(held) => {
            outside.hear(Notice::Kept);
            Ok(held)
        }
        Found::Old(sign_in) => asking.renew(Some(sign_in), &lock, outside).await,
        Found::Nothing | Found::Unusable => asking.renew(None, &lock, outside).await,
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
    let sign_in = asking.refresh(Some(&imported), &token, outside).await?;
    let generation = lock.write(sign_in.to_fresh(), &|_| {}).map_err(Unsigned::Lost)?;
    Ok(Held { sign_in, generation: Some(generation) })
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
    let held = match store.try_lock(id) {
        Ok(None) => {
            outside.hear(Notice::WaitingForOther);
            let held = outside.within(PATIENCE, store.lock(id)).await.map_err(Unsigned::Stopped)?;
            held.unwrap_or(Err(StoreError::Busy)).map(Some)
        }
        held => held,
    };
    Ok(held.unwrap_or_else(|trouble| {
        outside.hear(Notice::Trouble(&trouble));
        None
    }))
}

/// What the store has.
enum Found {
    /// A sign-in whose token is good.
    Good(Held),
    /// One whose token is over, or was refused.
    Old(SignIn),
    /// None.
    Nothing,
    /// Something that must stay as it is.
    Unusable,
}

struct Asking<'c> {
    client: &'c Client<'c>,
    before: Before,
}

impl Asking<'_> {
    fn look<O: Outside>(&self, reading: Reading, outside: &mut O) -> Found {
        if let Some(trouble) = &reading.trouble {
            outside.hear(Notice::Trouble(trouble));
            if trouble.forbids_writing() {
                return Found::Unusable;
            }
        }
        let Some(entry) = reading.entry else { return Found::Nothing };
        let Some(sign_in) = self.of(&entry) else { return Found::Nothing };
        let is_refused = self.before.refused == Some(entry.generation);
        let generation = Some(entry.generation);
        if !is_refused && sign_in.is_good(outside.now(), self.client.plan.renew_before) {
            return Found::Good(Held { sign_in, generation });
        }
        Found::Old(sign_in)
    }

    /// None: it is something else, or of another server or refresh token than the connection has now.
    fn of(&self, entry: &Entry) -> Option<SignIn> {
        let sign_in = SignIn::of(entry)?;
        self.learn(&sign_in);
        sign_in.is_of(self.client).then_some(sign_in)
    }

    fn learn(&self, sign_in: &SignIn) {
        self.client.redactor.learn(&sign_in.access_token);
        if let Some(token) = &sign_in.refresh_token {
            self.client.redactor.learn(token);
        }
    }

    /// There is no store: every run asks for itself.
    async fn without_store<O: Outside>(&self, outside: &mut O) -> Result<Held, Unsigned<O::Stop>> {
        let former = self.before.held.as_ref();
        if self.may_rotate(former) {
            return Err(Unsigned::NoStore);
        }
        let sign_in = self.ask_anew(former, outside).await?;
        Ok(Held { sign_in, generation: None })
    }

    /// The entry cannot be locked or must stay: a token is asked for and not kept, unless it may be the only copy.
    async fn unlocked<O: Outside>(&self, found: Found, outside: &mut O) -> Result<Held, Unsigned<O::Stop>> {
        let former = match found {
            Found::Old(sign_in) => Some(sign_in),
            _ => self.before.held.clone(),
        };
        if self.may_rotate(former.as_ref()) {
            return Err(Unsigned::Unstorable(StoreError::Busy));
        }
        let sign_in = self.ask_anew(former.as_ref(), outside).await?;
        Ok(Held { sign_in, generation: None })
    }

    /// Asks under the lock, and keeps what comes before anything else happens.
    async fn renew<O: Outside>(
        &self,
        former: Option<SignIn>,
        lock: &Locked,
        outside: &mut O,
    ) -> Result<Held, Unsigned<O::Stop>> {
        let rotates = self.may_rotate(former.as_ref());
        match lock.reserve() {
            Ok(()) => {}
            Err(trouble) if rotates => return Err(Unsigned::Unstorable(trouble)),
            Err(trouble) => outside.hear(Notice::Trouble(&trouble)),
        }
        let asked = self.ask_anew(former.as_ref(), outside).await;
        let sign_in = match asked {
            Err(Unsigned::Refused { .. }) => match self.newer(former.as_ref(), lock, outside).await {
                Some(sign_in) => sign_in,
                None => return Err(asked.expect_err("it is refused")),
            },
            asked => asked?,
        };
        // Nothing waits between the answer and this: see the guarantees.
        match lock.write(sign_in.to_fresh(), &|_| {}) {
            Ok(generation) => Ok(Held { sign_in, generation: Some(generation) }),
            Err(trouble) => {
                let former = former.as_ref().and_then(|former| former.refresh_token.clone());
                let own = former.or_else(|| self.client.own_refresh_token());
                if sign_in.refresh_token.is_some() && sign_in.refresh_token != own {
                    return Err(Unsigned::Lost(trouble));
                }
                outside.hear(Notice::Trouble(&trouble));
                Ok(Held { sign_in, generation: None })
            }
        }
    }

    /// A refresh token that is refused may have been replaced by a process that could not wait for the lock, or by a
    /// person who set a new one: these are tried once before giving up.
    async fn newer<O: Outside>(
        &self,
        former: Option<&SignIn>,
        lock: &Locked,
        outside: &mut O,
    ) -> Option<SignIn> {
        let used = self.refresh_token(former)?;
        let there = lock.read().entry.as_ref().and_then(|entry| self.of(entry));
        let stored = there.as_ref().and_then(|there| there.refresh_token.clone());
        let others = [stored, self.client.own_refresh_token()];
        let other = others.into_iter().flatten().find(|token| *token != used)?;
        let base = there.or_else(|| former.cloned());
        self.refresh(base.as_ref(), &other, outside).await.ok()
    }

    /// Whether what comes may replace the refresh token that is used: then it must be kept.
    fn may_rotate(&self, former: Option<&SignIn>) -> bool {
        self.refresh_token(former).is_some()
            && (self.client.plan.rotates || former.is_some_and(|former| former.rotated))
    }

    fn refresh_token(&self, former: Option<&SignIn>) -> Option<String> {
        former.and_then(|former| former.refresh_token.clone()).or_else(|| self.client.own_refresh_token())
    }

    /// With the refresh token that there is, else as the grant says.
    async fn ask_anew<O: Outside>(
        &self,
        former: Option<&SignIn>,
        outside: &mut O,
    ) -> Result<SignIn, Unsigned<O::Stop>> {
        if let Some(token) = self.refresh_token(former) {
            let renewed = self.refresh(former, &token, outside).await;
            // Where nobody has to consent, a refresh token that is over is no reason to stop.
            let over =
                matches!(&renewed, Err(Unsigned::Refused { refused, .. }) if refused.is_about_the_grant());
            if !over || self.needs_a_refresh_token() {
                return renewed;
            }
        }
        if self.needs_a_refresh_token() {
            return Err(if former.is_some() { Unsigned::NoRefreshToken } else { Unsigned::NotSignedIn });
        }
        let now = outside.now();
        let request = self.client.first_request(now).map_err(Unsigned::Assertion)?;
        let response = ask(&request, true, outside).await.map_err(|why| unanswered(why, false))?;
        let tokens =
            self.client.read(&response, &Map::new()).map_err(|refused| refusal(refused, response, false))?;
        Ok(SignIn::first(self.client, tokens, outside.now()))
    }

    fn needs_a_refresh_token(&self) -> bool {
        self.client.needs_a_person() || self.client.plan.grant == crate::spec::auth::Grant::RefreshToken
    }

    async fn refresh<O: Outside>(
        &self,
        former: Option<&SignIn>,
        token: &str,
        outside: &mut O,
    ) -> Result<SignIn, Unsigned<O::Stop>> {
        let server = former.and_then(|former| former.server.as_ref());
        let rotating = self.may_rotate(former);
        let request =
            self.client.refresh_request(token, server, outside.now()).map_err(Unsigned::Assertion)?;
        let response = ask(&request, true, outside).await.map_err(|why| unanswered(why, rotating))?;
        let kept = former.map(|former| former.kept.clone()).unwrap_or_default();
        let tokens =
            self.client.read(&response, &kept).map_err(|refused| refusal(refused, response, rotating))?;
        let now = outside.now();
        let sign_in = match former {
            Some(former) => former.renewed(token, tokens, now),
            None => SignIn::first(self.client, tokens, now).keeping(token),
        };
        let is_own = self.client.own_refresh_token().is_some_and(|own| own == token);
        Ok(if is_own { SignIn { given: Some(token.to_owned()), ..sign_in } } else { sign_in })
    }
}

impl SignIn {
    /// The first answer to a refresh token that the connection brought.
    fn keeping(self, used: &str) -> Self {
        let rotated = self.refresh_token.as_deref().is_some_and(|new| new != used);
        Self { refresh_token: self.refresh_token.or_else(|| Some(used.to_owned())), rotated, ..self }
    }
}

pub(super) fn unanswered<S>(why: Unanswered<S>, rotating: bool) -> Unsigned<S> {
    match why {
        Unanswered::Failed { error, retries } => Unsigned::NoAnswer { error, retries, rotating },
        Unanswered::Stopped(stop) => Unsigned::Stopped(stop),
    }
}

fn refusal<S>(refused: Refused, response: Response, rotating: bool) -> Unsigned<S> {
    Unsigned::Refused { refused, response: Box::new(response), rotating }
}

/// Whether a token that was refused should have held for much longer: then its life was probably counted in another unit.
pub fn refused_long_before(sign_in: &SignIn, now: SystemTime) -> Option<Duration> {
    const LONG: Duration = Duration::from_secs(20 * 24 * 3600);
    let left = sign_in.expires?.duration_since(now).ok()?;
    (left > LONG).then_some(left)
}
