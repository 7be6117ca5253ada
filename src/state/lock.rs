//! Locks of the kernel: they end with the process that holds them, however it ends.
//!
//! The file of a lock stays; it says who holds it, for the one who has to wait.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::database::shown;
use super::error::StateError;
use crate::fault_point::{FaultPoint, reach};

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// The run.
    pub run: String,
    /// When the run began, RFC 3339.
    pub started_at: String,
    /// Whether it looks only at what a dead run left, which takes no time.
    #[serde(default)]
    pub briefly: bool,
}

impl Lock {
    /// Takes the lock `name` of a state folder if nobody holds it; else says who does, as far as is known.
    ///
    /// # Errors
    /// When the file of the lock cannot be made.
    pub fn try_take(
        folder: &Path,
        name: &str,
        holder: &Holder,
    ) -> Result<Result<Self, Option<Holder>>, StateError> {
        let path = path(folder, name)?;
        let refused = |source| StateError::Io { doing: "lock", shown: shown(&path), source };
        let mut file = open(&path).map_err(refused)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Err(read_holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(refused(error)),
        }
        write_holder(&mut file, holder).map_err(refused)?;
        reach(FaultPoint::Locked);
        Ok(Ok(Self { file }))
    }

    /// Takes the lock `name` once nobody holds it; for what takes no time.
    pub(super) fn wait_for(folder: &Path, name: &str) -> Result<Self, StateError> {
        let path = path(folder, name)?;
        let refused = |source| StateError::Io { doing: "lock", shown: shown(&path), source };
        let file = open(&path).map_err(refused)?;
        file.lock().map_err(refused)?;
        Ok(Self { file })
    }

    /// Who holds the lock `name`, as far as is known; none: nobody. Nothing is created or changed.
    ///
    /// # Errors
    /// When the file of the lock is there and cannot be looked at.
    pub fn holder(folder: &Path, name: &str) -> Result<Option<Option<Holder>>, StateError> {
        let path = folder.join("locks").join(format!("{name}.lock"));
        let refused = |source| StateError::Io { doing: "look at", shown: shown(&path), source };
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(read_holder(&mut file))),
            Err(TryLockError::Error(error)) => Err(refused(error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A child process may have inherited nothing, but a copy of the handle would keep the lock: let go explicitly.
        let _ = self.file.unlock();
    }
}

fn path(folder: &Path, name: &str) -> Result<PathBuf, StateError> {
    let locks = folder.join("locks");
    let refused = |source| StateError::Io { doing: "create", shown: shown(&locks), source };
    private_folder(folder).and_then(|()| private_folder(&locks)).map_err(refused)?;
    Ok(locks.join(format!("{name}.lock")))
}

fn open(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(path)
}

fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn write_holder(file: &mut File, holder: &Holder) -> io::Result<()> {
    let text = serde_json::to_string(holder)?;
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())
}

/// Makes sure of a folder that only this user can enter; one that is there is left as it is.
pub(super) fn private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Creates an empty file for this user only.
pub(super) fn private_file(path: &Path) -> io::Result<()> {
    private(OpenOptions::new().write(true).create(true).truncate(true)).open(path).map(drop)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes the entries of a folder durable.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

/// Folders cannot be synced here; the file system orders the entries itself.
#[cfg(not(unix))]
pub(super) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}
