//! The tables of the state database, and their version.

/// `rivr` in ASCII: tells river's database from another program's.
pub(super) const APPLICATION_ID: i64 = 0x7269_7672;

/// The newest version that is known here; a change of the tables raises it and adds a migration.
pub(super) const VERSION: i64 = 2;

/// What makes a version of the one before it; the first makes version 2.
pub(super) const MIGRATIONS: &[&str] = &[PENDING];

/// The tables of version 1.
pub(super) const FIRST: &str = "
    CREATE TABLE run (
        number INTEGER PRIMARY KEY,   -- in the order in which they began
        id TEXT NOT NULL UNIQUE,
        key TEXT NOT NULL,            -- runs of one key exclude each other, and one goes on where another died
        pipeline TEXT NOT NULL,
        fingerprint TEXT NOT NULL,    -- of the pipeline's text: a changed one starts over
        phase TEXT NOT NULL CHECK (phase IN ('running', 'decided', 'ended')),
        started_at TEXT NOT NULL,
        touched_at TEXT NOT NULL,     -- of the last checkpoint
        checkpoint TEXT,
        outcome TEXT,
        folders TEXT NOT NULL         -- JSON: where files with its id may be
    ) STRICT;
    CREATE INDEX run_phase ON run (phase, key);
    CREATE TABLE landing (
        run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        prepared TEXT NOT NULL,
        PRIMARY KEY (run, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE watermark (
        pipeline TEXT NOT NULL,
        step TEXT NOT NULL,
        name TEXT NOT NULL,
        per TEXT NOT NULL,            -- JSON; 'null' where there is one for all
        type TEXT NOT NULL,
        value TEXT NOT NULL,          -- as it was received
        run TEXT,                     -- the run that set it; none: by hand
        updated_at TEXT NOT NULL,
        PRIMARY KEY (pipeline, step, name, per)
    ) STRICT, WITHOUT ROWID;
";

/// Version 2: what a run has seen of its marks, until it decides.
const PENDING: &str = "
    CREATE TABLE pending_watermark (
        run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
        pipeline TEXT NOT NULL,
        step TEXT NOT NULL,
        name TEXT NOT NULL,
        per TEXT NOT NULL,
        seen TEXT NOT NULL,           -- JSON of the run: what it needs to fold on
        type TEXT,                    -- with `value`: what holds once the run decides; NULL: nothing does
        value TEXT,
        PRIMARY KEY (run, pipeline, step, name, per)
    ) STRICT, WITHOUT ROWID;
";
