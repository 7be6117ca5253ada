//! Data that changes while it is read: after each page some records are inserted, modified, converted and deleted.
//!
//! What happens depends on the seed and on the pages so far; only the times are those of the clock.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::{Arc, PoisonError};

use fastrand::Rng;
use jiff::Timestamp;

use super::changes::{Deletion, OrganisationChanges, RecordChange};
use super::{Module, Number, Organisation, Record, Snapshot};

/// How many in a hundred changes are in the module that is read.
const WHERE_IT_IS_READ: u64 = 70;
/// How often a record that is there is looked for before one is inserted instead.
const MOST_TRIES: u32 = 100;

/// How much changes: so many things after every page of records that was asked for and not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Churn {
    changes_per_page: NonZeroU32,
}

/// Why a text is no churn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("churn of `{found}`; allowed: a whole number from 1, how many things change after each page")]
pub struct ChurnError {
    found: String,
}

/// What can happen to the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChangeKind {
    Insert,
    Modify,
    Convert,
    Delete,
}

impl Churn {
    /// So many changes after every page.
    pub fn new(changes_per_page: NonZeroU32) -> Self {
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
    /// How often something was changed because a page was read.
    pub(super) fn step(&self) -> u64 {
        self.changes.read().unwrap_or_else(PoisonError::into_inner).step
    }

    /// A page of the module was read: what the churn makes of it.
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
        // Else the changes would be copied to keep the snapshot as it is.
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

    /// No record may be older than one with a lesser id; made-up times may lie ahead of the clock.
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

/// Some record that is there and not converted.
fn victim<'a>(snapshot: &Snapshot<'a>, dice: &mut Rng) -> Option<Record<'a>> {
    let end = snapshot.end().index();
    (0..MOST_TRIES).filter(|_| end > 0).find_map(|_| {
        let record = snapshot.record(Number::new(dice.u64(..end), false))?;
        (!record.is_converted()).then_some(record)
    })
}
