//! The folder in which a run keeps the records that have not landed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::TargetError;
use super::landing_count::LandingCount;
use super::staging::sync_folder;
use crate::fault_point::{FaultPoint, reach};
use crate::plan::target::TargetPlan;

/// The longest part of a target's name in the name of its spool.
const MAX_NAME: usize = 60;

/// Where one target of a run may keep what it needs until it lands.
#[derive(Debug, Clone)]
pub struct Stage {
    run_id: String,
    folder: PathBuf,
    index: usize,
    count: LandingCount,
}

impl Stage {
    /// The stage of the target at `index` of the plan. `folder` is the run's own; it is created when it is needed.
    pub fn new(run_id: &str, folder: &Path, index: usize) -> Self {
        Self { run_id: run_id.to_owned(), folder: folder.to_owned(), index, count: LandingCount::default() }
    }

    /// The same with a count of what the landing does.
    #[must_use]
    pub fn counted(self, count: LandingCount) -> Self {
        Self { count, ..self }
    }

    pub(super) fn count(&self) -> &LandingCount {
        &self.count
    }

    pub(super) fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The file of a target for records of some kind (`deletes`, `rejected`; none: those that land).
    pub(super) fn path(&self, target: &TargetPlan, kind: &str) -> PathBuf {
        let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
        let name: String = target.name.chars().map(plain).take(MAX_NAME).collect();
        self.folder.join(format!("{}-{name}{kind}.jsonl", self.index))
    }

    /// Creates the folder, for this user only.
    pub(super) fn create(&self, shown: &str) -> Result<(), TargetError> {
        create_folder(&self.folder).map_err(|source| TargetError::Stage {
            folder: self.folder.display().to_string(),
            shown: shown.to_owned(),
            source,
        })?;
        reach(FaultPoint::StageMade);
        Ok(())
    }
}

/// Creates a run's folder, for this user only, with a name that outlives a crash.
///
/// # Errors
/// What the system says.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    builder.create(folder)?;
    missing.into_iter().try_for_each(sync_folder)
}

/// Creates a file for this user only; one that is there is emptied. Records are nobody else's business while they wait.
///
/// # Errors
/// What the system says.
pub fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes a run's folder if nothing is left in it, and the one above if no other run has something there.
pub fn remove_if_empty(folder: &Path) {
    let removed = |folder: &Path| match fs::remove_dir(folder) {
        Ok(()) => true,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if removed(folder)
        && let Some(above) = folder.parent()
    {
        removed(above);
    }
}
