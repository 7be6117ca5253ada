//! How the data differs from what it was at the start. Only churn makes changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Module, Number, SortKey};

/// The changes of all modules.
#[derive(Debug, Default)]
pub(super) struct OrganisationChanges {
    /// The changes of each module, shared with its snapshots.
    pub(super) modules: [Arc<ModuleChanges>; Module::ALL.len()],
    /// How many steps of churn there were: one for each page that was read.
    pub(super) step: u64,
}

/// The changes of a module.
#[derive(Debug, Clone, Default)]
pub(super) struct ModuleChanges {
    /// How many records were inserted, including those that were deleted again.
    pub(super) inserted: u64,
    /// The existing records that were inserted, modified or converted.
    pub(super) touched: BTreeMap<Number, RecordChange>,
    /// The same records, ordered by `Modified_Time`.
    pub(super) by_modified_time: BTreeSet<SortKey>,
    pub(super) deleted: BTreeMap<Number, Deletion>,
}

/// What happened to a record that still exists.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordChange {
    /// Set only for records that were inserted.
    pub(super) created: Option<Timestamp>,
    pub(super) modified: Timestamp,
    pub(super) converted: Option<Timestamp>,
    /// How often it was modified.
    pub(super) revision: u32,
    /// The last step of churn that changed it.
    pub(super) step: u64,
}

/// The deletion of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deletion {
    pub(super) time: Timestamp,
    /// Whether it is not even in the recycle bin.
    pub(super) is_permanent: bool,
}

impl ModuleChanges {
    /// Sets the current change of a record.
    pub(super) fn put(&mut self, number: Number, change: RecordChange) {
        self.forget(number);
        self.by_modified_time.insert(SortKey { modified: change.modified.as_second(), number });
        self.touched.insert(number, change);
    }

    pub(super) fn delete(&mut self, number: Number, deletion: Deletion) {
        self.forget(number);
        self.deleted.insert(number, deletion);
    }

    /// Whether the record differs from what it was at the start.
    pub(super) fn has(&self, number: Number) -> bool {
        self.touched.contains_key(&number) || self.deleted.contains_key(&number)
    }

    fn forget(&mut self, number: Number) {
        if let Some(old) = self.touched.remove(&number) {
            self.by_modified_time.remove(&SortKey { modified: old.modified.as_second(), number });
        }
    }
}
