//! What matters of a field's type when it is compared, and how a literal of that kind is read.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::Operand;
use crate::records::Type;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Id,
    Text,
    LongText,
    /// One value of a list.
    Choice,
    /// Several values of a list.
    Choices,
    Boolean,
    Whole,
    Decimal,
    Date,
    DateTime,
    Lookup,
    /// What cannot be compared.
    Opaque,
}

impl FieldKind {
    pub(super) fn of(data_type: Type) -> Self {
        match data_type {
            Type::Id => Self::Id,
            Type::Text | Type::Email | Type::Phone | Type::Website => Self::Text,
            Type::TextArea | Type::RichText => Self::LongText,
            Type::Picklist => Self::Choice,
            Type::MultiPicklist => Self::Choices,
            Type::Boolean => Self::Boolean,
            Type::Integer | Type::BigInteger => Self::Whole,
            Type::Currency => Self::Decimal,
            Type::Date => Self::Date,
            Type::DateTime => Self::DateTime,
            Type::Lookup | Type::OwnerLookup => Self::Lookup,
            Type::ProfileImage
            | Type::Tags
            | Type::Subform
            | Type::MultiSelectLookup
            | Type::MultiUserLookup
            | Type::Internal => Self::Opaque,
        }
    }

    /// The kind's name, in the words of `expected_data_type`; which words those are is a guess.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id | Self::Lookup => "bigint",
            Self::Text | Self::LongText | Self::Choice | Self::Choices | Self::Opaque => "text",
            Self::Boolean => "boolean",
            Self::Whole => "integer",
            Self::Decimal => "double",
            Self::Date => "date",
            Self::DateTime => "datetime",
        }
    }

    /// What a written value means to this kind of field; none when it means nothing. Zoho: times have an offset.
    pub(super) fn read(self, text: &str) -> Option<Operand> {
        match self {
            Self::Id | Self::Whole => text.trim().parse().ok().map(Operand::Whole),
            Self::Decimal => {
                text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Operand::Decimal)
            }
            Self::Text | Self::LongText | Self::Choice => Some(Operand::text(text)),
            Self::Choices => Some(Operand::Texts(text.split(';').map(lower).collect())),
            Self::Boolean => lower(text).parse().ok().map(Operand::Boolean),
            Self::Date => read_date(text).map(Operand::Date),
            Self::DateTime => text.trim().parse::<Timestamp>().ok().map(Operand::Instant),
            // A lookup is named by its id or by its name.
            Self::Lookup => Some(text.trim().parse().map_or_else(|_| Operand::text(text), Operand::Whole)),
            Self::Opaque => None,
        }
    }

    /// A record's value as something to compare; none for null.
    pub(crate) fn operand(self, value: &Value) -> Option<Operand> {
        match self {
            Self::Lookup => Some(Operand::Link {
                id: value.get("id")?.as_str()?.parse().ok()?,
                name: lower(value.get("name").and_then(Value::as_str).unwrap_or_default()),
            }),
            Self::Choices => {
                let texts: Vec<_> = value.as_array()?.iter().filter_map(Value::as_str).map(lower).collect();
                (!texts.is_empty()).then_some(Operand::Texts(texts))
            }
            Self::Whole if value.is_number() => value.as_i64().map(Operand::Whole),
            Self::Decimal => value.as_f64().map(Operand::Decimal),
            Self::Boolean => value.as_bool().map(Operand::Boolean),
            _ => self.read(value.as_str()?),
        }
    }
}

/// A date without a time.
fn read_date(text: &str) -> Option<Date> {
    let text = text.trim();
    if text.len() == "2024-02-29".len() { text.parse().ok() } else { None }
}

/// That case does not matter is a guess.
pub(super) fn lower(text: &str) -> String {
    text.trim().to_lowercase()
}
