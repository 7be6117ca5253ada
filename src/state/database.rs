//! The state database: created whole or not at all, looked at before it is trusted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::error::StateError;
use super::lock::{self, Lock};
use super::schema::{APPLICATION_ID, FIRST, MIGRATIONS, VERSION};
use crate::fault_point::{FaultPoint, reach};

/// How long a statement waits for another process.
const PATIENCE: Duration = Duration::from_secs(30);

/// The name of the database in the state folder.
const FILE: &str = "state.db";

/// The state of a project.
#[derive(Debug)]
pub struct State {
    pub(super) connection: Connection,
    pub(super) shown: String,
    folder: PathBuf,
}

impl State {
    /// Opens the state in a folder, and makes both if they are not there.
    ///
    /// # Errors
    /// When what is there is not a whole database of this river, or may not be written. It is left as it is.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let path = folder.join(FILE);
        if !path.try_exists().map_err(|source| refused("look for", &path, source))? {
            create(folder, &path)?;
        }
        Self::open_existing(folder)
    }

    /// Opens the state in a folder if there is one.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_if_there(folder: &Path) -> Result<Option<Self>, StateError> {
        let path = folder.join(FILE);
        match path.try_exists() {
            Ok(true) => Self::open_existing(folder).map(Some),
            Ok(false) => Ok(None),
            Err(source) => Err(refused("look for", &path, source)),
        }
    }

    fn open_existing(folder: &Path) -> Result<Self, StateError> {
        let path = folder.join(FILE);
        let shown = shown(&path);
        // SQLite takes an empty file for a new database: the watermarks would be gone without a word.
        let length = fs::metadata(&path).map_err(|source| refused("read", &path, source))?.len();
        if length == 0 {
            return Err(StateError::Damaged { shown, found: "it is empty".to_owned() });
        }
        let opened = connect(&path).map_err(|error| explained(&shown, error))?;
        let mut state = Self { connection: opened, shown, folder: folder.to_owned() };
        let version = state.verify()?;
        state.migrate(version)?;
        Ok(state)
    }

    /// The folder that the state is in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Looks at it before it is trusted; gives its version.
    fn verify(&self) -> Result<i64, StateError> {
        let pragma = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let (application, version) =
            self.explain(pragma("application_id").and_then(|id| Ok((id, pragma("user_version")?))))?;
        let shown = self.shown.clone();
        if application != APPLICATION_ID {
            return Err(StateError::Foreign { shown });
        }
        if version > VERSION {
            return Err(StateError::Newer { shown, found: version, known: VERSION });
        }
        if version < 1 {
            return Err(StateError::Damaged {
                shown,
                found: format!("it says that its version is {version}"),
            });
        }
        let found: String =
            self.explain(self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))?;
        if found == "ok" { Ok(version) } else { Err(StateError::Damaged { shown, found }) }
    }

    /// Makes the newest version of an older one, all of it or nothing.
    fn migrate(&mut self, version: i64) -> Result<(), StateError> {
        if version == VERSION {
            return Ok(());
        }
        let migrated = self.try_migrate();
        self.explain(migrated)
    }

    fn try_migrate(&mut self) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have done it meanwhile.
        let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        for (migration, makes) in MIGRATIONS.iter().zip(2..) {
            if version < makes {
                transaction.execute_batch(migration)?;
            }
        }
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()
    }

    /// A statement's result, its error in river's words.
    pub(super) fn explain<T>(&self, result: rusqlite::Result<T>) -> Result<T, StateError> {
        result.map_err(|error| explained(&self.shown, error))
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // A rollback journal works on every file system; FULL makes each commit outlive a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Makes the database under another name and renames it, so that it is never there in part.
fn create(folder: &Path, path: &Path) -> Result<(), StateError> {
    lock::private_folder(folder).map_err(|source| refused("create", folder, source))?;
    keep_out_of_git(folder);
    let _alone = Lock::wait_for(folder, "state")?;
    if path.exists() {
        return Ok(()); // another process was first
    }
    remove_unfinished(folder);
    let new = folder.join(format!("{FILE}.new.{}", std::process::id()));
    let made = make(&new).and_then(|()| {
        fs::File::open(&new).and_then(|file| file.sync_all()).map_err(|source| refused("write", &new, source))
    });
    reach(FaultPoint::StateMade);
    let named = made.and_then(|()| fs::rename(&new, path).map_err(|source| refused("create", path, source)));
    if named.is_err() {
        // What is left of it is not wanted.
        let _ = fs::remove_file(&new);
    }
    named?;
    reach(FaultPoint::StateNamed);
    // The folder may be new as well, and what lands must not outlive what is known of it.
    for folder in folder.ancestors().take(3).filter(|folder| folder.is_dir()) {
        match lock::sync_folder(folder) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {} // then it is not new
            synced => synced.map_err(|source| refused("write", folder, source))?,
        }
    }
    Ok(())
}

/// Removes what processes that died while they made a database have left; nobody else makes one now.
fn remove_unfinished(folder: &Path) {
    let begins = format!("{FILE}.new.");
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&begins) {
            // It hurts nobody if it stays.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// What is kept here is of this machine; a project's repository does not want it. It is no harm if it cannot be said.
fn keep_out_of_git(folder: &Path) {
    let file = fs::OpenOptions::new().write(true).create_new(true).open(folder.join(".gitignore"));
    if let Ok(mut file) = file {
        let _ = std::io::Write::write_all(&mut file, b"*\n");
    }
}

fn make(path: &Path) -> Result<(), StateError> {
    lock::private_file(path).map_err(|source| refused("create", path, source))?;
    let made = connect(path).and_then(|connection| {
        // The whole file is synced once it is made, before anybody sees it.
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.execute_batch(FIRST)?;
        MIGRATIONS.iter().try_for_each(|migration| connection.execute_batch(migration))?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.pragma_update(None, "user_version", VERSION)?;
        connection.close().map_err(|(_, error)| error)
    });
    made.map_err(|error| explained(&shown(path), error))
}

/// A path from the state folder on, as the user knows it.
pub(super) fn shown(path: &Path) -> String {
    let parts: Vec<_> = path.iter().collect();
    let start = parts.iter().rposition(|part| *part == ".river").unwrap_or(0);
    parts[start..].iter().collect::<PathBuf>().display().to_string()
}

fn refused(doing: &'static str, path: &Path, source: io::Error) -> StateError {
    let shown = shown(path);
    match source.kind() {
        io::ErrorKind::StorageFull => StateError::Full { shown },
        _ => StateError::Io { doing, shown, source },
    }
}

fn explained(shown: &str, error: rusqlite::Error) -> StateError {
    let shown = shown.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            StateError::Damaged { shown, found: "it is not a database".to_owned() }
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            StateError::Damaged { shown, found: "the database is malformed".to_owned() }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StateError::Busy { shown },
        Some(ErrorCode::DiskFull) => StateError::Full { shown },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            StateError::ReadOnly { shown }
        }
        _ => StateError::Database { shown, source: error },
    }
}
