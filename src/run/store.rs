//! The token store, as far as a run got with it. One that cannot be used is told of once, and the run goes on as if there
//! were none.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::event::Event;
use super::failure::Stop;
use super::reporter::Reporter;
use super::stopping::Stopping;
use super::world::World;
use crate::auth::{EntryId, Locked, StoreError, TokenStore};
use crate::secret::Redactor;

/// How long a run waits for another that asks for the same values. The other may hang, or each may wait for what the
/// other holds; then one request more is better than none.
const PATIENCE: Duration = Duration::from_secs(120);

/// The store of a run.
#[derive(Debug)]
pub(super) struct Store<'a> {
    world: &'a World,
    redactor: Redactor,
    reporter: Rc<Reporter<'a>>,
    stopping: Rc<Stopping>,
    /// Where it is; none: there is none, or it cannot be used.
    state: RefCell<Option<PathBuf>>,
    opened: RefCell<Option<Arc<TokenStore>>>,
    /// Held by whoever opens it.
    opening: Mutex<()>,
    /// What was told already.
    told: RefCell<BTreeSet<String>>,
}

impl<'a> Store<'a> {
    /// Nothing is opened yet.
    pub(super) fn new(
        world: &'a World,
        redactor: Redactor,
        reporter: &Rc<Reporter<'a>>,
        stopping: &Rc<Stopping>,
    ) -> Self {
        Self {
            world,
            redactor,
            reporter: Rc::clone(reporter),
            stopping: Rc::clone(stopping),
            state: RefCell::new(world.state.clone()),
            opened: RefCell::default(),
            opening: Mutex::default(),
            told: RefCell::default(),
        }
    }

    /// The store, opened when it is first needed.
    pub(super) async fn open(&self) -> Result<Option<Arc<TokenStore>>, Stop> {
        let _alone = self.stopping.or_stop(self.opening.lock()).await?;
        let state = self.state.take();
        if let Some(state) = state {
            let opening = TokenStore::open_on_thread(state, self.world.protection.clone());
            let opened = self.stopping.or_stop(tokio::time::timeout(PATIENCE, opening)).await?;
            match opened.unwrap_or(Err(StoreError::Busy)) {
                Ok((store, troubles)) => {
                    self.opened.replace(Some(Arc::new(store)));
                    for trouble in &troubles {
                        self.tell_trouble(trouble);
                    }
                }
                Err(trouble) => self.tell_trouble(&trouble),
            }
        }
        Ok(self.opened.borrow().clone())
    }

    /// Waits for an entry's lock; none: it cannot be had, which was told. `waits` is told if another run holds it.
    pub(super) async fn lock(
        &self,
        store: &Arc<TokenStore>,
        id: &EntryId,
        waits: &Event,
    ) -> Result<Option<Locked>, Stop> {
        let held = match store.try_lock(id) {
            Ok(None) => {
                self.reporter.tell(waits);
                let waiting = tokio::time::timeout(PATIENCE, store.lock(id));
                let held = self.stopping.or_stop(waiting).await?;
                held.unwrap_or(Err(StoreError::Busy)).map(Some)
            }
            held => held,
        };
        Ok(held.unwrap_or_else(|trouble| {
            self.tell_trouble(&trouble);
            None
        }))
    }

    /// Tells what is wrong with the store, each thing once.
    pub(super) fn tell_trouble(&self, trouble: &StoreError) {
        let why = self.redactor.redact(&trouble.to_string()).into_owned();
        if self.told.borrow_mut().insert(why.clone()) {
            self.reporter.tell(&Event::StoreTrouble { why, help: trouble.help() });
        }
    }
}
