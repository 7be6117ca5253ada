//! One connection, and what its errors mean.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::target::error::TargetError;

/// How long another process may hold the database.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pages in memory, in KiB: an index over keys in no order is read here and there.
const CACHE_KIB: i64 = 16 * 1024;

/// An open database.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) connection: Connection,
    shown: String,
}

impl Database {
    /// Opens a database, or creates it.
    pub(super) fn open(path: &Path, shown: &str) -> Result<Self, TargetError> {
        // No URI names: a path that begins with `file:` is a path.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let refused = |error| refused(shown, error);
        let connection = Connection::open_with_flags(path, flags).map_err(refused)?;
        connection.busy_timeout(PATIENCE).map_err(refused)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(refused)?;
        // In every journal mode: what is committed outlives a power cut, since its spool is removed then.
        connection.pragma_update(None, "synchronous", "FULL").map_err(refused)?;
        // The first look at the file says whether it is a database.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(refused)?;
        Ok(Self { connection, shown: shown.to_owned() })
    }

    pub(super) fn refused(&self, error: rusqlite::Error) -> TargetError {
        refused(&self.shown, error)
    }

    pub(super) fn execute(&self, sql: &str) -> Result<(), TargetError> {
        self.connection.execute_batch(sql).map_err(|error| self.refused(error))
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }
}

fn refused(shown: &str, error: rusqlite::Error) -> TargetError {
    let shown = shown.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => TargetError::DatabaseLocked { shown },
        Some(ErrorCode::NotADatabase) => TargetError::NotADatabase { shown },
        Some(ErrorCode::DatabaseCorrupt) => TargetError::DatabaseDamaged { shown, source: error },
        Some(ErrorCode::ReadOnly) => TargetError::ReadOnly { shown },
        Some(ErrorCode::DiskFull) => TargetError::Full { shown, source: std::io::Error::other(error) },
        _ => TargetError::Database { shown, source: error },
    }
}

/// A name as SQL takes it, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn refusals_of_sqlite_are_sorted() {
        let cases = [
            (ffi::SQLITE_BUSY, "the database `a.db` is locked by another process"),
            (ffi::SQLITE_LOCKED, "the database `a.db` is locked by another process"),
            (ffi::SQLITE_NOTADB, "`a.db` is there, but is no SQLite database"),
            (ffi::SQLITE_CORRUPT, "the database `a.db` is damaged"),
            (ffi::SQLITE_READONLY, "`a.db` exists and is read-only"),
            (ffi::SQLITE_FULL, "no space is left to write `a.db`"),
            (ffi::SQLITE_CONSTRAINT, "the database `a.db` refuses"),
        ];
        for (code, message) in cases {
            let error = refused("a.db", rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
            assert_eq!(error.to_string(), message);
        }
    }
}
