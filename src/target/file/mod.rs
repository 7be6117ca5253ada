//! Files made of a spool when a run commits: of lines or of rows, compressed or not, one or many.

mod changes;
mod csv;
mod jsonl;
mod partition;
mod sink;

use std::fs;
use std::path::{Path, PathBuf};

use self::sink::{Former, Sink};
use super::Prepared;
use super::error::TargetError;
use super::landing_count::LandingCount;
use super::spool::SpoolReader;
use super::staging::{Spot, create_folder};
use crate::plan::target::{FilePlan, Layout};
use crate::record::schema::Schema;

/// What is there before the run.
pub(super) struct Ground {
    at: At,
    /// The columns in the header of the file that is there.
    header: Vec<String>,
    /// Whether they count as columns already.
    keeps: bool,
}

enum At {
    File(Spot),
    Folder { path: PathBuf, created: bool, run_id: String },
}

/// All that a file is made of.
pub(super) struct Maker<'a> {
    pub(super) plan: &'a FilePlan,
    pub(super) puts: &'a Path,
    pub(super) deletes: Option<&'a Path>,
    pub(super) schema: Option<&'a Schema>,
    pub(super) count: &'a LandingCount,
}

impl Maker<'_> {
    fn puts(&self) -> Result<SpoolReader, TargetError> {
        SpoolReader::open(self.puts, self.shown())
    }

    fn shown(&self) -> &str {
        &self.plan.place.shown
    }

    fn columns(&self) -> Vec<&str> {
        let columns = self.schema.map(Schema::columns).unwrap_or_default();
        columns.iter().map(|column| column.name.as_str()).collect()
    }
}

impl Ground {
    /// Looks at the place and makes sure that it can be written.
    pub(super) fn look(plan: &FilePlan, run_id: &str) -> Result<Self, TargetError> {
        let keeps = plan.keeps_what_is_there();
        if !plan.partition_by.is_empty() {
            return Ok(Self { at: folder(plan, run_id)?, header: vec![], keeps });
        }
        let spot = Spot::look(&plan.place.path, &plan.place.shown, run_id)?;
        spot.probe()?;
        let header = match plan.format.layout() {
            Layout::Lines => vec![],
            Layout::Rows { separator } => former_header(plan, separator, &spot, keeps)?,
        };
        if keeps {
            // What cannot be read must not be known only at the end.
            Former::open(&spot.destination, &plan.place, plan.compress)?;
        }
        Ok(Self { at: At::File(spot), header, keeps })
    }

    /// The columns that are there, if they stay.
    pub(super) fn columns(&self) -> &[String] {
        if self.keeps { &self.header } else { &[] }
    }

    /// Makes the files, hidden and durable.
    pub(super) fn prepare(&self, maker: &Maker<'_>) -> Result<Prepared, TargetError> {
        match &self.at {
            At::Folder { path, created, run_id } => {
                let parts = partition::write(maker, path, run_id)?;
                let mut files = parts.files;
                for file in &mut files {
                    file.created_folder = *created;
                }
                Ok(Prepared {
                    bytes: files.iter().map(|file| file.length).sum(),
                    destination: Some(path.clone()),
                    files,
                    superseded: parts.superseded,
                    scratch: vec![parts.scratch],
                    ..Prepared::default()
                })
            }
            At::File(spot) => self.prepare_one(spot, maker),
        }
    }

    fn prepare_one(&self, spot: &Spot, maker: &Maker<'_>) -> Result<Prepared, TargetError> {
        let former = Former::open(&spot.destination, &maker.plan.place, maker.plan.compress);
        let former = if self.keeps { former? } else { None };
        let kept_header;
        let mut maker = Maker { ..*maker };
        if maker.plan.format.has_columns() && maker.columns().is_empty() {
            if self.header.is_empty() {
                let note = format!(
                    "{}: nothing was made, since there are neither records nor `columns`",
                    maker.plan.place.shown
                );
                return Ok(Prepared { notes: vec![note], ..Prepared::default() });
            }
            kept_header = Schema::starting_with(self.header.iter().cloned());
            maker.schema = Some(&kept_header);
        }
        let mut sink = Sink::create(spot.clone(), maker.plan.compress)?;
        let deleted = match maker.plan.format.layout() {
            Layout::Lines => jsonl::write(&maker, former, &mut sink)?,
            Layout::Rows { separator } => csv::write(&maker, separator, former, &mut sink)?,
        };
        let file = sink.prepare()?;
        Ok(Prepared {
            bytes: file.length,
            deleted,
            destination: Some(file.destination.clone()),
            files: vec![file],
            ..Prepared::default()
        })
    }
}

fn folder(plan: &FilePlan, run_id: &str) -> Result<At, TargetError> {
    let (path, shown) = (&plan.place.path, &plan.place.shown);
    if fs::metadata(path).is_ok_and(|there| !there.is_dir()) {
        return Err(TargetError::NotAPartitionedFolder { shown: shown.clone() });
    }
    let probe = path.join(format!(".{run_id}.river-tmp"));
    let created = create_folder(&probe, shown)?;
    let made = fs::write(&probe, "").and_then(|()| fs::remove_file(&probe));
    if !probe.is_dir() {
        made.map_err(|source| TargetError::from_io("write", shown, source))?;
    }
    Ok(At::Folder { path: path.clone(), created, run_id: run_id.to_owned() })
}

/// The header of a file that will be replaced is only a help when there are no records: what cannot be read is none.
fn former_header(
    plan: &FilePlan,
    separator: u8,
    spot: &Spot,
    keeps: bool,
) -> Result<Vec<String>, TargetError> {
    let key = plan.mode.key().unwrap_or_default();
    let header = Former::open(&spot.destination, &plan.place, plan.compress).and_then(|former| {
        former.map_or(Ok(vec![]), |former| csv::header_of(former, separator, key, &plan.place.shown))
    });
    if keeps { header } else { Ok(header.unwrap_or_default()) }
}
