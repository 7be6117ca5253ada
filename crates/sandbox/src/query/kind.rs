//! The types of fields as far as comparisons distinguish them, and how their values are parsed.

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
    /// One value of a pick list.
    Choice,
    /// Several values of a pick list.
    Choices,
    Boolean,
    Whole,
    Decimal,
    Date,
    DateTime,
    Lookup,
    /// Values that cannot be compared.
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

    /// The name of the kind in `expected_data_type`. Guess: the names.
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

    /// Parses a value in criteria; `None` if it is invalid for this kind of field. Zoho: times have an offset.
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
            // A lookup is given by id or by name.
            Self::Lookup => Some(text.trim().parse().map_or_else(|_| Operand::text(text), Operand::Whole)),
            Self::Opaque => None,
        }
    }

    /// Converts the value of a record for comparisons; `None` for null.
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

/// Guess: comparisons ignore case.
pub(super) fn lower(text: &str) -> String {
    text.trim().to_lowercase()
}
