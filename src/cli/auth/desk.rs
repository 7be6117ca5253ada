//! Asking for tokens at a terminal: what happens is said on standard error.

use std::convert::Infallible;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::auth::oauth2::{Notice, Outside};
use crate::cli::terminal::{Output, Terminal};
use crate::http::{Request, Response, SendError, Transport};
use crate::run::{Clock, SystemClock};
use crate::secret::Redactor;

/// A person's terminal, the network, the machine's clock. Ctrl-C ends the process as always.
pub(super) struct Desk {
    transport: Transport,
    clock: Arc<dyn Clock>,
    err: Output,
    redactor: Redactor,
}

impl Desk {
    pub(super) fn new(transport: Transport, terminal: &Terminal, redactor: &Redactor) -> Self {
        let clock = terminal.clock.clone().unwrap_or_else(|| Arc::new(SystemClock) as Arc<dyn Clock>);
        Self { transport, clock, err: terminal.err.clone(), redactor: redactor.clone() }
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

impl Outside for Desk {
    type Stop = Infallible;

    fn now(&self) -> SystemTime {
        self.clock.now()
    }

    fn random(&self) -> f64 {
        fastrand::f64()
    }

    async fn send(&mut self, request: &Request) -> Result<Response, SendError> {
        self.transport.send(request).await
    }

    async fn pause(&mut self, time: Duration) -> Result<(), Infallible> {
        self.clock.sleep(time).await;
        Ok(())
    }

    async fn within<T>(
        &mut self,
        patience: Duration,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>, Infallible> {
        Ok(tokio::time::timeout(patience, work).await.ok())
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
