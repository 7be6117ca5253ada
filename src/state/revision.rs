//! Changes of the state by hand: all or nothing, and never under a run.

use std::collections::BTreeSet;

use rusqlite::{TransactionBehavior, params};

use super::database::State;
use super::error::StateError;
use super::watermarks::{Watermark, WatermarkKey};

/// What is changed by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revision {
    /// The pipelines that it is about.
    pub pipelines: BTreeSet<String>,
    /// Those of their runs that have not ended, and are known to be dead.
    pub dead: BTreeSet<String>,
    /// Watermarks that go.
    pub forgotten: Vec<WatermarkKey>,
    /// Watermarks that are set.
    pub set: Vec<Watermark>,
}

impl State {
    /// Changes watermarks, and takes the checkpoints away from dead runs, which began with the old ones. False: a run
    /// of one of the pipelines has begun that is not known to be dead, and nothing was changed.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was changed.
    pub fn revise(&mut self, revision: &Revision, now: &str) -> Result<bool, StateError> {
        let revised = self.store_revision(revision, now);
        self.explain(revised)
    }

    fn store_revision(&mut self, revision: &Revision, now: &str) -> rusqlite::Result<bool> {
        // A run is in the table before it reads a watermark: either it is seen here, or it sees what is written here.
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let open: Vec<(String, String)> = transaction
            .prepare("SELECT id, pipeline FROM run WHERE phase <> 'ended'")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let concerned = open.iter().filter(|(_, pipeline)| revision.pipelines.contains(pipeline));
        if concerned.into_iter().any(|(id, _)| !revision.dead.contains(id)) {
            return Ok(false);
        }
        for id in &revision.dead {
            transaction.execute("UPDATE run SET checkpoint = NULL WHERE id = ?1", [id])?;
            transaction.execute(
                "DELETE FROM pending_watermark WHERE run = (SELECT number FROM run WHERE id = ?1)",
                [id],
            )?;
        }
        for key in &revision.forgotten {
            transaction.execute(
                "DELETE FROM watermark WHERE pipeline = ?1 AND step = ?2 AND name = ?3 AND per = ?4",
                params![key.pipeline, key.step, key.name, key.per],
            )?;
        }
        for watermark in &revision.set {
            watermark.store(&transaction, None, now)?;
        }
        transaction.commit().map(|()| true)
    }
}
