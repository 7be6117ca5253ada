//! Files that nobody but their owner may read: made so from the start, and looked at before they are trusted.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use super::error::StoreError;

/// A file that was opened for reading.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: File,
    /// The mode it had, if others could read or write it; it is repaired.
    pub(super) was_open: Option<u32>,
}

/// Opens a file of this user's; none if there is none. What others could get at is closed to them.
pub(super) fn open(path: &Path, shown: &str) -> Result<Option<Opened>, StoreError> {
    let refused = |source| StoreError::io("read", shown, source);
    match fs::symlink_metadata(path) {
        // A pipe or a device could block, or be read for ever.
        Ok(there) if !there.is_file() => {
            return Err(StoreError::WrongKind { shown: shown.to_owned(), wanted: "file" });
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(error)),
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(error)),
    };
    let metadata = file.metadata().map_err(refused)?;
    check_owner(&metadata, shown)?;
    let was_open = open_mode(&metadata);
    if was_open.is_some() {
        close_file(&file).map_err(|source| StoreError::io("make private", shown, source))?;
    }
    Ok(Some(Opened { file, was_open }))
}

/// Makes sure of a folder that only this user can enter. Returns the mode it had if others could.
pub(super) fn folder(path: &Path, shown: &str) -> Result<Option<u32>, StoreError> {
    let refused = |source| StoreError::io("create", shown, source);
    match private_folder().create(path) {
        Ok(()) => {
            let parent = path.parent().map_or(Ok(()), sync_folder);
            return parent.map(|()| None).map_err(refused);
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(refused(error)),
    }
    let there = fs::metadata(path).map_err(refused)?;
    if !there.is_dir() {
        return Err(StoreError::WrongKind { shown: shown.to_owned(), wanted: "folder" });
    }
    check_owner(&there, shown)?;
    let was_open = open_mode(&there);
    if was_open.is_some() {
        close_folder(path).map_err(|source| StoreError::io("make private", shown, source))?;
    }
    Ok(was_open)
}

/// Creates a file that must not be there yet, for this user only from its first moment.
pub(super) fn create(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

/// Opens a file to lock it; it is made if it is not there. Where nothing can be written, one that is there will do.
pub(super) fn open_lock(path: &Path) -> io::Result<File> {
    let opened = private(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(path);
    match opened {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied
            ) =>
        {
            File::open(path).map_err(|_| error)
        }
        opened => opened,
    }
}

#[cfg(unix)]
mod system {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};

    use super::{DirBuilder, File, Metadata, OpenOptions, Path, StoreError, fs, io};

    pub(in super::super) const FILE: u32 = 0o600;
    pub(in super::super) const FOLDER: u32 = 0o700;

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(FILE)
    }

    pub(super) fn private_folder() -> DirBuilder {
        let mut builder = DirBuilder::new();
        builder.mode(FOLDER);
        builder
    }

    pub(super) fn check_owner(metadata: &Metadata, shown: &str) -> Result<(), StoreError> {
        let (found, own) = (metadata.uid(), rustix::process::geteuid().as_raw());
        if found == own { Ok(()) } else { Err(StoreError::NotOurs { shown: shown.to_owned(), found, own }) }
    }

    pub(super) fn open_mode(metadata: &Metadata) -> Option<u32> {
        let mode = metadata.mode() & 0o7777;
        (mode & 0o077 != 0).then_some(mode)
    }

    pub(super) fn close_file(file: &File) -> io::Result<()> {
        file.set_permissions(fs::Permissions::from_mode(FILE))
    }

    pub(super) fn close_folder(path: &Path) -> io::Result<()> {
        fs::set_permissions(path, fs::Permissions::from_mode(FOLDER))
    }

    pub(in super::super) fn sync_folder(folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    /// Whether a path still leads to a file that is open.
    pub(in super::super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
        let own = file.metadata()?;
        match fs::metadata(path) {
            Ok(there) => Ok((own.dev(), own.ino()) == (there.dev(), there.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Here a user's files are the user's own by the rights of the folder they are in.
#[cfg(not(unix))]
mod system {
    use super::{DirBuilder, File, Metadata, OpenOptions, Path, StoreError, io};

    pub(in super::super) const FILE: u32 = 0;
    pub(in super::super) const FOLDER: u32 = 0;

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(super) fn private_folder() -> DirBuilder {
        DirBuilder::new()
    }

    pub(super) fn check_owner(_: &Metadata, _: &str) -> Result<(), StoreError> {
        Ok(())
    }

    pub(super) fn open_mode(_: &Metadata) -> Option<u32> {
        None
    }

    pub(super) fn close_file(_: &File) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn close_folder(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn sync_folder(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn is_at(_: &File, path: &Path) -> io::Result<bool> {
        Ok(path.exists())
    }
}

pub(super) use system::{FILE, FOLDER, is_at, sync_folder};
use system::{check_owner, close_file, close_folder, open_mode, private, private_folder};
