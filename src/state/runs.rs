//! The runs of a project: how far each got, and what it decided.

use std::path::PathBuf;

use rusqlite::{OptionalExtension, Row, TransactionBehavior, params};

use super::database::State;
use super::error::StateError;
use super::watermarks::{PendingWatermark, Watermark, promote};
use crate::fault_point::{FaultPoint, reach};

/// How many ended runs are remembered.
const MOST_ENDED: i64 = 1_000;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It pulls, or died while it did.
    Running,
    /// What lands is decided; it may not be visible yet.
    Decided,
    /// Nothing of it is left to do.
    Ended,
}

impl Phase {
    /// Whether what it decided may still have to be put in place.
    pub fn is_decided(self) -> bool {
        match self {
            Self::Decided => true,
            Self::Running | Self::Ended => false,
        }
    }
}

/// A run that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// Its id.
    pub id: String,
    /// Runs of one key exclude each other.
    pub key: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// A hash of the pipeline's text.
    pub fingerprint: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// The folders in which it may leave files that carry its id.
    pub folders: Vec<PathBuf>,
}

/// A run that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// What it began with.
    pub run: NewRun,
    /// Where it stands.
    pub phase: Phase,
    /// When it was last heard of, RFC 3339.
    pub touched_at: String,
    /// How far it got; none: not to its first checkpoint.
    pub checkpoint: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
}

/// What a run decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decided {
    /// Everything that is to be made visible, in order.
    pub landings: Vec<String>,
    /// What has changed of what the run has seen since its last checkpoint. What it has seen holds from now on, as far
    /// as it is complete; none: nothing of it holds.
    pub pending: Option<Vec<PendingWatermark>>,
    /// Other watermarks that hold from now on.
    pub watermarks: Vec<Watermark>,
}

