//! Where records land, and the protocol that makes them visible all at once or not at all.
//!
//! ```text
//! open → write … (settle → Receipt) … → prepare → Prepared (durable, hidden) → apply → Landed (visible)
//! ```
//!
//! A target is synchronous and owned by one thread, its [`Worker`]. Nothing here decides whether a run is a success.

pub mod error;
mod jsonl;
mod lines;
pub mod staging;
mod stdout;
pub mod worker;

use std::io::Write;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use error::TargetError;
pub use worker::Worker;

use crate::plan::target::{TargetKind, TargetPlan};
use crate::record::{Batch, BatchSeq};
use staging::PreparedFile;

/// A place that takes records.
pub trait Target: Send {
    /// Takes the records of a batch; they need not be durable yet.
    fn write(&mut self, batch: &Batch) -> Result<(), TargetError>;

    /// Makes durable what was taken so far, hidden as it is.
    fn settle(&mut self) -> Result<Receipt, TargetError>;

    /// Makes everything durable, still hidden, and closes the target. What it gives is all that [`apply`] needs.
    fn prepare(self: Box<Self>) -> Result<Prepared, TargetError>;

    /// Gives up and leaves nothing behind.
    fn abandon(self: Box<Self>);

    /// Closes, and leaves what is durable for a run that goes on.
    fn detach(self: Box<Self>);
}

/// How far a target is durable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The last batch it holds; none before the first.
    pub through: Option<BatchSeq>,
    /// Records so far.
    pub records: u64,
    /// Bytes so far; in a file, where the next one goes.
    pub bytes: u64,
}

/// A finished target that only waits to be made visible. It can be stored, and outlives the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// Records it holds.
    pub records: u64,
    /// Bytes it holds.
    pub bytes: u64,
    /// The file to put in place; none if all is visible already, as on standard output.
    pub file: Option<PreparedFile>,
}

/// What became visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// Records written.
    pub records: u64,
    /// Bytes written.
    pub bytes: u64,
    /// The file they are in, if they are in one.
    pub destination: Option<PathBuf>,
    /// Whether folders of its path were created for it.
    pub created_folder: bool,
}

/// Opens a target. `stdout` is where [`TargetKind::Stdout`] writes.
///
/// # Errors
/// When the place cannot be written; nothing is left behind then.
pub fn open(
    plan: &TargetPlan,
    run_id: &str,
    stdout: Box<dyn Write + Send>,
) -> Result<Box<dyn Target>, TargetError> {
    match &plan.kind {
        TargetKind::Jsonl { path, shown } => Ok(Box::new(jsonl::Jsonl::open(path, shown, run_id)?)),
        TargetKind::Stdout => Ok(Box::new(stdout::Stdout::new(stdout))),
    }
}

/// Opens a target as a dead run of that id left it, cut back to what the receipt says.
///
/// # Errors
/// When it holds less than that, or cannot be written.
pub fn reopen(
    plan: &TargetPlan,
    run_id: &str,
    stdout: Box<dyn Write + Send>,
    receipt: &Receipt,
) -> Result<Box<dyn Target>, TargetError> {
    match &plan.kind {
        TargetKind::Jsonl { path, shown } => {
            Ok(Box::new(jsonl::Jsonl::reopen(path, shown, run_id, receipt)?))
        }
        TargetKind::Stdout => open(plan, run_id, stdout),
    }
}

/// The folders in which a run may leave files that carry its id.
pub fn folders(plan: &TargetPlan) -> Vec<PathBuf> {
    match &plan.kind {
        TargetKind::Jsonl { path, .. } => staging::folder(path).into_iter().collect(),
        TargetKind::Stdout => vec![],
    }
}

/// Removes a finished target that will not be made visible.
pub fn discard(prepared: &Prepared) {
    if let Some(file) = &prepared.file {
        file.discard();
    }
}

/// Makes a prepared target visible. Doing it again does nothing; no open target is needed.
///
/// # Errors
/// When the file cannot be put in place, or is gone.
pub fn apply(prepared: &Prepared) -> Result<Landed, TargetError> {
    if let Some(file) = &prepared.file {
        file.put_in_place(prepared.bytes)?;
    }
    Ok(Landed {
        records: prepared.records,
        bytes: prepared.bytes,
        destination: prepared.file.as_ref().map(|file| file.destination.clone()),
        created_folder: prepared.file.as_ref().is_some_and(|file| file.created_folder),
    })
}
