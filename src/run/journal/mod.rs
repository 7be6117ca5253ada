//! What a run writes down, so that another process can resume it: its entry in the state, its place, its checkpoints.

pub(super) mod checkpoint;
pub mod edit;
#[cfg(test)]
mod edit_tests;
pub(super) mod entry;
pub(super) mod items;
pub(super) mod place;
mod recovery;
mod state_thread;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;

use self::checkpoint::{Checkpoint, Missing};
use self::entry::{RunEntry, about_state};
use self::place::Place;
use super::failure::Stop;
use super::outcome::Figures;
use super::services::Services;
use super::world::World;
use crate::fault_point::between_checkpoints;
use crate::plan::Plan;
use crate::state::StateError;
use crate::target::Prepared;

/// A checkpoint is due after so long,
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(1);

/// or so many bytes of records.
const BYTES_BETWEEN_CHECKPOINTS: u64 = 64 * 1024 * 1024;

/// What a run writes down.
#[derive(Debug)]
pub(super) struct Journal<'a> {
    plan: &'a Plan,
    entry: Option<RunEntry>,
    /// The folder in which the run keeps what has not landed.
    stage: PathBuf,
    /// Where the pipeline's strand is, and within it all others.
    place: Rc<Place>,
    /// Whether another process could resume the run.
    can_resume: Cell<bool>,
    checkpointed_at: Cell<SystemTime>,
    /// Bytes of records since the last checkpoint.
    bytes: Cell<u64>,
    /// The place of the last checkpoint that is stored.
    stored: RefCell<Option<String>>,
    /// Items of loops that were left out.
    missing: RefCell<Missing>,
    /// Lists of items that nobody needs once the next checkpoint is stored.
    unneeded: RefCell<Vec<PathBuf>>,
    /// Held while a checkpoint is stored: one at a time.
    storing: Mutex<()>,
}

impl<'a> Journal<'a> {
    /// Begins at a place; `resumed` is where an interrupted run stopped.
    pub(super) fn new(
        plan: &'a Plan,
        world: &World,
        entry: Option<RunEntry>,
        stage: PathBuf,
        place: Rc<Place>,
        resumed: Option<&Checkpoint>,
    ) -> Self {
        Self {
            plan,
            can_resume: Cell::new(entry.is_some() && checkpoint::can_resume(plan)),
            entry,
            stage,
            place,
            checkpointed_at: Cell::new(world.clock.now()),
            bytes: Cell::new(0),
            stored: RefCell::new(resumed.map(|checkpoint| checkpoint.shown.clone())),
            missing: RefCell::new(resumed.map(|checkpoint| checkpoint.missing.clone()).unwrap_or_default()),
            unneeded: RefCell::default(),
            storing: Mutex::new(()),
        }
    }

    /// The run's entry in the state; none: the run leaves nothing behind.
    pub(super) fn entry(&self) -> Option<&RunEntry> {
        self.entry.as_ref()
    }

    /// The run's entry, for a run that starts over.
    pub(super) fn into_entry(self) -> Option<RunEntry> {
        self.entry
    }

    /// The folder in which the run keeps what has not landed; none: nothing that it leaves there would be removed.
    pub(super) fn stage(&self) -> Option<&Path> {
        self.can_resume.get().then_some(&self.stage)
    }

    /// Where the pipeline's strand is.
    pub(super) fn place(&self) -> &Rc<Place> {
        &self.place
    }

    /// The place of the last checkpoint that is stored.
    pub(super) fn stored_place(&self) -> Option<String> {
        self.stored.borrow().clone()
    }

    /// Bytes of records were handed to the targets.
    pub(super) fn landed(&self, bytes: u64) {
        self.bytes.set(self.bytes.get() + bytes);
    }

    /// An item of a loop was left out.
    pub(super) fn left_out(&self, why: String) {
        self.missing.borrow_mut().add(why);
    }

    /// What was left out.
    pub(super) fn missing(&self) -> Missing {
        self.missing.borrow().clone()
    }

    /// A list of items is not needed once the next checkpoint is stored.
    pub(super) fn unneeded(&self, path: Option<&Path>) {
        self.unneeded.borrow_mut().extend(path.map(Path::to_owned));
    }

