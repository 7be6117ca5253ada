//! The made-up records: each is worked out from the seed, the module and its number whenever it is asked for.
//!
//! Nothing is stored, so that a module can have any size; only the order by `Modified_Time` is kept once it was
//! asked for.

mod accounts;
mod contacts;
mod deals;
mod leads;
mod people;
mod system;
mod words;

use std::ops::RangeInclusive;
use std::sync::OnceLock;

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::page_token::hash_of;

/// Zoho: ids have 18 or 19 digits, which is more than a double holds.
const FIRST_ID: u64 = 4_876_876_000_000_000_000;
const BETWEEN_IDS: u64 = 1_000;
/// Room for the records of a module among the ids.
const MOST_RECORDS: u64 = 200_000_000;
/// 2023-01-02, 09:00 in the organisation.
const FIRST_CREATED: Timestamp = Timestamp::constant(1_672_630_200, 0);
const BETWEEN_CREATED: i64 = 17 * 60;
const MOST_JITTER: u64 = 10 * 60;
const LONGEST_UNTIL_MODIFIED: u64 = 45 * 24 * 3600;
/// Zoho: times carry the offset of the organisation; this one is in India, where no summer time moves it.
const ORG_OFFSET_SECONDS: i32 = 5 * 3600 + 1800;

/// All the data there is.
#[derive(Debug)]
pub(super) struct Organisation {
    seed: u64,
    leads: u64,
    by_modified_time: [OnceLock<Vec<u64>>; Module::ALL.len()],
}

/// The modules that have records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Module {
    Leads,
    Contacts,
    Accounts,
    Deals,
}

/// One record; cheap to copy, its values are worked out on demand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    organisation: &'a Organisation,
    module: Module,
    index: u64,
}

/// One field of a module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) data_type: Type,
    value: fn(&Record<'_>) -> Value,
}

/// What a field holds, in the words of `data_type` of `/settings/fields`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Id,
    Text,
    TextArea,
    Email,
    Phone,
    Website,
    Picklist,
    MultiPicklist,
    Boolean,
    Integer,
    BigInteger,
    Currency,
    Date,
    DateTime,
    Lookup,
    OwnerLookup,
    ProfileImage,
    Tags,
    /// One of those that begin with `$`: no field of the layout.
    Internal,
}

impl Organisation {
    pub(super) fn new(seed: u64, leads: u64) -> Self {
        Self { seed, leads: leads.min(MOST_RECORDS), by_modified_time: [const { OnceLock::new() }; _] }
    }

    /// The same for the same data, otherwise not.
    pub(super) fn fingerprint(&self) -> u64 {
        hash_of(&(self.seed, self.leads))
    }

    pub(super) fn count(&self, module: Module) -> u64 {
        match module {
            Module::Leads => self.leads,
            Module::Contacts => self.leads * 2 / 5,
            Module::Accounts => self.leads / 10,
            Module::Deals => self.leads * 3 / 10,
        }
    }

    /// The record with that number, in the order of their ids.
    pub(super) fn record(&self, module: Module, index: u64) -> Record<'_> {
        Record { organisation: self, module, index }
    }

    /// The records that are there and whose ids may lie in a range, in the order of their ids: none that lies in
    /// it is left out, and at most one at each end does not. What comes before the range costs nothing.
    pub(super) fn records_between(
        &self,
        module: Module,
        ids: &RangeInclusive<u64>,
    ) -> impl DoubleEndedIterator<Item = Record<'_>> + use<'_> {
        let number =
            |id: u64| (id.saturating_sub(FIRST_ID) / BETWEEN_IDS).saturating_sub(module.first_number());
        let past = number(*ids.end()).saturating_add(1).min(self.count(module));
        (number(*ids.start())..past).map(move |index| self.record(module, index))
    }

    pub(super) fn record_with_id(&self, module: Module, id: u64) -> Option<Record<'_>> {
        let index = (id.checked_sub(FIRST_ID)? / BETWEEN_IDS).checked_sub(module.first_number())?;
        let record = self.record(module, index);
        (index < self.count(module) && record.id() == id).then_some(record)
    }

    /// The number of the record that has a place in the order of `Modified_Time`.
    pub(super) fn index_by_modified_time(&self, module: Module, place: u64) -> u64 {
        let order = self.by_modified_time[module as usize].get_or_init(|| {
            let mut indexes: Vec<_> = (0..self.count(module)).collect();
            indexes.sort_by_cached_key(|index| (self.record(module, *index).modified(), *index));
            indexes
        });
        usize::try_from(place).ok().and_then(|place| order.get(place)).copied().unwrap_or(place)
    }
}

