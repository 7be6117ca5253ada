//! The records of a module at one moment. Later changes do not affect it.

use std::collections::btree_set;
use std::ops::{Bound, RangeInclusive};
use std::slice;
use std::sync::{Arc, PoisonError};

use super::changes::ModuleChanges;
use super::number::Sibling;
use super::{Module, Number, Organisation, Record};

/// The records of a module at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot<'a> {
    pub(super) organisation: &'a Organisation,
    pub(super) module: Module,
    pub(super) changes: Arc<ModuleChanges>,
}

/// The position of a record in any order. Ids and creation times increase with the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SortKey {
    /// In seconds since 1970; there are no fractional seconds.
    pub(crate) modified: i64,
    pub(crate) number: Number,
}

/// How the records of a module are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SortOrder {
    pub(crate) sort_by: SortBy,
    pub(crate) descending: bool,
}

/// What records are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SortBy {
    Id,
    CreatedTime,
    ModifiedTime,
}

impl Organisation {
    /// The current records of a module.
    pub(crate) fn snapshot(&self, module: Module) -> Snapshot<'_> {
        let changes = self.changes.read().unwrap_or_else(PoisonError::into_inner);
        Snapshot { organisation: self, module, changes: Arc::clone(&changes.modules[module as usize]) }
    }

    /// The records at the start, ordered by `Modified_Time`.
    fn by_modified_time(&self, module: Module) -> &[Number] {
        self.by_modified_time[module as usize].get_or_init(|| {
            let untouched = Snapshot { organisation: self, module, changes: Arc::default() };
            let mut keys: Vec<_> = untouched.into_records().map(|record| record.key()).collect();
            keys.sort_unstable();
            keys.into_iter().map(|key| key.number).collect()
        })
    }
}

impl<'a> Snapshot<'a> {
    /// The record with this number, if it exists. Converted leads do.
    pub(crate) fn record(&self, number: Number) -> Option<Record<'a>> {
        let index = number.index();
        let change = self.changes.touched.get(&number).copied();
        let was_there = index < self.organisation.count(self.module)
            && (!number.is_sibling() || Sibling::of(self.module, index) == Some(Sibling::Converted));
        let is_there = change.is_some() || was_there && !self.changes.deleted.contains_key(&number);
        let (organisation, module, is_sibling) = (self.organisation, self.module, number.is_sibling());
        is_there.then_some(Record { organisation, module, index, is_sibling, change })
    }

    /// All records, ordered by id.
    pub(crate) fn into_records(self) -> impl DoubleEndedIterator<Item = Record<'a>> + use<'a> {
        (0..self.end().word()).filter_map(move |word| self.record(Number::from_word(word)))
    }

    /// The records whose ids may be in a range, ordered by id. It contains all that are in the range, and at most two
    /// at each end that are not. Records before the range cost nothing.
    pub(crate) fn into_records_between(
        self,
        ids: &RangeInclusive<u64>,
    ) -> impl DoubleEndedIterator<Item = Record<'a>> + use<'a> {
        let first = Number::new(Number::index_near(self.module, *ids.start()), false);
        let past = Number::new(Number::index_near(self.module, *ids.end()).saturating_add(1), false);
        let words = first.word()..past.min(self.end()).word();
        words.filter_map(move |word| self.record(Number::from_word(word)))
    }

    /// The id for a number, whether or not the record exists.
    pub(crate) fn id_at(&self, number: Number) -> u64 {
        untouched(self, number).id()
    }

    /// The sorted records, from a sort key on.
    pub(crate) fn records_from(
        &self,
        order: SortOrder,
        start: Bound<SortKey>,
    ) -> Box<dyn Iterator<Item = Record<'a>> + '_> {
        if order.sort_by == SortBy::ModifiedTime {
            return Box::new(ByModifiedTime::from(self, order, start));
        }
        let place = start.map(|key| key.number.word());
        let record = |word| self.record(Number::from_word(word));
        if order.descending {
            let end = match place {
                Bound::Unbounded => self.end().word(),
                Bound::Included(word) => word + 1,
                Bound::Excluded(word) => word,
            };
            Box::new((0..end).rev().filter_map(record))
        } else {
            let first = match place {
                Bound::Unbounded => 0,
                Bound::Included(word) => word,
                Bound::Excluded(word) => word + 1,
            };
            Box::new((first..self.end().word()).filter_map(record))
        }
    }

    /// The number after the last record.
    pub(super) fn end(&self) -> Number {
        Number::new(self.organisation.count(self.module) + self.changes.inserted, false)
    }
}

/// Merges the records at the start with those that were changed since.
#[derive(Debug)]
struct ByModifiedTime<'s, 'a> {
    snapshot: &'s Snapshot<'a>,
    descending: bool,
    old: slice::Iter<'s, Number>,
    touched: btree_set::Range<'s, SortKey>,
    next_old: Option<SortKey>,
    next_touched: Option<SortKey>,
}

impl<'s, 'a> ByModifiedTime<'s, 'a> {
    fn from(snapshot: &'s Snapshot<'a>, order: SortOrder, start: Bound<SortKey>) -> Self {
        let old = snapshot.organisation.by_modified_time(snapshot.module);
        let key = |number: &Number| untouched(snapshot, *number).key();
        let is_before = |number: &Number| match start {
            Bound::Unbounded => order.descending,
            Bound::Included(place) if order.descending => key(number) <= place,
            Bound::Included(place) => key(number) < place,
            Bound::Excluded(place) if order.descending => key(number) < place,
            Bound::Excluded(place) => key(number) <= place,
        };
        let (before, after) = old.split_at(old.partition_point(is_before));
        let (old, range) = if order.descending {
            (before, (Bound::Unbounded, start))
        } else {
            (after, (start, Bound::Unbounded))
        };
        let mut walk = Self {
            snapshot,
            descending: order.descending,
            old: old.iter(),
            touched: snapshot.changes.by_modified_time.range(range),
            next_old: None,
            next_touched: None,
        };
        walk.step_old();
        walk.step_touched();
        walk
    }

    fn step_old(&mut self) {
        self.next_old = loop {
            let next = if self.descending { self.old.next_back() } else { self.old.next() };
            match next {
                Some(number) if self.snapshot.changes.has(*number) => {}
                Some(number) => break Some(untouched(self.snapshot, *number).key()),
                None => break None,
            }
        };
    }

    fn step_touched(&mut self) {
        let next = if self.descending { self.touched.next_back() } else { self.touched.next() };
        self.next_touched = next.copied();
    }
}

impl<'a> Iterator for ByModifiedTime<'_, 'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let is_touched = match (self.next_old, self.next_touched) {
            (Some(old), Some(touched)) => (touched < old) != self.descending,
            (old, _) => old.is_none(),
        };
        let key = if is_touched { self.next_touched } else { self.next_old }?;
        if is_touched {
            self.step_touched();
        } else {
            self.step_old();
        }
        self.snapshot.record(key.number)
    }
}

/// A record as it was at the start.
fn untouched<'a>(snapshot: &Snapshot<'a>, number: Number) -> Record<'a> {
    Record {
        organisation: snapshot.organisation,
        module: snapshot.module,
        index: number.index(),
        is_sibling: number.is_sibling(),
        change: None,
    }
}

impl SortOrder {
    pub(crate) fn reversed(self) -> Self {
        Self { descending: !self.descending, ..self }
    }
}

impl SortBy {
    pub(crate) const ALL: [Self; 3] = [Self::Id, Self::CreatedTime, Self::ModifiedTime];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::CreatedTime => "Created_Time",
            Self::ModifiedTime => "Modified_Time",
        }
    }
}
