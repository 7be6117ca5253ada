//! A run as the one who asks for tokens: its clock, its connections, its wish to stop, its listener.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::engine::Run;
use super::event::Event;
use super::failure::Stop;
use super::interrupt::Interrupted;
use crate::auth::oauth2::{Notice, Outside};
use crate::http::{Request, Response, SendError, Transport};

/// A run that asks for a token.
pub(super) struct Desk<'r, 'a> {
    pub(super) run: &'r mut Run<'a>,
    pub(super) label: String,
    /// What an answer was is told once its tokens are kept: whoever listens may take its time, like a full pipe.
    pub(super) untold: Vec<Event>,
    pub(super) has_asked: bool,
}

impl Desk<'_, '_> {
    pub(super) fn tell(&mut self) {
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
