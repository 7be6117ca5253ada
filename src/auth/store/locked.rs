//! An entry whose lock is held: making room for it, writing it, removing it.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::entry::{Entry, Fresh};
use super::error::StoreError;
use super::files::{LARGEST, Reading, TokenStore, shown};
use super::key::EntryId;
use super::{privacy, sweep};
use crate::fault_point::{FaultPoint, reach};

/// What is reserved: more than the answer of a token endpoint takes.
static ROOM: [u8; 64 * 1024] = [0; 64 * 1024];

/// An entry that nobody else writes until this is dropped, or the process ends.
#[derive(Debug)]
pub struct Locked {
    store: Arc<TokenStore>,
    id: EntryId,
    /// Before the lock, so that it is gone when the lock is free.
    reserved: Mutex<Option<Temporary>>,
    _lock: File,
}

/// The points of a write, in their order. A crash at any of them leaves the last entry or the new one, whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WritePoint {
    /// Nothing is done yet.
    Begun,
    /// A damaged entry is out of the way.
    Cleared,
    /// The temporary file is there, empty.
    Created,
    /// There is room on the disk; only by [`Locked::reserve`].
    Reserved,
    /// Half of the entry is in the file.
    HalfWritten,
    /// All of it is.
    Written,
    /// What was reserved beyond it is cut off; only after [`Locked::reserve`].
    Cut,
    /// It is on the disk.
    Synced,
    /// It has the entry's name.
    Renamed,
    /// The name is on the disk.
    FolderSynced,
}

impl WritePoint {
    /// Those of [`Locked::write`] alone.
    pub const PLAIN: [Self; 8] = [
        Self::Begun,
        Self::Cleared,
        Self::Created,
        Self::HalfWritten,
        Self::Written,
        Self::Synced,
        Self::Renamed,
        Self::FolderSynced,
    ];

    /// Those of [`Locked::reserve`], and of the [`Locked::write`] that follows.
    pub const RESERVED: [Self; 10] = [
        Self::Begun,
        Self::Cleared,
        Self::Created,
        Self::Reserved,
        Self::HalfWritten,
        Self::Written,
        Self::Cut,
        Self::Synced,
        Self::Renamed,
        Self::FolderSynced,
    ];

    /// What the crash tests call it.
    fn fault(self) -> Option<FaultPoint> {
        match self {
            Self::Reserved => Some(FaultPoint::TokenReserved),
            Self::Written => Some(FaultPoint::TokenWritten),
            Self::Synced => Some(FaultPoint::TokenSynced),
            Self::Renamed => Some(FaultPoint::TokenRenamed),
            Self::FolderSynced => Some(FaultPoint::TokenKept),
            Self::Begun | Self::Cleared | Self::Created | Self::HalfWritten | Self::Cut => None,
        }
    }
}

impl Locked {
    pub(super) fn new(store: &Arc<TokenStore>, id: &EntryId, lock: File) -> Self {
        Self { store: Arc::clone(store), id: id.clone(), reserved: Mutex::default(), _lock: lock }
    }

    /// Which entry it is.
    pub fn id(&self) -> &EntryId {
        &self.id
    }

    /// Reads the entry, which nobody else can change now.
    pub fn read(&self) -> Reading {
        self.store.read(&self.id)
    }

    /// Makes sure that values can be stored, before a request is sent that may use up the only token that gives new
    /// ones: the entry may be replaced, and there is room on the disk, which the following [`Self::write`] takes.
    ///
    /// Not found by it: a disk that breaks in between, and a file system without room on which overwriting takes more
    /// of it (btrfs, ZFS). What is reserved and not written is removed with this lock.
    pub fn reserve(&self) -> Result<(), StoreError> {
        self.reserve_telling(&|_| {})
    }

    /// [`Self::reserve`]; `at` is told how far it has come.
    pub fn reserve_telling(&self, at: &dyn Fn(WritePoint)) -> Result<(), StoreError> {
        if self.reserved().is_some() {
            return Ok(());
        }
        tell(WritePoint::Begun, at);
        self.former()?;
        tell(WritePoint::Cleared, at);
        let made = self.temporary(at).and_then(|mut temporary| {
            temporary.file.write_all(&ROOM)?;
            temporary.file.sync_all()?;
            Ok(temporary)
        });
        let made = made.map_err(|source| self.unwritable(source))?;
        *self.reserved() = Some(made);
        tell(WritePoint::Reserved, at);
        Ok(())
    }

