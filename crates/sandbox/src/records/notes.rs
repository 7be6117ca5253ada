//! The fields of a note, which belongs to a record of another module.

use serde_json::Value;

use super::words::DESCRIPTIONS;
use super::{Field, Module, Record, Type, lookup};

const TITLES: &[&str] = &["Call", "Visit", "Next steps", "Größe & Farbe", "\"Urgent\"", "要確認"];

pub(super) const FIELDS: &[Field] = &[
    Field::new("Note_Title", Type::Text, |record| {
        if record.happens("note title", 80) {
            record.pick("which note title", TITLES).into()
        } else {
            Value::Null
        }
    }),
    Field::new("Note_Content", Type::TextArea, |record| {
        record.pick("which description", DESCRIPTIONS).into()
    }),
    Field::new("Parent_Id", Type::Lookup, |record| lookup(parent(record))),
    Field::new("$se_module", Type::Internal, |record| {
        parent(record).map_or(Value::Null, |parent| parent.module.name().into())
    }),
    Field::new("$attachments", Type::Internal, |_| Value::Null),
    Field::new("$voice_note", Type::Internal, |_| false.into()),
    Field::new("$is_shared_to_client", Type::Internal, |_| false.into()),
];

/// The record that the note belongs to, as it was at the start. Without leads, there are no notes.
pub(super) fn parent<'a>(record: &Record<'a>) -> Option<Record<'a>> {
    let module = match record.below("note on what", 100) {
        0..15 => Module::Contacts,
        15..30 => Module::Accounts,
        30..40 => Module::Deals,
        _ => Module::Leads,
    };
    record.one_of(module, "note on which").or_else(|| record.one_of(Module::Leads, "note on which"))
}
