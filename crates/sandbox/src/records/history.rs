//! What happened to the records: which existed all the time, and which were inserted, changed or deleted. Tests check
//! against it what a client must have read.

use serde::{Serialize, Serializer};

use super::{Module, Organisation, Record};

/// What happened to the records of a module since the start. In JSON, ids are strings, as in Zoho's answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordHistory {
    /// The records (except converted leads) that existed from the start until now, modified or not.
    #[serde(serialize_with = "as_texts")]
    pub throughout: Vec<u64>,
    /// How many records have ever existed since the start, except converted leads.
    pub ever: u64,
    /// The records that were inserted, including those that were deleted again.
    #[serde(serialize_with = "as_texts")]
    pub inserted: Vec<u64>,
    /// The existing records that were modified, and so have moved in the order of `Modified_Time`.
    #[serde(serialize_with = "as_texts")]
    pub modified: Vec<u64>,
    /// The leads that were converted, and so are no longer listed.
    #[serde(serialize_with = "as_texts")]
    pub converted: Vec<u64>,
    /// The records that were deleted.
    #[serde(serialize_with = "as_texts")]
    pub deleted: Vec<u64>,
}

impl Organisation {
    pub(crate) fn history(&self, module: Module) -> RecordHistory {
        let snapshot = self.snapshot(module);
        let at_start = self.count(module);
        let id = |index| self.record(module, index).id();
        let live: Vec<_> = snapshot.clone().into_records().filter(|record| !record.is_sibling).collect();
        RecordHistory {
            throughout: ids(&live, |record| record.index < at_start && !record.is_converted()),
            ever: at_start + snapshot.changes.inserted,
            inserted: (at_start..at_start + snapshot.changes.inserted).map(id).collect(),
            modified: ids(&live, |record| record.change.is_some_and(|change| change.revision > 0)),
            converted: ids(&live, Record::is_converted),
            deleted: snapshot.changes.deleted.keys().map(|number| id(number.index())).collect(),
        }
    }
}

fn ids<'a>(records: &[Record<'a>], is_meant: impl Fn(&Record<'a>) -> bool) -> Vec<u64> {
    records.iter().filter(|record| is_meant(record)).map(Record::id).collect()
}

fn as_texts<S: Serializer>(ids: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ids.iter().map(ToString::to_string))
}
