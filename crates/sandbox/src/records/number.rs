//! The numbers of records: their places in the order of ids.
//!
//! Every index has a record of the plain kind. Beside some of them, with an id and a time of creation just after,
//! is a sibling: a lead that is converted, or a record that was deleted long ago. Churn inserts after the last index.

use super::{BETWEEN_IDS, FIRST_ID, Module};

/// The place of a record among those of its module that ever were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(u64);

/// What is beside a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sibling {
    Converted,
    Deleted,
}

impl Number {
    pub(super) fn new(index: u64, is_sibling: bool) -> Self {
        Self(index << 1 | u64::from(is_sibling))
    }

    /// The number that goes with an id; whether there is such a record is another question.
    pub(super) fn of_id(module: Module, id: u64) -> Option<Self> {
        let after_first = id.checked_sub(FIRST_ID)?;
        let index = (after_first / BETWEEN_IDS).checked_sub(module.first_number())?;
        // The ids of plain records are odd.
        Some(Self::new(index, after_first % 2 == 0))
    }

    /// The index to which an id is nearest from above, as if the module never ended; 0 for the ids before it.
    pub(crate) fn index_near(module: Module, id: u64) -> u64 {
        (id.saturating_sub(FIRST_ID) / BETWEEN_IDS).saturating_sub(module.first_number())
    }

    pub(crate) fn from_word(word: u64) -> Self {
        Self(word)
    }

    pub(crate) fn word(self) -> u64 {
        self.0
    }

    pub(super) fn index(self) -> u64 {
        self.0 >> 1
    }

    pub(super) fn is_sibling(self) -> bool {
        self.0 & 1 == 1
    }
}

impl Sibling {
    /// What is beside the record of that index; four leads in a hundred are converted.
    pub(super) fn of(module: Module, index: u64) -> Option<Self> {
        match module {
            // The two can never meet.
            Module::Leads if index % 25 == 7 => Some(Self::Converted),
            _ if index % 40 == 5 => Some(Self::Deleted),
            _ => None,
        }
    }
}
