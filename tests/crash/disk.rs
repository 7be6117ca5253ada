//! A disk of its own for a folder: small, and full or read-only when a test wishes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::faults::{fill, text};

/// A mounted file system in memory.
pub(crate) struct Disk {
    folder: PathBuf,
}

/// Whether this user may mount.
pub(crate) fn can_mount() -> bool {
    let Ok(folder) = tempfile::tempdir() else { return false };
    Disk::mount(folder.path()).is_ok()
}

impl Disk {
    pub(crate) fn mount(folder: &Path) -> Result<Self, String> {
        fs::create_dir_all(folder).map_err(text)?;
        mount(&["-t", "tmpfs", "-o", "size=512k", "tmpfs"], folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// No byte fits any more.
    pub(crate) fn fill(&self) -> Result<(), String> {
        fill(&self.folder.join("filling"))
    }

    pub(crate) fn make_room(&self) -> Result<(), String> {
        fs::remove_file(self.folder.join("filling")).map_err(text)
    }

    pub(crate) fn set_writable(&self, is_writable: bool) -> Result<(), String> {
        mount(&["-o", if is_writable { "remount,rw" } else { "remount,ro" }], &self.folder)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A process that another test has just forked may still hold a file: it goes once that lets go.
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).stderr(Stdio::null()).status();
    }
}

fn mount(options: &[&str], folder: &Path) -> Result<(), String> {
    let mounted = Command::new("mount").args(options).arg(folder).stderr(Stdio::null()).status();
    match mounted {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("mount: {status}")),
        Err(error) => Err(format!("mount: {error}")),
    }
}
