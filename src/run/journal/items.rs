//! The items of a loop: evaluated once, written down, and read again by a run that resumes.
//!
//! A list that is evaluated again is another list: the interrupted run would take items of the one for items of the
//! other. So it is written to a file of its own and synced before the first item begins.

use std::cell::{Cell, RefCell};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use minijinja::value::Value;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::checkpoint;
use crate::fault_point::{FaultPoint, reach};

/// What the names of their files begin with.
const BEGINS: &str = "items-";

/// The items of a loop, from the one that comes next.
#[derive(Debug)]
pub(in crate::run) struct ItemsFile {
    source: Source,
    /// Where the line of the next item begins.
    position: Cell<u64>,
}

#[derive(Debug)]
enum Source {
    /// Written down.
    File { reader: RefCell<BufReader<File>>, saved: SavedItems, path: PathBuf },
    /// Kept in memory: such a run cannot be resumed.
    Memory(Vec<Value>),
}

/// A list that is written down, as a checkpoint names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct SavedItems {
    file: String,
    count: u64,
    bytes: u64,
    sha256: String,
}

/// Why a list cannot be written down or read again.
#[derive(Debug, thiserror::Error)]
pub(in crate::run) enum ItemsError {
    /// The disk refuses.
    #[error("the list of a loop's items cannot be {doing} in `.river/stage`")]
    Io {
        doing: &'static str,
        #[source]
        source: io::Error,
    },
    /// It is not the list that was written.
    #[error("the list of a loop's items has changed since it was written")]
    Changed,
}

impl ItemsFile {
    /// Keeps the items in memory.
    pub(in crate::run) fn in_memory(items: Vec<Value>) -> Self {
        Self { source: Source::Memory(items), position: Cell::new(0) }
    }

    /// Writes the items down, durably, in a file of their own that begins with a name; in memory, if one of them is not
    /// the same in JSON.
    pub(in crate::run) fn write(folder: &Path, name: &str, items: Vec<Value>) -> Result<Self, ItemsError> {
        let Some(lines) = items.iter().map(checkpoint::saved).collect::<Option<Vec<_>>>() else {
            return Ok(Self::in_memory(items));
        };
        // A stored checkpoint may name the list of an earlier try: that one stays until another is stored.
        let names = (1_u64..).map(|number| format!("{BEGINS}{name}.{number}.jsonl"));
        let name = names.into_iter().find(|name| !folder.join(name).exists()).unwrap_or_default();
        let path = folder.join(&name);
        let written =
            write_lines(&path, &lines).map_err(|source| ItemsError::Io { doing: "written", source })?;
        reach(FaultPoint::ItemsSynced);
        let saved = SavedItems { file: name, count: lines.len() as u64, ..written };
        Self::open(path, saved, 0)
    }

    /// Reads a list again that an interrupted run had written, from a place on.
    pub(in crate::run) fn resume(folder: &Path, saved: SavedItems, at: u64) -> Result<Self, ItemsError> {
        // The name comes from a checkpoint: it must not lead elsewhere.
        if saved.file.contains(['/', '\\']) || saved.file.starts_with('.') || at > saved.bytes {
            return Err(ItemsError::Changed);
        }
        let path = folder.join(&saved.file);
        let read = |source| ItemsError::Io { doing: "read", source };
        let mut lines = BufReader::new(File::open(&path).map_err(read)?);
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        loop {
            let some = lines.fill_buf().map_err(read)?;
            let length = some.len();
            if length == 0 {
                break;
            }
            hash.update(some);
            bytes += length as u64;
            lines.consume(length);
        }
        if bytes != saved.bytes || text_of(&hash.finalize()) != saved.sha256 {
            return Err(ItemsError::Changed);
        }
        Self::open(path, saved, at)
    }

    fn open(path: PathBuf, saved: SavedItems, at: u64) -> Result<Self, ItemsError> {
        let read = |source| ItemsError::Io { doing: "read", source };
        let mut file = File::open(&path).map_err(read)?;
        file.seek(SeekFrom::Start(at)).map_err(read)?;
        let reader = RefCell::new(BufReader::new(file));
        Ok(Self { source: Source::File { reader, saved, path }, position: Cell::new(at) })
    }

