//! The fields of a task, which may belong to a contact and to a deal.

use jiff::SignedDuration;
use serde_json::Value;

use super::{Field, Module, Record, Type, lookup, org_time, people};

const LONGEST_UNTIL_DUE: u64 = 60;
const SUBJECTS: &[&str] = &["Call back", "Send quote", "Vertrag prüfen", "Ship \"sample\"", "Relancer"];
pub(super) const STATUSES: &[&str] =
    &["Not Started", "Deferred", "In Progress", "Completed", "Waiting for input"];
pub(super) const PRIORITIES: &[&str] = &["High", "Highest", "Low", "Lowest", "Normal"];
const COMPLETED: &str = "Completed";

pub(super) const FIELDS: &[Field] = &[
    Field::new("Subject", Type::Text, |record| record.pick("subject", SUBJECTS).into()),
    Field::new("Due_Date", Type::Date, due_date),
    Field::new("Status", Type::Picklist, |record| record.pick("task status", STATUSES).into()),
    Field::new("Priority", Type::Picklist, |record| record.pick("priority", PRIORITIES).into()),
    Field::new("Who_Id", Type::Lookup, |record| lookup(contact(record))),
    Field::new("What_Id", Type::Lookup, |record| lookup(deal(record))),
    Field::new("$se_module", Type::Internal, |record| {
        deal(record).map_or(Value::Null, |deal| deal.module.name().into())
    }),
    Field::new("Closed_Time", Type::DateTime, |record| {
        let is_closed = record.pick("task status", STATUSES) == COMPLETED;
        if is_closed { org_time(record.modified()).into() } else { Value::Null }
    }),
    Field::new("Description", Type::TextArea, people::description),
];

/// The contact of a task, as it was at the start.
pub(super) fn contact<'a>(record: &Record<'a>) -> Option<Record<'a>> {
    record.one_of(Module::Contacts, "task of whom").filter(|_| record.happens("task of anybody", 60))
}

/// The deal of a task, as it was at the start.
pub(super) fn deal<'a>(record: &Record<'a>) -> Option<Record<'a>> {
    record.one_of(Module::Deals, "task of what").filter(|_| record.happens("task of anything", 50))
}

/// A date without a time.
fn due_date(record: &Record<'_>) -> Value {
    if !record.happens("due at all", 80) {
        return Value::Null;
    }
    let days = record.below("due", LONGEST_UNTIL_DUE).cast_signed();
    let due = record.created().checked_add(SignedDuration::from_hours(24 * days));
    let mut text = org_time(due.unwrap_or(record.created()));
    text.truncate("2023-01-02".len());
    text.into()
}
