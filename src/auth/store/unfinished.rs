//! What a writer that died left: an entry that is whole and has only no name yet is given it.
//!
//! A server that rotates refresh tokens does not give the same answer again, and syncing takes longer than all else
//! after it: without this, a process that is killed while it syncs would take the only copy with it. The seal says
//! whether the entry is whole. It must not be called without the entry's lock.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use super::error::StoreError;
use super::files::{TokenStore, read_file, shown};
use super::key::EntryId;
use super::privacy;
use crate::fault_point::{FaultPoint, reach};

/// Puts a whole entry in place. What is not whole, or not newer than what is there, stays for the next writer to remove.
pub(super) fn finish(store: &TokenStore, id: &EntryId) -> Result<(), StoreError> {
    let temporary = store.path(id, "tmp");
    let Some(length) = whole_length(store, id, &temporary) else { return Ok(()) };
    let path = store.path(id, "json");
    put(&temporary, length, &path, &store.folder)
        .map_err(|source| StoreError::io("write", &shown(&path), source))
}

/// How long the entry is, if it is whole and the newest.
fn whole_length(store: &TokenStore, id: &EntryId, temporary: &Path) -> Option<u64> {
    let mut bytes = read_file(temporary, &shown(temporary)).ok()??.bytes;
    // What was reserved beyond it.
    bytes.truncate(bytes.iter().rposition(|byte| *byte != 0)? + 1);
    let left = store.decode(id, &bytes).ok()?;
    let there = store.read(id);
    if there.trouble.is_some_and(|trouble| trouble.forbids_writing()) {
        return None;
    }
    let is_newer = there.entry.is_none_or(|there| left.generation > there.generation);
    is_newer.then_some(bytes.len() as u64)
}

fn put(temporary: &Path, length: u64, path: &Path, folder: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(temporary)?;
    file.set_len(length)?;
    file.sync_all()?;
    fs::rename(temporary, path)?;
    reach(FaultPoint::TokenRenamed);
    privacy::sync_folder(folder)?;
    reach(FaultPoint::TokenKept);
    Ok(())
}

#[cfg(test)]
#[path = "unfinished_tests.rs"]
mod tests;
