//! Proving who asks: a token is got before a request needs it, and renewed once when a service refuses it.

use std::sync::Arc;

use super::answer::Answer;
use super::desk::Desk;
use super::engine::Run;
use super::event::Event;
use super::explain::status_text;
use super::failure::{self, Stop};
use super::sign_in_failure::{self, Deed};
use crate::auth::oauth2::renewal::{self, Before};
use crate::auth::oauth2::{Client, Held, SignIn, Unsigned};
use crate::auth::signing::Signer;
use crate::auth::{AuthValues, Belongs, Home, bearer};
use crate::diagnostic::{Code, Diagnostic};
use crate::http::{Request, Transport};
use crate::paging::Cursor;
use crate::plan::auth::{AuthUse, KeptUse, OAuth2Plan};
use crate::plan::step::StepPlan;

/// What proves who asks, as far as this run got with it.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// How often it changed in this run.
    pub(super) count: u64,
    held: Option<Held>,
    pub(super) signer: Option<Arc<Signer>>,
    /// Connections that show a certificate.
    pub(super) transport: Option<Arc<Transport>>,
    /// What a service did not accept, by its generation in the store.
    refused: Option<u64>,
    /// The sign-in whose token that was: no store may have it.
    former: Option<SignIn>,
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

impl Run<'_> {
    /// Renders a request, and signs in before where it cannot be rendered without what a sign-in brings.
    pub(super) async fn render_signed_in(
        &mut self,
        step: &StepPlan,
        cursor: Option<&Cursor>,
    ) -> Result<Request, Stop> {
        let Some(used) = step.auth.filter(|used| used.kept != KeptUse::None) else {
            return Ok(self.render(step, cursor)?);
        };
        if used.kept == KeptUse::Perhaps
            && let Ok(request) = self.render(step, cursor)
        {
            return Ok(request);
        }
        self.sign_in(used.auth).await?;
        Ok(self.render(step, cursor)?)
    }

    /// Signs in where the request goes to where the credentials belong.
    pub(super) async fn sign_in_to_send(&mut self, step: &StepPlan, request: &Request) -> Result<(), Stop> {
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
        Some(&self.values.auths()[used.auth])
    }

    /// How often what the step proves itself with has changed in this run.
    pub(super) fn session_count(&self, step: &StepPlan) -> u64 {
        step.auth.map_or(0, |used| self.sessions[used.auth].count)
    }

    /// Whether a request can be sent without signing in first.
    pub(super) fn is_signed_in(&self, step: &StepPlan, request: &Request) -> bool {
        step.auth.is_none_or(|used| !self.is_at_home(used, request) || self.is_good(used.auth))
    }

    /// A token that the service does not accept is renewed, once for a request; one that somebody renewed meanwhile is
    /// taken.
    pub(super) async fn renew_session(
        &mut self,
        step: &StepPlan,
        answer: &Arc<Answer>,
        sent_with: u64,
    ) -> Result<Renewal, Stop> {
        let Some(used) = step.auth else { return Ok(Renewal::None) };
        let Some(oauth2) = self.plan.auths[used.auth].oauth2() else { return Ok(Renewal::None) };
        if self.sessions[used.auth].held.is_none() || !self.wants_renewal(step, oauth2, answer)? {
            return Ok(Renewal::None);
        }
        self.figures.retries += 1;
        let session = &mut self.sessions[used.auth];
        if session.count == sent_with
            && let Some(held) = session.held.take()
        {
            session.refused = held.generation;
            session.signer = None;
            session.former = Some(held.sign_in.clone());
            let why = format!("`{}` got {}", step.name, status_text(&answer.response));
            self.doubt_the_unit(used.auth, &held);
            self.tell(&Event::Renewing { step: self.label(used.auth), why });
            return self.sign_in(used.auth).await;
        }
        Ok(Renewal::Taken)
    }

    fn wants_renewal(
        &self,
        step: &StepPlan,
        oauth2: &OAuth2Plan,
        answer: &Arc<Answer>,
    ) -> Result<bool, Diagnostic> {
        match oauth2.renew_when.truth(&self.context(step, Some(answer), None)) {
            Ok(wants) => Ok(wants),
            Err(error) if error.undefined => Ok(false),
            Err(error) => Err(failure::evaluation(&step.name, &error)),
        }
    }

    /// A token that should hold for months and is refused: its life was probably told in milliseconds.
    fn doubt_the_unit(&mut self, auth: usize, held: &Held) {
        let Some(left) = renewal::refused_long_before(&held.sign_in, self.world.clock.now()) else { return };
        self.notes.push(format!(
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
        let held = self.sessions[auth].held.as_ref();
        held.is_some_and(|held| held.sign_in.is_good(self.world.clock.now(), oauth2.renew_before))
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
        let base = plan.connection.and_then(|index| self.values.of_connection(index, "base_url"));
        let listed = self.values.auths()[used.auth].group("origins");
        let base = base.as_ref().and_then(|base| base.as_str());
        Home::new(base, listed.into_iter().map(|(_, origin)| origin))
    }

    /// Makes sure of a token that is good now.
    async fn sign_in(&mut self, auth: usize) -> Result<Renewal, Stop> {
        let plan = self.plan;
        let Some(oauth2) = plan.auths[auth].oauth2() else {
            return self.equip(auth, &plan.auths[auth]).map(|()| Renewal::None);
        };
        if self.is_good(auth) && self.sessions[auth].signer.is_some() {
            return Ok(Renewal::None);
        }
        let (values, redactor) = (Arc::clone(self.values.auths()), self.redactor.clone());
        let Some(client) = Client::new(&plan.auths[auth], &values[auth], &redactor) else {
            return Ok(Renewal::None);
        };
        let client = client.map_err(|bad| sign_in_failure::bad_setting(&bad))?;
        self.refuse_to_leave(&client)?;
        let store = self.store().await?;
        let session = &mut self.sessions[auth];
        let before = Before {
            refused: session.refused,
            held: session.held.take().map(|held| held.sign_in).or_else(|| session.former.take()),
        };
        let label = self.label(auth);
        let mut desk = Desk { run: self, label, untold: vec![], has_asked: false };
        let got = renewal::token(&client, store.as_ref(), before, &mut desk).await;
        desk.tell();
        let renewal = if desk.has_asked { Renewal::Asked } else { Renewal::Taken };
        let held = match got {
            Ok(held) => held,
            Err(Unsigned::Stopped(stop)) => return Err(stop),
            Err(why) => {
                let connection = plan.auths[auth].connection.map(|index| &plan.connections[index]);
                let hints = connection.map_or(&[][..], |connection| &connection.hints);
                let finding =
                    sign_in_failure::finding(Deed::SignIn, &client, &why, hints, plan.auths[auth].span);
                let variable = plan.auths[auth].variable("refresh_token", connection);
                let variable = variable.filter(|_| matches!(why, Unsigned::NotSignedIn));
                return Err(finding.help_if(variable.map(sign_in_failure::or_set)).into());
            }
        };
        self.take_session(auth, oauth2, held)?;
        Ok(renewal)
    }

    fn take_session(&mut self, auth: usize, oauth2: &OAuth2Plan, held: Held) -> Result<(), Stop> {
        let plan = self.plan;
        if let Some(index) = plan.auths[auth].connection
            && plan.connections[index].auth == Some(auth)
        {
            self.values.keep(index, &plan.connections[index], &held.sign_in.kept, &self.redactor).map_err(
                |error| {
                    let message = format!("connection `{}`: {}", plan.connections[index].name, error.message);
                    Stop::from(Diagnostic::error(Code::SignInFailed, message).at(error.span, ""))
                },
            )?;
        }
        self.prefetch.clear();
        let session = &mut self.sessions[auth];
        session.count += 1;
        session.signer = Some(Arc::new(bearer(oauth2, &held.sign_in.access_token)));
        session.held = Some(held);
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
