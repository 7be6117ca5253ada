//! `POST /coql`: the records that match a COQL query. `statement` resolves the names in the query and checks its
//! limits, `rows` makes the rows of the answer, `totals` those of a query with functions.
//!
//! Zoho: the method is POST although nothing is changed; rows are ordered by id unless the query says otherwise.

mod refusals;
mod rows;
mod statement;
mod totals;

use serde_json::{Map, Value, json};

use super::{Call, PageServed, RequiredScope, Version, disturbed, limits, permit};
use crate::errors::ApiError;
use crate::query::{RecordSource, Selection, coql};
use crate::wire::Reply;
use statement::{QueryOutput, Statement};

pub(super) fn reply(call: &Call<'_>) -> Result<Reply, ApiError> {
    let statement = read(call);
    // Guess: a rejected query costs as much as the cheapest one.
    let cost = statement
        .as_ref()
        .map_or(limits::LEAST_COST, |statement| limits::cost_of_coql(statement.limit as u64));
    if let Ok(statement) = &statement {
        call.require(&[RequiredScope::records(statement.module)])?;
    }
    call.charge(cost)?;
    let statement = statement?;
    permit(call, statement.module)?;
    let reply = disturbed(call, statement.page(), |shown| {
        let back = if shown == PageServed::Previous { statement.limit } else { 0 };
        found(call, &Statement { offset: statement.offset.saturating_sub(back), ..statement.clone() })
    });
    call.site.organisation.churn(statement.module, call.now);
    Ok(reply)
}

fn read(call: &Call<'_>) -> Result<Statement, ApiError> {
    let text = read_body(&call.request.body)?;
    let query = coql::parse(&text).map_err(|error| refusals::unreadable(&error))?;
    Statement::of(&query, call.version)
}

fn found(call: &Call<'_>, statement: &Statement) -> Reply {
    let (organisation, condition) = (&call.site.organisation, &statement.condition);
    let selection =
        Selection { organisation, module: statement.module, condition, view: RecordSource::Database };
    let (data, more_records) = match &statement.output {
        QueryOutput::Records(columns) => rows::of(columns, statement, selection),
        QueryOutput::Totals(totals) => totals.rows(statement, selection),
    };
    answer(&data, more_records)
}

fn answer(data: &[Map<String, Value>], more_records: bool) -> Reply {
    if data.is_empty() {
        return Reply::empty(204);
    }
    Reply::json(200, &json!({"data": data, "info": {"count": data.len(), "more_records": more_records}}))
}

/// Ignores `include_meta`.
fn read_body(body: &[u8]) -> Result<String, ApiError> {
    let body: Value = serde_json::from_slice(body).map_err(|_| refusals::no_json())?;
    match body.get("select_query") {
        Some(Value::String(query)) => Ok(query.clone()),
        Some(_) => Err(refusals::no_text()),
        None => Err(refusals::no_query()),
    }
}
