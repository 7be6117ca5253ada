//! Putting into a request what proves who asks, or showing it below HTTP.

use std::sync::Arc;

use super::answer::Answer;
use super::failure::{self, Stop};
use super::sign_in::SignIns;
use crate::auth::signing::{Moment, Signer, SigningError};
use crate::auth::{certificate, signer};
use crate::diagnostic::{Code, Diagnostic};
use crate::http::{Request, Transport, TransportSettings};
use crate::plan::auth::{AuthPlan, AuthUse};
use crate::plan::step::StepPlan;
use crate::secret::Secret;

/// What one request keeps for a server that may answer with a challenge.
#[derive(Debug, Default)]
pub(super) struct Challenge {
    /// What was sent last.
    sent: Option<Request>,
    /// What answers the challenge.
    answer: Option<Request>,
}

impl SignIns<'_> {
    /// The request with what proves who asks, even if that is over by now: a token may live for less than it takes to get
    /// and keep it, and who asks for none is answered the same at worst. None: there is nothing.
    pub(super) fn signed(&self, step: &StepPlan, request: &Request) -> Result<Option<Request>, Diagnostic> {
        let mut request = request.clone();
        let Some(used) = step.auth.filter(|used| self.is_at_home(*used, &request)) else {
            return Ok(Some(request));
        };
        let signer = self.session(used.auth).signer.borrow().clone();
        let Some(signer) = signer else { return Ok(None) };
        self.sign_with(&signer, &mut request).map_err(|error| self.unsignable(step, used, &error))?;
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
            self.redactor.learn_short_lived(secret.expose());
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
        let own = own.and_then(|used| self.session(used.auth).transport.borrow().clone());
        own.unwrap_or_else(|| Arc::clone(&self.transport))
    }

    /// A server that wants a digest says so with a challenge; the request is sent again with the answer to it.
    pub(super) fn answer_challenge(
        &self,
        step: &StepPlan,
        answer: &Answer,
        challenge: &mut Challenge,
    ) -> Result<bool, Diagnostic> {
        let Some((used, mut sent)) = step.auth.zip(challenge.sent.take()) else { return Ok(false) };
        let signer = self.session(used.auth).signer.borrow().clone();
        let Some(digest) = signer.as_deref().and_then(Signer::challenged) else { return Ok(false) };
        if answer.response.status != http::StatusCode::UNAUTHORIZED || !self.is_at_home(used, &sent) {
            return Ok(false);
        }
        let answered = digest.answer_challenge(&answer.response.headers, &mut sent, &self.moment());
        let Some(made) = answered.map_err(|error| self.unsignable(step, used, &error))? else {
            return Ok(false);
        };
        self.mask(&made);
        challenge.answer = Some(sent);
        Ok(true)
    }

    /// The request as it goes out: signed now, or the answer to a challenge.
    pub(super) fn outgoing(
        &self,
        step: &StepPlan,
        request: &Request,
        challenge: &mut Challenge,
    ) -> Result<Request, Diagnostic> {
        let same =
            |answered: &Request| answered.url.path() == request.url.path() && answered.body == request.body;
        let answered = challenge.answer.take().filter(same);
        let signed = match answered {
            Some(answered) => answered,
            None => self.signed(step, request)?.unwrap_or_else(|| request.clone()),
        };
        let keeps = step.auth.is_some_and(|used| {
            let signer = self.session(used.auth).signer.borrow();
            signer.as_ref().is_some_and(|signer| signer.challenged().is_some())
        });
        challenge.sent = keeps.then(|| signed.clone());
        Ok(signed)
    }

    /// Makes what a kind without tokens is sent with, once a run.
    pub(super) fn equip(&self, auth: usize, plan: &AuthPlan) -> Result<(), Stop> {
        let session = self.session(auth);
        if session.signer.borrow().is_some() || session.transport.borrow().is_some() {
            return Ok(());
        }
        let values = self.inputs.auths();
        let connection = self.inputs.connection(plan.connection);
        session.signer.replace(signer(plan, &values[auth], &connection).map(Arc::new));
        if let Some(certificate) = certificate(plan, &values[auth]) {
            let bad = |message: String, help: &str| {
                Diagnostic::error(Code::BadConnection, message).at(plan.span, "").help(help)
            };
            let (identity, roots) = certificate.map_err(|error| bad(error.to_string(), error.help()))?;
            let mut settings = TransportSettings { identity: Some(identity), ..self.world.transport.clone() };
            settings.trusted_roots.extend(roots);
            let transport = Transport::new(&settings)
                .map_err(|error| bad(error.to_string(), "check `certificate`, `private_key` and `ca`"))?;
            session.transport.replace(Some(Arc::new(transport)));
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
