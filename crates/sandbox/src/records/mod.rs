//! The made-up records. Each is computed from the seed, the module and its number whenever it is needed.
//!
//! Records are not stored, so that a module can have any size. Only the order by `Modified_Time` (once it was needed)
//! and the changes that churn makes are kept. The current records are read through a [`Snapshot`].

mod accounts;
mod changes;
mod choices;
mod churn;
mod contacts;
mod deals;
mod deleted;
mod history;
mod leads;
mod notes;
mod number;
mod people;
mod products;
mod record;
mod related;
mod rows;
mod snapshot;
mod system;
mod tasks;
mod users;
mod words;

use std::sync::{OnceLock, RwLock};

use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::Value;

use super::page_token::hash_of;
use changes::OrganisationChanges;
pub use churn::{Churn, ChurnError};
pub(super) use deleted::Deleted;
pub use history::RecordHistory;
pub(super) use number::Number;
pub(super) use record::Record;
use record::lookup;
pub(super) use related::RelatedList;
pub(super) use snapshot::{Snapshot, SortBy, SortKey, SortOrder};
pub(super) use system::layout;
pub(super) use users::{User, Users};

/// Zoho: ids have 18 or 19 digits, more than a double can represent.
const FIRST_ID: u64 = 4_876_876_000_000_000_000;
const BETWEEN_IDS: u64 = 1_000;
/// How many ids are reserved for the records of a module.
const MOST_RECORDS: u64 = 200_000_000;
const MOST_PRODUCTS: u64 = 200;
const LONGEST_IN_LIST: usize = 500;
/// Zoho: times have the offset of the organisation. This one is in India, which has no daylight saving time.
const ORG_OFFSET_SECONDS: i32 = 5 * 3600 + 1800;

/// All the data.
#[derive(Debug)]
pub(super) struct Organisation {
    seed: u64,
    leads: u64,
    churn: Option<Churn>,
    by_modified_time: [OnceLock<Vec<Number>>; Module::ALL.len()],
    changes: RwLock<OrganisationChanges>,
}

/// The modules that have records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Module {
    Leads,
    Contacts,
    Accounts,
    Deals,
    Notes,
    Tasks,
    Products,
}

/// One field of a module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) data_type: Type,
    value: fn(&Record<'_>) -> Value,
}

/// The type of a field, named as in `data_type` of `/settings/fields`.
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
    Subform,
    MultiSelectLookup,
    MultiUserLookup,
    RichText,
    /// A field that begins with `$` and is not part of the layout.
    Internal,
}

impl Organisation {
    pub(super) fn new(seed: u64, leads: u64) -> Self {
        Self {
            seed,
            leads: leads.min(MOST_RECORDS),
            churn: None,
            by_modified_time: [const { OnceLock::new() }; _],
            changes: RwLock::default(),
        }
    }

    /// The same data, with churn.
    pub(super) fn with_churn(self, churn: Option<Churn>) -> Self {
        Self { churn, ..self }
    }

    /// A number that identifies the data.
    pub(super) fn fingerprint(&self) -> u64 {
        hash_of(&(self.seed, self.leads))
    }

    /// How many records there are at the start, except converted leads.
    pub(super) fn count(&self, module: Module) -> u64 {
        match module {
            Module::Leads => self.leads,
            Module::Contacts => self.leads * 2 / 5,
            Module::Accounts => self.leads / 10,
            Module::Deals => self.leads * 3 / 10,
            Module::Notes => self.leads / 2,
            Module::Tasks => self.leads / 5,
            Module::Products => (self.leads / 50).min(MOST_PRODUCTS),
        }
    }

    /// The record at this index in the order of ids, as it was at the start.
    pub(super) fn record(&self, module: Module, index: u64) -> Record<'_> {
        Record { organisation: self, module, index, is_sibling: false, change: None }
    }

    /// The current records, ordered by id, without converted leads.
    pub(super) fn records(&self, module: Module) -> impl DoubleEndedIterator<Item = Record<'_>> {
        self.snapshot(module).into_records().filter(|record| !record.is_converted())
    }

    /// The current record with this id, which can be a converted lead.
    pub(super) fn record_with_id(&self, module: Module, id: u64) -> Option<Record<'_>> {
        self.snapshot(module).record(Number::of_id(module, id)?).filter(|record| record.id() == id)
    }
}

impl Module {
    pub(super) const ALL: [Self; 7] =
        [Self::Leads, Self::Contacts, Self::Accounts, Self::Deals, Self::Notes, Self::Tasks, Self::Products];

    /// Zoho: names are case-sensitive.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|module| module.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Leads => "Leads",
            Self::Contacts => "Contacts",
            Self::Accounts => "Accounts",
            Self::Deals => "Deals",
            Self::Notes => "Notes",
            Self::Tasks => "Tasks",
            Self::Products => "Products",
        }
    }

    /// A field of this module. Names are case-sensitive.
    pub(super) fn field(self, name: &str) -> Option<Field> {
        self.fields().find(|field| field.name == name)
    }

    /// All fields, in the order in which a record has them.
    pub(super) fn fields(self) -> impl Iterator<Item = Field> {
        let own = match self {
            Self::Leads => leads::FIELDS,
            Self::Contacts => contacts::FIELDS,
            Self::Accounts => accounts::FIELDS,
            Self::Deals => deals::FIELDS,
            Self::Notes => notes::FIELDS,
            Self::Tasks => tasks::FIELDS,
            Self::Products => products::FIELDS,
        };
        own.iter().chain(system::FIELDS).copied()
    }

    /// The id of the view of all records, the only custom view.
    pub(super) fn view_of_all(self) -> u64 {
        FIRST_ID + 87_000 + self as u64 * 7 + 5
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

    /// The value as listings show it. Zoho: rich text is cut off after 500 characters.
    pub(super) fn value_in_list(&self, record: &Record<'_>) -> Value {
        match (self.value(record), self.data_type) {
            (Value::String(text), Type::RichText) => {
                text.chars().take(LONGEST_IN_LIST).collect::<String>().into()
            }
            (value, _) => value,
        }
    }

    /// The module that a lookup refers to; `None` if that differs from record to record.
    pub(super) fn target(&self) -> Option<Module> {
        match (self.data_type, self.name) {
            (Type::Lookup, "Account_Name" | "Parent_Account") => Some(Module::Accounts),
            (Type::Lookup, "Contact_Name" | "Who_Id") => Some(Module::Contacts),
            (Type::Lookup, "What_Id") => Some(Module::Deals),
            _ => None,
        }
    }

    /// Zoho: fields with rows of their own, and `$has_more`, are only in records that are fetched one at a time.
    pub(super) fn is_in_lists(&self) -> bool {
        !matches!(self.data_type, Type::Subform | Type::MultiSelectLookup | Type::MultiUserLookup)
            && self.name != "$has_more"
    }
}

/// A time as Zoho writes it: with the offset of the organisation, without fractional seconds, never with `Z`.
pub(super) fn org_time(time: Timestamp) -> String {
    let offset = Offset::from_seconds(ORG_OFFSET_SECONDS).unwrap_or(Offset::UTC);
    time.display_with_offset(offset).to_string()
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
