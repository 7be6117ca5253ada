//! Putting into a request what proves who asks, or showing it below HTTP.

use std::sync::Arc;

use super::answer::Answer;
use super::engine::Run;
use super::failure::{self, Stop};
use crate::auth::signing::{Moment, Signer, SigningError};
use crate::auth::{certificate, signer};
use crate::diagnostic::{Code, Diagnostic};
use crate::http::{Request, Transport, TransportSettings};
use crate::plan::auth::{AuthPlan, AuthUse};
use crate::plan::step::StepPlan;
use crate::secret::Secret;

impl Run<'_> {
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

    /// Makes what a kind without tokens is sent with, once a run.
    pub(super) fn equip(&mut self, auth: usize, plan: &AuthPlan) -> Result<(), Stop> {
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
