//! A table as it is, as it must be, and how its columns keep values.

use rusqlite::OptionalExtension;

use super::database::{Database, quoted};
use super::{Load, LoadColumn};
use crate::plan::target::ColumnType;
use crate::record::kind::{Kind, Kinds};
use crate::target::error::TargetError;

/// What SQLite does to a value that comes into a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    /// Everything becomes text.
    Text,
    /// Text that reads like a number becomes one.
    Numeric,
    /// The same, and integers become doubles.
    Real,
    /// Nothing.
    None,
}

impl Affinity {
    /// Whether a value that is no text becomes one.
    pub(super) fn makes_text(self) -> bool {
        match self {
            Self::Text => true,
            Self::Numeric | Self::Real | Self::None => false,
        }
    }
}

/// A table that is there.
#[derive(Debug)]
pub(super) struct Table {
    name: String,
    columns: Vec<TableColumn>,
}

#[derive(Debug)]
struct TableColumn {
    name: String,
    kind: String,
}

impl Table {
    /// The table of this name, if there is one.
    pub(super) fn find(database: &Database, name: &str) -> Result<Option<Self>, TargetError> {
        let refused = |error| database.refused(error);
        let sql = "SELECT type, name FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')";
        let found: Option<(String, String)> = database
            .connection
            .query_row(sql, [name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(refused)?;
        let Some((kind, name)) = found else { return Ok(None) };
        if kind != "table" {
            return Err(TargetError::NotATable { shown: database.shown().to_owned(), table: name });
        }
        let mut statement =
            database.connection.prepare(&format!("PRAGMA table_info({})", quoted(&name))).map_err(refused)?;
        let columns = statement
            .query_map([], |row| Ok(TableColumn { name: row.get(1)?, kind: row.get(2)? }))
            .and_then(Iterator::collect)
            .map_err(refused)?;
        Ok(Some(Self { name, columns }))
    }

    pub(super) fn names(self) -> Vec<String> {
        self.columns.into_iter().map(|column| column.name).collect()
    }

    /// What the column of this name does to values; none if there is no such column.
    pub(super) fn affinity(&self, name: &str) -> Option<Affinity> {
        let column = self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))?;
        Some(affinity_of(&column.kind))
    }

    /// Whether the columns that are there keep the values of the records as they are. Those of a replaced table need
    /// not, since it is made anew then.
    pub(super) fn check(&self, load: &Load) -> Result<(), TargetError> {
        match self.misfit(load) {
            Some((column, there)) if !load.replaces() => Err(TargetError::ColumnType {
                shown: load.shown.clone(),
                table: self.name.clone(),
                column: column.name.clone(),
                there: there.kind.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Whether values of the records would change in one of the columns.
    pub(super) fn has_misfit(&self, load: &Load) -> bool {
        self.misfit(load).is_some()
    }

    fn misfit<'l>(&self, load: &'l Load) -> Option<(&'l LoadColumn, &TableColumn)> {
        load.columns.iter().find_map(|column| {
            let there = self.columns.iter().find(|there| there.name.eq_ignore_ascii_case(&column.name))?;
            changes(affinity_of(&there.kind), column).then_some((column, there))
        })
    }
}

/// Whether a column would change values of these kinds so that they cannot be told any more.
fn changes(affinity: Affinity, column: &LoadColumn) -> bool {
    // Text in such a column was checked to be exactly a number.
    let numeric = column.declared.is_some_and(ColumnType::is_numeric);
    let digits = column.kinds.has(Kind::Digits) || (column.kinds.has(Kind::NumericText) && !numeric);
    match affinity {
        Affinity::Text | Affinity::None => false,
        Affinity::Numeric => digits,
        Affinity::Real => digits || column.kinds.has(Kind::LongInteger),
    }
}

/// The type of a column that is made for these values.
pub(super) fn type_for(column: &LoadColumn) -> &'static str {
    let kinds = column.kinds;
    match column.declared {
        Some(ColumnType::Integer) => "INTEGER",
        Some(ColumnType::Number) => "NUMERIC",
        Some(ColumnType::Boolean) => "BOOLEAN",
        Some(ColumnType::Text | ColumnType::Json | ColumnType::Date | ColumnType::Datetime) => "TEXT",
        None if kinds.are_within(&[]) => "",
        None => type_of_kinds(kinds),
    }
}

fn type_of_kinds(kinds: Kinds) -> &'static str {
    let types: [(&str, &[Kind]); 3] = [
        ("BOOLEAN", &[Kind::Bool]),
        ("INTEGER", &[Kind::Integer, Kind::LongInteger]),
        ("REAL", &[Kind::Integer, Kind::Real]),
    ];
    types.iter().find(|(_, within)| kinds.are_within(within)).map_or("TEXT", |(name, _)| name)
}

/// SQLite's own rules, in their order.
pub(super) fn affinity_of(kind: &str) -> Affinity {
    let kind = kind.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| kind.contains(word));
    if has(&["INT"]) {
        Affinity::Numeric
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        Affinity::Text
    } else if kind.is_empty() || has(&["BLOB"]) {
        Affinity::None
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}