    /// Removes all lists of items: what the run got has landed.
    pub(super) fn remove_lists(&self) {
        items::remove_all(&self.stage);
    }

    /// Stores how far the run got, if it is time.
    pub(super) async fn checkpoint_if_due(&self, services: &Services<'_>) -> Result<(), Stop> {
        let between = between_checkpoints(BETWEEN_CHECKPOINTS);
        let now = services.world.clock.now();
        // A clock that went back says nothing: then it is time.
        let waited = now.duration_since(self.checkpointed_at.get()).unwrap_or(between);
        if waited < between && self.bytes.get() < BYTES_BETWEEN_CHECKPOINTS {
            return Ok(());
        }
        // Somebody stores one already.
        let Ok(_alone) = self.storing.try_lock() else { return Ok(()) };
        self.store(services).await
    }

    /// Stores how far the run got.
    pub(super) async fn checkpoint(&self, services: &Services<'_>) -> Result<(), Stop> {
        let _alone = self.storing.lock().await;
        self.store(services).await
    }

    async fn store(&self, services: &Services<'_>) -> Result<(), Stop> {
        // What is incomplete already is not resumed: the next run is to have all of it.
        if !self.can_resume.get() || !services.reporter.is_complete() {
            return Ok(());
        }
        let Some(entry) = &self.entry else { return Ok(()) };

        // One instant: what the strands hold, and the order to make just that durable.
        let Some(place) = self.place.saved(self.plan) else {
            self.can_resume.set(false);
            return Ok(());
        };
        let settlings = services.targets.ask_settle();
        let changes = services.watermarks.changes(self.plan);
        let figures = services.reporter.figures();
        let unneeded = self.unneeded.take();
        let mut checkpoint = Checkpoint::new(self.plan, place, figures, self.missing());
        let now = services.world.clock.now();
        self.checkpointed_at.set(now);
        self.bytes.set(0);

        // The strands go on meanwhile.
        checkpoint.targets = settlings.receipts().await?;
        let stored = entry.checkpoint(&checkpoint, changes.pending.clone(), now).await;
        stored.map_err(|error| about_state(&error))?;
        services.watermarks.are_stored(&changes);
        self.stored.replace(Some(checkpoint.shown));
        for path in &unneeded {
            items::remove(path);
        }
        Ok(())
    }

    /// The place at which the next run resumes, if it can: what is there so far is made durable.
    pub(super) async fn last_checkpoint(&self, services: &Services<'_>) -> Option<String> {
        if services.reporter.figures().pages == 0 {
            return None;
        }
        // If that fails, the last one that was stored counts.
        let _ = self.checkpoint(services).await;
        self.stored_place()
    }

    /// Decides what lands.
    pub(super) async fn decide(
        &self,
        prepared: &[Prepared],
        watermarks: entry::DecidedWatermarks,
        world: &World,
    ) -> Result<(), StateError> {
        match &self.entry {
            Some(entry) => entry.decide(prepared, watermarks, world.clock.now()).await,
            None => Ok(()),
        }
    }

    /// Notes that only the first of what was decided has landed.
    pub(super) async fn have_landed(&self, count: usize) -> Option<String> {
        // If that cannot be noted, the next run finds out.
        let _ = self.entry.as_ref()?.have_landed(count).await;
        Some("the next run puts the rest in place".to_owned())
    }

    /// Notes the end; the run is what it is even if that cannot be noted.
    pub(super) async fn end(&self, outcome: &'static str, world: &World) -> Option<String> {
        let ended = self.entry.as_ref()?.end(outcome, world.clock.now()).await;
        ended.err().map(|error| format!("the end of the run could not be noted: {error}"))
    }

    /// Removes what the run left and notes the end.
    pub(super) async fn close(&self, outcome: &'static str, world: &World) -> Option<String> {
        let closed = self.entry.as_ref()?.close(outcome, world.clock.now()).await;
        closed.err().map(|error| format!("the end of the run could not be noted: {error}"))
    }
}

/// What an interrupted run had counted.
pub(super) fn resumed_figures(resumed: Option<&Checkpoint>) -> Option<Figures> {
    resumed.map(|checkpoint| checkpoint.figures.clone())
}
