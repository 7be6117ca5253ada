//! The fields of a contact.

use serde_json::{Value, json};

use super::leads::{company, sometimes};
use super::words::{LEAD_SOURCES, SALUTATIONS, TITLES};
use super::{Field, Module, Record, people};

pub(super) const FIELDS: &[Field] = &[
    Field::new("Salutation", |record| sometimes(record, "salutation", 40, SALUTATIONS)),
    Field::new("First_Name", people::first_name),
    Field::new("Last_Name", people::last_name),
    Field::new("Full_Name", |record| people::full_name(record).into()),
    Field::new("Account_Name", account),
    Field::new("Title", |record| sometimes(record, "designation", 55, TITLES)),
    Field::new("Department", |_| Value::Null),
    Field::new("Email", people::email),
    Field::new("Phone", |record| people::telephone(record, "phone", 70)),
    Field::new("Mobile", |record| people::telephone(record, "mobile", 50)),
    Field::new("Lead_Source", |record| sometimes(record, "lead source", 80, LEAD_SOURCES)),
    Field::new("Email_Opt_Out", |record| record.happens("opt out", 8).into()),
    Field::new("Date_of_Birth", |_| Value::Null),
    Field::new("Mailing_Street", people::street),
    Field::new("Mailing_City", |record| people::place(record, |place| place.city)),
    Field::new("Mailing_State", |record| people::place(record, |place| place.state)),
    Field::new("Mailing_Zip", |record| people::place(record, |place| place.zip_code)),
    Field::new("Mailing_Country", |record| people::place(record, |place| place.country)),
    Field::new("Description", people::description),
];

/// The account that a record belongs to. Zoho: a lookup is an object of name and id, or null.
pub(super) fn account(record: &Record<'_>) -> Value {
    let count = record.organisation.count(Module::Accounts);
    if count == 0 || !record.happens("account at all", 85) {
        return Value::Null;
    }
    let account = record.organisation.record(Module::Accounts, record.below("account", count));
    json!({"name": company(&account), "id": account.id().to_string()})
}
