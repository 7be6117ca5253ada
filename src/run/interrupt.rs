//! The wish to stop, as a value that waits can listen to.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;

use crate::fault_point::patience;

/// How long a request in flight may still take after the wish to stop.
pub fn grace() -> Duration {
    patience(Duration::from_secs(5))
}

/// The listening end.
#[derive(Debug, Clone)]
pub struct Interrupt {
    wished: watch::Receiver<bool>,
    /// How many requests for a token are in flight.
    exchanges: watch::Sender<usize>,
}

/// The end at which a signal arrives. Dropping it means that nobody can wish to stop any more.
#[derive(Debug)]
pub struct Interrupter {
    wished: watch::Sender<bool>,
    exchanges: watch::Receiver<usize>,
}

/// Somebody wished to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// A request for a token that is in flight, until this is dropped: its answer may be the only copy of a refresh token.
#[derive(Debug)]
pub struct TokenExchange(watch::Sender<usize>);

/// Both ends.
pub fn pair() -> (Interrupter, Interrupt) {
    let ((wish, wished), (exchange, exchanges)) = (watch::channel(false), watch::channel(0));
    (Interrupter { wished: wish, exchanges }, Interrupt { wished, exchanges: exchange })
}

impl Interrupter {
    /// Wishes to stop.
    pub fn interrupt(&self) {
        self.wished.send_replace(true);
    }

    /// Whether a request for a token is in flight.
    pub fn is_asking_for_a_token(&self) -> bool {
        *self.exchanges.borrow() > 0
    }

    /// Waits until no request for a token is in flight.
    pub async fn has_its_token(&self) {
        // An error means that there is no run any more.
        let _ = self.exchanges.clone().wait_for(|exchanges| *exchanges == 0).await;
    }
}

impl Drop for TokenExchange {
    fn drop(&mut self) {
        self.0.send_modify(|exchanges| *exchanges -= 1);
    }
}

impl Interrupt {
    /// A request for a token is in flight, until what comes back is dropped.
    pub fn token_exchange(&self) -> TokenExchange {
        self.exchanges.send_modify(|exchanges| *exchanges += 1);
        TokenExchange(self.exchanges.clone())
    }

    /// Whether somebody wished to stop.
    pub fn is_wished(&self) -> bool {
        *self.wished.borrow()
    }

    /// Does something that ends at once on the wish to stop: waits.
    pub async fn or_stop<T>(&self, work: impl Future<Output = T>) -> Result<T, Interrupted> {
        self.or_stop_after(Duration::ZERO, work).await
    }

    /// Does something that may go on for a while after the wish to stop: a request in flight.
    pub async fn or_stop_after<T>(
        &self,
        grace: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, Interrupted> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.wish(grace) => Err(Interrupted),
        }
    }

    async fn wish(&self, grace: Duration) {
        let mut wished = self.wished.clone();
        if wished.wait_for(|wished| *wished).await.is_err() {
            std::future::pending::<()>().await;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a person who waits has real time, and so has a request in flight"
        )]
        tokio::time::sleep(grace).await;
    }
}
