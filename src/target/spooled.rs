//! A target that is made of its spool when the run commits.

use std::fs;
use std::path::PathBuf;

use super::error::TargetError;
use super::file;
use super::gate::{Gate, Refusal, TableGate};
use super::landing_count::LandingCount;
use super::segments::{KINDS, Ordered, Segments};
use super::spool::{Spool, SpoolReader};
use super::sqlite;
use super::staging::{PreparedFile, Spot, Staging};
use super::{Manner, Origin, Position, Prepared, Receipt, Stage, Target};
use crate::plan::target::{FilePlan, Mode, SqlitePlan, TargetKind, TargetPlan};
use crate::record::key::KeyReader;
use crate::record::{Batch, Change};

/// Records on their way to a target, and what is known of the place where they will land.
pub(super) struct Spooled {
    plan: TargetPlan,
    spools: Spools,
    gate: Gate,
    count: LandingCount,
    ground: Ground,
    /// Where records land that cannot.
    rejects: Option<Spot>,
}

/// What is there before the run.
enum Ground {
    File(FilePlan, file::Ground),
    Sqlite(SqlitePlan, sqlite::Ground),
}

/// The files that grow; removed on drop unless they are still needed.
struct Spools {
    puts: Spool,
    deletes: Option<Spool>,
    rejected: Option<Spool>,
    /// Whose records are whose, if items of a loop write them.
    segments: Option<Segments>,
    /// Files as they came, once others with the records in order stand in their place.
    as_they_came: Vec<PathBuf>,
    stay: bool,
}

impl Spooled {
    /// Opens it, or goes on where an earlier process stopped.
    pub(super) fn open(
        plan: &TargetPlan,
        stage: &Stage,
        receipt: Option<&Receipt>,
        keeps_order: bool,
    ) -> Result<Self, TargetError> {
        let run_id = stage.run_id();
        let ground = match &plan.kind {
            TargetKind::Sqlite(sqlite) => {
                Ground::Sqlite(sqlite.clone(), sqlite::Ground::look(sqlite, run_id)?)
            }
            TargetKind::File(file) => Ground::File(file.clone(), file::Ground::look(file, run_id)?),
            TargetKind::Stdout => return Err(TargetError::Stopped),
        };
        let rejects = if plan.diverts { Some(rejects(plan, run_id)?) } else { None };
        stage.create(shown(plan))?;
        let mut gate = gate(plan, &ground);
        let spools = Spools::open(plan, stage, receipt, keeps_order)?;
        if receipt.is_some_and(|receipt| receipt.puts.records > 0) {
            replay(&mut spools.puts.reader()?, &mut gate)?;
        }
        let count = stage.count().clone();
        Ok(Self { plan: plan.clone(), spools, gate, count, ground, rejects })
    }

    fn take(&mut self, record: &[u8], change: Change) -> Result<(), TargetError> {
        let checked = match change {
            Change::Put => self.gate.check(record).map(|()| Some(&mut self.spools.puts)),
            Change::Delete => self.gate.check_key(record).map(|()| self.spools.deletes.as_mut()),
        };
        match checked {
            Ok(Some(spool)) => spool.take(record),
            // The plan refuses it: without a key nothing says which record goes.
            Ok(None) => self.refuse(record, Refusal::Bad("is to be deleted, and there is no key".to_owned())),
            Err(refusal) => self.refuse(record, refusal),
        }
    }

    fn refuse(&mut self, record: &[u8], refusal: Refusal) -> Result<(), TargetError> {
        let target = self.plan.name.clone();
        let number = self.spools.received() + 1;
        let problem = match refusal {
            Refusal::NewColumn(column) => return Err(TargetError::NewColumn { target, number, column }),
            Refusal::Bad(problem) => problem,
        };
        let Some(rejected) = &mut self.spools.rejected else {
            return Err(TargetError::BadRecord { target, number, problem });
        };
        let reason = serde_json::Value::from(format!("record {number}: {problem}")).to_string();
        rejected.take(&[b"{\"reason\":", reason.as_bytes(), b",\"record\":", record, b"}"].concat())
    }

