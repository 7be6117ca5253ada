//! Rendering a request with the values of the run, and sending it: now, or before its turn.

use std::sync::Arc;

use minijinja::value::Value;

use super::answer::{Answer, ResponseView};
use super::engine::Run;
use super::event::Event;
use super::extraction::Extraction;
use super::failure::{self, Stop};
use super::interrupt::GRACE;
use super::render::{Rendering, page_names};
use crate::diagnostic::{Code, Diagnostic};
use crate::http::{Request, SendError};
use crate::paging::Cursor;
use crate::plan::step::StepPlan;

impl Run<'_> {
    /// The names a step sees, with some of its own.
    pub(super) fn context(
        &self,
        step: &StepPlan,
        answer: Option<&Arc<Answer>>,
        cursor: Option<&Cursor>,
    ) -> Value {
        let response = answer.map(|answer| ("response", ResponseView::value(answer)));
        let page = step
            .paginate
            .as_ref()
            .zip(cursor)
            .map(|(paginate, cursor)| ("page", page_names(paginate, cursor)));
        let state = self.state_names(step).map(|names| ("state", names));
        self.values.context(step.connection, response.into_iter().chain(page).chain(state))
    }

    pub(super) fn render(&self, step: &StepPlan, cursor: Option<&Cursor>) -> Result<Request, Diagnostic> {
        let context = self.context(step, None, cursor);
        let request = Rendering { step, context: &context, cursor, redactor: &self.redactor }.request()?;
        match &self.world.only_origin {
            Some(only) if request.url.origin().ascii_serialization() != *only => Err(outside(step, &request)),
            _ => Ok(request),
        }
    }

    pub(super) async fn send(
        &mut self,
        step: &StepPlan,
        request: &Request,
        cursor: Option<&Cursor>,
    ) -> Result<Result<Arc<Answer>, SendError>, Stop> {
        if self.world.interrupt.is_wished() {
            return Err(Stop::Interrupted);
        }
        let credits = self.price(step, cursor)?;
        let early = cursor.and_then(|cursor| self.prefetch.take(cursor.page, request));
        let in_turn = early.is_none();
        let signed = self.outgoing(step, request)?;
        let transport = self.transport_for(step, request);
        if in_turn {
            self.note_request(step, &signed);
        }
        self.send_ahead(step, cursor);
        let answer = async {
            match early {
                // A task that was cancelled or panicked has sent nothing that counts.
                Some(task) => match task.await {
                    Ok(sent) => sent,
                    Err(_) => transport.send(&signed).await,
                },
                None => transport.send(&signed).await,
            }
        };
        let sent = self.world.interrupt.or_stop_after(GRACE, answer).await?;
        let credits = self.settle(credits, &sent, in_turn);
        Ok(sent.map(|response| {
            let bytes = response.body.len() as u64;
            self.figures.bytes += bytes;
            self.tell(&Event::Answered {
                step: step.name.clone(),
                status: response.status.as_u16(),
                bytes,
                elapsed: response.elapsed,
                credits,
            });
            let answer = Answer::new(response, request.url.clone(), step.records.clone());
            if step.extract.iter().any(|extract| extract.secret) {
                for secret in answer.probable_secrets() {
                    self.redactor.learn(&secret);
                }
            }
            let answer = Arc::new(answer);
            let context = self.context(step, Some(&answer), cursor);
            Extraction { step, answer: &answer, context: &context, redactor: &self.redactor }.learn_secrets();
            answer
        }))
    }

    fn note_request(&mut self, step: &StepPlan, request: &Request) {
        self.figures.requests += 1;
        let described = request.describe(&self.redactor);
        let names: Vec<_> = request.headers.iter().map(|header| header.name.as_str()).collect();
        tracing::debug!(step = step.name, headers = ?names, "{described}");
        self.tell(&Event::Requesting { step: step.name.clone(), request: described });
    }

    /// Keeps `prefetch` pages after this one in flight. A page whose request cannot be rendered yet waits for its turn.
    fn send_ahead(&mut self, step: &StepPlan, cursor: Option<&Cursor>) {
        let Some((paginate, cursor)) = step.paginate.as_ref().zip(cursor) else { return };
        for by in self.prefetch.len() as u64 + 1..=paginate.prefetch {
            let Some(ahead) = cursor.ahead(&paginate.rules, by) else { return };
            let Ok(request) = self.render(step, Some(&ahead)) else { return };
            if !self.is_signed_in(step, &request) {
                return;
            }
            let Ok(Some(signed)) = self.signed(step, &request) else { return };
            let Ok(credits) = self.price(step, Some(&ahead)) else { return };
            // Its answer may be thrown away unseen, and costs all the same.
            self.spend(credits);
            self.note_request(step, &signed);
            let transport = self.transport_for(step, &request);
            self.prefetch.send(&transport, ahead.page, request, signed);
        }
    }
}

/// A rehearsal does not reach a real service.
fn outside(step: &StepPlan, request: &Request) -> Diagnostic {
    let origin = request.url.origin().ascii_serialization();
    let message = format!("`--sandbox` asks the stand-in only, this request goes to `{origin}`");
    failure::at(Code::BadRequest, &step.name, &message, step.request.url.text.span)
        .help("take the address from connection `zoho`, whose values the stand-in replaces; or run without `--sandbox`")
}
