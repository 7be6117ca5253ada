//! A file that grows hidden beside the one it will replace.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::TargetError;
use super::{Position, spool};
use crate::fault_point::{FaultPoint, reach};

/// The longest file name that common file systems allow, in bytes.
const MAX_NAME: usize = 255;

/// A finished file under its temporary name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedFile {
    /// Where it is.
    pub temporary: PathBuf,
    /// Where it belongs.
    pub destination: PathBuf,
    /// The destination as the author wrote it.
    pub shown: String,
    /// Whether folders of its path were created for it.
    pub created_folder: bool,
    /// Its length.
    pub length: u64,
    /// Which file it is, however it is called: one that is at its destination was moved before.
    #[serde(default)]
    pub identity: Option<Identity>,
}

/// Which file it is, as the file system tells files apart. A renamed file is still the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "not every system tells files apart")]
    fn of(file: &fs::Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self { device: file.dev(), inode: file.ino() })
    }

    #[cfg(not(unix))]
    fn of(_file: &fs::Metadata) -> Option<Self> {
        None
    }
}

/// A place for a file that was looked at: it can be written, and its folders are there.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) destination: PathBuf,
    pub(super) shown: String,
    pub(super) created_folder: bool,
    temporary: PathBuf,
    /// The permissions of the file that is there.
    permissions: Option<fs::Permissions>,
}

/// An open file under its temporary name. It is removed on drop unless it was made durable: then another run may go on
/// with it, and only [`Self::discard`] removes it.
#[derive(Debug)]
pub(super) struct Staging {
    file: File,
    spot: Spot,
    stays: bool,
}

impl Spot {
    /// Looks at `path` and creates its folders if they are missing.
    pub(super) fn look(path: &Path, shown: &str, run_id: &str) -> Result<Self, TargetError> {
        let former = former_file(path, shown)?;
        // A link is kept: the file it points to is replaced.
        let destination = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let created_folder = create_folder(&destination, shown)?;
        let temporary = temporary_name(&destination, run_id);
        let permissions = former.map(|there| there.permissions());
        Ok(Self { destination, shown: shown.to_owned(), created_folder, temporary, permissions })
    }

    /// A place in a folder of its own that is hidden as a whole.
    pub(super) fn hidden(temporary: PathBuf, destination: PathBuf, shown: &str) -> Self {
        Self { destination, shown: shown.to_owned(), created_folder: false, temporary, permissions: None }
    }

    /// Whether a file is there.
    pub(super) fn has_former(&self) -> bool {
        self.permissions.is_some()
    }

    /// Makes sure that the temporary file can be made. One that this run left when it was cut off goes.
    pub(super) fn probe(&self) -> Result<(), TargetError> {
        Staging::create_again(self.clone()).map(drop)
    }
}

impl Staging {
    /// Creates the temporary file, which must not be there.
    pub(super) fn create(spot: Spot) -> Result<Self, TargetError> {
        Self::create_with(spot, OpenOptions::new().write(true).create_new(true))
    }

    /// Creates the temporary file, or empties the one that this run left when it was cut off.
    pub(super) fn create_again(spot: Spot) -> Result<Self, TargetError> {
        Self::create_with(spot, OpenOptions::new().write(true).create(true).truncate(true))
    }

    /// Opens the temporary file that this run left, cut back to what a receipt says.
    pub(super) fn resume(spot: Spot, position: Position) -> Result<Self, TargetError> {
        let file = spool::reopen(&spot.temporary, position, &spot.shown)?;
        // What there is to go on with must not be lost because something else fails.
        Ok(Self { file, spot, stays: true })
    }

    fn create_with(spot: Spot, options: &OpenOptions) -> Result<Self, TargetError> {
        let file = options.open(&spot.temporary).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => TargetError::Leftover {
                shown: spot.shown.clone(),
                temporary: spot.temporary.display().to_string(),
            },
            _ => TargetError::from_io("create", &spot.shown, source),
        })?;
        let staging = Self { file, spot, stays: false };
        reach(FaultPoint::StagingMade);
        if let Some(permissions) = &staging.spot.permissions {
            let copied = staging.file.set_permissions(permissions.clone());
            copied.map_err(|source| staging.refused("set the permissions of", source))?;
        }
        Ok(staging)
    }

    /// Makes the bytes so far durable, and the first time the name too: what is stored afterwards refers to it.
    pub(super) fn sync(&mut self) -> Result<(), TargetError> {
        self.file.sync_data().map_err(|source| self.refused("write", source))?;
        reach(FaultPoint::StagingSynced);
        if !self.stays {
            sync_folder(&self.spot.temporary).map_err(|source| self.refused("write", source))?;
            reach(FaultPoint::StagingNamed);
            self.stays = true;
        }
        Ok(())
    }

    /// Makes the whole file durable and keeps it under its temporary name.
    pub(super) fn prepare(mut self) -> Result<PreparedFile, TargetError> {
        self.sync()?;
        let there = self.file.metadata().map_err(|source| self.refused("write", source))?;
        let Spot { destination, shown, created_folder, temporary, .. } = self.spot.clone();
        let (length, identity) = (there.len(), Identity::of(&there));
        Ok(PreparedFile { temporary, destination, shown, created_folder, length, identity })
    }

    /// Closes the file and keeps it for a later [`Self::resume`].
    pub(super) fn keep(mut self) -> Result<(), TargetError> {
        self.sync()
    }

    /// Removes the file.
    pub(super) fn discard(mut self) {
        self.stays = false;
    }

    pub(super) fn shown(&self) -> &str {
        &self.spot.shown
    }

    pub(super) fn refused(&self, doing: &'static str, source: io::Error) -> TargetError {
        TargetError::from_io(doing, &self.spot.shown, source)
    }
}

