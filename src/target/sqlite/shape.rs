//! Makes the table fit the rows before they come: the table itself, its columns, the index of its key.

use rusqlite::params;

use super::LoadColumn;
use super::database::quoted;
use super::load::Loading;
use super::table::{Table, type_for};
use crate::target::error::TargetError;

impl Loading<'_> {
    /// The table as it must be for the rows; none if there is none and nothing says how it would look.
    pub(super) fn table(&self) -> Result<Option<Table>, TargetError> {
        let load = self.load;
        match Table::find(self.database, &load.table)? {
            None if load.columns.is_empty() => Ok(None),
            None => {
                self.create(&load.columns)?;
                Table::find(self.database, &load.table)
            }
            Some(there) => {
                there.check(load)?;
                if load.replaces() {
                    if there.has_misfit(load) {
                        self.create_again()?;
                    } else {
                        self.database.execute(&format!("DELETE FROM {}", quoted(&load.table)))?;
                    }
                }
                self.add_columns()?;
                Table::find(self.database, &load.table)
            }
        }
    }

    fn create(&self, columns: &[LoadColumn]) -> Result<(), TargetError> {
        let list: Vec<String> = columns.iter().map(definition).collect();
        self.database.execute(&format!("CREATE TABLE {} ({})", quoted(&self.load.table), list.join(", ")))?;
        columns.iter().try_for_each(|column| self.own(&column.name))
    }

    /// Makes the table anew where a column has a type that would change values; indices and triggers are made again.
    fn create_again(&self) -> Result<(), TargetError> {
        let connection = &self.database.connection;
        let sql = "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE \
                   AND type IN ('index', 'trigger') AND sql IS NOT NULL";
        let kept: Vec<String> = connection
            .prepare(sql)
            .and_then(|mut statement| statement.query_map([&self.load.table], |row| row.get(0))?.collect())
            .map_err(|error| self.database.refused(error))?;
        self.database.execute(&format!("DROP TABLE {}", quoted(&self.load.table)))?;
        self.create(&self.load.columns)?;
        kept.iter().try_for_each(|sql| self.database.execute(sql))
    }

    fn add_columns(&self) -> Result<(), TargetError> {
        let Some(there) = Table::find(self.database, &self.load.table)? else { return Ok(()) };
        for column in self.load.columns.iter().filter(|column| there.affinity(&column.name).is_none()) {
            let table = quoted(&self.load.table);
            self.database.execute(&format!("ALTER TABLE {table} ADD COLUMN {}", definition(column)))?;
            self.own(&column.name)?;
        }
        Ok(())
    }

    /// Remembers that river made a column.
    fn own(&self, column: &str) -> Result<(), TargetError> {
        let sql = "INSERT OR IGNORE INTO _river_columns VALUES (?1, ?2)";
        let done = self.database.connection.execute(sql, params![self.load.table, column]);
        done.map(drop).map_err(|error| self.database.refused(error))
    }

    /// A key needs an index that holds each key once.
    pub(super) fn unique_index(&self, key: &[String]) -> Result<(), TargetError> {
        if self.has_unique_index(key).map_err(|error| self.database.refused(error))? {
            return Ok(());
        }
        let table = &self.load.table;
        let columns: Vec<String> = key.iter().map(|name| quoted(name)).collect();
        let name = quoted(&format!("river_key_{table}_{}", key.join("_")));
        let sql = format!("CREATE UNIQUE INDEX {name} ON {} ({})", quoted(table), columns.join(", "));
        self.database.connection.execute_batch(&sql).map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => TargetError::EqualKeys {
                shown: self.load.shown.clone(),
                table: table.clone(),
                key: key.join("`, `"),
            },
            _ => self.database.refused(error),
        })
    }

    fn has_unique_index(&self, key: &[String]) -> rusqlite::Result<bool> {
        let connection = &self.database.connection;
        let table = &self.load.table;
        let mut wanted: Vec<String> = key.iter().map(|name| name.to_ascii_lowercase()).collect();
        wanted.sort();
        let equals = |mut names: Vec<String>| {
            for name in &mut names {
                name.make_ascii_lowercase();
            }
            names.sort();
            names == wanted
        };
        let mut primary = connection.prepare("SELECT name FROM pragma_table_info(?1) WHERE pk > 0")?;
        if equals(primary.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?) {
            return Ok(true);
        }
        let sql = "SELECT name FROM pragma_index_list(?1) WHERE \"unique\" = 1 AND partial = 0";
        let mut indices = connection.prepare(sql)?;
        let names: Vec<String> =
            indices.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        for index in names {
            let mut columns = connection.prepare("SELECT coalesce(name, '') FROM pragma_index_info(?1)")?;
            if equals(columns.query_map([index], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn definition(column: &LoadColumn) -> String {
    format!("{} {}", quoted(&column.name), type_for(column)).trim_end().to_owned()
}
