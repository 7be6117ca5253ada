//! The fields of a contact.

use serde_json::Value;

use super::leads::sometimes;
use super::words::{LEAD_SOURCES, SALUTATIONS, TITLES};
use super::{Field, Module, Record, Type, lookup, people, rows};

pub(super) const FIELDS: &[Field] = &[
    Field::new("Salutation", Type::Picklist, |record| sometimes(record, "salutation", 40, SALUTATIONS)),
    Field::new("First_Name", Type::Text, people::first_name),
    Field::new("Last_Name", Type::Text, people::last_name),
    Field::new("Full_Name", Type::Text, |record| people::full_name(record).into()),
    Field::new("Account_Name", Type::Lookup, account),
    Field::new("Title", Type::Text, |record| sometimes(record, "designation", 55, TITLES)),
    Field::new("Department", Type::Text, |_| Value::Null),
    Field::new("Email", Type::Email, people::email),
    Field::new("Phone", Type::Phone, |record| people::telephone(record, "phone", 70)),
    Field::new("Mobile", Type::Phone, |record| people::telephone(record, "mobile", 50)),
    Field::new("Lead_Source", Type::Picklist, |record| sometimes(record, "lead source", 80, LEAD_SOURCES)),
    Field::new("Email_Opt_Out", Type::Boolean, |record| record.happens("opt out", 8).into()),
    Field::new("Date_of_Birth", Type::Date, |_| Value::Null),
    Field::new("Mailing_Street", Type::Text, people::street),
    Field::new("Mailing_City", Type::Text, |record| people::location(record, |location| location.city)),
    Field::new("Mailing_State", Type::Text, |record| people::location(record, |location| location.state)),
    Field::new("Mailing_Zip", Type::Text, |record| people::location(record, |location| location.zip_code)),
    Field::new("Mailing_Country", Type::Text, |record| people::location(record, |location| location.country)),
    Field::new("Description", Type::TextArea, people::description),
    Field::new("Favoured_Products", Type::MultiSelectLookup, rows::favoured_products),
];

/// The account that a record belongs to. Zoho: a lookup is an object with name and id, or null.
pub(super) fn account(record: &Record<'_>) -> Value {
    lookup(account_of(record))
}

/// The account of a contact or deal, as it was at the start. Guess: the lookup keeps its name after it was deleted.
pub(super) fn account_of<'a>(record: &Record<'a>) -> Option<Record<'a>> {
    record.one_of(Module::Accounts, "account").filter(|_| record.happens("account at all", 85))
}
