//! The fields of a deal.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::contacts::account;
use super::leads::{money, sometimes};
use super::words::{DEALS, LEAD_SOURCES, STAGES};
use super::{Field, Module, Record, Type, org_time, people};

const LONGEST_UNTIL_CLOSED: u64 = 180;

pub(super) const FIELDS: &[Field] = &[
    Field::new("Deal_Name", Type::Text, |record| {
        format!("{} {}", record.pick("deal", DEALS), record.index + 1).into()
    }),
    Field::new("Account_Name", Type::Lookup, account),
    Field::new("Contact_Name", Type::Lookup, contact),
    Field::new("Amount", Type::Currency, |record| money(record, "amount", 90, 250_000)),
    Field::new("Stage", Type::Picklist, |record| record.pick("stage", STAGES).0.into()),
    Field::new("Probability", Type::Integer, |record| record.pick("stage", STAGES).1.into()),
    Field::new("Closing_Date", Type::Date, closing_date),
    Field::new("Type", Type::Picklist, |_| Value::Null),
    Field::new("Next_Step", Type::Text, |_| Value::Null),
    Field::new("Lead_Source", Type::Picklist, |record| sometimes(record, "lead source", 80, LEAD_SOURCES)),
    Field::new("Description", Type::TextArea, people::description),
];

fn contact(record: &Record<'_>) -> Value {
    let count = record.organisation.count(Module::Contacts);
    if count == 0 || !record.happens("contact at all", 70) {
        return Value::Null;
    }
    let contact = record.organisation.record(Module::Contacts, record.below("contact", count));
    json!({"name": people::full_name(&contact), "id": contact.id().to_string()})
}

/// A date without a time.
fn closing_date(record: &Record<'_>) -> Value {
    let days = record.below("closing", LONGEST_UNTIL_CLOSED).cast_signed();
    let closing = record.created().checked_add(SignedDuration::from_hours(24 * days));
    let mut text = org_time(closing.unwrap_or(record.created()));
    text.truncate("2023-01-02".len());
    text.into()
}