impl State {
    /// Notes that a run begins, before it leaves anything behind.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn begin(&mut self, run: &NewRun) -> Result<(), StateError> {
        let folders = serde_json::json!(run.folders).to_string();
        let begun = self.connection.execute(
            "INSERT INTO run (id, key, pipeline, fingerprint, phase, started_at, touched_at, folders)
             VALUES (?1, ?2, ?3, ?4, 'running', ?5, ?5, ?6)",
            params![run.id, run.key, run.pipeline, run.fingerprint, run.started_at, folders],
        );
        self.explain(begun).map(|_| reach(FaultPoint::RunBegun))
    }

    /// Notes how far a run got.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn checkpoint(
        &mut self,
        id: &str,
        checkpoint: &str,
        pending: &[PendingWatermark],
        now: &str,
    ) -> Result<(), StateError> {
        let noted = self.store_checkpoint(id, checkpoint, pending, now);
        self.explain(noted).map(|()| reach(FaultPoint::Checkpointed))
    }

    fn store_checkpoint(
        &mut self,
        id: &str,
        checkpoint: &str,
        pending: &[PendingWatermark],
        now: &str,
    ) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let number = transaction.query_row(
            "UPDATE run SET checkpoint = ?2, touched_at = ?3 WHERE id = ?1 AND phase = 'running' RETURNING number",
            params![id, checkpoint, now],
            |row| row.get(0),
        );
        // One that is decided or ended needs none.
        if let Some(number) = number.optional()? {
            pending.iter().try_for_each(|pending| pending.store(&transaction, number))?;
        }
        transaction.commit()
    }

    /// Stores what lands and the new watermarks, all or nothing: from here on the run counts as done.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing is decided.
    pub fn decide(&mut self, id: &str, decided: &Decided, now: &str) -> Result<(), StateError> {
        let stored = self.store_decision(id, decided, now);
        self.explain(stored).map(|()| reach(FaultPoint::Decided))
    }

    fn store_decision(&mut self, id: &str, decided: &Decided, now: &str) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let number: i64 =
            transaction.query_row("SELECT number FROM run WHERE id = ?1", [id], |row| row.get(0))?;
        for (position, prepared) in (0_i64..).zip(&decided.landings) {
            transaction.execute(
                "INSERT INTO landing (run, position, prepared) VALUES (?1, ?2, ?3)",
                params![number, position, prepared],
            )?;
        }
        if let Some(pending) = &decided.pending {
            pending.iter().try_for_each(|pending| pending.store(&transaction, number))?;
            promote(&transaction, number, now)?;
        }
        for watermark in &decided.watermarks {
            watermark.store(&transaction, Some(id), now)?;
        }
        transaction.execute("DELETE FROM pending_watermark WHERE run = ?1", [number])?;
        transaction.execute(
            "UPDATE run SET phase = 'decided', checkpoint = NULL, touched_at = ?2 WHERE number = ?1",
            params![number, now],
        )?;
        transaction.commit()
    }

    /// Notes that nothing of a run is left to do, and forgets the oldest of those that ended.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn end(&mut self, id: &str, outcome: &str, now: &str) -> Result<(), StateError> {
        let ended = self.store_end(id, outcome, now);
        self.explain(ended).map(|()| reach(FaultPoint::RunEnded))
    }

    fn store_end(&mut self, id: &str, outcome: &str, now: &str) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for table in ["landing", "pending_watermark"] {
            let sql = format!("DELETE FROM {table} WHERE run = (SELECT number FROM run WHERE id = ?1)");
            transaction.execute(&sql, [id])?;
        }
        transaction.execute(
            "UPDATE run SET phase = 'ended', checkpoint = NULL, outcome = ?2, touched_at = ?3 WHERE id = ?1",
            params![id, outcome, now],
        )?;
        transaction.execute(
            "DELETE FROM run WHERE phase = 'ended' AND number <= (SELECT max(number) FROM run) - ?1",
            [MOST_ENDED],
        )?;
        transaction.commit()
    }

    /// The runs that have not ended, oldest first; some of them may be alive.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn open_runs(&self) -> Result<Vec<RunRow>, StateError> {
        self.explain(self.select("WHERE phase <> 'ended' ORDER BY number", []))
    }

    /// A run by its id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn run(&self, id: &str) -> Result<Option<RunRow>, StateError> {
        self.explain(self.select("WHERE id = ?1", [id]).map(|rows| rows.into_iter().next()))
    }

    /// Notes that something a run decided is visible, or never will be.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn land(&mut self, id: &str, position: i64) -> Result<(), StateError> {
        let noted = self.connection.execute(
            "DELETE FROM landing WHERE run = (SELECT number FROM run WHERE id = ?1) AND position = ?2",
            params![id, position],
        );
        self.explain(noted).map(|_| reach(FaultPoint::LandingNoted))
    }

    /// What a run decided to make visible and has not landed yet, by its positions.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn landings(&self, id: &str) -> Result<Vec<(i64, String)>, StateError> {
        let read = || {
            let mut statement = self.connection.prepare(
                "SELECT position, prepared FROM landing JOIN run ON run = number WHERE id = ?1 ORDER BY position",
            )?;
            statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        self.explain(read())
    }

    fn select(&self, rest: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<RunRow>> {
        let columns =
            "id, key, pipeline, fingerprint, started_at, phase, touched_at, checkpoint, outcome, folders";
        let mut statement = self.connection.prepare(&format!("SELECT {columns} FROM run {rest}"))?;
        statement.query_map(values, read_row)?.collect()
    }
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let phase: String = row.get(5)?;
    let folders: String = row.get(9)?;
    Ok(RunRow {
        run: NewRun {
            id: row.get(0)?,
            key: row.get(1)?,
            pipeline: row.get(2)?,
            fingerprint: row.get(3)?,
            started_at: row.get(4)?,
            // A list that cannot be read sweeps nothing.
            folders: serde_json::from_str(&folders).unwrap_or_default(),
        },
        // The table allows these three.
        phase: match phase.as_str() {
            "running" => Phase::Running,
            "decided" => Phase::Decided,
            _ => Phase::Ended,
        },
        touched_at: row.get(6)?,
        checkpoint: row.get(7)?,
        outcome: row.get(8)?,
    })
}
