//! What can go wrong at a target, in terms of the path that the author wrote.

use std::io;
use std::path::Path;

/// Why a target cannot take records or show them.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The path is a folder.
    #[error("`{shown}` is a folder, not a file")]
    Folder {
        /// The path as the author wrote it.
        shown: String,
    },
    /// The path is a device, a pipe or the like, which cannot be replaced.
    #[error("`{shown}` is not a regular file")]
    Special {
        /// The path as the author wrote it.
        shown: String,
    },
    /// The file exists and is protected.
    #[error("`{shown}` exists and is read-only")]
    ReadOnly {
        /// The path as the author wrote it.
        shown: String,
    },
    /// Its folder may not be written or not be created.
    #[error("the folder of `{shown}` may not be written")]
    FolderDenied {
        /// The path as the author wrote it.
        shown: String,
        /// What the system said.
        source: io::Error,
    },
    /// A part of the path that must be a folder is something else.
    #[error("a folder in the path `{shown}` is a file")]
    NotAFolder {
        /// The path as the author wrote it.
        shown: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file's name is longer than the file system allows.
    #[error("the name of `{shown}` is too long")]
    NameTooLong {
        /// The path as the author wrote it.
        shown: String,
    },
    /// No space or quota is left.
    #[error("no space is left to write `{shown}`")]
    Full {
        /// The path as the author wrote it.
        shown: String,
        /// What the system said.
        source: io::Error,
    },
    /// The temporary file of this run exists already.
    #[error("the temporary file `{temporary}` for `{shown}` already exists")]
    Leftover {
        /// The path as the author wrote it.
        shown: String,
        /// The name of the temporary file.
        temporary: String,
    },
    /// A prepared file was removed before it could be put in place.
    #[error("the finished file for `{shown}` was removed before it was put in place")]
    Vanished {
        /// The path as the author wrote it.
        shown: String,
    },
    /// A record cannot land in a target with columns or a key.
    #[error("record {number} cannot land in target `{target}`: {problem}")]
    BadRecord {
        /// The target's name.
        target: String,
        /// Which of the records that the target got in this run, counted from 1.
        number: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// A field is no column, and `on_new_column: fail` is asked for.
    #[error("record {number} for target `{target}` has the field `{column}`, which is no column")]
    NewColumn {
        /// The target's name.
        target: String,
        /// Which of the records that the target got in this run, counted from 1.
        number: u64,
        /// The field.
        column: String,
    },
    /// The folder for records that have not landed cannot be made.
    #[error("cannot make the folder `{folder}`, in which records wait for `{shown}`")]
    Stage {
        /// The folder.
        folder: String,
        /// The path as the author wrote it.
        shown: String,
        /// What the system said.
        source: io::Error,
    },
    /// A spool cannot be used.
    #[error("cannot {doing} the records that wait for `{shown}`")]
    Spool {
        /// What was tried.
        doing: &'static str,
        /// The path as the author wrote it.
        shown: String,
        /// What the system said.
        source: io::Error,
    },
    /// A spool that a run must go on with is gone.
    #[error("the records that wait for `{shown}` are gone: `{path}` is not there")]
    SpoolLost {
        /// The path as the author wrote it.
        shown: String,
        /// The spool.
        path: String,
    },
    /// A spool that a run must go on with was cut.
    #[error("the records that wait for `{shown}` are not whole: `{path}` has {length} bytes of {expected}")]
    SpoolShort {
        /// The path as the author wrote it.
        shown: String,
        /// The spool.
        path: String,
        /// Its length.
        length: u64,
        /// The length that it had.
        expected: u64,
    },
    /// What a spool holds is not what was written.
    #[error("the records that wait for `{shown}` have changed since they were written")]
    SpoolChanged {
        /// The path as the author wrote it.
        shown: String,
    },
    /// The file that is there is not compressed as `compress` says.
    #[error("`{shown}` is there, but is no file of {word}")]
    NotCompressed {
        /// The path as the author wrote it.
        shown: String,
        /// The word of `compress`.
        word: &'static str,
        /// What reading it said.
        source: io::Error,
    },
    /// The header of the file that is there does not fit.
    #[error("`{shown}` is there, but {problem}")]
    Header {
        /// The path as the author wrote it.
        shown: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file is where a folder of files must be.
    #[error("`{shown}` is a file, and `partition_by` needs a folder")]
    NotAPartitionedFolder {
        /// The path as the author wrote it.
        shown: String,
    },
    /// Another process holds the database.
    #[error("the database `{shown}` is locked by another process")]
    DatabaseLocked {
        /// The path as the author wrote it.
        shown: String,
    },
    /// The file that is there is something else.
    #[error("`{shown}` is there, but is no SQLite database")]
    NotADatabase {
        /// The path as the author wrote it.
        shown: String,
    },
    /// The database is damaged.
    #[error("the database `{shown}` is damaged")]
    DatabaseDamaged {
        /// The path as the author wrote it.
        shown: String,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The name of the table is that of a view.
    #[error("`{table}` in the database `{shown}` is a view, not a table")]
    NotATable {
        /// The path as the author wrote it.
        shown: String,
        /// The name.
        table: String,
    },
    /// A column that is there would change values.
    #[error(
        "the column `{column}` of table `{table}` in `{shown}` has the type {there}, which would change values of this run"
    )]
    ColumnType {
        /// The path as the author wrote it.
        shown: String,
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Its type.
        there: String,
    },
    /// Two fields are one column for SQLite.
    #[error("the fields `{one}` and `{other}` differ in case only, and are one column in `{shown}`")]
    SameColumn {
        /// The path as the author wrote it.
        shown: String,
        /// One field.
        one: String,
        /// The other.
        other: String,
    },
    /// More fields than a table can have.
    #[error("the records for `{shown}` have {count} fields, and a table takes {most} columns")]
    TooManyColumns {
        /// The path as the author wrote it.
        shown: String,
        /// How many fields.
        count: usize,
        /// How many columns are possible.
        most: usize,
    },
    /// The rows that are there have equal keys.
    #[error("table `{table}` in `{shown}` has rows with an equal key `{key}`")]
    EqualKeys {
        /// The path as the author wrote it.
        shown: String,
        /// The table.
        table: String,
        /// The columns of the key.
        key: String,
    },
    /// Anything else that SQLite refused.
    #[error("the database `{shown}` refuses")]
    Database {
        /// The path as the author wrote it.
        shown: String,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The reader of standard output went away; the run ends quietly.
    #[error("the reader of standard output is gone")]
    Closed,
    /// The target failed before, or its thread died.
    #[error("the target stopped earlier")]
    Stopped,
    /// Standard output cannot be written.
    #[error("cannot write to standard output")]
    Stdout {
        /// What the system said.
        source: io::Error,
    },
    /// The system gave no thread for the target.
    #[error("cannot start a thread for the target")]
    NoThread {
        /// What the system said.
        source: io::Error,
    },
    /// Anything else that the system refused.
    #[error("cannot {doing} `{shown}`")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The path as the author wrote it.
        shown: String,
        /// What the system said.
        source: io::Error,
    },
}

impl TargetError {
    /// Whether whoever reads has seen enough: no failure.
    pub fn is_closed(&self) -> bool {
        match self {
            Self::Closed => true,
            Self::Folder { .. }
            | Self::Special { .. }
            | Self::ReadOnly { .. }
            | Self::FolderDenied { .. }
            | Self::NotAFolder { .. }
            | Self::NameTooLong { .. }
            | Self::Full { .. }
            | Self::Leftover { .. }
            | Self::Vanished { .. }
            | Self::BadRecord { .. }
            | Self::NewColumn { .. }
            | Self::Stage { .. }
            | Self::Spool { .. }
            | Self::SpoolLost { .. }
            | Self::SpoolShort { .. }
            | Self::SpoolChanged { .. }
            | Self::NotCompressed { .. }
            | Self::Header { .. }
            | Self::NotAPartitionedFolder { .. }
            | Self::DatabaseLocked { .. }
            | Self::NotADatabase { .. }
            | Self::DatabaseDamaged { .. }
            | Self::NotATable { .. }
            | Self::ColumnType { .. }
            | Self::SameColumn { .. }
            | Self::TooManyColumns { .. }
            | Self::EqualKeys { .. }
            | Self::Database { .. }
            | Self::Stopped
            | Self::Stdout { .. }
            | Self::NoThread { .. }
            | Self::Io { .. } => false,
        }
    }

    /// The path whose finished records are gone: trying again will never help.
    pub fn lost(&self) -> Option<&str> {
        match self {
            Self::Vanished { shown }
            | Self::SpoolLost { shown, .. }
            | Self::SpoolShort { shown, .. }
            | Self::SpoolChanged { shown } => Some(shown),
            Self::Folder { .. }
            | Self::Special { .. }
            | Self::ReadOnly { .. }
            | Self::FolderDenied { .. }
            | Self::NotAFolder { .. }
            | Self::NameTooLong { .. }
            | Self::Full { .. }
            | Self::Leftover { .. }
            | Self::BadRecord { .. }
            | Self::NewColumn { .. }
            | Self::Stage { .. }
            | Self::Spool { .. }
            | Self::NotCompressed { .. }
            | Self::Header { .. }
            | Self::NotAPartitionedFolder { .. }
            | Self::DatabaseLocked { .. }
            | Self::NotADatabase { .. }
            | Self::DatabaseDamaged { .. }
            | Self::NotATable { .. }
            | Self::ColumnType { .. }
            | Self::SameColumn { .. }
            | Self::TooManyColumns { .. }
            | Self::EqualKeys { .. }
            | Self::Database { .. }
            | Self::Closed
            | Self::Stopped
            | Self::Stdout { .. }
            | Self::NoThread { .. }
            | Self::Io { .. } => None,
        }
    }

    /// What the author can do about it; none where the cause says all.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Folder { shown } => {
                format!("add a file name: `{}/records.jsonl`", shown.trim_end_matches('/'))
            }
            Self::Special { .. } => "use `kind: stdout` to write to a terminal or pipe".to_owned(),
            Self::ReadOnly { shown } => {
                format!("make it writable (`chmod u+w {shown}`) or give another path")
            }
            Self::FolderDenied { shown, .. } => {
                format!(
                    "give the user of this process the right to write `{}`, or another path",
                    folder_of(shown)
                )
            }
            Self::NotAFolder { .. } => "remove that file or give another path".to_owned(),
            Self::NameTooLong { .. } => "give a shorter name; most file systems allow 255 bytes".to_owned(),
            Self::Full { .. } => "free some space; what was there before is untouched".to_owned(),
            Self::Leftover { temporary, .. } => format!("if no other run is at work, remove `{temporary}`"),
            Self::BadRecord { .. } => {
                "`on_bad_record: divert` puts such records into a file beside the target, and the run goes on".to_owned()
            }
            Self::NewColumn { column, .. } => {
                format!("add `{column}` to `columns`, or write `on_new_column: add` or `ignore`")
            }
            Self::Stage { .. } | Self::Spool { .. } => {
                "records wait in `.river/stage` at the project's root until the run is complete: that folder needs room and must be writable".to_owned()
            }
            Self::SpoolLost { .. }
            | Self::SpoolShort { .. }
            | Self::SpoolChanged { .. }
            | Self::Vanished { .. } => "run the pipeline again".to_owned(),
            Self::NotCompressed { shown, .. } => {
                format!("give another path, or compress or move away `{shown}`")
            }
            Self::Header { shown, .. } => format!("repair or move away `{shown}`, or give another path"),
            Self::NotAPartitionedFolder { .. } => "give the path of a folder, which need not be there yet".to_owned(),
            Self::DatabaseLocked { .. } => "wait until the other process has finished, and run the pipeline again".to_owned(),
            Self::NotADatabase { .. } => "give another path; a file that is no database is not overwritten".to_owned(),
            Self::DatabaseDamaged { shown, .. } => format!("look at it with `sqlite3 {shown} 'PRAGMA integrity_check'`, or restore it"),
            Self::NotATable { .. } => "give another `table`".to_owned(),
            Self::ColumnType { column, .. } => {
                format!("a type cannot be changed: make the table anew with `columns: {{ {column}: text }}`, or write to another table")
            }
            Self::SameColumn { one, .. } => {
                format!("name the columns that you want, and leave others out: `columns: [{one}, …]`, `on_new_column: ignore`")
            }
            Self::TooManyColumns { .. } => "name the columns that you want: `columns: […]`, `on_new_column: ignore`".to_owned(),
            Self::EqualKeys { .. } => "remove the doubled rows, or give a `key` that tells rows apart".to_owned(),
            Self::Database { .. } | Self::Closed | Self::Stopped | Self::Stdout { .. } | Self::NoThread { .. } | Self::Io { .. } => {
                return None;
            }
        };
        Some(help)
    }

    /// Sorts what the system refused while doing something with the file at `shown`.
    pub(super) fn from_io(doing: &'static str, shown: &str, source: io::Error) -> Self {
        let shown = shown.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { shown, source },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::FolderDenied { shown, source }
            }
            io::ErrorKind::NotADirectory => Self::NotAFolder { shown, source },
            io::ErrorKind::IsADirectory => Self::Folder { shown },
            io::ErrorKind::InvalidFilename => Self::NameTooLong { shown },
            _ => Self::Io { doing, shown, source },
        }
    }
}

