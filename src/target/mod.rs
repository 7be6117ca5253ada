//! Where records land, and the protocol that makes them visible all at once or not at all.
//!
//! ```text
//! open → write … (settle → Receipt) … → prepare → Prepared (durable, hidden) → apply → Landed (visible)
//!   └ again, with a receipt ↗
//! ```
//!
//! A target is synchronous and owned by one thread, its [`Worker`]. Nothing here decides whether a run is a success.
//! All that is not one plain file lands from a spool (`spooled.rs`): `file/` makes files of it, `sqlite/` rows.

pub mod error;
mod file;
mod gate;
mod jsonl;
mod landing_count;
mod lines;
mod prepared;
mod segments;
mod spool;
mod spooled;
mod sqlite;
pub mod stage;
pub mod staging;
mod stdout;
pub mod worker;

use std::io::Write;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use error::TargetError;
pub use landing_count::LandingCount;
pub use prepared::{Landed, Manner, Prepared, apply, apply_counted, discard};
pub use segments::Origin;
pub use stage::Stage;
pub use worker::{Room, Settling, Worker};

use crate::plan::target::{FilePlan, TargetKind, TargetPlan};
use crate::record::Batch;
use staging::Spot;

/// A place that takes records.
pub trait Target: Send {
    /// Takes the records of a batch; they need not be durable yet.
    fn write(&mut self, batch: &Batch) -> Result<(), TargetError>;

    /// Notes whose records those are that were written since the last note. Only a target that was opened to keep the
    /// order of items is asked.
    fn note_origin(&mut self, origin: &Origin) -> Result<(), TargetError>;

    /// What was written so far of whatever this leads to does not count.
    fn void(&mut self, path: &[u64]) -> Result<(), TargetError>;

    /// Makes durable what was taken so far, hidden as it is.
    fn settle(&mut self) -> Result<Receipt, TargetError>;

    /// Settles, and closes the target without making anything visible or giving anything up: another process can
    /// [`open`] it again.
    fn suspend(self: Box<Self>) -> Result<Receipt, TargetError>;

    /// Makes everything durable, still hidden, and closes the target. What it gives is all that [`apply`] needs.
    fn prepare(self: Box<Self>) -> Result<Prepared, TargetError>;

    /// Gives up and leaves nothing behind.
    fn abandon(self: Box<Self>);
}

/// How far a target is durable: where it is cut back to when a run goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Records to land.
    pub puts: Position,
    /// Records whose keys are to go.
    pub deletes: Position,
    /// Records that cannot land, and were put aside.
    pub rejected: Position,
    /// Whose records those are, if items of a loop write them.
    #[serde(default)]
    pub segments: Position,
}

/// A place in a file of JSON Lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Records before it.
    pub records: u64,
    /// Bytes before it.
    pub bytes: u64,
}

/// Opens a target, cut back to the receipt if an earlier process opened it for this run. `keeps_order`: items of a loop
/// write to it as they come, and land in their order. `stdout` is where [`TargetKind::Stdout`] writes; what is printed
/// comes as it comes.
///
/// # Errors
/// When the place cannot be written, and nothing is left behind then; when less is there than the receipt says.
pub fn open(
    plan: &TargetPlan,
    stage: &Stage,
    receipt: Option<&Receipt>,
    keeps_order: bool,
    stdout: Box<dyn Write + Send>,
) -> Result<Box<dyn Target>, TargetError> {
    Ok(match &plan.kind {
        TargetKind::File(file) if is_its_own_spool(file) && !keeps_order => {
            let spot = Spot::look(&file.place.path, &file.place.shown, stage.run_id())?;
            Box::new(jsonl::Jsonl::open(spot, receipt)?)
        }
        TargetKind::Stdout => Box::new(stdout::Stdout::open(stdout, receipt)),
        TargetKind::File(_) | TargetKind::Sqlite(_) => {
            Box::new(spooled::Spooled::open(plan, stage, receipt, keeps_order)?)
        }
    })
}

/// The folders in which a run may leave something that carries its id.
pub fn folders(plan: &TargetPlan) -> Vec<PathBuf> {
    match &plan.kind {
        TargetKind::File(file) if !file.partition_by.is_empty() => {
            let beside = staging::folder(&file.place.path);
            std::iter::once(file.place.path.clone()).chain(beside).collect()
        }
        kind @ (TargetKind::File(_) | TargetKind::Sqlite(_) | TargetKind::Stdout) => {
            kind.place().and_then(|place| staging::folder(&place.path)).into_iter().collect()
        }
    }
}

/// Whether the file that grows is the file that lands.
fn is_its_own_spool(file: &FilePlan) -> bool {
    file.format.is_what_is_spooled()
        && file.mode.replaces()
        && file.compress.is_none()
        && file.partition_by.is_empty()
}