    fn prepare_all(&mut self) -> Result<Prepared, TargetError> {
        self.settle()?;
        self.put_in_order()?;
        let mut prepared = match &self.ground {
            Ground::File(file, ground) => {
                let made = file::Maker {
                    plan: file,
                    puts: self.spools.puts.path(),
                    deletes: self
                        .spools
                        .deletes
                        .as_ref()
                        .filter(|spool| spool.position().records > 0)
                        .map(Spool::path),
                    schema: self.gate.table.as_ref().map(TableGate::schema),
                    count: &self.count,
                };
                ground.prepare(&made)?
            }
            Ground::Sqlite(_, ground) => {
                let columns = self.gate.table.as_ref().map(sqlite::columns_of).unwrap_or_default();
                ground.prepare(
                    columns,
                    self.spools.puts.path(),
                    self.spools.deletes.as_ref().map(Spool::path),
                )?
            }
        };
        let Position { records, bytes } = self.spools.puts.position();
        prepared.records = records;
        if prepared.load.is_some() {
            prepared.bytes = bytes;
        }
        prepared.manner = match self.plan.kind.mode() {
            Mode::Replace => Manner::Replaced,
            Mode::Append => Manner::Appended,
            Mode::Merge { .. } => Manner::Merged,
        };
        prepared.rejected = self.spools.rejected.as_ref().map_or(0, |spool| spool.position().records);
        prepared.rejects = self.rejects()?;
        prepared.scratch.extend(self.spools.paths());
        Ok(prepared)
    }

    /// Puts what items of a loop wrote in their order. Columns are looked at again: what was left out has none.
    fn put_in_order(&mut self) -> Result<(), TargetError> {
        if self.spools.put_in_order(shown(&self.plan))? {
            self.gate = gate(&self.plan, &self.ground);
            replay(&mut self.spools.puts.reader()?, &mut self.gate)?;
        }
        Ok(())
    }

    /// The file of what could not land in this run. Without any, one of an earlier run is emptied, and none is made.
    fn rejects(&mut self) -> Result<Option<PreparedFile>, TargetError> {
        let (Some(spot), Some(rejected)) = (self.rejects.take(), &self.spools.rejected) else {
            return Ok(None);
        };
        if rejected.position().records == 0 && !spot.has_former() {
            return Ok(None);
        }
        let mut staging = Staging::create_again(spot)?;
        let copied =
            fs::File::open(rejected.path()).and_then(|mut from| std::io::copy(&mut from, &mut staging));
        copied.map_err(|source| staging.refused("write", source))?;
        staging.prepare().map(Some)
    }
}

impl Target for Spooled {
    fn write(&mut self, batch: &Batch) -> Result<(), TargetError> {
        batch.iter().try_for_each(|record| self.take(record, batch.change()))
    }

    fn note_origin(&mut self, origin: &Origin) -> Result<(), TargetError> {
        self.spools.note_origin(origin)
    }

    fn void(&mut self, path: &[u64]) -> Result<(), TargetError> {
        self.spools.segments.as_mut().map_or(Ok(()), |segments| segments.void(path))
    }

    fn settle(&mut self) -> Result<Receipt, TargetError> {
        let receipt = self.spools.settle()?;
        // From here on another run may go on with them.
        self.spools.stay = true;
        Ok(receipt)
    }

    fn suspend(mut self: Box<Self>) -> Result<Receipt, TargetError> {
        self.settle()
    }

    fn prepare(mut self: Box<Self>) -> Result<Prepared, TargetError> {
        let prepared = self.prepare_all()?;
        self.spools.stay = true;
        Ok(prepared)
    }

    fn abandon(mut self: Box<Self>) {
        self.spools.stay = false;
    }
}

impl Spools {
    fn open(
        plan: &TargetPlan,
        stage: &Stage,
        receipt: Option<&Receipt>,
        keeps_order: bool,
    ) -> Result<Self, TargetError> {
        let shown = shown(plan);
        let open = |kind: &str, position: fn(&Receipt) -> Position| {
            let path = stage.path(plan, kind);
            let spool = match receipt {
                Some(receipt) => Spool::resume(&path, position(receipt), shown)?,
                None => Spool::create(&path, shown)?,
            };
            Ok(if keeps_order { spool.with_checksums() } else { spool })
        };
        let through = receipt.map(|receipt| [receipt.puts, receipt.deletes, receipt.rejected]);
        let segments = || {
            let path = stage.path(plan, ".segments");
            let position = receipt.map(|receipt| receipt.segments);
            Segments::open(&path, shown, position, through.unwrap_or_default())
        };
        let keyed = plan.kind.key().is_some();
        Ok(Self {
            puts: open("", |receipt| receipt.puts)?,
            deletes: keyed.then(|| open(".deletes", |receipt| receipt.deletes)).transpose()?,
            rejected: plan.diverts.then(|| open(".rejected", |receipt| receipt.rejected)).transpose()?,
            segments: keeps_order.then(segments).transpose()?,
            as_they_came: vec![],
            // What is there to go on with must not be lost because something else fails.
            stay: receipt.is_some(),
        })
    }

    fn settle(&mut self) -> Result<Receipt, TargetError> {
        let settle =
            |spool: &mut Option<Spool>| spool.as_mut().map_or(Ok(Position::default()), Spool::settle);
        let receipt = Receipt {
            puts: self.puts.settle()?,
            deletes: settle(&mut self.deletes)?,
            rejected: settle(&mut self.rejected)?,
            segments: self.segments.as_mut().map_or(Ok(Position::default()), Segments::settle)?,
        };
        if !self.stay {
            self.puts.settle_name()?;
        }
        Ok(receipt)
    }

