//! Watermarks: up to where an earlier run read.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::database::State;
use super::error::StateError;

/// Which watermark.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WatermarkKey {
    /// The pipeline's name.
    pub pipeline: String,
    /// The step.
    pub step: String,
    /// Its name in the step.
    pub name: String,
    /// What it is kept per, as JSON; `null` where there is one for all.
    pub per: String,
}

/// A watermark with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// Which.
    #[serde(flatten)]
    pub key: WatermarkKey,
    /// `datetime`, `number` or `string`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The value as it was received.
    pub value: String,
}

/// What a run has seen of a watermark before it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingWatermark {
    /// Which.
    pub key: WatermarkKey,
    /// What the run needs to fold on; its own text.
    pub seen: String,
    /// What holds once the run decides; none: what is there stays.
    pub holds: Option<Watermark>,
}

/// A watermark as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptWatermark {
    /// The watermark.
    #[serde(flatten)]
    pub watermark: Watermark,
    /// The run that set it; none: it was set by hand.
    pub run: Option<String>,
    /// When it was set, RFC 3339.
    pub updated_at: String,
}

impl State {
    /// The value of a watermark.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn watermark(&self, key: &WatermarkKey) -> Result<Option<Watermark>, StateError> {
        let found = self.connection.query_row(
            "SELECT pipeline, step, name, per, type, value FROM watermark
             WHERE pipeline = ?1 AND step = ?2 AND name = ?3 AND per = ?4",
            params![key.pipeline, key.step, key.name, key.per],
            read_row,
        );
        self.explain(found.optional())
    }

    /// What a run that has not decided had seen of a watermark.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn pending_watermark(&self, id: &str, key: &WatermarkKey) -> Result<Option<String>, StateError> {
        let found = self.connection.query_row(
            "SELECT seen FROM pending_watermark JOIN run ON run = number
             WHERE id = ?1 AND pending_watermark.pipeline = ?2 AND step = ?3 AND name = ?4 AND per = ?5",
            params![id, key.pipeline, key.step, key.name, key.per],
            |row| row.get(0),
        );
        self.explain(found.optional())
    }

    /// All watermarks, of one pipeline or of all, in the order of their keys.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn watermarks(&self, pipeline: Option<&str>) -> Result<Vec<KeptWatermark>, StateError> {
        let read = || {
            let mut statement = self.connection.prepare(
                "SELECT pipeline, step, name, per, type, value, run, updated_at FROM watermark
                 WHERE ?1 IS NULL OR pipeline = ?1 ORDER BY pipeline, step, name, per",
            )?;
            let kept = |row: &Row<'_>| {
                Ok(KeptWatermark { watermark: read_row(row)?, run: row.get(6)?, updated_at: row.get(7)? })
            };
            statement.query_map([pipeline], kept)?.collect()
        };
        self.explain(read())
    }
}

impl Watermark {
    pub(super) fn store(
        &self,
        connection: &Connection,
        run: Option<&str>,
        now: &str,
    ) -> rusqlite::Result<()> {
        let key = &self.key;
        connection
            .execute(
                "INSERT OR REPLACE INTO watermark (pipeline, step, name, per, type, value, run, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![key.pipeline, key.step, key.name, key.per, self.kind, self.value, run, now],
            )
            .map(drop)
    }
}

impl PendingWatermark {
    /// `run` is the number of the run's row.
    pub(super) fn store(&self, connection: &Connection, run: i64) -> rusqlite::Result<()> {
        let (key, holds) = (&self.key, self.holds.as_ref());
        let (kind, value) = (holds.map(|holds| &holds.kind), holds.map(|holds| &holds.value));
        connection
            .execute(
                "INSERT OR REPLACE INTO pending_watermark (run, pipeline, step, name, per, seen, type, value)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![run, key.pipeline, key.step, key.name, key.per, self.seen, kind, value],
            )
            .map(drop)
    }
}

/// What a run has seen holds from now on, as far as it is complete. `run` is the number of its row.
pub(super) fn promote(connection: &Connection, run: i64, now: &str) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT OR REPLACE INTO watermark (pipeline, step, name, per, type, value, run, updated_at)
             SELECT pending_watermark.pipeline, step, name, per, type, value, id, ?2
             FROM pending_watermark JOIN run ON run = number WHERE run = ?1 AND value IS NOT NULL",
            params![run, now],
        )
        .map(drop)
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<Watermark> {
    let key = WatermarkKey { pipeline: row.get(0)?, step: row.get(1)?, name: row.get(2)?, per: row.get(3)? };
    Ok(Watermark { key, kind: row.get(4)?, value: row.get(5)? })
}
