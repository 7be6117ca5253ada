//! Deleted records: some were deleted long ago, the others by churn.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::changes::Deletion;
use super::number::Sibling;
use super::users::OWNERS;
use super::{Number, Record, Snapshot, org_time};

const LONGEST_UNTIL_DELETED: u64 = 90 * 24 * 3600;

/// A deleted record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deleted<'a> {
    record: Record<'a>,
    deletion: Deletion,
}

impl<'a> Snapshot<'a> {
    /// The deleted records, the oldest deletion first.
    pub(crate) fn deleted(&self) -> Vec<Deleted<'a>> {
        let long_ago = (0..self.organisation.count(self.module))
            .filter(|index| Sibling::of(self.module, *index) == Some(Sibling::Deleted))
            .map(|index| Deleted::long_ago(self.gone(Number::new(index, true))));
        let lately = self.changes.deleted.iter();
        let lately =
            lately.map(|(number, deletion)| Deleted { record: self.gone(*number), deletion: *deletion });
        let mut deleted: Vec<_> = long_ago.chain(lately).collect();
        deleted.sort_by_key(|deleted| (deleted.deletion.time, deleted.record.number()));
        deleted
    }

    fn gone(&self, number: Number) -> Record<'a> {
        let (index, is_sibling) = (number.index(), number.is_sibling());
        Record { organisation: self.organisation, module: self.module, index, is_sibling, change: None }
    }
}

impl<'a> Deleted<'a> {
    fn long_ago(record: Record<'a>) -> Self {
        let since = SignedDuration::from_secs(record.below("deleted", LONGEST_UNTIL_DELETED).cast_signed());
        let time = record.created().checked_add(since).unwrap_or(Timestamp::MAX);
        Self { record, deletion: Deletion { time, is_permanent: record.happens("deleted for good", 40) } }
    }

    pub(crate) fn time(&self) -> Timestamp {
        self.deletion.time
    }

    pub(crate) fn is_permanent(&self) -> bool {
        self.deletion.is_permanent
    }

    /// Zoho: a record that is no longer in the recycle bin has no name. Guess: it has no creator either, and sometimes
    /// nobody who deleted it; the recycle bin is never emptied.
    pub(crate) fn row(&self) -> Value {
        let user = |purpose| {
            let user = self.record.pick(purpose, &OWNERS);
            json!({"name": user.full_name(), "id": user.id()})
        };
        let is_permanent = self.deletion.is_permanent;
        let is_nobody = is_permanent && self.record.happens("deleted by nobody", 25);
        json!({
            "deleted_by": if is_nobody { Value::Null } else { user("deleted by") },
            "id": self.record.id().to_string(),
            "display_name": if is_permanent { Value::Null } else { self.record.display_name().into() },
            "type": if is_permanent { "permanent" } else { "recycle" },
            "created_by": if is_permanent { Value::Null } else { user("created by") },
            "deleted_time": org_time(self.deletion.time),
        })
    }
}
