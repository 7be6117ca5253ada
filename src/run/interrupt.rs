//! The wish to stop, as a value that waits can listen to.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;

/// How long a request in flight may still take after the wish to stop.
pub const GRACE: Duration = Duration::from_secs(5);

/// The listening end.
#[derive(Debug, Clone)]
pub struct Interrupt {
    wished: watch::Receiver<bool>,
}

/// The end at which a signal arrives. Dropping it means that nobody can wish to stop any more.
#[derive(Debug)]
pub struct Interrupter(watch::Sender<bool>);

/// Somebody wished to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// Both ends.
pub fn pair() -> (Interrupter, Interrupt) {
    let (sender, wished) = watch::channel(false);
    (Interrupter(sender), Interrupt { wished })
}

impl Interrupter {
    /// Wishes to stop.
    pub fn interrupt(&self) {
        self.0.send_replace(true);
    }
}

impl Interrupt {
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