fn folder_of(shown: &str) -> String {
    match Path::new(shown).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.display().to_string(),
        _ => ".".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_the_system_are_sorted() {
        let cases = [
            (io::ErrorKind::StorageFull, "no space is left to write `out/a.jsonl`"),
            (io::ErrorKind::QuotaExceeded, "no space is left to write `out/a.jsonl`"),
            (io::ErrorKind::PermissionDenied, "the folder of `out/a.jsonl` may not be written"),
            (io::ErrorKind::ReadOnlyFilesystem, "the folder of `out/a.jsonl` may not be written"),
            (io::ErrorKind::NotADirectory, "a folder in the path `out/a.jsonl` is a file"),
            (io::ErrorKind::IsADirectory, "`out/a.jsonl` is a folder, not a file"),
            (io::ErrorKind::InvalidFilename, "the name of `out/a.jsonl` is too long"),
            (io::ErrorKind::Other, "cannot create `out/a.jsonl`"),
        ];
        for (kind, message) in cases {
            assert_eq!(TargetError::from_io("create", "out/a.jsonl", kind.into()).to_string(), message);
        }
    }

    #[test]
    fn help_names_the_folder() {
        let help = |shown: &str| {
            TargetError::from_io("create", shown, io::ErrorKind::PermissionDenied.into()).help().unwrap()
        };
        assert!(help("out/a.jsonl").contains("write `out`"));
        assert!(help("a.jsonl").contains("write `.`"));
    }
}
