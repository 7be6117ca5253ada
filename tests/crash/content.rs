//! What is visible of a target, and what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::service::{all_changes, mark, merged_changes};
use crate::variant::{Mode, Place, Variant};

static MARK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"at-(\d{6})").unwrap());

/// The lines or rows of a target in their order; those of a folder with their folders, sorted.
pub(crate) type Content = Vec<String>;

/// What is there now. A place that is not there is empty.
pub(crate) fn read(root: &Path, place: Place) -> Result<Content, String> {
    let said = |error: &dyn std::fmt::Display| format!("{place:?}: {error}");
    match place {
        Place::File(path) if !root.join(path).exists() => Ok(vec![]),
        Place::File(path) => lines(&root.join(path)).map_err(|error| said(&error)),
        Place::Folder(path) => {
            let mut all = vec![];
            files(&root.join(path), &mut |file| {
                let inner = file.parent().and_then(|folder| folder.strip_prefix(root).ok());
                let inner = inner.map(|folder| folder.display().to_string()).unwrap_or_default();
                all.extend(lines(file)?.into_iter().map(|line| format!("{inner}: {line}")));
                Ok(())
            })
            .map_err(|error| said(&error))?;
            all.sort();
            Ok(all)
        }
        Place::Table(path) if !root.join(path).exists() => Ok(vec![]),
        Place::Table(path) => rows(&root.join(path)).map_err(|error| said(&error)),
    }
}

fn lines(path: &Path) -> std::io::Result<Content> {
    let mut text = String::new();
    let file = File::open(path)?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => drop(flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text)?),
        Some("zst") => drop(zstd::Decoder::new(file)?.read_to_string(&mut text)?),
        _ => drop({ file }.read_to_string(&mut text)?),
    }
    // A last line without its end is half a record.
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str("<cut off>");
    }
    Ok(text.lines().map(str::to_owned).collect())
}

fn rows(path: &Path) -> rusqlite::Result<Content> {
    let database = Connection::open(path)?;
    database.busy_timeout(std::time::Duration::from_secs(10))?;
    let there: i64 =
        database
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'items'", [], |row| row.get(0))?;
    if there == 0 {
        return Ok(vec![]);
    }
    let mut statement = database.prepare("SELECT * FROM items ORDER BY rowid")?;
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
        let values: Result<Vec<Value>, _> = (0..columns).map(|place| row.get(place)).collect();
        Ok(format!("{:?}", values?))
    };
    statement.query_map([], row)?.collect()
}

/// Looks at all files below a folder but those that are hidden.
fn files(folder: &Path, look: &mut dyn FnMut(&Path) -> std::io::Result<()>) -> std::io::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        match () {
            () if is_hidden => {}
            () if path.is_dir() => files(&path, look)?,
            () => look(&path)?,
        }
    }
    Ok(())
}

/// How many records are missing, and how many are there that should not be, or more than once.
pub(crate) fn lost_and_doubled(variant: &Variant, rounds: u64, content: &Content) -> (usize, usize) {
    let wanted: BTreeSet<String> = match variant.mode {
        Mode::Replace | Mode::Append => all_changes(rounds),
        Mode::Merge => merged_changes(rounds),
    }
    .into_iter()
    .map(mark)
    .collect();
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for line in content {
        for mark in MARK.find_iter(line) {
            *found.entry(mark.as_str()).or_default() += 1;
        }
    }
    let lost = wanted.iter().filter(|mark| !found.contains_key(mark.as_str())).count();
    let doubled =
        found.iter().map(|(mark, count)| if wanted.contains(*mark) { count - 1 } else { *count }).sum();
    (lost, doubled)
}

/// What a run left behind that is of no use any more.
pub(crate) fn leftovers(root: &Path) -> Vec<String> {
    let mut found = vec![];
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let is_unfinished = name.ends_with(".river-tmp") || name.starts_with("state.db.new");
            if is_unfinished || folder.ends_with(".river/stage") {
                found.push(path.strip_prefix(root).unwrap_or(&path).display().to_string());
            } else if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}