impl Module {
    const ALL: [Self; 4] = [Self::Leads, Self::Contacts, Self::Accounts, Self::Deals];

    /// Zoho: the names are case sensitive.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|module| module.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Leads => "Leads",
            Self::Contacts => "Contacts",
            Self::Accounts => "Accounts",
            Self::Deals => "Deals",
        }
    }

    /// A field of this module; the names are case sensitive.
    pub(super) fn field(self, name: &str) -> Option<Field> {
        self.fields().find(|field| field.name == name)
    }

    pub(super) fn fields(self) -> impl Iterator<Item = Field> {
        let own = match self {
            Self::Leads => leads::FIELDS,
            Self::Contacts => contacts::FIELDS,
            Self::Accounts => accounts::FIELDS,
            Self::Deals => deals::FIELDS,
        };
        own.iter().chain(system::FIELDS).copied()
    }

    fn first_number(self) -> u64 {
        400_000 + self as u64 * MOST_RECORDS
    }
}

impl Field {
    const fn new(name: &'static str, data_type: Type, value: fn(&Record<'_>) -> Value) -> Self {
        Self { name, data_type, value }
    }

    pub(super) fn value(&self, record: &Record<'_>) -> Value {
        (self.value)(record)
    }
}

impl Record<'_> {
    pub(super) fn id(&self) -> u64 {
        let jitter = self.draw("id") % (BETWEEN_IDS / 2) * 2 + 1;
        FIRST_ID + (self.module.first_number() + self.index) * BETWEEN_IDS + jitter
    }

    /// Later for every next record, like the ids.
    fn created(&self) -> Timestamp {
        let index = i64::try_from(self.index).unwrap_or(i64::MAX);
        let jitter = (self.draw("created") % MOST_JITTER).cast_signed();
        let since = SignedDuration::from_secs(index.saturating_mul(BETWEEN_CREATED).saturating_add(jitter));
        FIRST_CREATED.checked_add(since).unwrap_or(Timestamp::MAX)
    }

    pub(super) fn modified(&self) -> Timestamp {
        if self.happens("modified at all", 30) {
            return self.created();
        }
        let since = SignedDuration::from_secs((self.draw("modified") % LONGEST_UNTIL_MODIFIED).cast_signed());
        self.created().checked_add(since).unwrap_or(Timestamp::MAX)
    }

    /// All there is, as a record that is fetched alone has it.
    pub(super) fn all_fields(&self) -> Map<String, Value> {
        self.module.fields().map(|field| (field.name.to_owned(), field.value(self))).collect()
    }

    /// A number for a purpose, always the same for the same record and purpose.
    fn draw(&self, purpose: &str) -> u64 {
        // FNV-1a, to tell the purposes apart; the generator does the mixing.
        let purpose = purpose.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let place = (self.index << 2 | self.module as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        fastrand::Rng::with_seed(self.organisation.seed ^ purpose.wrapping_add(place)).u64(..)
    }

    fn below(&self, purpose: &str, bound: u64) -> u64 {
        self.draw(purpose) % bound
    }

    fn pick<T: Copy>(&self, purpose: &str, choices: &[T]) -> T {
        let place = self.below(purpose, choices.len() as u64);
        choices[usize::try_from(place).unwrap_or_default()]
    }

    /// Whether something that happens to so many in a hundred records happens to this one.
    fn happens(&self, purpose: &str, percent: u64) -> bool {
        self.below(purpose, 100) < percent
    }
}

/// A time as Zoho writes it: with the offset of the organisation, without fractions, never `Z`.
pub(super) fn org_time(time: Timestamp) -> String {
    let offset = Offset::from_seconds(ORG_OFFSET_SECONDS).unwrap_or(Offset::UTC);
    time.display_with_offset(offset).to_string()
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
