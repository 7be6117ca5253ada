//! How far a landing is, for whoever shows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what a landing has done; clones count together.
#[derive(Debug, Clone, Default)]
pub struct LandingCount(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    records: AtomicU64,
    files: AtomicU64,
}

impl LandingCount {
    /// A record is in its file or table.
    pub(super) fn record(&self) {
        self.0.records.fetch_add(1, Ordering::Relaxed);
    }

    /// A file is written, or in its place.
    pub(super) fn file(&self) {
        self.0.files.fetch_add(1, Ordering::Relaxed);
    }

    /// Records that are in their files or tables, of all targets together.
    pub fn records(&self) -> u64 {
        self.0.records.load(Ordering::Relaxed)
    }

    /// Files that are written, and once more when they are in their places.
    pub fn files(&self) -> u64 {
        self.0.files.load(Ordering::Relaxed)
    }
}