impl Write for Staging {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.stays {
            // Nobody is left to tell. What a killed process leaves stays until someone removes it.
            let _ = fs::remove_file(&self.spot.temporary);
        }
    }
}

impl PreparedFile {
    /// Moves the file to its destination, where it may be already.
    pub(super) fn put_in_place(&self) -> Result<(), TargetError> {
        let refused = |source| TargetError::from_io("put in place", &self.shown, source);
        create_folder(&self.destination, &self.shown)?;
        match fs::rename(&self.temporary, &self.destination) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.check_moved()?,
            Err(error) => return Err(refused(error)),
        }
        reach(FaultPoint::Renamed);
        sync_folder(&self.destination).map_err(refused)?;
        reach(FaultPoint::NameSynced);
        Ok(())
    }

    /// Removes the file; there is nobody to tell if that fails.
    pub(super) fn discard(&self) {
        let _ = fs::remove_file(&self.temporary);
    }

    /// Another file may have the same length by chance: it has to be this one.
    fn check_moved(&self) -> Result<(), TargetError> {
        let is_this = |there: &fs::Metadata| {
            there.is_file()
                && there.len() == self.length
                && (self.identity.is_none() || self.identity == Identity::of(there))
        };
        match fs::metadata(&self.destination) {
            Ok(there) if is_this(&there) => Ok(()),
            _ => Err(TargetError::Vanished { shown: self.shown.clone() }),
        }
    }
}

/// The folder in which the temporary file for `path` is.
pub(super) fn folder(path: &Path) -> Option<PathBuf> {
    let destination = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    destination.parent().map(Path::to_owned)
}

/// Removes what a run left in a folder under temporary names; returns how many files and folders.
pub fn sweep(folder: &Path, run_id: &str) -> usize {
    let ending = format!(".{run_id}.river-tmp");
    let is_left = |name: &str| name.starts_with('.') && name.ends_with(&ending);
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let left = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_left));
    let removed = left.filter(|entry| {
        let path = entry.path();
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        // What cannot be removed now is hidden, and named after its run.
        removed.is_ok()
    });
    removed.count()
}

/// What is at the path before the run, if it may be replaced.
fn former_file(path: &Path, shown: &str) -> Result<Option<fs::Metadata>, TargetError> {
    let shown = shown.to_owned();
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(TargetError::Folder { shown }),
        Ok(there) if !there.is_file() => Err(TargetError::Special { shown }),
        Ok(there) if there.permissions().readonly() || !may_write(path) => {
            Err(TargetError::ReadOnly { shown })
        }
        Ok(there) => Ok(Some(there)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(TargetError::from_io("look at", &shown, error)),
    }
}

/// A rename would replace a file that this user may not write; that is not what its owner wants.
fn may_write(path: &Path) -> bool {
    let opened = OpenOptions::new().write(true).open(path);
    !opened.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

pub(super) fn create_folder(destination: &Path, shown: &str) -> Result<bool, TargetError> {
    let Some(folder) = destination.parent() else { return Ok(false) };
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    let refused = |source| TargetError::from_io("create the folder of", shown, source);
    fs::create_dir_all(folder).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => refused(io::ErrorKind::NotADirectory.into()),
        _ => refused(source),
    })?;
    for created in &missing {
        sync_folder(created).map_err(refused)?;
    }
    Ok(!missing.is_empty())
}

/// `.NAME.RUNID.river-tmp`; a long name is cut so that the whole stays a valid one.
fn temporary_name(destination: &Path, run_id: &str) -> PathBuf {
    let name = destination.file_name().unwrap_or_default().to_string_lossy();
    let ending = format!(".{run_id}.river-tmp");
    let room = MAX_NAME.saturating_sub(1 + ending.len());
    let cut = (0..=room.min(name.len())).rev().find(|&at| name.is_char_boundary(at)).unwrap_or(0);
    destination.with_file_name(format!(".{}{ending}", &name[..cut]))
}

/// Makes the entry of `path` in its folder durable.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Folders cannot be synced here; the file system orders the entries itself.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}
