//! Where records land.

mod declared;
mod place;
mod settings;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use declared::Targets;
pub use settings::Settings;

use crate::spec::pipeline::ColumnTypeWord;
pub use crate::spec::pipeline::{CompressionWord as Compression, OnNewColumn};

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
        if *mode == Mode::Append {
            *mode = Mode::Replace;
        }
    }

    /// Its kind, as the language calls it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::File(FilePlan { format: Format::Jsonl, .. }) => "jsonl",
            Self::File(FilePlan { format: Format::Csv, .. }) => "csv",
            Self::Sqlite(_) => "sqlite",
            Self::Stdout => "stdout",
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
        match self.mode() {
            Mode::Merge { key } => Some(key),
            Mode::Replace | Mode::Append => None,
        }
    }
}

impl ColumnType {
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
