//! Where a run is, what it notes of that from time to time, and where a run that goes on begins.

use std::time::{Duration, SystemTime};

use minijinja::value::Value;

use super::checkpoint::{self, Checkpoint};
use super::engine::Run;
use super::failure::Stop;
use super::ledger::{Ledger, about_state};
use super::outcome::Figures;
use super::world::World;
use crate::diagnostic::{Code, Diagnostic};
use crate::fault_point::between_checkpoints;
use crate::paging::Cursor;
use crate::plan::Plan;
use crate::plan::target::{Mode, TargetPlan};
use crate::state::{StateError, Watermark};
use crate::target::Prepared;

/// A checkpoint is due after so long,
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(1);

/// or so many bytes of records.
const BYTES_BETWEEN_CHECKPOINTS: u64 = 64 * 1024 * 1024;

/// Where a run is.
#[derive(Debug)]
pub(super) struct Progress<'a> {
    plan: &'a Plan,
    ledger: Option<Ledger>,
    /// Where this run goes on.
    resumed: Option<Checkpoint>,
    here: Here,
    /// Whether the targets hold more than `here` says: a page is on its way to them.
    is_writing: bool,
    /// When this process began.
    began: SystemTime,
    /// Whether another process could go on.
    can_resume: bool,
    checkpointed_at: SystemTime,
    /// Bytes of records since the last checkpoint.
    bytes: u64,
    /// The place of the last checkpoint that is stored.
    stored: Option<String>,
    /// Whether a page came since the run went on.
    proven: bool,
    /// The step and status of the last answer; no status: none came.
    answered: Option<(usize, Option<u16>)>,
}

/// A place between two pages.
#[derive(Debug, Clone, Default)]
pub(super) struct Here {
    pub(super) step: usize,
    /// The page that comes next; none: the step has not begun.
    pub(super) cursor: Option<Cursor>,
    pub(super) pages: u64,
    pub(super) records: u64,
}

/// What of a step is still to be done.
#[derive(Debug)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// What comes after the pages that are there.
    Rest,
    /// It is done, but its values are not kept.
    ValuesAgain,
    /// It is done; these are its values.
    ValuesRestored(Vec<(String, Value)>),
}

impl Here {
    fn of(checkpoint: &Checkpoint) -> Self {
        Self {
            step: checkpoint.step,
            cursor: checkpoint.cursor.clone(),
            pages: checkpoint.pages,
            records: checkpoint.records,
        }
    }
}

