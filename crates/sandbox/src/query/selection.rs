//! The records of a module that match a condition, sorted.

use std::cmp::Ordering;

use super::{Condition, Operand, Path};
use crate::records::{Module, Organisation, Record};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Selection<'a> {
    pub(crate) organisation: &'a Organisation,
    pub(crate) module: Module,
    pub(crate) condition: &'a Condition,
    pub(crate) view: RecordSource,
}

/// Where records are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordSource {
    /// In the search index, which has converted leads too and lags behind by this many steps of churn.
    SearchIndex { lag: u64 },
    /// Among the current records. Guess: converted leads are left out unless the condition mentions them.
    Database,
}

/// The fields that records are sorted by, most significant first. Records with equal values are sorted by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldOrder(pub(crate) Vec<(Path, Direction)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

impl<'a> Selection<'a> {
    /// All matching records, ordered by id.
    pub(crate) fn records(self) -> impl DoubleEndedIterator<Item = Record<'a>> {
        let ids = self.condition.ids();
        let candidates = self.organisation.snapshot(self.module).into_records_between(&ids);
        let speaks_of_converted = self.condition.speaks_of("Converted__s");
        let is_in_view = move |record: &Record<'_>| match self.view {
            RecordSource::SearchIndex { lag } => !record.is_written_within(lag),
            RecordSource::Database => speaks_of_converted || !record.is_converted(),
        };
        candidates.filter(move |record| is_in_view(record) && self.condition.holds(self.organisation, record))
    }

    /// At most `take` records after skipping `skip`, and whether there are more.
    pub(crate) fn slice(self, order: &FieldOrder, skip: usize, take: usize) -> (Vec<Record<'a>>, bool) {
        match order.by_id() {
            Some(Direction::Ascending) => slice(self.records(), skip, take),
            Some(Direction::Descending) => slice(self.records().rev(), skip, take),
            None => slice(self.sorted(order).into_iter(), skip, take),
        }
    }

    fn sorted(self, order: &FieldOrder) -> Vec<Record<'a>> {
        let key = |record: &Record<'_>| -> Vec<_> {
            order.0.iter().map(|(path, _)| path.operand(self.organisation, record)).collect()
        };
        let mut keyed: Vec<_> = self.records().map(|record| (key(&record), record)).collect();
        keyed.sort_by(|(one, _), (other, _)| order.compare(one, other));
        keyed.into_iter().map(|(_, record)| record).collect()
    }
}

impl FieldOrder {
    /// The direction, if records are sorted only by id.
    fn by_id(&self) -> Option<Direction> {
        match self.0.first() {
            None => Some(Direction::Ascending),
            Some((path, direction)) => path.is_id().then_some(*direction),
        }
    }

    fn compare(&self, one: &[Option<Operand>], other: &[Option<Operand>]) -> Ordering {
        let pairs = one.iter().zip(other).zip(&self.0);
        let orderings =
            pairs.map(|((one, other), (_, direction))| direction.of(compare(one.as_ref(), other.as_ref())));
        orderings.fold(Ordering::Equal, Ordering::then)
    }
}

impl Direction {
    pub(crate) fn from_descending(descending: bool) -> Self {
        if descending { Self::Descending } else { Self::Ascending }
    }

    pub(crate) fn of(self, ordering: Ordering) -> Ordering {
        match self {
            Self::Ascending => ordering,
            Self::Descending => ordering.reverse(),
        }
    }
}

/// Guess: null sorts before everything else.
pub(crate) fn compare(one: Option<&Operand>, other: Option<&Operand>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => one.order(other).unwrap_or(Ordering::Equal),
        _ => one.is_some().cmp(&other.is_some()),
    }
}

fn slice<'a>(
    mut records: impl Iterator<Item = Record<'a>>,
    skip: usize,
    take: usize,
) -> (Vec<Record<'a>>, bool) {
    let slice = records.by_ref().skip(skip).take(take).collect();
    let has_more = records.next().is_some();
    (slice, has_more)
}
