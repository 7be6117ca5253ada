//! Asking for a token, and keeping what comes before anything else happens.

use std::time::Duration;

use serde_json::Map;

use super::answer::Tokens;
use super::client::Client;
use super::outside::{Notice, Outside, ask};
use super::renewal::{Before, Held, Unsigned, refusal, unanswered};
use super::sign_in::SignIn;
use crate::auth::store::{Entry, Locked, Reading, StoreError};
use crate::fault_point::{FaultPoint, reach};
use crate::http::Response;

/// What the store has.
pub(super) enum Found {
    /// A sign-in whose token is good.
    Good(Held),
    /// One whose token is over, or was refused.
    Old(SignIn),
    /// None.
    Nothing,
    /// Something that must stay as it is.
    Unusable(StoreError),
}

/// Who asks, and what is known before.
pub(super) struct Asking<'c> {
    pub(super) client: &'c Client<'c>,
    pub(super) before: Before,
}

impl Asking<'_> {
    pub(super) fn look<O: Outside>(&self, reading: Reading, outside: &mut O) -> Found {
        let mut was_damaged = false;
        if let Some(trouble) = reading.trouble {
            if trouble.forbids_writing() {
                return Found::Unusable(trouble);
            }
            was_damaged = trouble.damaged_file().is_some();
            outside.hear(Notice::Trouble(&trouble));
        }
        let Some(entry) = reading.entry else {
            // What this process still knows came later than what the connection brings.
            let known = self.before.held.clone().filter(|_| was_damaged);
            return known.map_or(Found::Nothing, Found::Old);
        };
        let Some(sign_in) = self.of(&entry) else { return Found::Nothing };
        let is_refused = self.before.refused == Some(entry.generation);
        let generation = Some(entry.generation);
        // The connection may keep more since then, or share the sign-in with one that keeps something else.
        let is_whole = sign_in.has_what_is_kept(self.client);
        if !is_refused && is_whole && sign_in.is_good(outside.now(), self.client.plan.renew_before) {
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
        sign_in.be_learned(self.client.redactor);
    }

    /// What comes cannot be kept, for the trouble that is known: it is asked for all the same, unless it may be the only
    /// copy of a refresh token.
    pub(super) async fn unkept<O: Outside>(
        &self,
        former: Option<SignIn>,
        trouble: StoreError,
        outside: &mut O,
    ) -> Result<Held, Unsigned<O::Stop>> {
        let former = former.or_else(|| self.before.held.clone());
        if self.needs_refresh_token() && self.refresh_token(former.as_ref()).is_none() {
            let unsigned =
                if trouble.is_absence() { Unsigned::NotSignedIn } else { Unsigned::Unreadable(trouble) };
            return Err(unsigned);
        }
        if self.may_rotate(former.as_ref()) {
            return Err(Unsigned::Unstorable(trouble));
        }
        // Why there is no store was told when it was opened.
        if !trouble.is_absence() {
            outside.hear(Notice::Trouble(&trouble));
        }
        let sign_in = self.ask_anew(former.as_ref(), outside).await?;
        if self.would_be_lost(&sign_in, former.as_ref()) {
            return Err(Unsigned::Lost(trouble));
        }
        Ok(Held { sign_in, generation: None })
    }

    /// Asks under the lock, and keeps what comes.
    pub(super) async fn renew<O: Outside>(
        &self,
        former: Option<SignIn>,
        lock: &Locked,
        outside: &mut O,
    ) -> Result<Held, Unsigned<O::Stop>> {
        match lock.reserve() {
            Ok(()) => {}
            Err(trouble) if self.may_rotate(former.as_ref()) => return Err(Unsigned::Unstorable(trouble)),
            Err(trouble) => outside.hear(Notice::Trouble(&trouble)),
        }
        let asked = self.ask_anew(former.as_ref(), outside).await;
        let asked = match asked {
            Err(refused) if refused.is_about_the_grant() => {
                self.with_another(refused, former.as_ref(), lock, outside).await
            }
            asked => asked,
        };
        let kept = self.keep(asked, former.as_ref(), lock, outside);
        if let Err(why) = &kept {
            note_refusal(why, former, lock);
        }
        kept
    }

    /// Keeps what came. Nothing waits between the answer and this: see the guarantees.
    ///
    /// An answer that is no good otherwise may have brought a new refresh token all the same, which is the only good
    /// one then.
    pub(super) fn keep<O: Outside>(
        &self,
        asked: Result<SignIn, Unsigned<O::Stop>>,
        former: Option<&SignIn>,
        lock: &Locked,
        outside: &mut O,
    ) -> Result<Held, Unsigned<O::Stop>> {
        let sign_in = match asked {
            Ok(sign_in) => sign_in,
            Err(why) => {
                if let Some(sign_in) = self.saved(&why, former, outside) {
                    lock.write(sign_in.to_fresh(), &|_| {}).map_err(Unsigned::Lost)?;
                }
                return Err(why);
            }
        };
        match lock.write(sign_in.to_fresh(), &|_| {}) {
            Ok(generation) => {
                reach(FaultPoint::TokenReady);
                Ok(Held { sign_in, generation: Some(generation) })
            }
            Err(trouble) if self.would_be_lost(&sign_in, former) => Err(Unsigned::Lost(trouble)),
            Err(trouble) => {
                outside.hear(Notice::Trouble(&trouble));
                Ok(Held { sign_in, generation: None })
            }
        }
    }

    /// Whether a sign-in that is not kept takes a refresh token with it that cannot be had again.
    fn would_be_lost(&self, sign_in: &SignIn, former: Option<&SignIn>) -> bool {
        let is_new = sign_in.refresh_token.is_some() && sign_in.refresh_token != self.refresh_token(former);
        is_new && self.needs_refresh_token()
    }

    /// The sign-in that is left of a refusal: a new refresh token without an access token.
    fn saved<O: Outside>(
        &self,
        why: &Unsigned<O::Stop>,
        former: Option<&SignIn>,
        outside: &O,
    ) -> Option<SignIn> {
        let (_, response) = why.refusal()?;
        let used = self.refresh_token(former)?;
        let new = self.client.refresh_token_of(response).filter(|new| *new != used)?;
        let kept = former.map(|former| former.kept.clone()).unwrap_or_default();
        let life = Some(Duration::ZERO);
        let tokens =
            Tokens { access_token: String::new(), refresh_token: Some(new), life, scope: None, kept };
        Some(self.next(former, &used, tokens, outside))
    }

    /// A refresh token that is refused may have been replaced by a process that could not wait for the lock, or by a
    /// person who set a new one: these are tried once before giving up.
    async fn with_another<O: Outside>(
        &self,
        refused: Unsigned<O::Stop>,
        former: Option<&SignIn>,
        lock: &Locked,
        outside: &mut O,
    ) -> Result<SignIn, Unsigned<O::Stop>> {
        let there = lock.read().entry.as_ref().and_then(|entry| self.of(entry));
        let base = there.as_ref().or(former);
        let Some(other) = self.other(base, former) else { return Err(refused) };
        let again = self.refresh(base, &other, outside).await;
        // The first refusal is about the token that should have been good.
        if again.as_ref().is_err_and(Unsigned::is_about_the_grant) { Err(refused) } else { again }
    }

    /// A refresh token that was not used. One that the connection brought and that a later one has replaced is not
    /// among them: servers revoke everything when a token is used a second time.
    fn other(&self, there: Option<&SignIn>, former: Option<&SignIn>) -> Option<String> {
        let used = self.refresh_token(former)?;
        let stored = there.and_then(|there| there.refresh_token.clone());
        let own = self.client.own_refresh_token();
        let own = own.filter(|own| !there.is_some_and(|there| there.began_with(own)));
        [stored, own].into_iter().flatten().find(|token| *token != used)
    }

    /// Whether what comes may replace the refresh token that is used, and no other one can be had: then it must be
    /// kept.
    fn may_rotate(&self, former: Option<&SignIn>) -> bool {
        self.refresh_token(former).is_some()
            && self.needs_refresh_token()
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
            let over = renewed.as_ref().is_err_and(Unsigned::is_about_the_grant);
            if !over || self.needs_refresh_token() {
                return renewed;
            }
        }
        let Some(request) = self.client.first_request(outside.now()).map_err(Unsigned::Assertion)? else {
            return Err(if former.is_some() { Unsigned::NoRefreshToken } else { Unsigned::NotSignedIn });
        };
        let response = ask(&request, true, outside).await.map_err(|why| unanswered(why, false))?;
        reach(FaultPoint::TokenAnswered);
        let tokens =
            self.client.read(&response, &Map::new()).map_err(|refused| refusal(refused, response, false))?;
        let sign_in = SignIn::first(self.client, tokens, outside.now());
        Ok(sign_in.keeping_also(former))
    }

    fn needs_refresh_token(&self) -> bool {
        self.client.plan.grant.needs_refresh_token()
    }

    pub(super) async fn refresh<O: Outside>(
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
        reach(FaultPoint::TokenAnswered);
        let kept = former.map(|former| former.kept_as_now(self.client)).unwrap_or_default();
        let tokens =
            self.client.read(&response, &kept).map_err(|refused| refusal(refused, response, rotating))?;
        Ok(self.next(former, token, tokens, outside))
    }

    /// What an answer to a refresh token makes of a sign-in.
    fn next<O: Outside>(&self, former: Option<&SignIn>, used: &str, tokens: Tokens, outside: &O) -> SignIn {
        let now = outside.now();
        let next = match former {
            Some(former) => former.renewed(used, tokens, now),
            None => SignIn::first(self.client, tokens, now).keeping(used),
        };
        let is_own = self.client.own_refresh_token().is_some_and(|own| own == used);
        let next = SignIn { keeps: self.client.keeps(), ..next }.keeping_also(former);
        if is_own { next.beginning_with(used) } else { next }
    }
}

/// `river auth status` should know that a refresh token is refused; a store that cannot note it loses nothing. What
/// somebody wrote since is left alone.
fn note_refusal<S>(why: &Unsigned<S>, former: Option<SignIn>, lock: &Locked) {
    let there = lock.read().entry.as_ref().and_then(SignIn::of);
    let Some((former, word)) =
        former.filter(|former| there.as_ref() == Some(former)).zip(why.word_about_the_grant())
    else {
        return;
    };
    let _ = lock.write(SignIn { refused: Some(word), ..former }.to_fresh(), &|_| {});
}

impl Client<'_> {
    /// The refresh token of an answer that tells no error.
    fn refresh_token_of(&self, response: &Response) -> Option<String> {
        let body = serde_json::from_slice(&response.body).ok()?;
        let is_fine = response.status.is_success() && self.error_in(&body).is_none();
        if is_fine { self.refresh_token_in(&body) } else { None }
    }
}
