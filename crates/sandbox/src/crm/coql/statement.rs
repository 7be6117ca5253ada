//! A query whose module, fields and limits were checked.

use super::totals::Totals;
use super::{Version, refusals};
use crate::errors::ApiError;
use crate::query::coql::{Column, Query};
use crate::query::{Condition, Dialect, Direction, FieldOrder, Path, Rules};
use crate::records::{Module, Number};

const DEFAULT_LIMIT: u64 = 200;
/// Zoho: the most fields in `order by`.
const MOST_ORDERS: usize = 10;

#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) module: Module,
    pub(super) condition: Condition,
    pub(super) output: QueryOutput,
    pub(super) order: FieldOrder,
    pub(super) offset: usize,
    pub(super) limit: usize,
    pub(super) version: Version,
}

/// What each row of the answer is made from.
#[derive(Debug, Clone)]
pub(super) enum QueryOutput {
    /// A record, with the name of each column.
    Records(Vec<(String, Path)>),
    Totals(Totals),
}

/// The limits of a query in one version of the API.
#[derive(Debug, Clone, Copy)]
struct QueryLimits {
    columns: usize,
    /// Comparisons in `where`. Zoho: documented for v2. Guess: it still applies.
    criteria: usize,
    values: usize,
    rows: u64,
    /// The highest sum of `offset` and `limit`.
    reach: u64,
}

impl QueryLimits {
    fn of(version: Version) -> Self {
        match version {
            // Guess: the reach in v2 is that of the versions right after it.
            Version::V2 => Self { columns: 50, criteria: 25, values: 50, rows: 200, reach: 10_000 },
            Version::V8 => Self { columns: 500, criteria: 25, values: 100, rows: 2_000, reach: 100_000 },
        }
    }
}

impl Statement {
    pub(super) fn of(query: &Query, version: Version) -> Result<Self, ApiError> {
        let limits = QueryLimits::of(version);
        let module = Module::named(&query.module).ok_or_else(refusals::module)?;
        check_columns(&query.columns, limits)?;
        let condition = condition(module, query, limits)?;
        let output = match Totals::of(module, query)? {
            None => QueryOutput::Records(columns(module, &query.columns)?),
            Some(totals) => QueryOutput::Totals(totals),
        };
        let order = order(module, query, &output)?;
        let (offset, limit) = slice(query, limits)?;
        Ok(Self { module, condition, output, order, offset, limit, version })
    }

    /// The number of the page in the module, counted from 1, for clients that page by `offset` or by the last id.
    pub(super) fn page(&self) -> u64 {
        let before = Number::index_near(self.module, *self.condition.ids().start());
        let skipped = before.saturating_add(self.offset as u64);
        skipped / (self.limit as u64).max(1) + 1
    }
}

fn condition(module: Module, query: &Query, limits: QueryLimits) -> Result<Condition, ApiError> {
    if query.criteria.count() > limits.criteria {
        return Err(refusals::too_much("where", limits.criteria));
    }
    let rules = Rules { dialect: Dialect::Coql, most_values: limits.values };
    Condition::of(module, &query.criteria, rules).map_err(|mistake| refusals::mistake(mistake, module))
}

fn columns(module: Module, columns: &[Column]) -> Result<Vec<(String, Path)>, ApiError> {
    columns.iter().map(|column| Ok((column.name(), path(module, &column.field)?))).collect()
}

/// Resolves the name of a column.
pub(super) fn path(module: Module, name: &str) -> Result<Path, ApiError> {
    Path::find(module, name).ok_or_else(|| refusals::column(name, module))
}

/// Zoho: columns and aliases are unique, and an alias cannot be the name of another column.
fn check_columns(columns: &[Column], limits: QueryLimits) -> Result<(), ApiError> {
    if columns.len() > limits.columns {
        return Err(refusals::too_much("select", limits.columns));
    }
    for (place, column) in columns.iter().enumerate() {
        for other in &columns[..place] {
            if (column.function, &column.field) == (other.function, &other.field) {
                return Err(refusals::duplicate_column(column));
            }
            match (&column.alias, &other.alias) {
                (Some(alias), Some(known)) if alias == known => {
                    return Err(refusals::duplicate_alias(alias, [&other.field, &column.field]));
                }
                _ => {}
            }
        }
        let is_taken =
            |alias: &str| columns.iter().any(|other| other.alias.is_none() && other.field == alias);
        if let Some(alias) = column.alias.as_deref().filter(|alias| is_taken(alias)) {
            return Err(refusals::alias_of_a_column(&column.field, alias));
        }
    }
    Ok(())
}

fn order(module: Module, query: &Query, output: &QueryOutput) -> Result<FieldOrder, ApiError> {
    if query.order_by.len() > MOST_ORDERS {
        return Err(refusals::too_much("order by", MOST_ORDERS));
    }
    let mut order = FieldOrder::default();
    for by in &query.order_by {
        let name = query.columns.iter().find(|column| column.alias.as_ref() == Some(&by.field));
        let name = name.map_or(&by.field, |column| &column.field);
        if order.0.iter().any(|(known, _)| known.name() == name) {
            return Err(refusals::duplicate_order(name));
        }
        let path = path(module, name)?;
        // Guess: the rule for groups is that of SQL.
        match output {
            QueryOutput::Totals(totals) if !totals.is_grouped_by(name) => {
                return Err(refusals::not_grouped(name));
            }
            QueryOutput::Totals(_) | QueryOutput::Records(_) => {}
        }
        order.0.push((path, Direction::from_descending(by.descending)));
    }
    Ok(order)
}

fn slice(query: &Query, limits: QueryLimits) -> Result<(usize, usize), ApiError> {
    let (offset, limit) = (query.offset.unwrap_or(0), query.limit.unwrap_or(DEFAULT_LIMIT));
    if limit > limits.rows {
        return Err(refusals::too_much("limit", limits.rows));
    }
    if offset.saturating_add(limit) > limits.reach {
        return Err(refusals::too_much("offset", limits.reach));
    }
    let number = |number| usize::try_from(number).unwrap_or(usize::MAX);
    Ok((number(offset), number(limit)))
}
