//! Where records land.

mod declared;
mod place;
mod settings;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use declared::Targets;
pub use settings::Settings;

use crate::spec::pipeline::{ColumnTypeWord, TargetKindWord};
pub use crate::spec::pipeline::{CompressionWord as Compression, OnNewColumn, TargetMode};

/// One destination of records, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPlan {
    /// Its name in the pipeline, or the path for an inline target.
    pub name: String,
    /// What kind it is, with that kind's settings.
    pub kind: TargetKind,
    /// Whether records that cannot land are put beside it; otherwise the run fails.
    pub diverts: bool,
}

/// The kinds of targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetKind {
    /// A file, or a folder of files.
    File(FilePlan),
    /// A table of an SQLite database.
    Sqlite(SqlitePlan),
    /// JSON Lines on standard output.
    Stdout,
}

/// A file of records, or a folder of them with `partition_by`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlan {
    /// How records are written.
    pub format: Format,
    /// Where it is.
    pub place: Place,
    /// What happens to what is there.
    pub mode: Mode,
    /// Whether what is there does not count: `--full-refresh`.
    pub begins_empty: bool,
    /// The fields that name the folders; none: one file.
    pub partition_by: Vec<String>,
    /// How it is compressed.
    pub compress: Option<Compression>,
    /// Its columns; only formats that have them look at this.
    pub columns: ColumnsPlan,
}

/// The formats of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON value a line.
    Jsonl,
    /// A header, and a row a record.
    Csv,
}

/// How records stand in a file. What is true of a format follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A line of JSON for each record, as it is spooled.
    Lines,
    /// A header, then a row for each record.
    Rows {
        /// What stands between two cells.
        separator: u8,
    },
}

impl Format {
    /// How records stand in it.
    pub fn layout(self) -> Layout {
        match self {
            Self::Jsonl => Layout::Lines,
            Self::Csv => Layout::Rows { separator: b',' },
        }
    }

    /// Whether its files have columns, which must be known before the first record is written.
    pub fn has_columns(self) -> bool {
        match self.layout() {
            Layout::Lines => false,
            Layout::Rows { .. } => true,
        }
    }

    /// Whether a file of it is, byte for byte, what is spooled.
    pub fn is_what_is_spooled(self) -> bool {
        match self.layout() {
            Layout::Lines => true,
            Layout::Rows { .. } => false,
        }
    }

    /// Whether keys are compared as text: rows do not tell `1` from `"1"`.
    pub fn compares_keys_as_text(self) -> bool {
        match self.layout() {
            Layout::Lines => false,
            Layout::Rows { .. } => true,
        }
    }

    /// All of them: those that some kind of target means.
    pub fn all() -> impl Iterator<Item = Self> {
        TargetKindWord::ALL.iter().filter_map(|kind| match kind.landing() {
            Landing::File(format) => Some(format),
            Landing::Table | Landing::Output => None,
        })
    }

    /// How the names of its files end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Jsonl => ".jsonl",
            Self::Csv => ".csv",
        }
    }

    /// As the language calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }
}

/// What kind of place a word means. What is true of a kind before it is compiled follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landing {
    /// A file of this format, or a folder of them.
    File(Format),
    /// A table of a database.
    Table,
    /// Standard output.
    Output,
}

impl TargetKindWord {
    /// What kind of place it means.
    pub fn landing(self) -> Landing {
        match self {
            Self::Jsonl => Landing::File(Format::Jsonl),
            Self::Csv => Landing::File(Format::Csv),
            Self::Sqlite => Landing::Table,
            Self::Stdout => Landing::Output,
        }
    }

    /// Whether it is standard output.
    pub(super) fn is_printed(self) -> bool {
        match self.landing() {
            Landing::Output => true,
            Landing::File(_) | Landing::Table => false,
        }
    }

    /// Whether it is a file, or a folder of files.
    pub(super) fn is_file(self) -> bool {
        match self.landing() {
            Landing::File(_) => true,
            Landing::Table | Landing::Output => false,
        }
    }

    /// Whether its place holds several tables, of which it is one.
    pub(super) fn has_table(self) -> bool {
        match self.landing() {
            Landing::Table => true,
            Landing::File(_) | Landing::Output => false,
        }
    }

    /// Whether records become rows with the same columns.
    pub(super) fn has_columns(self) -> bool {
        match self.landing() {
            Landing::File(format) => format.has_columns(),
            Landing::Table => true,
            Landing::Output => false,
        }
    }

    /// Whether two names that differ in case only are one.
    pub(super) fn folds_names(self) -> bool {
        match self.landing() {
            Landing::Table => true,
            Landing::File(_) | Landing::Output => false,
        }
    }

    /// A path, for messages.
    pub(super) fn example_path(self) -> &'static str {
        match self {
            Self::Jsonl => "out/records.jsonl",
            Self::Csv => "out/records.csv",
            Self::Sqlite => "out/records.db",
            Self::Stdout => "",
        }
    }
}

/// A table of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlitePlan {
    /// Where the database is.
    pub place: Place,
    /// The table.
    pub table: String,
    /// What happens to the rows that are there.
    pub mode: Mode,
    /// Whether they do not count: `--full-refresh`.
    pub begins_empty: bool,
    /// Its columns.
    pub columns: ColumnsPlan,
}

/// A path of the author's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Absolute.
    pub path: PathBuf,
    /// As the author wrote it, for messages.
    pub shown: String,
}

/// What happens to what a target holds already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is replaced.
    Replace,
    /// It stays.
    Append,
    /// Records with an equal key are replaced.
    Merge {
        /// The fields of the key.
        key: Vec<String>,
    },
}

