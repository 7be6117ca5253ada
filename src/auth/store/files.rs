//! The store: a folder of entries, read at any time; who writes one locks it first (`locked.rs`).

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::oneshot;

use super::entry::Entry;
use super::envelope::{Closing, Unreadable, VERSION};
use super::error::StoreError;
use super::key::{EntryId, StoreKey, Subject};
use super::locked::Locked;
use super::protection::{Protection, ProtectionKind};
use super::{lock, privacy, unfinished};

/// The largest entry.
pub(super) const LARGEST: u64 = 4 * 1024 * 1024;

/// Where entries of sign-ins are, below the state.
const TOKENS: &str = "tokens";

/// The values kept for a project.
#[derive(Debug)]
pub struct TokenStore {
    pub(super) folder: PathBuf,
    key: StoreKey,
    protection: Protection,
    /// What stands before a name where it is sealed: what is kept in one folder is nothing in another.
    sealed_as: &'static str,
}

/// What reading an entry brings.
#[derive(Debug)]
pub struct Reading {
    /// The entry, if there is one that can be trusted.
    pub entry: Option<Entry>,
    /// What its owner should know.
    pub trouble: Option<StoreError>,
}

impl TokenStore {
    /// Opens the store in a project's state folder (`.river`), or makes it. It blocks while another process makes it;
    /// what its owner should know comes with it.
    pub fn open(state: &Path, protection: Protection) -> Result<(Self, Vec<StoreError>), StoreError> {
        Self::open_folder(state, TOKENS, protection)
    }

    /// The same for another folder of the state.
    pub(super) fn open_folder(
        state: &Path,
        name: &'static str,
        protection: Protection,
    ) -> Result<(Self, Vec<StoreError>), StoreError> {
        let folder = state.join(name);
        if !state.is_dir() {
            std::fs::create_dir_all(state)
                .map_err(|source| StoreError::io("create", &shown(state), source))?;
        }
        ignore_in_git(state);
        let was_open = privacy::folder(&folder, &shown(&folder))?;
        let (key, trouble) = StoreKey::open(state)?;
        let folder_trouble =
            was_open.map(|mode| StoreError::WasOpen { shown: shown(&folder), mode, now: privacy::FOLDER });
        let sealed_as = if name == TOKENS { "" } else { name };
        Ok((Self { folder, key, protection, sealed_as }, folder_trouble.into_iter().chain(trouble).collect()))
    }

    /// The name of an entry.
    pub fn entry(&self, subject: &Subject<'_>) -> EntryId {
        self.key.entry(subject)
    }

    /// The name of the entry of a sign-in, by all that tells it from another: names and their values, in an order that
    /// the caller always keeps.
    pub fn sign_in_entry(&self, fields: &[(&str, &str)]) -> EntryId {
        self.key.sign_in_entry(fields)
    }

    /// How what is stored from now on lies on the disk. What was stored before may lie there otherwise.
    pub fn protection(&self) -> ProtectionKind {
        self.protection.kind()
    }

    /// Reads an entry. It needs no lock: a file is always whole.
    pub fn read(&self, id: &EntryId) -> Reading {
        match self.read_entry(id) {
            Ok((entry, trouble)) => Reading { entry, trouble },
            Err(trouble) => Reading { entry: None, trouble: Some(trouble) },
        }
    }

    /// Locks an entry if nobody else holds it. What a writer that died left whole is put in place.
    pub fn try_lock(self: &Arc<Self>, id: &EntryId) -> Result<Option<Locked>, StoreError> {
        let Some(lock) = lock::try_now(&self.path(id, "lock"))? else { return Ok(None) };
        unfinished::finish(self, id)?;
        Ok(Some(Locked::new(self, id, lock)))
    }

    /// Waits for an entry's lock. The wait is a thread's, so that it can be given up: the thread then takes the lock
    /// in its own time and releases it at once.
    pub async fn lock(self: &Arc<Self>, id: &EntryId) -> Result<Locked, StoreError> {
        let path = self.path(id, "lock");
        let lock = on_thread(move || lock::wait(&path)).await?;
        unfinished::finish(self, id)?;
        Ok(Locked::new(self, id, lock))
    }

    /// Waits for an entry's lock, on the thread that calls.
    pub(super) fn wait_for(self: &Arc<Self>, id: &EntryId) -> Result<Locked, StoreError> {
        let lock = lock::wait(&self.path(id, "lock"))?;
        Ok(Locked::new(self, id, lock))
    }

