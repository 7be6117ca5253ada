//! The fields that leads and contacts share: a person with addresses.

use serde_json::Value;

use super::Record;
use super::words::{DESCRIPTIONS, FIRST_NAMES, LAST_NAMES, LOCATIONS, Location, MAIL_DOMAINS, STREETS};

pub(super) fn first_name(record: &Record<'_>) -> Value {
    given_name(record).map_or(Value::Null, Value::from)
}

pub(super) fn last_name(record: &Record<'_>) -> Value {
    record.pick("last name", LAST_NAMES).0.into()
}

pub(super) fn full_name(record: &Record<'_>) -> String {
    let last = record.pick("last name", LAST_NAMES).0;
    given_name(record).map_or_else(|| last.to_owned(), |first| format!("{first} {last}"))
}

/// Zoho: only the last name is mandatory.
fn given_name(record: &Record<'_>) -> Option<&'static str> {
    record.happens("first name at all", 92).then(|| record.pick("first name", FIRST_NAMES).0)
}

pub(super) fn email(record: &Record<'_>) -> Value {
    if !record.happens("email", 88) {
        return Value::Null;
    }
    let first = record.pick("first name", FIRST_NAMES).1;
    let last = record.pick("last name", LAST_NAMES).1;
    let domain = record.pick("mail domain", MAIL_DOMAINS);
    format!("{first}.{last}{}@{domain}", record.index % 1_000).into()
}

/// A number from the range that is reserved for fiction.
pub(super) fn telephone(record: &Record<'_>, purpose: &str, percent: u64) -> Value {
    if !record.happens(purpose, percent) {
        return Value::Null;
    }
    let number = record.draw(purpose) / 100;
    format!("+1 {}-555-01{:02}", 200 + number / 100 % 700, number % 100).into()
}

pub(super) fn location(record: &Record<'_>, part: fn(&Location) -> &'static str) -> Value {
    let location = record.pick("place", LOCATIONS);
    if record.happens("place at all", 75) { part(&location).into() } else { Value::Null }
}

pub(super) fn street(record: &Record<'_>) -> Value {
    if !record.happens("place at all", 75) {
        return Value::Null;
    }
    format!("{} {}", record.below("house", 240) + 1, record.pick("street", STREETS)).into()
}

pub(super) fn description(record: &Record<'_>) -> Value {
    if record.happens("description", 35) {
        record.pick("which description", DESCRIPTIONS).into()
    } else {
        Value::Null
    }
}
