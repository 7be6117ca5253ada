//! Asking for tokens at a terminal: what happens is said on standard error.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::auth::oauth2::{Notice, Outside};
use crate::cli::signals;
use crate::cli::terminal::{Output, Terminal};
use crate::http::{Request, Response, SendError, Transport};
use crate::run::interrupt::{self, Interrupt, Interrupted, TokenExchange};
use crate::run::{Clock, SystemClock};
use crate::secret::Redactor;

/// A person's terminal, the network, the machine's clock.
pub(super) struct Desk {
    transport: Transport,
    clock: Arc<dyn Clock>,
    err: Output,
    redactor: Redactor,
    /// Where a signal must not lose an answer; none: it ends the process as always.
    interrupt: Option<Interrupt>,
    /// From a request on until what came is kept: nobody ends the process while the only copy of a refresh token may be on
    /// its way, or in memory only.
    exchange: Option<TokenExchange>,
}

impl Desk {
    pub(super) fn new(transport: Transport, terminal: &Terminal, redactor: &Redactor) -> Self {
        let clock = terminal.clock.clone().unwrap_or_else(|| Arc::new(SystemClock) as Arc<dyn Clock>);
        let (err, redactor) = (terminal.err.clone(), redactor.clone());
        Self { transport, clock, err, redactor, interrupt: None, exchange: None }
    }

    /// From now on the first signal ends waits, and lets a request in flight come to its end: its answer may be the only
    /// copy of a refresh token. The second ends the process.
    pub(super) fn until_answered(mut self, terminal: &Terminal) -> Self {
        let (interrupter, interrupt) = interrupt::pair();
        let person = terminal.interactive.then(|| terminal.err.clone());
        signals::listen(interrupter, person, terminal.err.clone());
        self.interrupt = Some(interrupt);
        self
    }

    /// What came is kept, or nothing came: from now on a signal need not wait.
    pub(super) fn has_kept_it(&mut self) {
        self.exchange = None;
    }

    /// Says something. A closed terminal is no reason to stop.
    pub(super) fn say(&mut self, text: &str) {
        let _ = writeln!(self.err, "{}", self.redactor.redact(text));
    }

    /// Shows what a person opens or types, as it is. It goes to a browser, where a client's id is no secret (RFC 6749, 2.2);
    /// with a masked one nobody could consent.
    pub(super) fn show(&mut self, text: &str) {
        let _ = writeln!(self.err, "  {text}\n");
    }
}

impl Desk {
    async fn or_stop<T>(&self, work: impl Future<Output = T>) -> Result<T, Interrupted> {
        match &self.interrupt {
            Some(interrupt) => interrupt.or_stop(work).await,
            None => Ok(work.await),
        }
    }
}

impl Outside for Desk {
    type Stop = Interrupted;

    fn now(&self) -> SystemTime {
        self.clock.now()
    }

    fn random(&self) -> f64 {
        fastrand::f64()
    }

    async fn send(&mut self, request: &Request) -> Result<Response, SendError> {
        if self.exchange.is_none() {
            self.exchange = self.interrupt.as_ref().map(Interrupt::token_exchange);
        }
        self.transport.send(request).await
    }

    async fn pause(&mut self, time: Duration) -> Result<(), Interrupted> {
        // What came was not worth keeping.
        self.exchange = None;
        self.or_stop(self.clock.sleep(time)).await
    }

    async fn within<T>(
        &mut self,
        patience: Duration,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>, Interrupted> {
        Ok(self.or_stop(tokio::time::timeout(patience, work)).await?.ok())
    }

    fn hear(&mut self, notice: Notice<'_>) {
        match notice {
            Notice::Kept | Notice::Asking(_) => {}
            Notice::WaitingForOther => self.say("another river asks for this token; waiting for it"),
            Notice::Retrying { why, wait, .. } => {
                self.say(&format!("{why}; trying again in {} s", wait.as_secs_f32().ceil()));
            }
            Notice::Trouble(trouble) => self.say(&format!("warning: {trouble}\n  help: {}", trouble.help())),
        }
    }
}
