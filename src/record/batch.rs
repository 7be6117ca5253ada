//! Records on their way to a target: shared bytes and the range of each record in them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The most bytes of records that travel in one batch, unless a single record is bigger.
pub const MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;

/// The place of a batch in the order in which a step writes, counted from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BatchSeq(pub u64);

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
    /// The ranges of all records of the page; the batch is a window of them.
    ranges: Arc<[Range<usize>]>,
    window: Range<usize>,
    seq: BatchSeq,
    change: Change,
}

impl Batch {
    /// A batch of the records at `ranges` of `text`.
    pub fn new(text: Bytes, ranges: Arc<[Range<usize>]>) -> Self {
        let window = 0..ranges.len();
        Self { text, ranges, window, seq: BatchSeq::default(), change: Change::Put }
    }

    /// The same records at another place in the order of writing.
    #[must_use]
    pub fn numbered(self, seq: BatchSeq) -> Self {
        Self { seq, ..self }
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

    /// The place in the order of writing.
    pub fn seq(&self) -> BatchSeq {
        self.seq
    }

    /// The records, as received.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.ranges().iter().map(|range| &self.text[range.clone()])
    }

    /// Where the records lie in [`Self::text`].
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges[self.window.clone()]
    }

    /// The bytes that hold the records, and everything between them.
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// How many records these are.
    pub fn len(&self) -> usize {
        self.window.len()
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.window.is_empty()
    }

    /// How many bytes the records have together.
    pub fn byte_len(&self) -> usize {
        self.ranges().iter().map(Range::len).sum()
    }

    /// Cuts the batch into ones of at most `max_bytes`, numbered on from this one's place. A bigger record has a
    /// batch of its own; a batch without records stays one.
    pub fn split(self, max_bytes: usize) -> impl Iterator<Item = Self> {
        let mut rest = Some(self);
        std::iter::from_fn(move || {
            let whole = rest.take()?;
            let (first, others) = whole.split_once(max_bytes);
            rest = others;
            Some(first)
        })
    }

    fn split_once(self, max_bytes: usize) -> (Self, Option<Self>) {
        let middle = self.window.start + self.records_within(max_bytes);
        if middle == self.window.end {
            return (self, None);
        }
        let others = Self { window: middle..self.window.end, seq: BatchSeq(self.seq.0 + 1), ..self.clone() };
        (Self { window: self.window.start..middle, ..self }, Some(others))
    }

    /// How many of the first records fit into `max_bytes`; at least one, if there is one.
    fn records_within(&self, max_bytes: usize) -> usize {
        let mut bytes = 0_usize;
        let fitting = self.ranges().iter().take_while(|range| {
            bytes += range.len();
            bytes <= max_bytes
        });
        fitting.count().max(1).min(self.len())
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Batch({:?}, {} records, {} bytes)", self.seq, self.len(), self.byte_len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batch(lengths: &[usize]) -> Batch {
        let mut ranges = Vec::new();
        let mut end = 0;
        for length in lengths {
            ranges.push(end..end + length);
            end += length;
        }
        Batch::new(Bytes::from(vec![b'1'; end]), ranges.into())
    }

    fn lengths(batch: Batch, max_bytes: usize) -> Vec<Vec<usize>> {
        batch.split(max_bytes).map(|part| part.iter().map(<[u8]>::len).collect()).collect()
    }

    #[test]
    fn a_batch_is_cut_at_records() {
        assert_eq!(lengths(batch(&[4, 4, 4, 4, 4]), 8), [vec![4, 4], vec![4, 4], vec![4]]);
        assert_eq!(lengths(batch(&[2, 20, 2]), 8), [vec![2], vec![20], vec![2]]);
        assert_eq!(lengths(batch(&[4, 4]), 8), [vec![4, 4]]);
        assert_eq!(lengths(batch(&[]), 8), [Vec::<usize>::new()]);
    }

    #[test]
    fn parts_are_numbered_on() {
        let parts: Vec<u64> =
            batch(&[4, 4, 4]).numbered(BatchSeq(7)).split(4).map(|part| part.seq().0).collect();
        assert_eq!(parts, [7, 8, 9]);
    }

    proptest! {
        #[test]
        fn splitting_loses_nothing(sizes in prop::collection::vec(1_usize..40, 0..30), max in 1_usize..60) {
            let parts = lengths(batch(&sizes), max);
            prop_assert_eq!(parts.concat(), sizes);
            prop_assert!(parts.iter().all(|part| part.len() <= 1 || part.iter().sum::<usize>() <= max));
        }
    }
}
