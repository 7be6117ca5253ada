//! The wish to stop, from outside or from a strand that failed: every wait of every strand ends with it.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::select_all;
use tokio::sync::watch;

use super::failure::Stop;
use super::interrupt::{Interrupt, grace};

/// What the waits of a strand listen to: the wish from outside, and the end of each loop that the strand is in.
#[derive(Debug)]
pub(super) struct Stopping {
    interrupt: Interrupt,
    /// Whether a loop was ended for all its items: the innermost one last.
    ended: Vec<watch::Sender<bool>>,
}

impl Stopping {
    /// Listens to the wish from outside.
    pub(super) fn new(interrupt: Interrupt) -> Rc<Self> {
        Rc::new(Self { interrupt, ended: vec![] })
    }

    /// For the items of a loop: it also listens to [`Self::end`].
    pub(super) fn of_loop(&self) -> Rc<Self> {
        let mut ended = self.ended.clone();
        ended.push(watch::Sender::new(false));
        Rc::new(Self { interrupt: self.interrupt.clone(), ended })
    }

    /// Ends the loop for all its items: one of them cannot go on.
    pub(super) fn end(&self) {
        self.ended.last().map(|ended| ended.send_replace(true));
    }

    /// Err: the strand is to stop, so that nothing new begins.
    pub(super) fn check(&self) -> Result<(), Stop> {
        if self.interrupt.is_wished() {
            return Err(Stop::Interrupted);
        }
        if self.ended.iter().any(|ended| *ended.borrow()) { Err(Stop::Elsewhere) } else { Ok(()) }
    }

    /// Waits for something, or ends at once when the strand is to stop.
    pub(super) async fn or_stop<T>(&self, work: impl Future<Output = T>) -> Result<T, Stop> {
        self.or_stop_after(Duration::ZERO, work).await
    }

    /// Waits for a request in flight, which may go on for a while when the strand is to stop: a page whose answer comes in
    /// time lands.
    pub(super) async fn or_stop_soon<T>(&self, work: impl Future<Output = T>) -> Result<T, Stop> {
        self.or_stop_after(grace(), work).await
    }

    async fn or_stop_after<T>(&self, grace: Duration, work: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            done = self.interrupt.or_stop_after(grace, work) => Ok(done?),
            () = self.has_ended(grace), if !self.ended.is_empty() => Err(Stop::Elsewhere),
        }
    }

    async fn has_ended(&self, grace: Duration) {
        let ends = self.ended.iter().map(|ended| {
            let mut ended = ended.subscribe();
            Box::pin(async move { ended.wait_for(|ended| *ended).await.map(drop) })
        });
        // The senders live as long as this, so that none of them goes away.
        let _ = select_all(ends).await;
        #[expect(clippy::disallowed_methods, reason = "a request in flight has real time")]
        tokio::time::sleep(grace).await;
    }
}
