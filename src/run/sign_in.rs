//! Proving who asks: a token is got before a request needs it, and renewed once when a service refuses it.
//!
//! Of all strands that want the same sign-in one asks, and the others take what it got.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::event::Event;
use super::failure::Stop;
use super::inputs::Inputs;
use super::reporter::Reporter;
use super::sign_in_failure::{self, Deed};
use super::stopping::Stopping;
use super::store::Store;
use super::token_requester::TokenRequester;
use super::world::World;
use crate::auth::oauth2::renewal::{self, Before};
use crate::auth::oauth2::{Client, Held, SignIn, Unsigned};
use crate::auth::signing::Signer;
use crate::auth::{AuthValues, Belongs, Home, bearer};
use crate::diagnostic::{Code, Diagnostic};
use crate::http::{Request, Transport};
use crate::plan::Plan;
use crate::plan::auth::{AuthUse, OAuth2Plan};
use crate::plan::step::StepPlan;
use crate::secret::Redactor;

/// All sign-ins of a run.
pub(super) struct SignIns<'a> {
    pub(super) plan: &'a Plan,
    pub(super) world: &'a World,
    pub(super) redactor: Redactor,
    pub(super) transport: Arc<Transport>,
    pub(super) inputs: Rc<Inputs>,
    pub(super) reporter: Rc<Reporter<'a>>,
    pub(super) stopping: Rc<Stopping>,
    pub(super) store: Rc<Store<'a>>,
    /// By index in the plan.
    pub(super) sessions: Vec<Session>,
}

/// What proves who asks, as far as a run got with it.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// How often it changed in this run.
    count: Cell<u64>,
    held: RefCell<Option<Held>>,
    pub(super) signer: RefCell<Option<Arc<Signer>>>,
    /// Connections that show a certificate.
    pub(super) transport: RefCell<Option<Arc<Transport>>>,
    /// What a service did not accept, by its generation in the store.
    refused: Cell<Option<u64>>,
    /// The sign-in whose token that was: no store may have it.
    former: RefCell<Option<SignIn>>,
    /// Held by whoever asks for a token.
    turn: Mutex<()>,
}

/// What became of a token that a service did not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    /// Nothing: it is not about the token.
    None,
    /// Somebody had renewed it meanwhile.
    Taken,
    /// A new one was asked for.
    Asked,
}

impl<'a> SignIns<'a> {
    /// A session, by its index in the plan.
    pub(super) fn session(&self, auth: usize) -> &Session {
        &self.sessions[auth]
    }

    /// Signs in where the request goes to where the credentials belong.
    pub(super) async fn sign_in_to_send(&self, step: &StepPlan, request: &Request) -> Result<(), Stop> {
        let Some(used) = step.auth else { return Ok(()) };
        match self.home(used).holds(&request.url) {
            Belongs::Elsewhere => Ok(()),
            Belongs::InClear if self.plan.auths[used.auth].kind.can_be_overheard() => {
                Err(self.in_clear(used, request).into())
            }
            Belongs::InClear | Belongs::Here => self.sign_in(used.auth).await.map(drop),
        }
    }

    /// A token's answer may say `http`, or the variable that `base_url` comes from.
    fn in_clear(&self, used: AuthUse, request: &Request) -> Diagnostic {
        let plan = &self.plan.auths[used.auth];
        let origin = request.url.origin().ascii_serialization();
        let message = format!(
            "the credentials of connection `{}` would go to `{origin}` in clear: everybody on the way could read them",
            plan.connection_name
        );
        Diagnostic::error(Code::SignInFailed, message).at(plan.span, "").help(format!(
            "make `base_url` begin with `https://`; if nobody else is on the way, list it: `auth: {{ origins: [\"{origin}\"] }}`"
        ))
    }

    /// What the request proves itself with, but for tokens, which change.
    pub(super) fn proof(&self, step: &StepPlan, request: &Request) -> Option<&AuthValues> {
        let used = step.auth.filter(|used| self.is_at_home(*used, request))?;
        Some(&self.inputs.auths()[used.auth])
    }

    /// How often what the step proves itself with has changed in this run.
    pub(super) fn session_count(&self, step: &StepPlan) -> u64 {
        step.auth.map_or(0, |used| self.sessions[used.auth].count.get())
    }

    /// Whether a request can be sent without signing in first.
    pub(super) fn is_signed_in(&self, step: &StepPlan, request: &Request) -> bool {
        step.auth.is_none_or(|used| !self.is_at_home(used, request) || self.is_good(used.auth))
    }

