//! Which requests are in flight: from when they are read until the last byte of their reply is handed to the system.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Marks a request as in flight while it is held. The server drops its copy after the last byte of the reply, or with
/// the connection.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<()>);

/// Says whether a request is still in flight, without keeping it in flight.
#[derive(Debug, Clone)]
pub struct Flight(Weak<()>);

/// The mark of the request that a connection is about to answer; shared by the service and the socket.
#[derive(Debug, Clone, Default)]
pub(super) struct PendingReply(Arc<Mutex<Option<InFlight>>>);

impl InFlight {
    /// A handle that says whether the request is still in flight.
    pub fn flight(&self) -> Flight {
        Flight(Arc::downgrade(&self.0))
    }
}

impl Flight {
    /// Whether the request is no longer in flight.
    pub fn is_over(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl PendingReply {
    /// Keeps the mark until the reply, which is about to be written, was written.
    pub(super) fn expect(&self, request: InFlight) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
    }

    /// The whole reply was written.
    pub(super) fn all_is_written(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
