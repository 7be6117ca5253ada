//! Records on their way to a target that is made of them later: JSON Lines that grow and can be cut back.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::Position;
use super::error::TargetError;
use super::lines::Lines;
use super::stage::private_file;
use super::staging::sync_folder;
use crate::fault_point::{FaultPoint, reach};

/// Lines are read in pieces of so many bytes.
const READ_BYTES: usize = 256 * 1024;

/// An open spool. It is left where it is; whoever owns the folder removes it.
#[derive(Debug)]
pub(super) struct Spool {
    lines: Lines<File>,
    path: PathBuf,
    /// The target's path, for messages.
    shown: String,
}

impl Spool {
    /// A new one.
    pub(super) fn create(path: &Path, shown: &str) -> Result<Self, TargetError> {
        let file = private_file(path);
        // Its name must outlive a crash, since receipts and what is prepared refer to it.
        let file = file.and_then(|file| sync_folder(path).map(|()| file));
        let file = file.map_err(|source| spool_error("create", shown, source))?;
        reach(FaultPoint::SpoolMade);
        Ok(Self { lines: Lines::new(file), path: path.to_owned(), shown: shown.to_owned() })
    }

    /// One that is there, cut back to what a receipt says.
    pub(super) fn resume(path: &Path, position: Position, shown: &str) -> Result<Self, TargetError> {
        let file = reopen(path, position, shown)?;
        Ok(Self { lines: Lines::after(file, position), path: path.to_owned(), shown: shown.to_owned() })
    }

    pub(super) fn take(&mut self, record: &[u8]) -> Result<(), TargetError> {
        self.lines.take_one(record).map_err(|source| spool_error("write", &self.shown, source))
    }

    /// A checksum of what was taken since this was asked last.
    pub(super) fn take_checksum(&mut self) -> u32 {
        self.lines.take_checksum()
    }

    /// From here on it knows a checksum of what it takes.
    pub(super) fn with_checksums(mut self) -> Self {
        self.lines.keep_checksum();
        self
    }

    /// Makes durable what was taken.
    pub(super) fn settle(&mut self) -> Result<Position, TargetError> {
        let settled = self.lines.flush().and_then(|()| self.lines.out().sync_data());
        settled.map_err(|source| spool_error("write", &self.shown, source))?;
        reach(FaultPoint::SpoolSynced);
        Ok(self.lines.position())
    }

    /// Makes the names of the spools in its folder durable, and that of the folder: what is stored later refers to them.
    pub(super) fn settle_name(&self) -> Result<(), TargetError> {
        // The run's folder, that of all runs, and the one above.
        for path in self.path.ancestors().take(3) {
            sync_folder(path).map_err(|source| spool_error("write", &self.shown, source))?;
        }
        reach(FaultPoint::StageSynced);
        Ok(())
    }

    pub(super) fn position(&self) -> Position {
        self.lines.position()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it from its start; what was taken must be settled.
    pub(super) fn reader(&self) -> Result<SpoolReader, TargetError> {
        SpoolReader::open(&self.path, &self.shown)
    }
}

/// Opens a file that holds at least what a receipt says, cut back to it, ready to grow.
pub(super) fn reopen(path: &Path, position: Position, shown: &str) -> Result<File, TargetError> {
    let refused = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => {
            TargetError::SpoolLost { shown: shown.to_owned(), path: path.display().to_string() }
        }
        _ => spool_error("continue", shown, source),
    };
    let mut file = OpenOptions::new().write(true).open(path).map_err(refused)?;
    let length = file.metadata().map_err(refused)?.len();
    if length < position.bytes {
        let path = path.display().to_string();
        return Err(TargetError::SpoolShort {
            shown: shown.to_owned(),
            path,
            length,
            expected: position.bytes,
        });
    }
    file.set_len(position.bytes).map_err(refused)?;
    file.seek(SeekFrom::End(0)).map_err(refused)?;
    Ok(file)
}

pub(super) fn spool_error(doing: &'static str, shown: &str, source: io::Error) -> TargetError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            TargetError::from_io(doing, shown, source)
        }
        _ => TargetError::Spool { doing, shown: shown.to_owned(), source },
    }
}

/// The lines of a spool, one after the other or from any place.
#[derive(Debug)]
pub(super) struct SpoolReader {
    file: BufReader<File>,
    /// Where the next line starts.
    at: u64,
    line: Vec<u8>,
    shown: String,
}

impl SpoolReader {
    pub(super) fn open(path: &Path, shown: &str) -> Result<Self, TargetError> {
        let file = File::open(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => {
                TargetError::SpoolLost { shown: shown.to_owned(), path: path.display().to_string() }
            }
            _ => spool_error("read", shown, source),
        })?;
        let file = BufReader::with_capacity(READ_BYTES, file);
        Ok(Self { file, at: 0, line: vec![], shown: shown.to_owned() })
    }

    /// The next record and where it starts.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &[u8])>, TargetError> {
        let start = self.at;
        self.line.clear();
        self.line.shrink_to(4 * READ_BYTES);
        let read = self.file.read_until(b'\n', &mut self.line);
        let length = read.map_err(|source| spool_error("read", &self.shown, source))?;
        if length == 0 {
            return Ok(None);
        }
        self.at += length as u64;
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok(Some((start, line)))
    }

    /// The record that starts at `offset`.
    pub(super) fn at(&mut self, offset: u64) -> Result<&[u8], TargetError> {
        let distance = i64::try_from(offset).unwrap_or(i64::MAX) - i64::try_from(self.at).unwrap_or(i64::MAX);
        let moved = self.file.seek_relative(distance);
        moved.map_err(|source| spool_error("read", &self.shown, source))?;
        self.at = offset;
        Ok(self.next()?.map(|(_, line)| line).unwrap_or_default())
    }
}