    fn note_origin(&mut self, origin: &Origin) -> Result<(), TargetError> {
        let Some(segments) = &mut self.segments else { return Ok(()) };
        let mut spools = [Some(&mut self.puts), self.deletes.as_mut(), self.rejected.as_mut()];
        let now = spools
            .each_ref()
            .map(|spool| spool.as_ref().map_or_else(Position::default, |spool| spool.position()));
        let checksums =
            spools.each_mut().map(|spool| spool.as_mut().map_or(0, |spool| spool.take_checksum()));
        segments.note(origin, now, checksums)
    }

    /// Puts what items of a loop wrote in their order; false: there is no loop.
    fn put_in_order(&mut self, shown: &str) -> Result<bool, TargetError> {
        let Some(segments) = &mut self.segments else { return Ok(false) };
        let spools: [Option<&Spool>; KINDS] =
            [Some(&self.puts), self.deletes.as_ref(), self.rejected.as_ref()];
        let ordered = segments.put_in_order(spools.map(|spool| spool.map(Spool::path)), shown)?;

        // From here on they stand in the place of what came.
        let all: [Option<&mut Spool>; KINDS] =
            [Some(&mut self.puts), self.deletes.as_mut(), self.rejected.as_mut()];
        for (spool, ordered) in all.into_iter().zip(ordered) {
            if let (Some(spool), Some(Ordered { path, position })) = (spool, ordered) {
                self.as_they_came.push(spool.path().to_owned());
                *spool = Spool::resume(&path, position, shown)?;
            }
        }
        Ok(true)
    }

    fn received(&self) -> u64 {
        self.all().map(|spool| spool.position().records).sum()
    }

    fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let segments = self.segments.iter().map(|segments| segments.path().to_owned());
        self.all().map(|spool| spool.path().to_owned()).chain(segments).chain(self.as_they_came.clone())
    }

    fn all(&self) -> impl Iterator<Item = &Spool> {
        std::iter::once(&self.puts).chain(&self.deletes).chain(&self.rejected)
    }
}

impl Drop for Spools {
    fn drop(&mut self) {
        if !self.stay {
            for path in self.paths() {
                let _ = fs::remove_file(&path);
                path.parent().into_iter().for_each(super::stage::remove_if_empty);
            }
        }
    }
}

fn gate(plan: &TargetPlan, ground: &Ground) -> Gate {
    let key = |as_text| plan.kind.key().map(|key| KeyReader::new(key.to_vec(), as_text));
    let (table, key, partition_by) = match ground {
        Ground::File(file, ground) => {
            let columns = file.format.has_columns().then_some(&file.columns);
            let table = columns.map(|columns| TableGate::new(columns, ground.columns(), false));
            (table, key(file.format.compares_keys_as_text()), file.partition_by.as_slice())
        }
        Ground::Sqlite(sqlite, ground) => {
            let table = TableGate::new(&sqlite.columns, ground.columns(), true);
            (Some(table), key(false), &[][..])
        }
    };
    Gate { table, key, partition_by: partition_by.to_vec(), ..Gate::default() }
}

/// Lets the gate see what was spooled before: it then knows the columns.
fn replay(reader: &mut SpoolReader, gate: &mut Gate) -> Result<(), TargetError> {
    while let Some((_, record)) = reader.next()? {
        // It passed before; a column that has come to the target since then fails at the end, if at all.
        let _ = gate.check(record);
    }
    Ok(())
}

fn shown(plan: &TargetPlan) -> &str {
    plan.kind.place().map_or(plan.name.as_str(), |place| &place.shown)
}

/// Beside the target: `leads.csv.rejected.jsonl`; of a table, `crm.db.leads.rejected.jsonl`.
fn rejects(plan: &TargetPlan, run_id: &str) -> Result<Spot, TargetError> {
    let ending = match &plan.kind {
        TargetKind::Sqlite(sqlite) => {
            let table: String = sqlite
                .table
                .chars()
                .map(|letter| if matches!(letter, '/' | '\\' | '\0') { '_' } else { letter })
                .collect();
            format!(".{table}.rejected.jsonl")
        }
        TargetKind::File(_) | TargetKind::Stdout => ".rejected.jsonl".to_owned(),
    };
    let mut path = plan.kind.place().map(|place| place.path.clone()).unwrap_or_default();
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(&ending);
    path.set_file_name(name);
    Spot::look(&path, &format!("{}{ending}", shown(plan).trim_end_matches('/')), run_id)
}
