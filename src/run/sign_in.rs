//! Proving who asks: a token is got before a request needs it, and renewed once when a service refuses it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::answer::Answer;
use super::engine::Run;
use super::event::Event;
use super::explain::status_text;
use super::failure::{self, Stop};
use super::interrupt::Interrupted;
use super::sign_in_failure::{self, Deed};
use crate::auth::oauth2::renewal::{self, Before};
use crate::auth::oauth2::{Client, Held, Notice, Outside, Unsigned};
use crate::auth::signing::{Moment, Signer, SigningError};
use crate::auth::{AuthValues, Belongs, Home, bearer, certificate, signer};
use crate::diagnostic::{Code, Diagnostic};
use crate::http::{Request, Response, SendError, Transport, TransportSettings};
use crate::paging::Cursor;
use crate::plan::auth::{AuthPlan, AuthUse, KeptUse, OAuth2Plan};
use crate::plan::step::StepPlan;
use crate::secret::Secret;

/// What proves who asks, as far as this run got with it.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// How often it changed in this run.
    pub(super) count: u64,
    held: Option<Held>,
    signer: Option<Arc<Signer>>,
    /// Connections that show a certificate.
    transport: Option<Arc<Transport>>,
    /// What a service did not accept, by its generation in the store.
    refused: Option<u64>,
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

    /// The request with what proves who asks, even if that is over by now: a token may live for less than it takes to get
    /// and keep it, and who asks for none is answered the same at worst. None: there is nothing.
    pub(super) fn signed(&self, step: &StepPlan, request: &Request) -> Result<Option<Request>, Diagnostic> {
        let mut request = request.clone();
        let Some(used) = step.auth.filter(|used| self.is_at_home(*used, &request)) else {
            return Ok(Some(request));
        };
        let session = &self.sessions[used.auth];
        let Some(signer) = session.signer.as_ref() else { return Ok(None) };
        self.sign_with(signer, &mut request).map_err(|error| self.unsignable(step, used, &error))?;
        Ok(Some(request))
    }

    fn sign_with(&self, signer: &Signer, request: &mut Request) -> Result<(), SigningError> {
        let made = signer.sign(request, &self.moment())?;
        self.mask(&made);
        Ok(())
    }

    /// What a signature is made of must not be printed.
    fn mask(&self, made: &[Secret]) {
        for secret in made {
            self.redactor.learn_passing(secret.expose());
        }
    }

    fn moment(&self) -> Moment {
        Moment { now: self.world.clock.now(), nonce: nonce() }
    }

    fn unsignable(&self, step: &StepPlan, used: AuthUse, error: &SigningError) -> Diagnostic {
        let span = self.plan.auths[used.auth].span;
        failure::at(Code::SignInFailed, &step.name, &error.to_string(), span).help(error.help())
    }

    /// The connections that a request goes out on: some show a certificate of the client's.
    pub(super) fn transport_for(&self, step: &StepPlan, request: &Request) -> Arc<Transport> {
        let own = step.auth.filter(|used| self.is_at_home(*used, request));
        let own = own.and_then(|used| self.sessions[used.auth].transport.as_ref());
        Arc::clone(own.unwrap_or(&self.transport))
    }

    /// A server that wants a digest says so with a challenge; the request is sent again with the answer to it.
    pub(super) fn answer_challenge(&mut self, step: &StepPlan, answer: &Answer) -> Result<bool, Diagnostic> {
        let Some((used, mut sent)) = step.auth.zip(self.last_sent.take()) else { return Ok(false) };
        let signer = self.sessions[used.auth].signer.clone();
        let Some(Signer::Digest(digest)) = signer.as_deref() else { return Ok(false) };
        if answer.response.status != http::StatusCode::UNAUTHORIZED || !self.is_at_home(used, &sent) {
            return Ok(false);
        }
        let answered = digest.answer_challenge(&answer.response.headers, &mut sent, &self.moment());
        let Some(made) = answered.map_err(|error| self.unsignable(step, used, &error))? else {
            return Ok(false);
        };
        self.mask(&made);
        self.answered = Some(sent);
        Ok(true)
    }

    /// The request as it goes out: signed now, or the answer to a challenge.
    pub(super) fn outgoing(&mut self, step: &StepPlan, request: &Request) -> Result<Request, Diagnostic> {
        let same =
            |answered: &Request| answered.url.path() == request.url.path() && answered.body == request.body;
        let answered = self.answered.take().filter(same);
        let signed = match answered {
            Some(answered) => answered,
            None => self.signed(step, request)?.unwrap_or_else(|| request.clone()),
        };
        let keeps = step.auth.is_some_and(|used| {
            matches!(self.sessions[used.auth].signer.as_deref(), Some(Signer::Digest(_)))
        });
        self.last_sent = keeps.then(|| signed.clone());
        Ok(signed)
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
            let why = format!("`{}` got {}", step.name, status_text(&answer.response));
            self.doubt_the_unit(used.auth, &held);
            self.tell(&Event::Renewing { step: self.label(used.auth), why });
            self.former[used.auth] = Some(held.sign_in);
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
            held: session.held.take().map(|held| held.sign_in).or_else(|| self.former[auth].take()),
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

    /// Makes what a kind without tokens is sent with, once a run.
    fn equip(&mut self, auth: usize, plan: &AuthPlan) -> Result<(), Stop> {
        let session = &self.sessions[auth];
        if session.signer.is_some() || session.transport.is_some() {
            return Ok(());
        }
        let values = Arc::clone(self.values.auths());
        let connection = self.values.connection(plan.connection);
        self.sessions[auth].signer = signer(plan, &values[auth], &connection).map(Arc::new);
        if let Some(certificate) = certificate(plan, &values[auth]) {
            let bad = |message: String, help: &str| {
                Diagnostic::error(Code::BadConnection, message).at(plan.span, "").help(help)
            };
            let (identity, roots) = certificate.map_err(|error| bad(error.to_string(), error.help()))?;
            let mut settings = TransportSettings { identity: Some(identity), ..self.world.transport.clone() };
            settings.trusted_roots.extend(roots);
            let transport = Transport::new(&settings)
                .map_err(|error| bad(error.to_string(), "check `certificate`, `private_key` and `ca`"))?;
            self.sessions[auth].transport = Some(Arc::new(transport));
        }
        Ok(())
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

/// A run that asks for a token.
struct Desk<'r, 'a> {
    run: &'r mut Run<'a>,
    label: String,
    /// What an answer was is told once its tokens are kept: whoever listens may take its time, like a full pipe.
    untold: Vec<Event>,
    has_asked: bool,
}

impl Desk<'_, '_> {
    fn tell(&mut self) {
        self.untold.drain(..).for_each(|event| self.run.tell(&event));
    }
}

impl Outside for Desk<'_, '_> {
    type Stop = Stop;

    fn now(&self) -> SystemTime {
        self.run.world.clock.now()
    }

    fn random(&self) -> f64 {
        (self.run.world.random)()
    }

    async fn send(&mut self, request: &Request) -> Result<Response, SendError> {
        self.has_asked = true;
        self.run.figures.requests += 1;
        let transport: Arc<Transport> = Arc::clone(&self.run.transport);
        let sent = transport.send(request).await;
        if let Ok(response) = &sent {
            let bytes = response.body.len() as u64;
            self.run.figures.bytes += bytes;
            self.untold.push(Event::Answered {
                step: self.label.clone(),
                status: response.status.as_u16(),
                bytes,
                elapsed: response.elapsed,
                credits: None,
            });
        }
        sent
    }

    async fn pause(&mut self, time: Duration) -> Result<(), Stop> {
        let world = self.run.world;
        Ok(world.interrupt.or_stop(world.clock.sleep(time)).await?)
    }

    async fn within<T>(
        &mut self,
        patience: Duration,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>, Stop> {
        let done: Result<_, Interrupted> =
            self.run.world.interrupt.or_stop(tokio::time::timeout(patience, work)).await;
        Ok(done?.ok())
    }

    fn hear(&mut self, notice: Notice<'_>) {
        self.tell();
        let step = self.label.clone();
        match notice {
            Notice::Kept => self.run.tell(&Event::Reused { step }),
            Notice::WaitingForOther => self.run.tell(&Event::WaitingForOther { step }),
            Notice::Asking(request) => {
                let request = request.describe(&self.run.redactor);
                self.run.tell(&Event::Requesting { step, request });
            }
            Notice::Retrying { why, wait, retry } => {
                self.run.figures.retries += 1;
                let why = self.run.redactor.redact(&why).into_owned();
                self.run.tell(&Event::Retrying { step, why, wait, retry });
            }
            Notice::Trouble(trouble) => self.run.tell_trouble(trouble),
        }
    }
}

/// A number that no other request has.
fn nonce() -> [u8; 16] {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Without the system's chance it still differs from request to request.
        bytes = fastrand::u128(..).to_ne_bytes();
    }
    bytes
}
