//! Records on their way to a target: shared bytes and the range of each record in them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// What records mean to a target that has a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The record is new, or replaces the one with its key.
    #[default]
    Put,
    /// The one with its key goes.
    Delete,
}

/// Some records of one page. Cloning and sending it copies no record.
#[derive(Clone)]
pub struct Batch {
    /// The bytes that hold the records, as received.
    text: Bytes,
    ranges: Arc<[Range<usize>]>,
    change: Change,
}

impl Batch {
    /// A batch of the records at `ranges` of `text`.
    pub fn new(text: Bytes, ranges: Arc<[Range<usize>]>) -> Self {
        Self { text, ranges, change: Change::Put }
    }

    /// The same records with another meaning.
    #[must_use]
    pub fn meaning(self, change: Change) -> Self {
        Self { change, ..self }
    }

    /// What the records mean.
    pub fn change(&self) -> Change {
        self.change
    }

    /// The records, as received.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.ranges().iter().map(|range| &self.text[range.clone()])
    }

    /// Where the records lie in [`Self::text`].
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// The bytes that hold the records, and everything between them.
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// How many records these are.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many bytes the records have together.
    pub fn byte_len(&self) -> usize {
        self.ranges().iter().map(Range::len).sum()
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Batch({:?}, {} records, {} bytes)", self.change, self.len(), self.byte_len())
    }
}