    pub(super) fn path(&self, id: &EntryId, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", id.as_str()))
    }

    /// Whether an entry lies there in clear, as it was written before there was a key.
    pub fn is_in_clear(&self, id: &EntryId) -> bool {
        let path = self.path(id, "json");
        let content = read_file(&path, &shown(&path)).ok().flatten();
        content.is_some_and(|content| super::envelope::is_in_clear(&content.bytes))
    }

    fn read_entry(&self, id: &EntryId) -> Result<(Option<Entry>, Option<StoreError>), StoreError> {
        let path = self.path(id, "json");
        let shown = shown(&path);
        let Some(Content { bytes, was_open }) = read_file(&path, &shown)? else { return Ok((None, None)) };
        match self.decode(id, &bytes) {
            Ok(entry) => {
                let trouble = was_open.map(|mode| StoreError::WasOpen { shown, mode, now: privacy::FILE });
                Ok((Some(entry), trouble))
            }
            Err(Unreadable::Damaged(found)) => Err(StoreError::Damaged { shown, found }),
            Err(Unreadable::Newer(found)) => Err(StoreError::Newer { shown, found, known: VERSION }),
            Err(Unreadable::Encrypted(with)) => {
                Err(StoreError::Encrypted { shown, with, given: self.protection.scheme() })
            }
        }
    }

    /// The entry that the bytes of its file are.
    pub(super) fn decode(&self, id: &EntryId, bytes: &[u8]) -> Result<Entry, Unreadable> {
        let text = self.closing(id).open(bytes)?;
        Entry::decode(&text).ok_or(Unreadable::Damaged("its values cannot be read"))
    }

    pub(super) fn closing(&self, id: &EntryId) -> Closing<'_> {
        let name = match self.sealed_as {
            "" => id.as_str().to_owned(),
            folder => format!("{folder}/{}", id.as_str()),
        };
        Closing { key: &self.key, protection: &self.protection, name }
    }
}

/// A file of this user's.
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    /// The mode it had if others could get at it.
    was_open: Option<u32>,
}

/// Reads a file, if there is one.
pub(super) fn read_file(path: &Path, shown: &str) -> Result<Option<Content>, StoreError> {
    let Some(opened) = privacy::open(path, shown)? else { return Ok(None) };
    let mut bytes = Vec::new();
    let read = (&opened.file).take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(|source| StoreError::io("read", shown, source))?;
    Ok(Some(Content { bytes, was_open: opened.was_open }))
}

/// How messages call a file: from the project's `.river` on.
pub(super) fn shown(path: &Path) -> String {
    let parts: Vec<_> = path.iter().collect();
    let start = parts.iter().rposition(|part| *part == ".river").unwrap_or(0);
    parts[start..].iter().collect::<PathBuf>().display().to_string()
}

/// The state holds secrets, and a project is likely to be a repository. It is only a help, so that failing is fine.
fn ignore_in_git(state: &Path) {
    if let Ok(mut file) =
        std::fs::OpenOptions::new().write(true).create_new(true).open(state.join(".gitignore"))
    {
        let _ = file.write_all(b"*\n");
    }
}

/// Does blocking work on a thread of its own, which nobody has to wait for.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (sender, receiver) = oneshot::channel();
    let started = std::thread::Builder::new().name("token lock".to_owned()).spawn(move || {
        // Nobody may be waiting any more; what was taken is then dropped.
        drop(sender.send(work()));
    });
    started.map_err(|source| StoreError::io("wait for", "a lock", source))?;
    let ended = |_| StoreError::io("wait for", "a lock", std::io::Error::other("its thread ended"));
    receiver.await.map_err(ended)?
}

impl TokenStore {
    /// [`Self::open`] on a thread of its own.
    pub async fn open_on_thread(
        state: PathBuf,
        protection: Protection,
    ) -> Result<(Self, Vec<StoreError>), StoreError> {
        on_thread(move || Self::open(&state, protection)).await
    }
}

/// Whether an entry is of no more use to anybody.
pub(super) fn is_over(reading: &Reading, before: SystemTime) -> bool {
    match (&reading.entry, &reading.trouble) {
        (Some(entry), _) => entry.fresh.expires.is_some_and(|expires| expires < before),
        (None, None) => true,
        (None, Some(_)) => false,
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
