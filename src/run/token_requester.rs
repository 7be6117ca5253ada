//! A run as the one who asks for tokens: its clock, its connections, its wish to stop, its listener.

use std::time::{Duration, SystemTime};

use super::event::Event;
use super::failure::Stop;
use super::interrupt::TokenExchange;
use super::sign_in::SignIns;
use crate::auth::oauth2::{Notice, Outside};
use crate::http::{Request, Response, SendError};

/// A run that asks for a token.
pub(super) struct TokenRequester<'s, 'a> {
    sign_ins: &'s SignIns<'a>,
    label: String,
    /// What an answer was is told once its tokens are kept: whoever listens may take its time, like a full pipe.
    untold: Vec<Event>,
    has_asked: bool,
    /// From a request on until what came is kept: nobody ends the process while the only copy of a refresh token may be on
    /// its way, or in memory only.
    exchange: Option<TokenExchange>,
}

impl<'s, 'a> TokenRequester<'s, 'a> {
    /// `label` is what events call the sign-in.
    pub(super) fn new(sign_ins: &'s SignIns<'a>, label: String) -> Self {
        Self { sign_ins, label, untold: vec![], has_asked: false, exchange: None }
    }

    /// Tells what is left to tell, once what came is kept; whether a request was sent.
    pub(super) fn finish(mut self) -> bool {
        self.exchange = None;
        self.tell_untold();
        self.has_asked
    }

    fn tell_untold(&mut self) {
        self.untold.drain(..).for_each(|event| self.sign_ins.reporter.tell(&event));
    }
}

impl Outside for TokenRequester<'_, '_> {
    type Stop = Stop;

    fn now(&self) -> SystemTime {
        self.sign_ins.world.clock.now()
    }

    fn random(&self) -> f64 {
        (self.sign_ins.world.random)()
    }

    async fn send(&mut self, request: &Request) -> Result<Response, SendError> {
        self.has_asked = true;
        self.exchange.get_or_insert_with(|| self.sign_ins.world.interrupt.token_exchange());
        self.sign_ins.reporter.count(|figures| figures.requests += 1);
        let sent = self.sign_ins.transport.send(request).await;
        if let Ok(response) = &sent {
            let bytes = response.body.len() as u64;
            self.sign_ins.reporter.count(|figures| figures.bytes += bytes);
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
        // What came was not worth keeping.
        self.exchange = None;
        self.sign_ins.stopping.or_stop(self.sign_ins.world.clock.sleep(time)).await
    }

    async fn within<T>(
        &mut self,
        patience: Duration,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>, Stop> {
        Ok(self.sign_ins.stopping.or_stop(tokio::time::timeout(patience, work)).await?.ok())
    }

    fn hear(&mut self, notice: Notice<'_>) {
        self.tell_untold();
        let (step, reporter) = (self.label.clone(), &self.sign_ins.reporter);
        match notice {
            Notice::Kept => reporter.tell(&Event::Reused { step }),
            Notice::WaitingForOther => reporter.tell(&Event::WaitingForOther { step }),
            Notice::Asking(request) => {
                let request = request.describe(&self.sign_ins.redactor);
                reporter.tell(&Event::Requesting { step, request });
            }
            Notice::Retrying { why, wait, retry } => {
                reporter.count(|figures| figures.retries += 1);
                let why = self.sign_ins.redactor.redact(&why).into_owned();
                reporter.tell(&Event::Retrying { step, why, wait, retry });
            }
            Notice::Trouble(trouble) => self.sign_ins.store.tell_trouble(trouble),
        }
    }
}
