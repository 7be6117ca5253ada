//! A finished target: stored, shown or thrown away without an open one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::TargetError;
use super::landing_count::LandingCount;
use super::sqlite::{self, Load};
use super::stage;
use super::staging::{PreparedFile, sync_folder};
use crate::fault_point::{FaultPoint, reach};

/// A finished target that only waits to be made visible. It can be stored, and outlives the process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// Records that land.
    pub records: u64,
    /// Bytes of what lands: of the files, as they will be; of the records, where there are none.
    pub bytes: u64,
    /// Records that go, as far as it is known before they do.
    pub deleted: u64,
    /// Records that could not land and were put aside.
    pub rejected: u64,
    /// What happens to what is there.
    pub manner: Manner,
    /// The file, folder or database, if there is one.
    pub destination: Option<PathBuf>,
    /// The files to put in place.
    pub files: Vec<PreparedFile>,
    /// Files that others take the place of.
    pub superseded: Vec<PathBuf>,
    /// The file of the records that could not land.
    pub rejects: Option<PreparedFile>,
    /// The rows to load.
    pub load: Option<Load>,
    /// Spools and hidden folders, needed until the target has landed.
    pub scratch: Vec<PathBuf>,
    /// What the summary should say.
    pub notes: Vec<String>,
}

/// What happens to what is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// It is replaced.
    #[default]
    Replaced,
    /// Records come after it.
    Appended,
    /// Records replace those with their keys.
    Merged,
}

/// What became visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// Records written.
    pub records: u64,
    /// Bytes of what is there now: of the files; of the records, where there are none.
    pub bytes: u64,
    /// Records that went.
    pub deleted: u64,
    /// Records that could not land, and the file they are in.
    pub rejected: Option<(u64, PathBuf)>,
    /// What happened to what was there.
    pub manner: Manner,
    /// The file, folder or database they are in, if they are in one.
    pub destination: Option<PathBuf>,
    /// The table they are in.
    pub table: Option<String>,
    /// How many files they are in.
    pub files: usize,
    /// Whether folders of its path were created for it.
    pub created_folder: bool,
    /// What else there is to say.
    pub notes: Vec<String>,
}

/// Removes a finished target that will not be made visible.
pub fn discard(prepared: &Prepared) {
    prepared.files.iter().chain(&prepared.rejects).for_each(PreparedFile::discard);
    clear(&prepared.scratch);
}

/// Makes a prepared target visible. Doing it again does nothing; no open target is needed.
///
/// # Errors
/// When something cannot be put in place, or is gone.
pub fn apply(prepared: &Prepared) -> Result<Landed, TargetError> {
    apply_counted(prepared, &LandingCount::default())
}

/// The same, and counts what it does.
///
/// # Errors
/// As [`apply`].
pub fn apply_counted(prepared: &Prepared, count: &LandingCount) -> Result<Landed, TargetError> {
    let loaded = prepared.load.as_ref().map(|load| sqlite::apply(load, count)).transpose()?;
    let mut vanished = None;
    for file in prepared.files.iter().chain(&prepared.rejects) {
        match file.put_in_place() {
            // The others are as good as they were.
            Err(error) if error.lost().is_some() => drop(vanished.get_or_insert(error)),
            placed => placed?,
        }
        count.file();
    }
    if let Some(error) = vanished {
        return Err(error);
    }
    prepared.superseded.iter().try_for_each(|path| supersede(path))?;
    clear(&prepared.scratch);
    reach(FaultPoint::ScratchCleared);
    let created = prepared.files.iter().any(|file| file.created_folder);
    Ok(Landed {
        records: prepared.records,
        bytes: prepared.bytes,
        deleted: loaded.as_ref().map_or(prepared.deleted, |loaded| loaded.deleted),
        rejected: prepared
            .rejects
            .as_ref()
            .filter(|_| prepared.rejected > 0)
            .map(|file| (prepared.rejected, file.destination.clone())),
        manner: prepared.manner,
        destination: prepared.destination.clone(),
        table: prepared.load.as_ref().map(|load| load.table.clone()),
        files: prepared.files.len(),
        created_folder: created || prepared.load.as_ref().is_some_and(|load| load.created_folder),
        notes: prepared.notes.clone(),
    })
}

/// Removes a file for good, and its folder if that was all in it: its records are in the files of this run.
fn supersede(path: &Path) -> Result<(), TargetError> {
    let refused = |source| TargetError::from_io("remove", &path.display().to_string(), source);
    match fs::remove_file(path) {
        // It was removed the first time.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        removed => removed.map_err(refused)?,
    }
    reach(FaultPoint::Superseded);
    if let Some(folder) = path.parent() {
        let _ = fs::remove_dir(folder);
    }
    let gone = path.ancestors().find(|path| path.parent().is_some_and(Path::is_dir));
    gone.map_or(Ok(()), sync_folder).map_err(refused)
}

fn clear(scratch: &[PathBuf]) {
    for path in scratch {
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        if let Some(folder) = path.parent() {
            stage::remove_if_empty(folder);
        }
    }
}
