//! A folder of files: the records of each value of some fields in a folder `field=value` of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Maker;
use super::csv::Rows;
use super::sink::Sink;
use crate::fault_point::{FaultPoint, reach};
use crate::plan::target::{Compression, Format, Layout, Mode};
use crate::record::fields::{fields, unescape};
use crate::record::key::is_name;
use crate::target::error::TargetError;
use crate::target::staging::{PreparedFile, Spot, sync_folder};

/// What stands for a value that is null or missing.
const NULL: &str = "__null__";
/// Records wait in memory until they have so many bytes together.
const WAITING_BYTES: usize = 8 * 1024 * 1024;
/// What a folder's name keeps as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// What became of the records.
pub(super) struct Parts {
    pub(super) files: Vec<PreparedFile>,
    pub(super) superseded: Vec<PathBuf>,
    /// The hidden folder in which the files are.
    pub(super) scratch: PathBuf,
}

/// Writes a file a folder, all of them within a hidden folder.
pub(super) fn write(maker: &Maker<'_>, root: &Path, run_id: &str) -> Result<Parts, TargetError> {
    let scratch = root.join(format!(".{run_id}.river-tmp"));
    // An earlier try of this run may have been cut off.
    let _ = fs::remove_dir_all(&scratch);
    let mut waiting = Waiting {
        scratch: scratch.clone(),
        shown: maker.shown().to_owned(),
        parts: BTreeMap::new(),
        bytes: 0,
    };
    let mut rows = match maker.plan.format.layout() {
        Layout::Lines => None,
        Layout::Rows { separator } => Some(Rows::new(maker, separator)),
    };
    let header = rows.as_ref().map(Rows::header).unwrap_or_default();
    let mut puts = maker.puts()?;
    let mut folder = String::new();
    while let Some((_, record)) = puts.next()? {
        folder_of(record, &maker.plan.partition_by, &mut folder);
        match &mut rows {
            Some(rows) => waiting.put(&folder, rows.row(record), &header)?,
            None => waiting.put(&folder, &[record, b"\n"].concat(), &[])?,
        }
        maker.count.record();
    }
    waiting.flush()?;
    let name = part_name(maker, run_id);
    let mut files = Vec::new();
    for folder in waiting.parts.keys() {
        let spot =
            Spot::hidden(scratch.join(folder).join(&name), root.join(folder).join(&name), maker.shown());
        files.push(finish(&scratch.join(folder).join("waiting"), spot, maker.plan.compress)?);
        maker.count.file();
    }
    sync_folders(root, &scratch, waiting.parts.keys())
        .map_err(|source| TargetError::from_io("write", maker.shown(), source))?;
    let superseded = match maker.plan.mode {
        Mode::Replace => {
            let mut there = Vec::new();
            parts_in(root, maker, maker.plan.partition_by.len(), &mut there);
            there.retain(|path| files.iter().all(|file| file.destination != *path));
            there
        }
        Mode::Append | Mode::Merge { .. } => vec![],
    };
    Ok(Parts { files, superseded, scratch })
}

/// Makes the names of the hidden folders durable; those of the files in them are.
fn sync_folders<'f>(
    root: &Path,
    scratch: &Path,
    folders: impl Iterator<Item = &'f String>,
) -> io::Result<()> {
    let folders: Vec<PathBuf> = folders.map(|folder| scratch.join(folder)).collect();
    let above = |folder: &'_ PathBuf| -> Vec<PathBuf> {
        folder.ancestors().take_while(|folder| *folder != root).map(Path::to_owned).collect()
    };
    let all: BTreeSet<PathBuf> = folders.iter().flat_map(above).collect();
    all.iter().try_for_each(|folder| sync_folder(folder))?;
    reach(FaultPoint::TreeSynced);
    Ok(())
}

/// Records on their way to the files of their folders: appended in pieces, so that no file stays open.
struct Waiting {
    scratch: PathBuf,
    shown: String,
    /// Folder → bytes that wait.
    parts: BTreeMap<String, Vec<u8>>,
    bytes: usize,
}

impl Waiting {
    fn put(&mut self, folder: &str, record: &[u8], header: &[u8]) -> Result<(), TargetError> {
        if !self.parts.contains_key(folder) {
            self.parts.insert(folder.to_owned(), header.to_vec());
        }
        if let Some(part) = self.parts.get_mut(folder) {
            part.extend_from_slice(record);
        }
        self.bytes += record.len();
        if self.bytes > WAITING_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), TargetError> {
        self.bytes = 0;
        for (folder, part) in self.parts.iter_mut().filter(|(_, part)| !part.is_empty()) {
            let folder = self.scratch.join(folder);
            let written = fs::create_dir_all(&folder)
                .and_then(|()| OpenOptions::new().create(true).append(true).open(folder.join("waiting")))
                .and_then(|mut file| file.write_all(part));
            written.map_err(|source| TargetError::from_io("write", &self.shown, source))?;
            *part = Vec::new();
        }
        Ok(())
    }
}

/// Gives a file its name, durable and compressed.
fn finish(waiting: &Path, spot: Spot, compress: Option<Compression>) -> Result<PreparedFile, TargetError> {
    let mut sink = Sink::create(spot, compress)?;
    let copied = fs::File::open(waiting).and_then(|mut from| std::io::copy(&mut from, &mut sink));
    copied.and_then(|_| fs::remove_file(waiting)).map_err(|source| sink.refused(source))?;
    sink.prepare()
}

/// `part-0` when the whole folder is replaced; a run that appends has a name of its own.
fn part_name(maker: &Maker<'_>, run_id: &str) -> String {
    let run = if maker.plan.mode.replaces() { "0" } else { run_id };
    format!("part-{run}{}", ending(maker))
}

fn ending(maker: &Maker<'_>) -> String {
    let compress = maker.plan.compress.map(Compression::extension).unwrap_or_default();
    format!("{}{compress}", maker.plan.format.ending())
}

/// The files that runs before this one made: `field=value/…/part-…`. Nothing else is touched.
fn parts_in(folder: &Path, maker: &Maker<'_>, levels: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let place = maker.plan.partition_by.len() - levels;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if levels == 0 {
            // In whatever format an earlier run wrote them.
            let ours = Format::all().any(|format| name.contains(format.ending()));
            if name.starts_with("part-") && ours {
                found.push(entry.path());
            }
        } else if name
            .split_once('=')
            .is_some_and(|(field, _)| field == encoded(&maker.plan.partition_by[place]))
        {
            parts_in(&entry.path(), maker, levels - 1, found);
        }
    }
}

/// `field=value/field=value`.
fn folder_of(record: &[u8], partition_by: &[String], folder: &mut String) {
    folder.clear();
    for (place, name) in partition_by.iter().enumerate() {
        if place > 0 {
            folder.push('/');
        }
        let value = fields(record).and_then(|fields| fields.filter(|field| is_name(field.key, name)).last());
        folder.push_str(&encoded(name));
        folder.push('=');
        match value.map(|field| field.value).filter(|value| value.first() != Some(&b'n')) {
            None => folder.push_str(NULL),
            Some(value) => folder.push_str(&value_name(value)),
        }
    }
}

fn value_name(value: &[u8]) -> String {
    let mut text = Vec::new();
    match value.first() {
        Some(b'"') => drop(unescape(&value[1..value.len() - 1], &mut text)),
        _ => text.extend_from_slice(value),
    }
    let name = encoded(&String::from_utf8_lossy(&text));
    // Text that would read as null is told apart.
    if name == NULL { "%5F%5Fnull%5F%5F".to_owned() } else { name }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}
