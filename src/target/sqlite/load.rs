//! The one transaction in which a table gets its rows.

use std::path::Path;

use rusqlite::{OptionalExtension, params};

use super::bind::{Bound, bind};
use super::database::{Database, quoted};
use super::table::{Affinity, Table, affinity_of};
use super::{Load, LoadColumn};
use crate::fault_point::{FaultPoint, reach};
use crate::plan::target::ColumnType;
use crate::record::fields::fields;
use crate::record::schema::{Cell, Schema};
use crate::target::error::TargetError;
use crate::target::landing_count::LandingCount;
use crate::target::spool::SpoolReader;

/// Which run has been loaded, and which columns river made: rows of a merge empty those, and no others.
const OWN_TABLES: &str = "
    CREATE TABLE IF NOT EXISTS _river_state (
        run TEXT NOT NULL, \"table\" TEXT NOT NULL, deleted INTEGER NOT NULL, PRIMARY KEY (\"table\", run)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS _river_columns (
        \"table\" TEXT NOT NULL, \"column\" TEXT NOT NULL, PRIMARY KEY (\"table\", \"column\")
    ) WITHOUT ROWID;";

/// Runs of a table that are remembered.
const REMEMBERED_RUNS: usize = 1000;

/// What a load did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::target) struct Loaded {
    /// Rows that went.
    pub(in crate::target) deleted: u64,
}

/// Loads the rows, unless they are there already.
pub(in crate::target) fn apply(load: &Load, count: &LandingCount) -> Result<Loaded, TargetError> {
    let database = Database::open(&load.database, &load.shown)?;
    database.execute("BEGIN IMMEDIATE")?;
    let loaded = Loading { load, database: &database, count }.all()?;
    reach(FaultPoint::RowsLoaded);
    database.execute("COMMIT")?;
    reach(FaultPoint::RowsCommitted);
    Ok(loaded)
}

/// A transaction that has begun. What fails leaves it open, and closing the database undoes it.
pub(super) struct Loading<'a> {
    pub(super) load: &'a Load,
    pub(super) database: &'a Database,
    pub(super) count: &'a LandingCount,
}

