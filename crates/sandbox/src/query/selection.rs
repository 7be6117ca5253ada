//! The records of a module that meet a condition, in an order.

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

/// What there is to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordSource {
    /// Converted leads too, and for how many steps of churn what was written does not show.
    SearchIndex { lag: u64 },
    /// All that is there now. That converted leads are left out unless the condition speaks of them is a guess.
    Database,
}

/// By what records are ordered: the first field first. Those that are equal in all of them are in the order of ids.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldOrder(pub(crate) Vec<(Path, Direction)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

impl<'a> Selection<'a> {
    /// Them all, in the order of their ids.
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

    /// So many of them after so many others, and whether there are more.
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
    /// The direction, when it is the ids alone that matter.
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

/// That null comes before everything is a guess.
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
