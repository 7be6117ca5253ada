//! A file that grows hidden beside the one it will replace.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::TargetError;

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
}

/// An open file under its temporary name. It is removed on drop unless it was prepared, or was made durable for a run
/// that may go on.
#[derive(Debug)]
pub(super) struct Staging {
    file: File,
    place: PreparedFile,
    stays: bool,
}

impl Staging {
    /// Creates the temporary file for `path`, and the folders of the path if they are missing.
    pub(super) fn open(path: &Path, shown: &str, run_id: &str) -> Result<Self, TargetError> {
        let former = former_file(path, shown)?;
        // A link is kept: the file it points to is replaced.
        let destination = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let created_folder = create_folder(&destination, shown)?;
        let temporary = temporary_name(&destination, run_id);
        let file = create(&temporary, shown)?;
        let place = PreparedFile { temporary, destination, shown: shown.to_owned(), created_folder };
        let staging = Self { file, place, stays: false };
        if let Some(former) = former {
            let copied = staging.file.set_permissions(former.permissions());
            copied.map_err(|source| staging.refused("set the permissions of", source))?;
        }
        Ok(staging)
    }

    /// Opens the temporary file that a dead run left, cut back to `length` bytes.
    pub(super) fn reopen(path: &Path, shown: &str, run_id: &str, length: u64) -> Result<Self, TargetError> {
        former_file(path, shown)?;
        let destination = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let temporary = temporary_name(&destination, run_id);
        let opened = OpenOptions::new().write(true).open(&temporary);
        let mut file = opened.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => TargetError::Vanished { shown: shown.to_owned() },
            _ => TargetError::from_io("open", shown, source),
        })?;
        let refused = |source| TargetError::from_io("open", shown, source);
        let found = file.metadata().map_err(refused)?.len();
        if found < length {
            return Err(TargetError::Shortened { shown: shown.to_owned(), found, length });
        }
        file.set_len(length).and_then(|()| file.seek(SeekFrom::End(0))).map_err(refused)?;
        let place = PreparedFile { temporary, destination, shown: shown.to_owned(), created_folder: false };
        Ok(Self { file, place, stays: true })
    }

    /// Closes the file and leaves it.
    pub(super) fn leave(mut self) {
        self.stays = true;
    }

    /// Makes the bytes so far durable. From then on another run may go on with them: only [`Self::remove`] removes them.
    pub(super) fn sync(&mut self) -> Result<(), TargetError> {
        self.file.sync_data().map_err(|source| self.refused("write", source))?;
        self.stays = true;
        Ok(())
    }

    /// Closes the file and removes it.
    pub(super) fn remove(mut self) {
        self.stays = false;
    }

    /// Makes the whole file durable and keeps it under its temporary name.
    pub(super) fn prepare(mut self) -> Result<PreparedFile, TargetError> {
        self.sync()?;
        // The name too must outlive a crash, since what is decided later refers to it.
        sync_folder(&self.place.temporary).map_err(|source| self.refused("write", source))?;
        self.stays = true;
        Ok(self.place.clone())
    }

    pub(super) fn refused(&self, doing: &'static str, source: io::Error) -> TargetError {
        TargetError::from_io(doing, &self.place.shown, source)
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
            let _ = fs::remove_file(&self.place.temporary);
        }
    }
}

impl PreparedFile {
    /// Moves the file to its destination; a file of `length` bytes that is there without a temporary one was moved
    /// before.
    pub(super) fn put_in_place(&self, length: u64) -> Result<(), TargetError> {
        let refused = |source| TargetError::from_io("put in place", &self.shown, source);
        match fs::rename(&self.temporary, &self.destination) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.check_moved(length)?,
            Err(error) => return Err(refused(error)),
        }
        sync_folder(&self.destination).map_err(refused)
    }

    /// Removes the file; there is nobody to tell if that fails.
    pub(super) fn discard(&self) {
        let _ = fs::remove_file(&self.temporary);
    }

    fn check_moved(&self, length: u64) -> Result<(), TargetError> {
        match fs::metadata(&self.destination) {
            Ok(there) if there.is_file() && there.len() == length => Ok(()),
            _ => Err(TargetError::Vanished { shown: self.shown.clone() }),
        }
    }
}

/// The folder in which the temporary file for `path` is.
pub(super) fn folder(path: &Path) -> Option<PathBuf> {
    let destination = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    destination.parent().map(Path::to_owned)
}

/// Removes the temporary files of a run from a folder; returns how many.
pub fn sweep(folder: &Path, run_id: &str) -> usize {
    let ending = format!(".{run_id}.river-tmp");
    let is_left = |name: &str| name.starts_with('.') && name.ends_with(&ending);
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let left = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_left));
    // What cannot be removed now is looked for again by nobody; it is hidden and named after its run.
    left.filter(|entry| fs::remove_file(entry.path()).is_ok()).count()
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

fn create_folder(destination: &Path, shown: &str) -> Result<bool, TargetError> {
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

fn create(temporary: &Path, shown: &str) -> Result<File, TargetError> {
    OpenOptions::new().write(true).create_new(true).open(temporary).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => {
            TargetError::Leftover { shown: shown.to_owned(), temporary: temporary.display().to_string() }
        }
        _ => TargetError::from_io("create", shown, source),
    })
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
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Folders cannot be synced here; the file system orders the entries itself.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}
