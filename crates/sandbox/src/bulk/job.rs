//! One job and its states.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::query::JobQuery;
use super::{refusals, sheet};
use crate::crm::{Call, Version};
use crate::page_token::PageToken;
use crate::query::{RecordSource, Selection};
use crate::records::{Module, Organisation, Record, SortKey, User, org_time};

/// How many status requests it takes to reach the next state.
const POLLS_PER_STATE: u32 = 1;

#[derive(Debug)]
pub(super) struct Job {
    id: String,
    query: JobQuery,
    created: Timestamp,
    polls: u32,
    outcome: Option<JobOutcome>,
}

#[derive(Debug)]
enum JobOutcome {
    Complete(JobResult),
    /// The error, as Zoho words it.
    Failed(Value),
}

/// The result of a completed job.
#[derive(Debug)]
struct JobResult {
    file: Bytes,
    count: usize,
    next_page_token: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JobState {
    Added,
    Queued,
    InProgress,
    Completed,
    Failure,
}

impl Job {
    pub(super) fn new(id: String, query: JobQuery, call: &Call<'_>) -> Self {
        Self { id, query, created: call.now, polls: 0, outcome: None }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn module(&self) -> Module {
        self.query.module
    }

    /// The file, once there is one.
    pub(super) fn file(&self) -> Option<Bytes> {
        match &self.outcome {
            Some(JobOutcome::Complete(result)) => Some(result.file.clone()),
            Some(JobOutcome::Failed(_)) | None => None,
        }
    }

    pub(super) fn go_on(&mut self, call: &Call<'_>, rows: u64) {
        self.polls = self.polls.saturating_add(1);
        if self.polls >= 3 * POLLS_PER_STATE && self.outcome.is_none() {
            self.outcome = Some(self.run(call, rows));
        }
    }

    fn state(&self) -> JobState {
        match (&self.outcome, self.polls / POLLS_PER_STATE) {
            (Some(JobOutcome::Complete(_)), _) => JobState::Completed,
            (Some(JobOutcome::Failed(_)), _) => JobState::Failure,
            (None, 0) => JobState::Added,
            (None, 1) => JobState::Queued,
            (None, _) => JobState::InProgress,
        }
    }

    fn run(&self, call: &Call<'_>, rows: u64) -> JobOutcome {
        let organisation = &call.site.organisation;
        let paths = match self.query.paths() {
            Ok(paths) => paths,
            Err(name) => return JobOutcome::Failed(refusals::field(name, self.query.module).body()),
        };
        let rows_to_take = usize::try_from(rows).unwrap_or(usize::MAX);
        let skip =
            usize::try_from(self.query.pages_before()).unwrap_or(usize::MAX).saturating_mul(rows_to_take);
        let condition = &self.query.condition;
        let selection =
            Selection { organisation, module: self.query.module, condition, view: RecordSource::Database };
        let mut records = selection.records().skip(skip);
        let chosen: Vec<_> = records.by_ref().take(rows_to_take).collect();
        let last = chosen.last().filter(|_| records.next().is_some()).map(Record::key);
        let next_page_token = last.map(|last| self.token(organisation, last, call.now));
        match sheet::zipped(&self.id, organisation, &paths, &chosen) {
            Ok(file) => JobOutcome::Complete(JobResult { file, count: chosen.len(), next_page_token }),
            Err(error) => JobOutcome::Failed(json!({"code": "INTERNAL_ERROR", "message": error.to_string()})),
        }
    }

    /// The page token for the rows after `last`: how many pages come before, and the sort key of `last`.
    fn token(&self, organisation: &Organisation, last: SortKey, now: Timestamp) -> String {
        let (bound, expires) = (self.query.bound, PageToken::expiry(now));
        let served = u32::try_from(self.query.page()).unwrap_or(u32::MAX);
        PageToken { served, after: Some(last), bound, expires }.seal(organisation.fingerprint())
    }

    /// What the answer says about a job that was just added.
    pub(super) fn added(&self) -> Value {
        json!({
            "id": self.id,
            "operation": "read",
            "state": JobState::Added.as_str(),
            "created_by": creator(),
            "created_time": org_time(self.created),
        })
    }

    pub(super) fn details(&self, version: Version, rows: u64) -> Value {
        let mut details = Map::new();
        details.insert("id".to_owned(), self.id.as_str().into());
        details.insert("operation".to_owned(), "read".into());
        details.insert("state".to_owned(), self.state().as_str().into());
        if let Some(outcome) = &self.outcome {
            details.insert("result".to_owned(), self.result(outcome, version, rows));
        }
        details.insert("query".to_owned(), self.query.echo.clone());
        details.insert("created_by".to_owned(), creator());
        details.insert("created_time".to_owned(), org_time(self.created).into());
        details.insert("file_type".to_owned(), "csv".into());
        details.into()
    }

    /// Zoho: the URL of the file is relative. Guess: how a failure is reported.
    fn result(&self, outcome: &JobOutcome, version: Version, rows: u64) -> Value {
        let result = match outcome {
            JobOutcome::Failed(error) => return json!({"error_message": error}),
            JobOutcome::Complete(result) => result,
        };
        let mut body = json!({
            "page": self.query.page(),
            "per_page": rows,
            "count": result.count,
            "download_url": format!("/crm/bulk/{}/read/{}/result", version.name(), self.id),
            "more_records": result.next_page_token.is_some(),
        });
        if version == Version::V8 {
            body["next_page_token"] = json!(result.next_page_token);
        }
        body
    }
}

/// The user who created the jobs: always the same.
fn creator() -> Value {
    json!({"id": User::CURRENT.id(), "name": User::CURRENT.full_name()})
}

impl JobState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Queued => "QUEUED",
            Self::InProgress => "IN PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failure => "FAILURE",
        }
    }
}
