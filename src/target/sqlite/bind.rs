//! How a value of a record becomes one of a column.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Statement, ToSql};

use super::table::Affinity;
use crate::plan::target::ColumnType;
use crate::record::fields::unescape;
use crate::record::kind::Kind;

/// A column, and what the table does to its values.
pub(super) struct Bound {
    pub(super) name: String,
    pub(super) affinity: Affinity,
    /// The type that the author gave.
    pub(super) declared: Option<ColumnType>,
    /// Whether some record has it.
    pub(super) is_seen: bool,
}

/// Gives a statement a value as its column keeps it.
pub(super) fn bind(
    statement: &mut Statement<'_>,
    parameter: usize,
    column: &Bound,
    value: &[u8],
    text: &mut Vec<u8>,
) -> rusqlite::Result<()> {
    let sql = match value.first() {
        None | Some(b'n') => ValueRef::Null,
        _ if column.declared.is_some_and(ColumnType::holds_json) => ValueRef::Text(value),
        // Text in such a column was checked to be one of the two.
        Some(b'"') if column.declared.is_some_and(ColumnType::is_boolean) => {
            ValueRef::Integer(i64::from(value == b"\"true\""))
        }
        Some(b'"') => {
            let inside = &value[1..value.len() - 1];
            if memchr::memchr(b'\\', inside).is_none() {
                ValueRef::Text(inside)
            } else {
                text.clear();
                // It was checked before it was spooled.
                let _ = unescape(inside, text);
                ValueRef::Text(text)
            }
        }
        Some(b'{' | b'[') => ValueRef::Text(value),
        Some(_) if column.affinity.makes_text() => ValueRef::Text(value),
        Some(first @ (b't' | b'f')) => ValueRef::Integer(i64::from(*first == b't')),
        Some(_) => number(value),
    };
    statement.raw_bind_parameter(parameter, Borrowed(sql))
}

fn number(value: &[u8]) -> ValueRef<'_> {
    let text = std::str::from_utf8(value).unwrap_or_default();
    match Kind::of(value) {
        Kind::Integer | Kind::LongInteger => text.parse().map_or(ValueRef::Text(value), ValueRef::Integer),
        Kind::Real => text.parse().map_or(ValueRef::Text(value), ValueRef::Real),
        Kind::Null | Kind::Bool | Kind::Digits | Kind::Text | Kind::NumericText | Kind::Nested => {
            ValueRef::Text(value)
        }
    }
}

/// A value that is bound without being copied first.
struct Borrowed<'v>(ValueRef<'v>);

impl ToSql for Borrowed<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.0))
    }
}
