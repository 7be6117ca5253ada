//! Which records of a spool are whose: the items of a loop spool as they come, and land in their order.
//!
//! Beside each spool of a pipeline with a loop stands a file of segments, a spool like any other: a line for each page,
//! and a line `void` for an item whose records so far do not count. It is cut back by its own receipt. When the target is
//! made, the live segments are copied in the order of the items: what lands does not depend on which item was faster.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Position;
use super::error::TargetError;
use super::spool::{Spool, SpoolReader, spool_error};
use super::stage::private_file;

/// Whose records a page holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The nodes and items that lead to the step, from the pipeline inwards.
    pub path: Arc<[u64]>,
    /// Which page of the step, from 1.
    pub page: u64,
}

/// The segments of a target's spools.
#[derive(Debug)]
pub(super) struct Segments {
    lines: Spool,
    /// How far the spools were when the last segment was noted.
    through: [Position; KINDS],
}

/// Puts, deletes, rejected.
pub(super) const KINDS: usize = 3;

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// What a page added to each of the spools.
    Page { path: Vec<u64>, page: u64, parts: [Part; KINDS] },
    /// What came before of whatever this leads to does not count.
    Void(Vec<u64>),
}

/// Some bytes of a spool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    at: u64,
    bytes: u64,
    records: u64,
    crc32: u32,
}

impl Segments {
    pub(super) fn open(
        path: &Path,
        shown: &str,
        receipt: Option<Position>,
        through: [Position; KINDS],
    ) -> Result<Self, TargetError> {
        let lines = match receipt {
            None => Spool::create(path, shown)?,
            Some(position) => Spool::resume(path, position, shown)?,
        };
        Ok(Self { lines, through })
    }

    /// Notes whose the records are that came since the last note. `now` is how far the spools are, with a checksum of
    /// what came.
    pub(super) fn note(
        &mut self,
        origin: &Origin,
        now: [Position; KINDS],
        checksums: [u32; KINDS],
    ) -> Result<(), TargetError> {
        let part = |kind: usize| Part {
            at: self.through[kind].bytes,
            bytes: now[kind].bytes - self.through[kind].bytes,
            records: now[kind].records - self.through[kind].records,
            crc32: checksums[kind],
        };
        let parts = [part(0), part(1), part(2)];
        self.through = now;
        self.take(&Line::Page { path: origin.path.to_vec(), page: origin.page, parts })
    }

    /// What came before of whatever a path leads to does not count.
    pub(super) fn void(&mut self, path: &[u64]) -> Result<(), TargetError> {
        self.take(&Line::Void(path.to_vec()))
    }

    fn take(&mut self, line: &Line) -> Result<(), TargetError> {
        self.lines.take(serde_json::json!(line).to_string().as_bytes())
    }

    pub(super) fn settle(&mut self) -> Result<Position, TargetError> {
        self.lines.settle()
    }

    pub(super) fn path(&self) -> &Path {
        self.lines.path()
    }

    /// Copies the live segments of the spools, in the order of the items, to files of their own.
    pub(super) fn put_in_order(
        &mut self,
        spools: [Option<&Path>; KINDS],
        shown: &str,
    ) -> Result<[Option<Ordered>; KINDS], TargetError> {
        self.lines.settle()?;
        let live = live(&mut self.lines.reader()?, shown)?;
        let mut ordered = [None, None, None];
        for (kind, spool) in spools.into_iter().enumerate() {
            let Some(spool) = spool else { continue };
            let parts = live.iter().map(|parts| parts[kind]);
            ordered[kind] = Some(copy(spool, parts, shown)?);
        }
        Ok(ordered)
    }
}

/// Records in the order of the items.
#[derive(Debug)]
pub(super) struct Ordered {
    pub(super) path: PathBuf,
    pub(super) position: Position,
}

/// The segments that count, in the order of the items; of one item in the order in which they came.
fn live(lines: &mut SpoolReader, shown: &str) -> Result<Vec<[Part; KINDS]>, TargetError> {
    let mut live: Vec<(Vec<u64>, [Part; KINDS])> = Vec::new();
    while let Some((_, line)) = lines.next()? {
        match serde_json::from_slice(line) {
            Ok(Line::Page { path, page: _, parts }) => live.push((path, parts)),
            Ok(Line::Void(void)) => live.retain(|(path, _)| !path.starts_with(&void)),
            Err(_) => return Err(TargetError::SpoolChanged { shown: shown.to_owned() }),
        }
    }
    live.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(live.into_iter().map(|(_, parts)| parts).collect())
}

fn copy(spool: &Path, parts: impl Iterator<Item = Part>, shown: &str) -> Result<Ordered, TargetError> {
    let path = spool.with_extension("ordered.jsonl");
    let read = |source| spool_error("read", shown, source);
    let write = |source| spool_error("write", shown, source);
    let mut from = File::open(spool).map_err(read)?;
    let mut to = private_file(&path).map_err(write)?;
    let (mut position, mut buffer) = (Position::default(), Vec::new());
    for part in parts.filter(|part| part.bytes > 0) {
        from.seek(SeekFrom::Start(part.at)).map_err(read)?;
        buffer.clear();
        let length = Read::by_ref(&mut from).take(part.bytes).read_to_end(&mut buffer).map_err(read)?;
        if length as u64 != part.bytes || crc32fast::hash(&buffer) != part.crc32 {
            return Err(TargetError::SpoolChanged { shown: shown.to_owned() });
        }
        to.write_all(&buffer).map_err(write)?;
        position.bytes += part.bytes;
        position.records += part.records;
    }
    to.sync_all().map_err(write)?;
    Ok(Ordered { path, position })
}
