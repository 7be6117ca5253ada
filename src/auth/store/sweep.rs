//! Removing what is of no more use, so that requests which differ each time (a signed time, a port of the sandbox) do
//! not fill the folder, and tokens do not lie about for years.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::files::{TokenStore, is_over};
use super::key::EntryId;
use super::lock;

/// For how long an entry is kept after its end, to be looked at.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// Removes the entries that ended a day before `now`. What is in use or cannot be removed stays: it is only tidying.
pub(super) fn remove_old(store: &TokenStore, own: &EntryId, now: SystemTime) {
    let Some(before) = now.checked_sub(KEPT) else { return };
    let locks = fs::read_dir(&store.folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in locks.filter(|path| path.extension().is_some_and(|ending| ending == "lock")) {
        let id = path.file_stem().and_then(|stem| EntryId::parse(stem.to_str()?));
        if let Some(id) = id.filter(|id| id != own) {
            remove(store, &id, &path, before);
        }
    }
}

/// Under the entry's lock, whose file goes last: who waits for it finds it gone and takes a new one.
fn remove(store: &TokenStore, id: &EntryId, lock_path: &Path, before: SystemTime) {
    if !is_over(&store.read(id), before) || is_new(lock_path, before) {
        return;
    }
    let Ok(Some(_held)) = lock::try_now(lock_path) else { return };
    if is_over(&store.read(id), before) {
        for ending in ["json", "tmp", "damaged", "lock"] {
            let _ = fs::remove_file(store.path(id, ending));
        }
    }
}

/// A lock without an entry may be one whose first values are just being asked for.
fn is_new(path: &Path, before: SystemTime) -> bool {
    let made = fs::metadata(path).and_then(|metadata| metadata.modified());
    made.is_ok_and(|made| made >= before)
}

#[cfg(test)]
#[path = "sweep_tests.rs"]
mod tests;
