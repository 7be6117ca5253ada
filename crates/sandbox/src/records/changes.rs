//! What differs from the data at the start: a thin layer that grows with what churn does, and with nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Module, Number, SortKey};

/// The changes of all modules.
#[derive(Debug, Default)]
pub(super) struct OrganisationChanges {
    /// Those of a module are shared with the snapshots that were taken of it.
    pub(super) modules: [Arc<ModuleChanges>; Module::ALL.len()],
    /// How often something was changed because a page was read.
    pub(super) step: u64,
}

/// The changes of a module.
#[derive(Debug, Clone, Default)]
pub(super) struct ModuleChanges {
    /// How many were inserted, those that were deleted again among them.
    pub(super) inserted: u64,
    /// What is there and was inserted, modified or converted.
    pub(super) touched: BTreeMap<Number, RecordChange>,
    /// The same, in the order of `Modified_Time`.
    pub(super) by_modified_time: BTreeSet<SortKey>,
    pub(super) deleted: BTreeMap<Number, Deletion>,
}

/// What happened to a record that is still there.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordChange {
    /// Only of a record that was inserted.
    pub(super) created: Option<Timestamp>,
    pub(super) modified: Timestamp,
    pub(super) converted: Option<Timestamp>,
    /// How often it was modified.
    pub(super) revision: u32,
    /// The step of churn that wrote it last.
    pub(super) step: u64,
}

/// How a record went.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deletion {
    pub(super) time: Timestamp,
    /// Not in the recycle bin.
    pub(super) is_permanent: bool,
}

impl ModuleChanges {
    /// Notes what a record is now, whatever it was.
    pub(super) fn put(&mut self, number: Number, change: RecordChange) {
        self.forget(number);
        self.by_modified_time.insert(SortKey { modified: change.modified.as_second(), number });
        self.touched.insert(number, change);
    }

    pub(super) fn delete(&mut self, number: Number, deletion: Deletion) {
        self.forget(number);
        self.deleted.insert(number, deletion);
    }

    /// Whether the data at the start no longer says what the record is.
    pub(super) fn has(&self, number: Number) -> bool {
        self.touched.contains_key(&number) || self.deleted.contains_key(&number)
    }

    fn forget(&mut self, number: Number) {
        if let Some(old) = self.touched.remove(&number) {
            self.by_modified_time.remove(&SortKey { modified: old.modified.as_second(), number });
        }
    }
}
