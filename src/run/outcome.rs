//! How a run ended, and its figures.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::target::Landed;

/// A run that has ended.
#[derive(Debug)]
pub struct Outcome {
    /// How.
    pub ending: Ending,
    /// What it did.
    pub figures: Figures,
    /// What is visible now, target by target. Only a complete run shows all; one whose last move failed, some.
    pub landed: Vec<Landed>,
    /// What a reader should know, though it is no failure; redacted.
    pub notes: Vec<String>,
    /// Where the next run goes on, if this one did not come to its end.
    pub goes_on: Option<String>,
    /// Whether it ended while its results were put in place: nobody knows which of them are visible.
    pub is_landing: bool,
}

impl Outcome {
    /// A run that ended before it did anything.
    pub(super) fn before_the_start(ending: Ending) -> Self {
        Self {
            ending,
            figures: Figures::default(),
            landed: vec![],
            notes: vec![],
            goes_on: None,
            is_landing: false,
        }
    }
}

/// How a run can end.
#[derive(Debug)]
pub enum Ending {
    /// Everything was done.
    Complete,
    /// It went to its end, but something is missing.
    Incomplete(Vec<Diagnostic>),
    /// It failed.
    Failed(Box<Diagnostic>),
    /// A target could not be written.
    TargetFailed(Box<Diagnostic>),
    /// Whoever read standard output has enough.
    OutputClosed,
    /// A signal ended it.
    Interrupted,
    /// Another run holds a lock.
    Locked(Box<Diagnostic>),
    /// Another run holds a lock, and the command line says that this is as good.
    Skipped(String),
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Steps that ran.
    pub steps: u64,
    /// Steps left out by their `when`.
    pub skipped: u64,
    /// Requests sent, retries included.
    pub requests: u64,
    /// What they cost in API credits; none: no step says.
    pub credits: Option<u64>,
    /// Tries after the first one.
    pub retries: u64,
    /// Pages of records.
    pub pages: u64,
    /// Records.
    pub records: u64,
    /// Bytes of answers, after gzip is undone.
    pub bytes: u64,
    /// From start to end.
    pub elapsed: Duration,
}

impl Figures {
    /// What was spent, whatever came of it: the figures with which a run starts over.
    pub(super) fn spent(self) -> Self {
        let Self { requests, credits, retries, bytes, .. } = self;
        Self { requests, credits, retries, bytes, ..Self::default() }
    }
}
