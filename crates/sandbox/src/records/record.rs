//! One record: its id, its times, and the random numbers that its values are made from.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::changes::RecordChange;
use super::number::Number;
use super::{BETWEEN_IDS, FIRST_ID, Module, Organisation, SortKey, leads, people};

/// 2023-01-02, 09:00 in the organisation.
pub(super) const FIRST_CREATED: Timestamp = Timestamp::constant(1_672_630_200, 0);
const BETWEEN_CREATED: i64 = 17 * 60;
/// The time between a record and its sibling; less than the shortest time between two records.
const UNTIL_SIBLING: i64 = 200;
const MOST_JITTER: u64 = 10 * 60;
const LONGEST_UNTIL_MODIFIED: u64 = 45 * 24 * 3600;

/// What a modification can change. Names and lookups stay the same, because other records refer to them.
const CHANGING: &[&str] = &[
    "amount",
    "description",
    "lead status",
    "mobile",
    "modified by",
    "opt out",
    "phone",
    "rating",
    "stage",
    "stock",
    "task status",
    "which description",
];

/// One record. It is cheap to copy; its values are computed on demand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(super) organisation: &'a Organisation,
    pub(super) module: Module,
    pub(super) index: u64,
    /// Whether it is the sibling of the record at this index: see [`Number`].
    pub(super) is_sibling: bool,
    pub(super) change: Option<RecordChange>,
}

impl Record<'_> {
    pub(crate) fn id(&self) -> u64 {
        let jitter = self.draw_of_slot("id") % (BETWEEN_IDS / 2) * 2 + 1 + u64::from(self.is_sibling);
        FIRST_ID + (self.module.first_number() + self.index) * BETWEEN_IDS + jitter
    }

    /// Increases from record to record, like the ids.
    pub(crate) fn created(&self) -> Timestamp {
        if let Some(created) = self.change.and_then(|change| change.created) {
            return created;
        }
        let index = i64::try_from(self.index).unwrap_or(i64::MAX);
        let jitter = (self.draw_of_slot("created") % MOST_JITTER).cast_signed()
            + i64::from(self.is_sibling) * UNTIL_SIBLING;
        let since = SignedDuration::from_secs(index.saturating_mul(BETWEEN_CREATED).saturating_add(jitter));
        FIRST_CREATED.checked_add(since).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn modified(&self) -> Timestamp {
        if let Some(change) = self.change {
            return change.modified;
        }
        if self.happens("modified at all", 30) {
            return self.created();
        }
        let since = SignedDuration::from_secs((self.draw("modified") % LONGEST_UNTIL_MODIFIED).cast_signed());
        self.created().checked_add(since).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn number(&self) -> Number {
        Number::new(self.index, self.is_sibling)
    }

    /// Its sort key.
    pub(crate) fn key(&self) -> SortKey {
        SortKey { modified: self.modified().as_second(), number: self.number() }
    }

    /// Whether churn changed it within its last `steps` steps.
    pub(crate) fn is_written_within(&self, steps: u64) -> bool {
        let now = self.organisation.step();
        self.change.is_some_and(|change| now.saturating_sub(change.step) < steps)
    }

    /// When it was converted, if it was. Zoho: only leads can be.
    pub(crate) fn converted(&self) -> Option<Timestamp> {
        match self.change {
            Some(RecordChange { converted: Some(converted), .. }) => Some(converted),
            _ => self.is_sibling.then(|| self.modified()),
        }
    }

    pub(crate) fn is_converted(&self) -> bool {
        self.converted().is_some()
    }

    /// The name of the record in lookups of other records.
    pub(crate) fn display_name(&self) -> String {
        let name = match self.module {
            Module::Leads | Module::Contacts => return people::full_name(self),
            Module::Accounts => return leads::company(self),
            Module::Deals => "Deal_Name",
            Module::Notes => "Note_Title",
            Module::Tasks => "Subject",
            Module::Products => "Product_Name",
        };
        let value = self.module.field(name).map(|field| field.value(self));
        value.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// All fields, as in a record that is fetched on its own.
    pub(crate) fn all_fields(&self) -> Map<String, Value> {
        self.module.fields().map(|field| (field.name.to_owned(), field.value(self))).collect()
    }

    /// A random number for a purpose. It is the same for the same record and purpose until the record is modified.
    pub(super) fn draw(&self, purpose: &str) -> u64 {
        let revision = match self.change {
            Some(change) if CHANGING.contains(&purpose) => change.revision,
            _ => 0,
        };
        self.throw(purpose, u64::from(revision) << 1 | u64::from(self.is_sibling))
    }

    /// The same for a record and its sibling.
    fn draw_of_slot(&self, purpose: &str) -> u64 {
        self.throw(purpose, 0)
    }

    fn throw(&self, purpose: &str, variant: u64) -> u64 {
        // FNV-1a distinguishes the purposes; the generator does the mixing.
        let purpose = purpose.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let module = self.module as u64;
        let place = (self.index << 2 | module & 3).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let variant = (variant << 2 | module >> 2).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let place = purpose.wrapping_add(place).wrapping_add(variant);
        fastrand::Rng::with_seed(self.organisation.seed ^ place).u64(..)
    }

    /// A record of another module, as it was at the start; `None` if that module is empty.
    pub(super) fn one_of(&self, module: Module, purpose: &str) -> Option<Self> {
        let count = self.organisation.count(module);
        (count > 0).then(|| self.organisation.record(module, self.below(purpose, count)))
    }

    pub(super) fn below(&self, purpose: &str, bound: u64) -> u64 {
        self.draw(purpose) % bound
    }

    pub(super) fn pick<T: Copy>(&self, purpose: &str, choices: &[T]) -> T {
        let place = self.below(purpose, choices.len() as u64);
        choices[usize::try_from(place).unwrap_or_default()]
    }

    /// True for this percentage of records.
    pub(super) fn happens(&self, purpose: &str, percent: u64) -> bool {
        self.below(purpose, 100) < percent
    }
}

/// Zoho: a lookup is an object with name and id, or null.
pub(super) fn lookup(target: Option<Record<'_>>) -> Value {
    target.map_or(Value::Null, |target| json!({"name": target.display_name(), "id": target.id().to_string()}))
}