impl Mode {
    /// Whether what is there goes as a whole.
    pub fn replaces(&self) -> bool {
        match self {
            Self::Replace => true,
            Self::Append | Self::Merge { .. } => false,
        }
    }

    /// The mode in the language.
    pub fn as_word(&self) -> TargetMode {
        match self {
            Self::Replace => TargetMode::Replace,
            Self::Append => TargetMode::Append,
            Self::Merge { .. } => TargetMode::Merge,
        }
    }

    /// The fields of the key, with which records find the ones they replace.
    pub fn key(&self) -> Option<&[String]> {
        match self {
            Self::Merge { key } => Some(key),
            Self::Replace | Self::Append => None,
        }
    }

    /// What happens where nothing that is there counts.
    fn beginning_empty(&self) -> Self {
        match self {
            Self::Replace | Self::Append => Self::Replace,
            Self::Merge { .. } => self.clone(),
        }
    }
}

impl FilePlan {
    /// Whether what is there stays, or part of it.
    pub fn keeps_what_is_there(&self) -> bool {
        !self.mode.replaces() && !self.begins_empty
    }
}

impl SqlitePlan {
    /// Whether the rows that are there stay, or part of them.
    pub fn keeps_what_is_there(&self) -> bool {
        !self.mode.replaces() && !self.begins_empty
    }
}

/// The columns of a target that has some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnsPlan {
    /// Those the author gave, in order.
    pub declared: Option<Vec<DeclaredColumn>>,
    /// What happens to a field that is no column yet.
    pub on_new: OnNewColumn,
}

/// A column that the author gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredColumn {
    /// Its name.
    pub name: String,
    /// Its type, if the author gave one.
    pub kind: Option<ColumnType>,
}

/// The types of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the language say it")]
pub enum ColumnType {
    Text,
    Integer,
    Number,
    Boolean,
    Json,
    Date,
    Datetime,
}

impl TargetKind {
    /// Whether what the target holds does not count.
    pub fn begins_empty(&self) -> bool {
        match self {
            Self::File(file) => file.begins_empty,
            Self::Sqlite(sqlite) => sqlite.begins_empty,
            Self::Stdout => false,
        }
    }

    /// What the target holds does not count any more: it is replaced when the run lands.
    pub fn begin_empty(&mut self) {
        let (mode, begins_empty) = match self {
            Self::File(file) => (&mut file.mode, &mut file.begins_empty),
            Self::Sqlite(sqlite) => (&mut sqlite.mode, &mut sqlite.begins_empty),
            Self::Stdout => return,
        };
        *begins_empty = true;
        *mode = mode.beginning_empty();
    }

    /// Its kind, as the language calls it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::File(file) => file.format.word(),
            Self::Sqlite(_) => "sqlite",
            Self::Stdout => "stdout",
        }
    }

    /// Whether it is standard output: what is shown cannot be taken back.
    pub fn is_printed(&self) -> bool {
        match self {
            Self::Stdout => true,
            Self::File(_) | Self::Sqlite(_) => false,
        }
    }

    /// Whether what the target holds stays, or part of it.
    pub fn keeps_what_is_there(&self) -> bool {
        match self {
            Self::File(file) => file.keeps_what_is_there(),
            Self::Sqlite(sqlite) => sqlite.keeps_what_is_there(),
            Self::Stdout => true,
        }
    }

    /// Where it is; standard output is nowhere.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::File(file) => Some(&file.place),
            Self::Sqlite(sqlite) => Some(&sqlite.place),
            Self::Stdout => None,
        }
    }

    /// The table, where the place has several.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::Sqlite(sqlite) => Some(&sqlite.table),
            Self::File(_) | Self::Stdout => None,
        }
    }

    /// What happens to what is there.
    pub fn mode(&self) -> &Mode {
        match self {
            Self::File(file) => &file.mode,
            Self::Sqlite(sqlite) => &sqlite.mode,
            Self::Stdout => &Mode::Append,
        }
    }

    /// The fields of the key of a target that has one.
    pub fn key(&self) -> Option<&[String]> {
        self.mode().key()
    }
}

impl ColumnType {
    /// Whether any value stands in it as JSON text: a string keeps its quotes.
    pub fn holds_json(self) -> bool {
        match self {
            Self::Json => true,
            Self::Text | Self::Integer | Self::Number | Self::Boolean | Self::Date | Self::Datetime => false,
        }
    }

    /// Whether its values are `true` and `false`.
    pub fn is_boolean(self) -> bool {
        match self {
            Self::Boolean => true,
            Self::Text | Self::Integer | Self::Number | Self::Json | Self::Date | Self::Datetime => false,
        }
    }

    /// Whether text in it was checked to be exactly a number.
    pub fn is_numeric(self) -> bool {
        match self {
            Self::Integer | Self::Number => true,
            Self::Text | Self::Boolean | Self::Json | Self::Date | Self::Datetime => false,
        }
    }

    /// Its name, as the language calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Json => "json",
            Self::Date => "date",
            Self::Datetime => "datetime",
        }
    }
}

impl From<ColumnTypeWord> for ColumnType {
    fn from(word: ColumnTypeWord) -> Self {
        match word {
            ColumnTypeWord::Text => Self::Text,
            ColumnTypeWord::Integer => Self::Integer,
            ColumnTypeWord::Number => Self::Number,
            ColumnTypeWord::Boolean => Self::Boolean,
            ColumnTypeWord::Json => Self::Json,
            ColumnTypeWord::Date => Self::Date,
            ColumnTypeWord::Datetime => Self::Datetime,
        }
    }
}
