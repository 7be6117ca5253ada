//! All bulk read jobs of a sandbox.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::job::Job;
use super::query::JobQuery;
use super::refusals;
use crate::crm::Call;
use crate::errors::ApiError;
use crate::wire::Reply;

const FIRST_ID: u64 = 4_876_876_000_900_000_001;
const BETWEEN_IDS: u64 = 2_000;
/// Zoho: the most downloads in a minute.
const MOST_DOWNLOADS: usize = 10;
const DOWNLOAD_WINDOW: SignedDuration = SignedDuration::from_mins(1);

#[derive(Debug)]
pub(crate) struct BulkJobs {
    rows: u64,
    jobs: Vec<Job>,
    next_id: u64,
    downloads: VecDeque<Timestamp>,
}

impl BulkJobs {
    /// No jobs yet. Each will have at most this many rows.
    pub(crate) fn new(rows: u64) -> Self {
        Self { rows: rows.max(1), jobs: Vec::new(), next_id: FIRST_ID, downloads: VecDeque::new() }
    }

    /// Adds a job and returns what the answer says about it.
    pub(super) fn add(&mut self, call: &Call<'_>, query: JobQuery) -> Value {
        let job = Job::new(self.next_id.to_string(), query, call);
        self.next_id += BETWEEN_IDS;
        let added = job.added();
        self.jobs.push(job);
        added
    }

    /// Advances a job by one state and describes it.
    pub(super) fn details(&mut self, call: &Call<'_>, id: &str) -> Result<Reply, ApiError> {
        let rows = self.rows;
        let job = self.jobs.iter_mut().find(|job| job.id() == id).ok_or_else(|| refusals::no_job(id))?;
        job.go_on(call, rows);
        Ok(Reply::json(200, &json!({"data": [job.details(call.version, rows)]})))
    }

    pub(super) fn result(&mut self, call: &Call<'_>, id: &str) -> Result<Reply, ApiError> {
        let job = self.jobs.iter().find(|job| job.id() == id).ok_or_else(|| refusals::no_job(id))?;
        let file = job.file().ok_or_else(|| refusals::no_result(id))?;
        let module = job.module();
        self.downloads.retain(|before| call.now.duration_since(*before) < DOWNLOAD_WINDOW);
        if self.downloads.len() >= MOST_DOWNLOADS {
            return Err(refusals::too_many_downloads());
        }
        self.downloads.push_back(call.now);
        call.site.organisation.churn(module, call.now);
        let disposition = format!("attachment; filename=\"{id}.zip\"");
        Ok(Reply::text(200, "application/x-download", file).header("content-disposition", disposition))
    }
}