    /// Whether a token was refused that could be renewed: the rest is for the step's names to say.
    pub(super) fn renewable(&self, step: &StepPlan) -> Option<&'a OAuth2Plan> {
        let used = step.auth?;
        let oauth2 = self.plan.auths[used.auth].oauth2()?;
        (self.sessions[used.auth].count.get() > 0).then_some(oauth2)
    }

    /// A token that the service does not accept is renewed; one that somebody renewed meanwhile is taken. `why` says what
    /// the service answered to a request that was sent with the sign-in of that count.
    pub(super) async fn renew(&self, auth: usize, sent_with: u64, why: String) -> Result<Renewal, Stop> {
        self.reporter.count(|figures| figures.retries += 1);
        let session = &self.sessions[auth];
        let held = if session.count.get() == sent_with { session.held.take() } else { None };
        let Some(held) = held else {
            // Somebody has renewed it, or is about to.
            self.sign_in(auth).await?;
            return Ok(Renewal::Taken);
        };
        session.refused.set(held.generation);
        session.signer.replace(None);
        session.former.replace(Some(held.sign_in.clone()));
        self.doubt_the_unit(auth, &held);
        self.reporter.tell(&Event::Renewing { step: self.label(auth), why });
        self.sign_in(auth).await
    }

    /// A token that should hold for months and is refused: its life was probably told in milliseconds.
    fn doubt_the_unit(&self, auth: usize, held: &Held) {
        let Some(left) = renewal::refused_long_before(&held.sign_in, self.world.clock.now()) else { return };
        self.reporter.note(format!(
            "{}: a token was refused that should hold for {} more days: if the service counts milliseconds, set `answer: {{ expires_unit: ms }}`",
            self.label(auth),
            left.as_secs() / 86_400
        ));
    }

    fn label(&self, auth: usize) -> String {
        format!("sign-in to {}", self.plan.auths[auth].connection_name)
    }

    fn is_good(&self, auth: usize) -> bool {
        let Some(oauth2) = self.plan.auths[auth].oauth2() else { return true };
        let held = self.sessions[auth].held.borrow();
        held.as_ref().is_some_and(|held| held.sign_in.is_good(self.world.clock.now(), oauth2.renew_before))
    }

    /// Whether a request goes to where the credentials belong: they go nowhere else.
    pub(super) fn is_at_home(&self, used: AuthUse, request: &Request) -> bool {
        match self.home(used).holds(&request.url) {
            Belongs::Here => true,
            Belongs::InClear => !self.plan.auths[used.auth].kind.can_be_overheard(),
            Belongs::Elsewhere => false,
        }
    }

    fn home(&self, used: AuthUse) -> Home {
        let plan = &self.plan.auths[used.auth];
        let base = plan.connection.and_then(|index| self.inputs.of_connection(index, "base_url"));
        let listed = self.inputs.auths()[used.auth].group("origins");
        let base = base.as_ref().and_then(|base| base.as_str());
        Home::new(base, listed.into_iter().map(|(_, origin)| origin))
    }

    /// Makes sure of a token that is good now.
    pub(super) async fn sign_in(&self, auth: usize) -> Result<Renewal, Stop> {
        let plan = self.plan;
        let Some(oauth2) = plan.auths[auth].oauth2() else {
            return self.equip(auth, &plan.auths[auth]).map(|()| Renewal::None);
        };
        let session = &self.sessions[auth];
        let is_ready = || self.is_good(auth) && session.signer.borrow().is_some();
        if is_ready() {
            return Ok(Renewal::None);
        }
        let _turn = self.stopping.or_stop(session.turn.lock()).await?;
        if is_ready() {
            return Ok(Renewal::Taken);
        }
        let Some(client) = Client::new(&plan.auths[auth], &self.inputs.auths()[auth], &self.redactor) else {
            return Ok(Renewal::None);
        };
        let client = client.map_err(|bad| sign_in_failure::bad_setting(&bad))?;
        self.refuse_to_leave(&client)?;
        let store = self.store.open().await?;
        let former = session.former.take();
        let before = Before {
            refused: session.refused.get(),
            held: session.held.take().map(|held| held.sign_in).or(former),
        };
        let mut requester = TokenRequester::new(self, self.label(auth));
        let got = renewal::token(&client, store.as_ref(), before, &mut requester).await;
        let renewal = if requester.finish() { Renewal::Asked } else { Renewal::Taken };
        let held = got.map_err(|why| self.unsigned(auth, &client, why))?;
        self.take_session(auth, oauth2, held)?;
        Ok(renewal)
    }

    fn unsigned(&self, auth: usize, client: &Client<'_>, why: Unsigned<Stop>) -> Stop {
        let plan = self.plan;
        let why = match why.stopped() {
            Ok(stop) => return stop,
            Err(why) => why,
        };
        let connection = plan.auths[auth].connection.map(|index| &plan.connections[index]);
        let hints = connection.map_or(&[][..], |connection| &connection.hints);
        let finding = sign_in_failure::finding(Deed::SignIn, client, &why, hints, plan.auths[auth].span);
        let variable = plan.auths[auth].variable("refresh_token", connection);
        let variable = variable.filter(|_| why.wants_a_first_sign_in());
        finding.help_if(variable.map(sign_in_failure::or_set)).into()
    }

    fn take_session(&self, auth: usize, oauth2: &OAuth2Plan, held: Held) -> Result<(), Stop> {
        let plan = self.plan;
        if let Some(index) = plan.auths[auth].connection
            && plan.connections[index].auth == Some(auth)
        {
            let kept = &held.sign_in.kept;
            self.inputs.keep(index, &plan.connections[index], kept, &self.redactor).map_err(|error| {
                let message = format!("connection `{}`: {}", plan.connections[index].name, error.message);
                Stop::from(Diagnostic::error(Code::SignInFailed, message).at(error.span, ""))
            })?;
        }
        let session = &self.sessions[auth];
        session.count.set(session.count.get() + 1);
        session.signer.replace(Some(Arc::new(bearer(oauth2, &held.sign_in.access_token))));
        session.held.replace(Some(held));
        Ok(())
    }

    /// A rehearsal does not sign in at a real service.
    fn refuse_to_leave(&self, client: &Client<'_>) -> Result<(), Stop> {
        let origin = client.token_url.origin().ascii_serialization();
        match &self.world.only_origin {
            Some(only) if *only != origin => Err(sign_in_failure::outside(client, &origin).into()),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for SignIns<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SignIns").field("sessions", &self.sessions.len()).finish_non_exhaustive()
    }
}
