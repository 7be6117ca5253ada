//! Data that changes while it is read: after each page some records are inserted, modified, converted and deleted.
//!
//! The changes depend on the seed and on the pages so far; only their times are taken from the clock.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::{Arc, PoisonError};

use fastrand::Rng;
use jiff::Timestamp;

use super::changes::{Deletion, OrganisationChanges, RecordChange};
use super::{Module, Number, Organisation, Record, Snapshot};

/// The percentage of changes that are made in the module that was read.
const WHERE_IT_IS_READ: u64 = 70;
/// How often to try to find an existing record before inserting one instead.
const MOST_TRIES: u32 = 100;

/// How much changes: a number of records after each page that was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Churn {
    changes_per_page: NonZeroU32,
}

/// Why a text is not a valid churn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("churn of `{found}`; allowed: a whole number from 1, how many things change after each page")]
pub struct ChurnError {
    found: String,
}

/// The kinds of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChangeKind {
    Insert,
    Modify,
    Convert,
    Delete,
}

impl Churn {
    /// This many changes after each page.
    pub(crate) fn new(changes_per_page: NonZeroU32) -> Self {
        Self { changes_per_page }
    }
}

impl FromStr for Churn {
    type Err = ChurnError;

    fn from_str(text: &str) -> Result<Self, ChurnError> {
        text.parse().map(Self::new).map_err(|_| ChurnError { found: text.to_owned() })
    }
}

impl Organisation {
    /// How many steps of churn there were: one for each page that was read.
    pub(super) fn step(&self) -> u64 {
        self.changes.read().unwrap_or_else(PoisonError::into_inner).step
    }

    /// Makes the changes that follow after a page of the module was read.
    pub(crate) fn churn(&self, read: Module, now: Timestamp) {
        let Some(churn) = self.churn else { return };
        let mut all = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        all.step += 1;
        let mut dice = Rng::with_seed(self.seed ^ all.step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // Zoho: times have no fractions.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        for _ in 0..churn.changes_per_page.get() {
            let module = if dice.u64(..100) < WHERE_IT_IS_READ { read } else { Module::ALL[dice.usize(..7)] };
            self.change(&mut all, module, now, &mut dice);
        }
    }

    fn change(&self, all: &mut OrganisationChanges, module: Module, now: Timestamp, dice: &mut Rng) {
        let step = all.step;
        let snapshot =
            Snapshot { organisation: self, module, changes: Arc::clone(&all.modules[module as usize]) };
        let happening = ChangeKind::thrown(module, dice);
        let record = if happening == ChangeKind::Insert { None } else { victim(&snapshot, dice) };
        let newest = snapshot.end();
        let created = now.max(self.newest(&snapshot));
        // Otherwise `make_mut` would copy the changes for the snapshot.
        drop(snapshot);
        let changes = Arc::make_mut(&mut all.modules[module as usize]);
        let Some(record) = record else {
            changes.inserted += 1;
            let change = RecordChange {
                created: Some(created),
                modified: created,
                converted: None,
                revision: 0,
                step,
            };
            return changes.put(newest, change);
        };
        let modified = now.max(record.modified());
        if happening == ChangeKind::Delete {
            let is_permanent = dice.u64(..4) == 0;
            return changes.delete(record.number(), Deletion { time: modified, is_permanent });
        }
        let old = record.change;
        let change = RecordChange {
            created: old.and_then(|change| change.created),
            modified,
            converted: (happening == ChangeKind::Convert).then_some(modified),
            revision: old.map_or(0, |change| change.revision) + 1,
            step,
        };
        changes.put(record.number(), change);
    }

    /// The time of the newest record. No record may be older than one with a lower id, and made-up times can be in the
    /// future.
    fn newest(&self, snapshot: &Snapshot<'_>) -> Timestamp {
        let inserted = snapshot.changes.touched.values().next_back().and_then(|change| change.created);
        let count = self.count(snapshot.module);
        let old = count.checked_sub(1).map(|last| {
            let last = self.record(snapshot.module, last);
            Record { is_sibling: true, ..last }.created()
        });
        inserted.max(old).unwrap_or(Timestamp::MIN)
    }
}

impl ChangeKind {
    fn thrown(module: Module, dice: &mut Rng) -> Self {
        match dice.u64(..100) {
            0..40 => Self::Insert,
            40..45 if module == Module::Leads => Self::Convert,
            40..75 => Self::Modify,
            _ => Self::Delete,
        }
    }
}

/// A random existing record that is not converted.
fn victim<'a>(snapshot: &Snapshot<'a>, dice: &mut Rng) -> Option<Record<'a>> {
    let end = snapshot.end().index();
    (0..MOST_TRIES).filter(|_| end > 0).find_map(|_| {
        let record = snapshot.record(Number::new(dice.u64(..end), false))?;
        (!record.is_converted()).then_some(record)
    })
}
