//! Locks of the kernel: they end with the process that holds them, however it ends.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::error::StoreError;
use super::files::shown;
use super::privacy;

/// Takes the lock if nobody holds it.
pub(super) fn try_now(path: &Path) -> Result<Option<File>, StoreError> {
    take(path, |file| match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    })
}

/// Waits for the lock, on the thread that calls.
pub(super) fn wait(path: &Path) -> Result<File, StoreError> {
    loop {
        let taken = take(path, |file| match file.lock() {
            Ok(()) => Ok(true),
            // A signal came in between.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            Err(error) => Err(error),
        });
        if let Some(file) = taken? {
            return Ok(file);
        }
    }
}

/// A lock whose file was removed meanwhile (by a sweep) protects nothing: then it is taken anew.
fn take(path: &Path, lock: impl Fn(&File) -> io::Result<bool>) -> Result<Option<File>, StoreError> {
    let refused = |source| StoreError::io("lock", &shown(path), source);
    loop {
        let file = privacy::open_lock(path).map_err(refused)?;
        if !lock(&file).map_err(refused)? {
            return Ok(None);
        }
        if privacy::is_at(&file, path).map_err(refused)? {
            return Ok(Some(file));
        }
    }
}