impl Loading<'_> {
    fn all(&self) -> Result<Loaded, TargetError> {
        self.database.execute(OWN_TABLES)?;
        if let Some(deleted) = self.marker()? {
            return Ok(Loaded { deleted });
        }
        let mut puts = SpoolReader::open(&self.load.puts, &self.load.shown)?;
        let table = self.table()?;
        let mut deleted = 0;
        if let Some(table) = table {
            if let Some(key) = self.load.mode.key() {
                self.unique_index(key)?;
            }
            let columns = self.columns(&table);
            self.insert(&columns, &mut puts)?;
            if let (Some(key), Some(deletes)) = (self.load.mode.key(), &self.load.deletes) {
                deleted = self.delete(key, &table, deletes)?;
            }
        }
        self.mark(deleted)?;
        Ok(Loaded { deleted })
    }

    fn marker(&self) -> Result<Option<u64>, TargetError> {
        let sql = "SELECT deleted FROM _river_state WHERE run = ?1 AND \"table\" = ?2";
        let found = self
            .database
            .connection
            .query_row(sql, params![self.load.run, self.load.table], |row| row.get::<_, i64>(0))
            .optional();
        Ok(found
            .map_err(|error| self.database.refused(error))?
            .map(|deleted| u64::try_from(deleted).unwrap_or(0)))
    }

    fn mark(&self, deleted: u64) -> Result<(), TargetError> {
        let connection = &self.database.connection;
        let deleted = i64::try_from(deleted).unwrap_or(i64::MAX);
        // Runs are told apart by their times, and a clock may have gone back: never this one.
        let old = format!(
            "DELETE FROM _river_state WHERE \"table\" = ?1 AND run <> ?2 AND run < \
             (SELECT run FROM _river_state WHERE \"table\" = ?1 ORDER BY run DESC LIMIT 1 OFFSET {REMEMBERED_RUNS})"
        );
        connection
            .execute(
                "INSERT INTO _river_state (run, \"table\", deleted) VALUES (?1, ?2, ?3)",
                params![self.load.run, self.load.table, deleted],
            )
            .and_then(|_| connection.execute(&old, params![self.load.table, self.load.run]))
            .map_err(|error| self.database.refused(error))?;
        Ok(())
    }

    /// The columns of the records, with what the table does to their values.
    fn columns(&self, table: &Table) -> Vec<Bound> {
        let bound = |column: &LoadColumn| Bound {
            name: column.name.clone(),
            affinity: table.affinity(&column.name).unwrap_or(affinity_of("")),
            declared: column.declared,
            is_seen: column.kinds != crate::record::kind::Kinds::default(),
        };
        self.load.columns.iter().map(bound).collect()
    }

    fn insert(&self, columns: &[Bound], puts: &mut SpoolReader) -> Result<(), TargetError> {
        // The places of all columns, so that of those that no record has nothing is written.
        let mut schema = Schema::starting_with(columns.iter().map(|column| column.name.clone()));
        let written: Vec<(usize, &Bound)> =
            columns.iter().enumerate().filter(|(_, column)| column.is_seen).collect();
        let sql = self.insert_sql(&written)?;
        let refused = |error| self.database.refused(error);
        let mut statement = self.database.connection.prepare(&sql).map_err(refused)?;
        let mut cells: Vec<Cell> = Vec::new();
        let mut text = Vec::new();
        while let Some((_, record)) = puts.next()? {
            if let Some(fields) = fields(record) {
                schema.row(record, fields, &mut cells);
            }
            for (parameter, (place, column)) in written.iter().enumerate() {
                let (start, end) = cells[*place];
                bind(&mut statement, parameter + 1, column, &record[start..end], &mut text)
                    .map_err(refused)?;
            }
            statement.raw_execute().map_err(refused)?;
            self.count.record();
        }
        Ok(())
    }

    fn insert_sql(&self, written: &[(usize, &Bound)]) -> Result<String, TargetError> {
        let table = quoted(&self.load.table);
        if written.is_empty() {
            return Ok(format!("INSERT INTO {table} DEFAULT VALUES"));
        }
        let names: Vec<String> = written.iter().map(|(_, column)| quoted(&column.name)).collect();
        let marks: Vec<String> = (1..=names.len()).map(|number| format!("?{number}")).collect();
        let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), marks.join(", "));
        let Some(key) = self.load.mode.key() else { return Ok(insert) };
        let is_key = |name: &str| key.iter().any(|part| part.eq_ignore_ascii_case(name));
        let mut updates: Vec<String> = written
            .iter()
            .filter(|(_, column)| !is_key(&column.name))
            .map(|(_, column)| format!("{0} = excluded.{0}", quoted(&column.name)))
            .collect();
        let absent = self.owned_columns()?;
        updates.extend(
            absent
                .iter()
                .filter(|name| {
                    !is_key(name) && !written.iter().any(|(_, column)| column.name.eq_ignore_ascii_case(name))
                })
                .map(|name| format!("{} = NULL", quoted(name))),
        );
        let columns: Vec<String> = key.iter().map(|name| quoted(name)).collect();
        let then = if updates.is_empty() {
            "NOTHING".to_owned()
        } else {
            format!("UPDATE SET {}", updates.join(", "))
        };
        Ok(format!("{insert} ON CONFLICT ({}) DO {then}", columns.join(", ")))
    }

    /// The columns of the table that river made and that are still there.
    fn owned_columns(&self) -> Result<Vec<String>, TargetError> {
        let sql = "SELECT name FROM pragma_table_info(?1) JOIN _river_columns \
                   ON \"table\" = ?1 COLLATE NOCASE AND \"column\" = name";
        let names =
            self.database.connection.prepare(sql).and_then(|mut statement| {
                statement.query_map([&self.load.table], |row| row.get(0))?.collect()
            });
        names.map_err(|error| self.database.refused(error))
    }

    fn declared(&self, name: &str) -> Option<ColumnType> {
        self.load.columns.iter().find(|column| column.name == name)?.declared
    }

    fn delete(&self, key: &[String], table: &Table, deletes: &Path) -> Result<u64, TargetError> {
        let mut reader = SpoolReader::open(deletes, &self.load.shown)?;
        let conditions: Vec<String> = key
            .iter()
            .enumerate()
            .map(|(place, name)| format!("{} = ?{}", quoted(name), place + 1))
            .collect();
        let sql = format!("DELETE FROM {} WHERE {}", quoted(&self.load.table), conditions.join(" AND "));
        let refused = |error| self.database.refused(error);
        let mut statement = self.database.connection.prepare(&sql).map_err(refused)?;
        let bound: Vec<Bound> = key
            .iter()
            .map(|name| Bound {
                name: name.clone(),
                affinity: table.affinity(name).unwrap_or(Affinity::None),
                declared: self.declared(name),
                is_seen: true,
            })
            .collect();
        let mut schema = Schema::starting_with(key.iter().cloned());
        let (mut cells, mut text, mut deleted) = (Vec::new(), Vec::new(), 0);
        while let Some((_, record)) = reader.next()? {
            if let Some(fields) = fields(record) {
                schema.row(record, fields, &mut cells);
            }
            for (place, column) in bound.iter().enumerate() {
                let (start, end) = cells[place];
                bind(&mut statement, place + 1, column, &record[start..end], &mut text).map_err(refused)?;
            }
            deleted += statement.raw_execute().map_err(refused)? as u64;
        }
        Ok(deleted)
    }
}
#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::plan::target::Mode;
    use crate::record::kind::Kinds;

    /// A clock that went back makes this run older than all that are remembered.
    #[test]
    fn a_run_is_loaded_once_however_old_it_seems() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("puts.jsonl"), "{\"id\":1}\n").unwrap();
        let columns = vec![LoadColumn { name: "id".into(), declared: None, kinds: Kinds::default() }];
        let mut load = Load {
            database: path("a.db"),
            shown: "out/a.db".into(),
            table: "items".into(),
            run: "20270101T000000Z-0".into(),
            mode: Mode::Append,
            begins_empty: false,
            columns,
            puts: path("puts.jsonl"),
            deletes: None,
            created_folder: false,
        };
        apply(&load, &LandingCount::default()).unwrap();
        let database = rusqlite::Connection::open(path("a.db")).unwrap();
        let later = format!(
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {REMEMBERED_RUNS}) \
             INSERT INTO _river_state SELECT '2028-' || i, 'items', 0 FROM n"
        );
        database.execute_batch(&later).unwrap();
        load.run = "20200101T000000Z-0".into();
        for _again in 0..2 {
            apply(&load, &LandingCount::default()).unwrap();
            let rows: i64 = database.query_row("SELECT count(*) FROM items", [], |row| row.get(0)).unwrap();
            assert_eq!(rows, 2);
        }
    }
}