    /// Stores values durably in place of those that are there, and returns their generation. `at` is told how far the
    /// write has come.
    ///
    /// An entry that may not be replaced (of a newer river, of another user) stays; a damaged one is kept aside.
    pub fn write(&self, fresh: Fresh, at: &dyn Fn(WritePoint)) -> Result<u64, StoreError> {
        let reserved = self.reserved().take();
        if reserved.is_none() {
            tell(WritePoint::Begun, at);
        }
        let now = fresh.received;
        let former = self.former()?;
        if reserved.is_none() {
            tell(WritePoint::Cleared, at);
        }
        let entry = Entry { generation: former.map_or(0, |former| former.generation).wrapping_add(1), fresh };
        let bytes = self.encode(&entry)?;
        let is_reserved = reserved.is_some();
        let put = self.put(reserved, &bytes, at);
        // Somebody may have taken the reserved file away; what came may be the only copy.
        let put = if is_reserved { put.or_else(|_| self.put(None, &bytes, at)) } else { put };
        put.map_err(|source| self.unwritable(source))?;
        sweep::remove_old(&self.store, &self.id, now);
        Ok(entry.generation)
    }

    /// Removes the entry, with what was kept aside of it, durably; whether there was one. One that cannot be read
    /// goes as well, unless it is of a newer river or of another user.
    ///
    /// The file of the lock stays until it is old: others may wait for it.
    pub fn remove(&self) -> Result<bool, StoreError> {
        if let Some(trouble) = self.read().trouble.filter(StoreError::forbids_removing) {
            return Err(trouble);
        }
        *self.reserved() = None;
        let mut was_there = false;
        for ending in ["tmp", "damaged", "json"] {
            let path = self.store.path(&self.id, ending);
            match fs::remove_file(&path) {
                Ok(()) => was_there |= ending != "tmp",
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(StoreError::io("remove", &shown(&path), source)),
            }
        }
        if was_there {
            let folder = &self.store.folder;
            privacy::sync_folder(folder).map_err(|source| StoreError::io("write", &shown(folder), source))?;
            reach(FaultPoint::TokenRemoved);
        }
        Ok(was_there)
    }

    fn reserved(&self) -> std::sync::MutexGuard<'_, Option<Temporary>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn encode(&self, entry: &Entry) -> Result<Vec<u8>, StoreError> {
        let closing = self.store.closing(&self.id);
        let bytes = entry.encode().map_err(io::Error::from).and_then(|text| closing.close(text));
        let bytes = bytes.map_err(|source| self.unwritable(source))?;
        if bytes.len() as u64 > LARGEST {
            return Err(StoreError::TooLarge { found: bytes.len(), allowed: LARGEST });
        }
        Ok(bytes)
    }

    /// The entry that is replaced.
    fn former(&self) -> Result<Option<Entry>, StoreError> {
        let Reading { entry, trouble } = self.read();
        let Some(trouble) = trouble else { return Ok(entry) };
        if trouble.forbids_writing() {
            return Err(trouble);
        }
        let Some(shown) = trouble.damaged_file() else { return Ok(entry) };
        let (from, to) = (self.path(), self.store.path(&self.id, "damaged"));
        fs::rename(from, to).map_err(|source| StoreError::io("put aside", shown, source))?;
        Ok(None)
    }

    fn put(&self, reserved: Option<Temporary>, bytes: &[u8], at: &dyn Fn(WritePoint)) -> io::Result<()> {
        let is_reserved = reserved.is_some();
        let mut temporary = reserved.map_or_else(|| self.temporary(at), Ok)?;
        temporary.file.rewind()?;
        let (first, second) = bytes.split_at(bytes.len() / 2);
        temporary.file.write_all(first)?;
        tell(WritePoint::HalfWritten, at);
        temporary.file.write_all(second)?;
        tell(WritePoint::Written, at);
        if is_reserved {
            temporary.file.set_len(bytes.len() as u64)?;
            tell(WritePoint::Cut, at);
        }
        temporary.file.sync_all()?;
        tell(WritePoint::Synced, at);
        temporary.rename(&self.path())?;
        tell(WritePoint::Renamed, at);
        privacy::sync_folder(&self.store.folder)?;
        tell(WritePoint::FolderSynced, at);
        Ok(())
    }

    fn temporary(&self, at: &dyn Fn(WritePoint)) -> io::Result<Temporary> {
        let temporary = Temporary::create(self.store.path(&self.id, "tmp"))?;
        tell(WritePoint::Created, at);
        Ok(temporary)
    }

    fn path(&self) -> PathBuf {
        self.store.path(&self.id, "json")
    }

    fn unwritable(&self, source: io::Error) -> StoreError {
        StoreError::io("write", &shown(&self.path()), source)
    }
}

fn tell(point: WritePoint, at: &dyn Fn(WritePoint)) {
    if let Some(fault) = point.fault() {
        reach(fault);
    }
    at(point);
}

/// A file that is removed unless it gets the entry's name: the disk may be full, and nobody can use it.
#[derive(Debug)]
struct Temporary {
    file: File,
    path: PathBuf,
    is_renamed: bool,
}

impl Temporary {
    fn create(path: PathBuf) -> io::Result<Self> {
        // Only a process that died under the lock leaves one.
        let _ = fs::remove_file(&path);
        Ok(Self { file: privacy::create(&path)?, path, is_renamed: false })
    }

    fn rename(mut self, to: &Path) -> io::Result<()> {
        fs::rename(&self.path, to)?;
        self.is_renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_renamed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
#[path = "locked_tests.rs"]
mod tests;
