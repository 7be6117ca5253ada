//! Sending a rendered request: now, or before its turn.

use std::sync::Arc;

use super::answer::Answer;
use super::credits;
use super::event::Event;
use super::exchange::Exchange;
use super::extraction::Extraction;
use super::failure::Stop;
use crate::http::{Request, Response, SendError};

impl Exchange<'_, '_, '_> {
    /// Sends the request, unless its answer is on its way already.
    pub(super) async fn send(&mut self, request: &Request) -> Result<Result<Arc<Answer>, SendError>, Stop> {
        let services = self.strand.services;
        self.strand.stopping.check()?;
        let credits = self.strand.price(self.id, self.cursor)?;
        let early = self.cursor.and_then(|cursor| self.ahead.take(cursor.page, request, self.session));
        let in_turn = early.is_none();
        let signed = services.sign_ins.outgoing(self.step, request, &mut self.challenge)?;
        let transport = services.sign_ins.transport_for(self.step, request);
        if in_turn {
            self.note_request(&signed);
        }
        self.send_ahead();

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
        let sent = self.strand.stopping.or_stop_soon(answer).await?;
        let credits = credits::settle(&services.reporter, credits, &sent, in_turn);
        Ok(sent.map(|response| self.received(response, request, credits)))
    }

    /// Counts and tells an answer, and teaches the redactor its secrets before anything of it can be shown.
    fn received(&self, response: Response, request: &Request, credits: Option<u64>) -> Arc<Answer> {
        let services = self.strand.services;
        let bytes = response.body.len() as u64;
        services.reporter.count(|figures| figures.bytes += bytes);
        services.reporter.tell(&Event::Answered {
            step: self.step.name.clone(),
            status: response.status.as_u16(),
            bytes,
            elapsed: response.elapsed,
            credits,
        });
        let answer = Answer::new(response, request.url.clone(), self.step.records.clone());
        if self.step.extract.iter().any(|extract| extract.secret) {
            for secret in answer.likely_secrets() {
                services.redactor.learn(&secret);
            }
        }
        let answer = Arc::new(answer);
        let context = self.strand.context(self.id, Some(&answer), self.cursor);
        let (step, redactor) = (self.step, &services.redactor);
        Extraction { step, answer: &answer, context: &context, redactor }.learn_secrets();
        answer
    }

    fn note_request(&self, request: &Request) {
        let services = self.strand.services;
        services.reporter.count(|figures| figures.requests += 1);
        let described = request.describe(&services.redactor);
        let names: Vec<_> = request.headers.iter().map(|header| header.name.as_str()).collect();
        tracing::debug!(step = self.step.name, headers = ?names, "{described}");
        services.reporter.tell(&Event::Requesting { step: self.step.name.clone(), request: described });
    }

    /// Keeps `prefetch` pages after this one in flight. A page whose request cannot be rendered yet waits for its turn.
    fn send_ahead(&mut self) {
        let Some((paginate, cursor)) = self.step.paginate.as_ref().zip(self.cursor) else { return };
        let sign_ins = &self.strand.services.sign_ins;
        for by in self.ahead.len() as u64 + 1..=paginate.prefetch {
            let Some(ahead) = cursor.ahead(&paginate.rules, by) else { return };
            let Ok(request) = self.strand.render(self.id, Some(&ahead)) else { return };
            if !sign_ins.is_signed_in(self.step, &request) {
                return;
            }
            let Ok(Some(signed)) = sign_ins.signed(self.step, &request) else { return };
            let Ok(credits) = self.strand.price(self.id, Some(&ahead)) else { return };
            // Its answer may be thrown away unseen, and costs all the same.
            credits::spend(&self.strand.services.reporter, credits);
            self.note_request(&signed);
            let transport = sign_ins.transport_for(self.step, &request);
            self.ahead.send(&transport, ahead.page, request, signed, self.session);
        }
    }
}