impl<'a> Progress<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        world: &World,
        ledger: Option<Ledger>,
        resumed: Option<Checkpoint>,
    ) -> Self {
        let place = resumed.as_ref().map(|checkpoint| checkpoint.place(plan));
        // The targets hold what was durable there: until a page comes, that is where the run is.
        let here = resumed.as_ref().map(Here::of).unwrap_or_default();
        Self {
            plan,
            can_resume: ledger.is_some() && checkpoint::can_resume(plan),
            ledger,
            resumed,
            here,
            is_writing: false,
            began: world.clock.now(),
            checkpointed_at: world.clock.now(),
            bytes: 0,
            stored: place,
            proven: false,
            answered: None,
        }
    }

    pub(super) fn into_ledger(self) -> Option<Ledger> {
        self.ledger
    }

    /// What the dead run did before this one goes on with its work.
    pub(super) fn resumed_figures(&self) -> Option<Figures> {
        self.resumed.as_ref().map(|checkpoint| checkpoint.figures.clone())
    }

    /// What of a step is still to be done.
    pub(super) fn part_of(&self, index: usize) -> Part {
        let Some(checkpoint) = &self.resumed else { return Part::Whole };
        if index > checkpoint.step || (index == checkpoint.step && checkpoint.cursor.is_none()) {
            return Part::Whole;
        }
        if index == checkpoint.step {
            return Part::Rest;
        }
        let step = &self.plan.steps[index];
        if checkpoint::is_run_again(step) {
            return Part::ValuesAgain;
        }
        let names = step.extract.iter().map(|extract| &extract.key.name);
        let value = |name: &String| {
            checkpoint.extracted.get(name).map(|json| (name.clone(), checkpoint::restored(json)))
        };
        Part::ValuesRestored(names.filter_map(value).collect())
    }

    /// Where the step that goes on stands.
    pub(super) fn resumed_place(&self) -> Option<Here> {
        self.resumed.as_ref().map(Here::of)
    }

    /// An answer came, or none.
    pub(super) fn answered(&mut self, step: usize, status: Option<u16>) {
        self.answered = Some((step, status));
    }

    /// Whether the run failed because the service did not accept where it went on: a cursor that has expired, say. What
    /// says that the service or the credentials are at fault would not be better from the start.
    pub(super) fn may_start_over(&self) -> bool {
        let Some(checkpoint) = self.resumed.as_ref().filter(|_| !self.proven) else { return false };
        let transient = |status| matches!(status, 401 | 402 | 403 | 407 | 408 | 425 | 429 | 500..);
        matches!(self.answered, Some((step, Some(status))) if step == checkpoint.step && !transient(status))
    }

    /// The step that the run is in.
    pub(super) fn step(&self) -> usize {
        self.here.step
    }

    /// Where the last checkpoint is.
    pub(super) fn place(&self) -> Option<String> {
        self.stored.clone()
    }

    /// A page of records goes to the targets: until it is there, nothing can be noted.
    pub(super) fn writes(&mut self) {
        self.is_writing = true;
    }

    /// A page of records was handed to the targets.
    pub(super) fn page_is_written(&mut self, here: Here, bytes: u64) {
        self.here = here;
        self.is_writing = false;
        self.bytes += bytes;
        self.proven = true;
    }

    pub(super) async fn decide(
        &self,
        prepared: &[Prepared],
        watermarks: Vec<Watermark>,
        world: &World,
    ) -> Result<(), StateError> {
        match &self.ledger {
            Some(ledger) => ledger.decide(prepared, watermarks, world.clock.now()).await,
            None => Ok(()),
        }
    }

    /// Notes that only the first of what was decided has landed.
    pub(super) async fn have_landed(&self, count: usize) -> Option<String> {
        // If that cannot be noted, the next run finds out.
        let _ = self.ledger.as_ref()?.have_landed(count).await;
        Some("the next run puts the rest in place".to_owned())
    }

    /// Notes the end; the run is what it is even if that cannot be noted.
    pub(super) async fn end(&self, outcome: &'static str, world: &World) -> Option<String> {
        let ended = self.ledger.as_ref()?.end(outcome, world.clock.now()).await;
        ended.err().map(|error| format!("the end of the run could not be noted: {error}"))
    }

    /// Removes what the run left and notes the end.
    pub(super) async fn close(&self, outcome: &'static str, world: &World) -> Option<String> {
        let closed = self.ledger.as_ref()?.close(outcome, world.clock.now()).await;
        closed.err().map(|error| format!("the end of the run could not be noted: {error}"))
    }
}

