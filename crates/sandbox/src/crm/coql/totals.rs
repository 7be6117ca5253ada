//! Queries with functions: `COUNT`, `SUM`, `MIN`, `MAX` and `AVG` over groups.
//!
//! Guess: as in SQL, each column is a function or one of `group by`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::rows::cell;
use super::statement::{Statement, path};
use super::{Version, refusals};
use crate::errors::ApiError;
use crate::query::coql::{Function, Query};
use crate::query::{FieldKind, Operand, Path, Selection, compare};
use crate::records::{Module, Organisation, Record};

/// Zoho: the most fields in `group by`.
const MOST_GROUPS: usize = 4;
/// Zoho: the most functions in a query.
const MOST_FUNCTIONS: usize = 5;

/// What is computed for each group of records.
#[derive(Debug, Clone)]
pub(super) struct Totals {
    groups: Vec<Path>,
    columns: Vec<Total>,
}

#[derive(Debug, Clone)]
struct Total {
    name: String,
    function: Option<Function>,
    path: Path,
}

impl Totals {
    /// `None` for a query that has neither functions nor groups.
    pub(super) fn of(module: Module, query: &Query) -> Result<Option<Self>, ApiError> {
        let functions = query.columns.iter().filter(|column| column.function.is_some()).count();
        if functions == 0 && query.group_by.is_empty() {
            return Ok(None);
        }
        if functions > MOST_FUNCTIONS {
            return Err(refusals::too_much("select", MOST_FUNCTIONS));
        }
        let groups = groups(module, &query.group_by)?;
        let columns: Result<Vec<_>, ApiError> = query
            .columns
            .iter()
            .map(|column| {
                let path = path(module, &column.field)?;
                match column.function {
                    Some(function) if !fits(function, path.kind()) => Err(refusals::function(column)),
                    None if !query.group_by.contains(&column.field) => {
                        Err(refusals::not_grouped(&column.field))
                    }
                    function => Ok(Total { name: column.name(), function, path }),
                }
            })
            .collect();
        Ok(Some(Self { groups, columns: columns? }))
    }

    pub(super) fn is_grouped_by(&self, name: &str) -> bool {
        self.groups.iter().any(|path| path.name() == name)
    }

    /// The requested rows, and whether there are more. Guess: without `order by` rows are sorted by the fields of
    /// `group by`.
    pub(super) fn rows(
        &self,
        statement: &Statement,
        selection: Selection<'_>,
    ) -> (Vec<Map<String, Value>>, bool) {
        let organisation = selection.organisation;
        let mut groups = self.grouped(selection);
        groups.sort_by(|one, other| {
            let asked =
                statement.order.0.iter().map(|(path, direction)| {
                    direction.of(by(path, organisation, one.first(), other.first()))
                });
            let own = self.groups.iter().map(|path| by(path, organisation, one.first(), other.first()));
            asked.chain(own).fold(Ordering::Equal, Ordering::then)
        });
        let slice = groups.iter().skip(statement.offset).take(statement.limit);
        let rows = slice.map(|records| self.row(organisation, records, statement.version)).collect();
        (rows, groups.len() > statement.offset.saturating_add(statement.limit))
    }

    fn grouped<'a>(&self, selection: Selection<'a>) -> Vec<Vec<Record<'a>>> {
        if self.groups.is_empty() {
            return vec![selection.records().collect()];
        }
        let mut groups: BTreeMap<String, Vec<Record<'a>>> = BTreeMap::new();
        for record in selection.records() {
            let values = self.groups.iter().map(|path| path.value(selection.organisation, &record));
            groups.entry(Value::Array(values.collect()).to_string()).or_default().push(record);
        }
        groups.into_values().collect()
    }

    fn row(
        &self,
        organisation: &Organisation,
        records: &[Record<'_>],
        version: Version,
    ) -> Map<String, Value> {
        self.columns
            .iter()
            .map(|total| (total.name.clone(), total.value(organisation, records, version)))
            .collect()
    }
}

impl Total {
    fn value(&self, organisation: &Organisation, records: &[Record<'_>], version: Version) -> Value {
        let values = records
            .iter()
            .map(|record| self.path.value(organisation, record))
            .filter(|value| self.path.kind().operand(value).is_some());
        match self.function {
            None => {
                values.take(1).map(|value| cell(self.path.kind(), value, version)).next().unwrap_or_default()
            }
            Some(Function::Count) => values.count().into(),
            Some(Function::Sum) => sum(values).map_or(Value::Null, |(sum, _)| number(sum)),
            Some(Function::Avg) => sum(values).map_or(Value::Null, |(sum, count)| number(sum / count)),
            Some(Function::Min) => self.least(values, false),
            Some(Function::Max) => self.least(values, true),
        }
    }

    fn least(&self, values: impl Iterator<Item = Value>, reversed: bool) -> Value {
        let kind = self.path.kind();
        let better = |one: &Value, other: &Value| {
            let ordering = compare(kind.operand(one).as_ref(), kind.operand(other).as_ref());
            if reversed { ordering.reverse() } else { ordering }
        };
        values.min_by(better).unwrap_or_default()
    }
}

fn groups(module: Module, names: &[String]) -> Result<Vec<Path>, ApiError> {
    if names.len() > MOST_GROUPS {
        return Err(refusals::too_much("group by", MOST_GROUPS));
    }
    for (place, name) in names.iter().enumerate() {
        if names[..place].contains(name) {
            return Err(refusals::duplicate_order(name));
        }
    }
    names.iter().map(|name| path(module, name)).collect()
}

fn fits(function: Function, kind: FieldKind) -> bool {
    let is_number = matches!(kind, FieldKind::Whole | FieldKind::Decimal);
    match function {
        Function::Count => kind != FieldKind::Opaque,
        Function::Sum | Function::Avg => is_number,
        Function::Min | Function::Max => {
            is_number || matches!(kind, FieldKind::Id | FieldKind::Date | FieldKind::DateTime)
        }
    }
}

fn by(
    path: &Path,
    organisation: &Organisation,
    one: Option<&Record<'_>>,
    other: Option<&Record<'_>>,
) -> Ordering {
    let operand = |record: Option<&Record<'_>>| -> Option<Operand> { path.operand(organisation, record?) };
    compare(operand(one).as_ref(), operand(other).as_ref())
}

/// The sum and the count of the numbers; `None` if there are none.
fn sum(values: impl Iterator<Item = Value>) -> Option<(f64, f64)> {
    values.filter_map(|value| value.as_f64()).fold(None, |sum, value| {
        let (sum, count) = sum.unwrap_or((0.0, 0.0));
        Some((sum + value, count + 1.0))
    })
}

/// Writes a whole number without a fraction.
#[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}
