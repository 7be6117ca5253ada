//! A table of an SQLite database: loaded from a spool in one transaction, together with a row that names the run.

mod bind;
mod database;
mod load;
mod shape;
mod table;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Prepared;
use super::error::TargetError;
use super::gate::TableGate;
use super::staging::Spot;
use crate::plan::target::{ColumnType, Mode, SqlitePlan};
use crate::record::kind::Kinds;
use database::Database;
pub(super) use load::apply;
use table::Table;

/// More columns than SQLite takes in one table, as it is built here.
const MAX_COLUMNS: usize = 2000;

/// Rows that wait to be loaded. It can be stored, and outlives the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// The database.
    pub database: PathBuf,
    /// The database as the author wrote it.
    pub shown: String,
    /// The table.
    pub table: String,
    /// The run, which is marked as loaded into the table.
    pub run: String,
    /// What happens to the rows that are there.
    pub mode: Mode,
    /// Whether they go before others come, whatever the mode.
    pub begins_empty: bool,
    /// The columns of the records.
    pub columns: Vec<LoadColumn>,
    /// The spool of the records.
    pub puts: PathBuf,
    /// The spool of the records that go.
    pub deletes: Option<PathBuf>,
    /// Whether folders of its path were created for it.
    pub created_folder: bool,
}

impl Load {
    /// Whether the rows that are there go.
    fn replaces(&self) -> bool {
        self.mode.replaces() || self.begins_empty
    }
}

/// A column of the records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadColumn {
    /// Its name.
    pub name: String,
    /// The type that the author gave.
    pub declared: Option<ColumnType>,
    /// The kinds of its values.
    pub kinds: Kinds,
}

/// What is there before the run.
pub(super) struct Ground {
    plan: SqlitePlan,
    run: String,
    spot: Spot,
    /// The columns of the table; none if there is no table.
    columns: Option<Vec<String>>,
}

impl Ground {
    /// Looks at the database and makes sure that it can be written.
    pub(super) fn look(plan: &SqlitePlan, run_id: &str) -> Result<Self, TargetError> {
        let spot = Spot::look(&plan.place.path, &plan.place.shown, run_id)?;
        // A database makes files beside it while it is written.
        spot.probe()?;
        let columns = if spot.has_former() {
            let database = Database::open(&spot.destination, &plan.place.shown)?;
            Table::find(&database, &plan.table)?.map(Table::names)
        } else {
            None
        };
        Ok(Self { plan: plan.clone(), run: run_id.to_owned(), spot, columns })
    }

    /// The columns that are there, if their rows stay.
    pub(super) fn columns(&self) -> &[String] {
        if self.plan.keeps_what_is_there() { self.columns.as_deref().unwrap_or_default() } else { &[] }
    }

    /// Makes all ready that can be before anything changes.
    pub(super) fn prepare(
        &self,
        columns: Vec<LoadColumn>,
        puts: &Path,
        deletes: Option<&Path>,
    ) -> Result<Prepared, TargetError> {
        let shown = &self.plan.place.shown;
        if columns.is_empty() && self.columns.is_none() {
            let table = &self.plan.table;
            let note = format!(
                "{shown}: no table `{table}` was made, since there are neither records nor `columns`"
            );
            return Ok(Prepared { notes: vec![note], ..Prepared::default() });
        }
        let load = Load {
            database: self.spot.destination.clone(),
            shown: shown.clone(),
            table: self.plan.table.clone(),
            run: self.run.clone(),
            mode: self.plan.mode.clone(),
            begins_empty: self.plan.begins_empty,
            columns,
            puts: puts.to_owned(),
            deletes: deletes.map(Path::to_owned),
            created_folder: self.spot.created_folder,
        };
        load.check_columns()?;
        if self.spot.has_former() {
            let database = Database::open(&self.spot.destination, shown)?;
            if let Some(table) = Table::find(&database, &self.plan.table)? {
                table.check(&load)?;
            }
        }
        Ok(Prepared {
            destination: Some(self.spot.destination.clone()),
            load: Some(load),
            ..Prepared::default()
        })
    }
}

impl Load {
    /// Names that SQLite takes for one, and more than it takes at all.
    fn check_columns(&self) -> Result<(), TargetError> {
        if self.columns.len() > MAX_COLUMNS {
            let count = self.columns.len();
            return Err(TargetError::TooManyColumns { shown: self.shown.clone(), count, most: MAX_COLUMNS });
        }
        let mut names = std::collections::HashMap::new();
        for column in &self.columns {
            if let Some(other) = names.insert(column.name.to_ascii_lowercase(), &column.name) {
                let (one, other) = (other.clone(), column.name.clone());
                return Err(TargetError::SameColumn { shown: self.shown.clone(), one, other });
            }
        }
        Ok(())
    }
}

/// The columns that came together while the records came.
pub(super) fn columns_of(gate: &TableGate) -> Vec<LoadColumn> {
    let columns = gate.schema().columns().iter().enumerate();
    columns
        .map(|(place, column)| LoadColumn {
            name: column.name.clone(),
            declared: gate.type_of(place),
            kinds: column.kinds,
        })
        .collect()
}
