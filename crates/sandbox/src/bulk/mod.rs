//! `/crm/bulk/{version}/read`: jobs that export the records of a module to a file.
//!
//! Zoho: a client creates a job, polls it until it is complete, and downloads its result: a zip with one CSV file. Here
//! a job advances by one state with each poll, so that nothing depends on time. `query` reads what the job asks for,
//! `job` holds its state, `sheet` makes the file. Callbacks are never called.

mod criteria;
mod job;
mod jobs;
mod query;
mod refusals;
mod sheet;

use std::cell::Cell;

use http::Method;
use jiff::Timestamp;
use serde_json::json;

use super::crm::{self, COST_OF_BULK_READ, Call, RequiredScope, Version};
use super::errors::{self, ApiError};
use super::site::Site;
use super::wire::{Reply, WireRequest};
pub(super) use jobs::BulkJobs;
use query::JobQuery;

/// Answers a request. `path` is what follows `read`.
pub(super) fn answer(
    site: &Site,
    version: Version,
    request: &WireRequest,
    path: &[&str],
    now: Timestamp,
) -> Reply {
    let paid = Cell::new(0);
    match crm::admit(site, version, request, &paid, now) {
        Ok(call) => {
            let cost = if request.method == Method::POST { COST_OF_BULK_READ } else { 1 };
            call.end(call.let_in(&[RequiredScope::bulk()], cost).and_then(|()| serve(&call, path)))
        }
        Err(error) => error.reply(),
    }
}

fn serve(call: &Call<'_>, path: &[&str]) -> Result<Reply, ApiError> {
    match (&call.request.method, path) {
        (&Method::POST, []) => create(call),
        (&Method::GET, [id]) => call.site.bulk_jobs().details(call, id),
        (&Method::GET, [id, "result"]) => call.site.bulk_jobs().result(call, id),
        (_, [] | [_] | [_, "result"]) => Err(errors::invalid_request()),
        _ => Err(errors::invalid_url_pattern()),
    }
}

fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    let query = JobQuery::read(call)?;
    call.require(&[RequiredScope::records(query.module)])?;
    crm::permit(call, query.module)?;
    let added = json!({
        "status": "success",
        "code": "ADDED_SUCCESSFULLY",
        "message": "Added successfully.",
        "details": call.site.bulk_jobs().add(call, query),
    });
    Ok(Reply::json(201, &json!({"data": [added], "info": {}})))
}
