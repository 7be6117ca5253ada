//! The numbers of records, in the order of ids.
//!
//! There is an ordinary record at every index. Some have a sibling with an id and a creation time just after theirs: a
//! converted lead, or a record that was deleted long ago. Churn inserts after the last index.

use super::{BETWEEN_IDS, FIRST_ID, Module};

/// The position of a record among all that have ever existed in its module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(u64);

/// The kinds of siblings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sibling {
    Converted,
    Deleted,
}

impl Number {
    pub(super) fn new(index: u64, is_sibling: bool) -> Self {
        Self(index << 1 | u64::from(is_sibling))
    }

    /// The number for an id, whether or not the record exists.
    pub(super) fn of_id(module: Module, id: u64) -> Option<Self> {
        let after_first = id.checked_sub(FIRST_ID)?;
        let index = (after_first / BETWEEN_IDS).checked_sub(module.first_number())?;
        // The ids of ordinary records are odd.
        Some(Self::new(index, after_first % 2 == 0))
    }

    /// The index whose range of ids contains this id, as if the module had no end; 0 for ids before the first.
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
    /// The sibling of the record at this index. There are four converted leads for every hundred.
    pub(super) fn of(module: Module, index: u64) -> Option<Self> {
        match module {
            // No index fits both.
            Module::Leads if index % 25 == 7 => Some(Self::Converted),
            _ if index % 40 == 5 => Some(Self::Deleted),
            _ => None,
        }
    }
}