impl Run<'_> {
    /// Whether what there is may land although the run is not complete: the step that it is in reads in rising order, and
    /// no target would be replaced by a part.
    pub(super) fn lands_in_part(&self) -> bool {
        let Some(step) = self.plan.steps.get(self.progress.here.step) else { return false };
        let begun = self.progress.here.cursor.is_some() && self.progress.here.records > 0;
        let ascending = step.state.iter().any(|state| state.is_ascending);
        let replaces =
            |target: &TargetPlan| *target.kind.mode() == Mode::Replace || target.kind.begins_empty();
        begun
            && ascending
            && self.incomplete.is_empty()
            && !self.progress.is_writing
            && self.progress.ledger.is_some()
            && self.world.window.to.is_none()
            && !self.plan.targets.iter().any(replaces)
    }

    /// Ends the run if it has done as much as one may.
    pub(super) fn check_limits(&self) -> Result<(), Stop> {
        let limits = &self.plan.limits;
        let before = self.progress.resumed_figures().unwrap_or_default();
        let records = self.figures.records - before.records;
        let bytes = self.figures.bytes - before.bytes;
        let time = self.world.clock.now().duration_since(self.progress.began).unwrap_or_default();
        let reached = [
            limits.records.filter(|most| records >= *most).map(|most| format!("{most} records")),
            limits.bytes.filter(|most| bytes >= *most).map(|most| format!("{most} bytes of answers")),
            limits.run_time.filter(|most| time >= *most).map(|most| format!("{} s", most.as_secs_f64())),
        ];
        let Some(reached) = reached.into_iter().flatten().next() else { return Ok(()) };
        let message = format!("the run has reached a limit of the pipeline: {reached}");
        let finding = Diagnostic::error(Code::Incomplete, message);
        let finding = match limits.span {
            Some(span) => finding.at(span, ""),
            None => finding,
        };
        Err(Stop::Limit(Box::new(finding.help("run again to go on, or raise `limits`"))))
    }

    /// Notes how far the run got, if it is time.
    pub(super) async fn checkpoint_if_due(&mut self) -> Result<(), Stop> {
        let progress = &self.progress;
        let between = between_checkpoints(BETWEEN_CHECKPOINTS);
        // A clock that went back says nothing: then it is time.
        let waited = self.world.clock.now().duration_since(progress.checkpointed_at).unwrap_or(between);
        if waited >= between || progress.bytes >= BYTES_BETWEEN_CHECKPOINTS {
            self.checkpoint().await?;
        }
        Ok(())
    }

    /// A step came to its end.
    pub(super) async fn step_is_done(&mut self, index: usize) -> Result<(), Stop> {
        // A step before the place where the run went on: nothing that is durable has moved.
        if index < self.progress.here.step {
            return Ok(());
        }
        self.progress.here = Here { step: index + 1, ..Here::default() };
        self.progress.is_writing = false;
        // Steps that only give values leave nothing durable, and most of them are over in no time.
        let step = &self.plan.steps[index];
        let of_records = step.paginate.is_some() || step.records.is_some();
        if of_records { self.checkpoint().await } else { Ok(()) }
    }

    /// The place at which the next run goes on, if it can: what is there so far is made durable.
    pub(super) async fn last_checkpoint(&mut self) -> Option<String> {
        if self.figures.pages == 0 {
            return None;
        }
        // If that fails, the last one that was stored counts.
        let _ = self.checkpoint().await;
        self.progress.place()
    }

    /// What is incomplete already is not gone on with: the next run is to have all of it.
    async fn checkpoint(&mut self) -> Result<(), Stop> {
        if !self.progress.can_resume || self.progress.is_writing || !self.incomplete.is_empty() {
            return Ok(());
        }
        let Some(extracted) = self.extracted_so_far() else {
            self.progress.can_resume = false;
            return Ok(());
        };
        let Some(ledger) = &self.progress.ledger else { return Ok(()) };
        let here = self.progress.here.clone();
        let mut checkpoint = Checkpoint {
            step: here.step,
            cursor: here.cursor,
            pages: here.pages,
            records: here.records,
            figures: self.figures.clone(),
            targets: self.targets.settle().await?,
            extracted,
            seen: self.marks.seen(),
            place: String::new(),
        };
        checkpoint.place = checkpoint.place(self.plan);
        let now = self.world.clock.now();
        ledger.checkpoint(&checkpoint, now).await.map_err(|error| about_state(&error))?;
        self.progress.stored = Some(checkpoint.place);
        self.progress.checkpointed_at = now;
        self.progress.bytes = 0;
        Ok(())
    }

    /// What the steps so far extracted, without what is asked for anew; none: something is not the same in JSON.
    fn extracted_so_far(&self) -> Option<std::collections::BTreeMap<String, serde_json::Value>> {
        let steps = self.plan.steps.iter().take(self.progress.here.step + 1);
        let names = steps
            .filter(|step| !checkpoint::is_run_again(step))
            .flat_map(|step| step.extract.iter().map(|extract| extract.key.name.clone()));
        let values = names.filter_map(|name| Some((self.values.extracted(&name)?, name)));
        values.map(|(value, name)| Some((name, checkpoint::saved(value)?))).collect()
    }
}
