//! What happens in a run, told to whoever shows it. Text in an event has passed the redactor.

use std::time::Duration;

use serde::Serialize;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A step begins.
    StepStarted {
        /// Its name.
        step: String,
    },
    /// A step was left out because its `when` is false.
    StepSkipped {
        /// Its name.
        step: String,
    },
    /// A request goes out.
    Requesting {
        /// The step.
        step: String,
        /// Method and URL, redacted.
        request: String,
    },
    /// An answer came.
    Answered {
        /// The step.
        step: String,
        /// Its status.
        status: u16,
        /// Bytes of its body.
        bytes: u64,
        /// From sending to its last byte.
        elapsed: Duration,
        /// What the request cost in API credits, if the step says so.
        #[serde(skip_serializing_if = "Option::is_none")]
        credits: Option<u64>,
    },
    /// A request will be tried again.
    Retrying {
        /// The step.
        step: String,
        /// Why, redacted.
        why: String,
        /// After this time.
        wait: Duration,
        /// Which retry of this request it is, from 1.
        retry: u32,
    },
    /// A step runs again, since its values are no longer good.
    Renewing {
        /// The step that runs again.
        step: String,
        /// Why.
        why: String,
    },
    /// A step was not run, since the values that an earlier run or another one got are still good.
    Reused {
        /// The step.
        step: String,
    },
    /// Another run holds a lock; this one waits for it.
    WaitingForLock {
        /// Who holds it.
        why: String,
    },
    /// Another run is asking for the values of a step; this one waits for them.
    WaitingForOther {
        /// The step.
        step: String,
    },
    /// Values cannot be kept, or could be seen by others; the run goes on.
    StoreTrouble {
        /// What is wrong, redacted.
        why: String,
        /// What helps.
        help: String,
    },
    /// A page was read and its records handed on.
    Page {
        /// The step.
        step: String,
        /// Which page, from 1.
        page: u64,
        /// Its records.
        records: u64,
        /// Bytes of its body.
        bytes: u64,
    },
    /// What the run got is being landed.
    Landing {
        /// Records that are in their files or tables.
        records: u64,
        /// Records that the run got.
        of: u64,
        /// Files that are written, and once more when they are in their places.
        files: u64,
    },
    /// A step is done.
    StepFinished {
        /// Its name.
        step: String,
        /// Its records.
        records: u64,
        /// Its pages.
        pages: u64,
    },
}

/// Who is told.
pub trait Listener {
    /// Is told of one event.
    fn hear(&mut self, event: &Event);
}
