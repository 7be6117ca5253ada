//! What a client may be held to: which records were there all the time, and which came, changed or went.

use serde::{Serialize, Serializer};

use super::{Module, Organisation, Record};

/// What happened to the records of a module since the start. Ids are texts in JSON, as in Zoho's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordHistory {
    /// The records (converted leads aside) that were there from the start until now, modified or not.
    #[serde(serialize_with = "as_texts")]
    pub throughout: Vec<u64>,
    /// How many records were ever there since the start, converted leads aside.
    pub ever: u64,
    /// Those that came, also if they went again.
    #[serde(serialize_with = "as_texts")]
    pub inserted: Vec<u64>,
    /// Those that are there, were modified and so have another place by `Modified_Time`.
    #[serde(serialize_with = "as_texts")]
    pub modified: Vec<u64>,
    /// Leads that were converted and so left the listings.
    #[serde(serialize_with = "as_texts")]
    pub converted: Vec<u64>,
    /// Those that went.
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
