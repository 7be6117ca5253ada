//! The state's own thread: the database has a synchronous interface, and its work must not stop the network's.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tokio::sync::{mpsc, oneshot};

use super::entry::Refused;
use crate::run::world::World;
use crate::state::{State, StateError};
use crate::threads;

/// A state that is open, on a thread of its own.
#[derive(Debug)]
pub(super) struct StateThread {
    orders: mpsc::UnboundedSender<Order>,
    folder: PathBuf,
}

type Order = Box<dyn FnOnce(&mut State) + Send>;

impl StateThread {
    /// Opens the state. Another process may have it for a while: then the wish to stop ends the waiting.
    pub(super) async fn open(folder: &Path, world: &World) -> Result<Self, Refused> {
        let path = folder.to_owned();
        let opening = threads::once("state", move || State::open(&path))
            .map_err(|source| Refused::from(StateError::no_thread(folder, source)))?;
        let opened = world.interrupt.or_stop(opening).await.map_err(|_| Refused::Interrupted)?;
        let mut state = opened.map_err(|_| Refused::from(StateError::ended(folder)))??;
        let (orders, received) = mpsc::unbounded_channel::<Order>();
        let carry_out = move |order: Order| {
            order(&mut state);
            ControlFlow::Continue(())
        };
        threads::serve("state", received, carry_out)
            .map_err(|source| Refused::from(StateError::no_thread(folder, source)))?;
        Ok(Self { orders, folder: folder.to_owned() })
    }

    /// The folder of the state.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Does something with the state.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let (reply, done) = oneshot::channel();
        let order: Order = Box::new(move |state| {
            // Whoever asked may have stopped waiting.
            let _ = reply.send(work(state));
        });
        // If the thread is gone, so is the reply.
        let _ = self.orders.send(order);
        done.await.unwrap_or_else(|_| Err(StateError::ended(&self.folder)))
    }
}