    /// The next item, and where its line begins; none: there are no more.
    pub(in crate::run) fn next(&self) -> Result<Option<(u64, Value)>, ItemsError> {
        let at = self.position.get();
        match &self.source {
            Source::Memory(items) => {
                let item = usize::try_from(at).ok().and_then(|at| items.get(at)).cloned();
                self.position.set(at + u64::from(item.is_some()));
                Ok(item.map(|item| (at, item)))
            }
            Source::File { reader, .. } => {
                let mut line = Vec::new();
                let read = reader.borrow_mut().read_until(b'\n', &mut line);
                let length = read.map_err(|source| ItemsError::Io { doing: "read", source })?;
                if length == 0 {
                    return Ok(None);
                }
                self.position.set(at + length as u64);
                Ok(Some((at, value_of(&line)?)))
            }
        }
    }

    /// The item whose line begins at a place.
    pub(in crate::run) fn at(&self, at: u64) -> Result<Value, ItemsError> {
        match &self.source {
            Source::Memory(items) => {
                usize::try_from(at).ok().and_then(|at| items.get(at)).cloned().ok_or(ItemsError::Changed)
            }
            Source::File { path, .. } => {
                let read = |source| ItemsError::Io { doing: "read", source };
                let mut file = File::open(path).map_err(read)?;
                file.seek(SeekFrom::Start(at)).map_err(read)?;
                let mut line = Vec::new();
                BufReader::new(file).read_until(b'\n', &mut line).map_err(read)?;
                value_of(&line)
            }
        }
    }

    /// Where the line of the next item begins.
    pub(in crate::run) fn position(&self) -> u64 {
        self.position.get()
    }

    /// As a checkpoint names it; none: it is not written down.
    pub(in crate::run) fn saved(&self) -> Option<SavedItems> {
        match &self.source {
            Source::File { saved, .. } => Some(saved.clone()),
            Source::Memory(_) => None,
        }
    }

    /// How many items there are.
    pub(in crate::run) fn count(&self) -> u64 {
        match &self.source {
            Source::Memory(items) => items.len() as u64,
            Source::File { saved, .. } => saved.count,
        }
    }

    /// The file, if it is written down.
    pub(in crate::run) fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::File { path, .. } => Some(path),
            Source::Memory(_) => None,
        }
    }
}

/// Removes a list that no stored checkpoint names any more.
pub(in crate::run) fn remove(path: &Path) {
    // One that stays is removed with the rest of the run's folder.
    let _ = fs::remove_file(path);
    if let Some(folder) = path.parent() {
        crate::target::stage::remove_if_empty(folder);
    }
    reach(FaultPoint::ItemsRemoved);
}

/// Removes all lists in a run's folder, those included that no checkpoint has ever named.
pub(in crate::run) fn remove_all(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(BEGINS) {
            remove(&entry.path());
        }
    }
}

fn write_lines(path: &Path, items: &[serde_json::Value]) -> io::Result<SavedItems> {
    let folder = path.parent().unwrap_or(Path::new("."));
    crate::target::stage::create_folder(folder)?;
    let mut out = BufWriter::new(crate::target::stage::private_file(path)?);
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    for item in items {
        let line = format!("{item}\n");
        out.write_all(line.as_bytes())?;
        hash.update(line.as_bytes());
        bytes += line.len() as u64;
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    // The file, the run's folder, that of all runs, and the one above: what is stored later refers to them.
    path.ancestors().take(3).try_for_each(crate::target::staging::sync_folder)?;
    Ok(SavedItems { file: String::new(), count: 0, bytes, sha256: text_of(&hash.finalize()) })
}

fn value_of(line: &[u8]) -> Result<Value, ItemsError> {
    let json: serde_json::Value = serde_json::from_slice(line).map_err(|_| ItemsError::Changed)?;
    Ok(checkpoint::restored(&json))
}

fn text_of(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
}
