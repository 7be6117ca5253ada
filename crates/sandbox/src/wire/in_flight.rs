//! Which requests are in flight: from when they are read until the last byte of their reply has been handed over.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A request's mark of being in flight. The server lets go of its own with the last byte of the reply, or with the
/// connection.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<()>);

/// Tells whether a request is still in flight, without keeping it so.
#[derive(Debug, Clone)]
pub struct Flight(Weak<()>);

/// The mark of the request that a connection is about to answer; shared by who answers and the socket.
#[derive(Debug, Clone, Default)]
pub(super) struct PendingReply(Arc<Mutex<Option<InFlight>>>);

impl InFlight {
    /// What the request can be watched by.
    pub fn flight(&self) -> Flight {
        Flight(Arc::downgrade(&self.0))
    }
}

impl Flight {
    /// Whether nobody holds the request's mark any more.
    pub fn is_over(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl PendingReply {
    /// Keeps the mark until the reply, which is about to be written, has been.
    pub(super) fn expect(&self, request: InFlight) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
    }

    /// All that there was to write has been written.
    pub(super) fn all_is_written(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
