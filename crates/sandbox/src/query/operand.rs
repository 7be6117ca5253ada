//! Values that can be compared: those of records and those in criteria.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;

use super::kind::lower;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    /// In lower case.
    Text(String),
    /// In lower case.
    Texts(Vec<String>),
    Whole(i64),
    Decimal(f64),
    Boolean(bool),
    Date(Date),
    Instant(Timestamp),
    /// The record that a lookup refers to.
    Link {
        id: i64,
        name: String,
    },
}

impl Operand {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(lower(text))
    }

    /// Whether the value of a record equals a value in criteria.
    pub(super) fn is(&self, written: &Self) -> bool {
        match (self, written) {
            (Self::Link { id, .. }, Self::Whole(number)) => id == number,
            (Self::Link { name, .. }, Self::Text(text)) => name == text,
            // Guess: the record must have all of the given choices.
            (Self::Texts(chosen), Self::Texts(named)) => named.iter().all(|text| chosen.contains(text)),
            _ => self.order(written) == Some(Ordering::Equal),
        }
    }

    /// The order of two values; `None` if they cannot be compared.
    pub(crate) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(one), Self::Text(other))
            | (Self::Link { name: one, .. }, Self::Link { name: other, .. }) => Some(one.cmp(other)),
            (Self::Texts(one), Self::Texts(other)) => Some(one.cmp(other)),
            (Self::Whole(one), Self::Whole(other)) => Some(one.cmp(other)),
            (Self::Decimal(one), Self::Decimal(other)) => one.partial_cmp(other),
            (Self::Boolean(one), Self::Boolean(other)) => Some(one.cmp(other)),
            (Self::Date(one), Self::Date(other)) => Some(one.cmp(other)),
            (Self::Instant(one), Self::Instant(other)) => Some(one.cmp(other)),
            _ => None,
        }
    }

    /// The value as text, for text searches.
    pub(super) fn to_text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Texts(texts) => Some(texts.join(";")),
            _ => None,
        }
    }
}
