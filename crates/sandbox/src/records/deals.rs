//! The fields of a deal.

use jiff::SignedDuration;
use serde_json::Value;

use super::contacts::account;
use super::leads::{money, sometimes};
use super::words::{DEALS, LEAD_SOURCES, STAGES};
use super::{Field, Module, Record, Type, lookup, org_time, people, rows};

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
    Field::new("Line_Items", Type::Subform, rows::line_items),
];

fn contact(record: &Record<'_>) -> Value {
    lookup(contact_of(record))
}

/// The contact of a deal, as it was at the start.
pub(super) fn contact_of<'a>(record: &Record<'a>) -> Option<Record<'a>> {
    record.one_of(Module::Contacts, "contact").filter(|_| record.happens("contact at all", 70))
}

/// A date without a time.
fn closing_date(record: &Record<'_>) -> Value {
    let days = record.below("closing", LONGEST_UNTIL_CLOSED).cast_signed();
    let closing = record.created().checked_add(SignedDuration::from_hours(24 * days));
    let mut text = org_time(closing.unwrap_or(record.created()));
    text.truncate("2023-01-02".len());
    text.into()
}
