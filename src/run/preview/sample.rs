//! The first records of a step, for somebody who wants to see them: no target is opened, and nothing is kept but tokens.

use bytes::Bytes;

use crate::diagnostic::{Diagnostic, Findings};
use crate::plan::Plan;
use crate::plan::block::StepId;
use crate::record::Batch;
use crate::run::event::{Event, Listener};
use crate::run::failure::Stop;
use crate::run::outcome::Outcome;
use crate::run::page_loop::{PageLoop, Sink};
use crate::run::run::end_without_targets;
use crate::run::start::Start;
use crate::run::strand::Strand;
use crate::run::world::World;
use crate::secret::Redactor;

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The step, by its index; none: the first one with records that runs.
    pub step: Option<usize>,
    /// How many records.
    pub records: usize,
}

/// The first records of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// The step; none: no step with records has run.
    pub step: Option<usize>,
    /// Its records, as received.
    pub records: Vec<Bytes>,
    /// Whether these are all.
    pub is_whole: bool,
}

/// A sample that is being taken.
#[derive(Debug, Default)]
pub(in crate::run) struct Sampling {
    sample: Sample,
    wanted: usize,
}

impl Sampling {
    /// Takes the records of a page. What makes the step incomplete does not matter once there are enough: it comes back
    /// only if there are not.
    pub(in crate::run) fn take(
        &mut self,
        batch: &Batch,
        is_last: bool,
        incomplete: Option<Diagnostic>,
    ) -> Option<Diagnostic> {
        let records = batch.ranges().iter().map(|range| batch.text().slice(range.clone()));
        self.sample.records.extend(records);
        let got = self.sample.records.len();
        self.sample.is_whole = is_last && incomplete.is_none() && got <= self.wanted;
        incomplete.filter(|_| !self.has_enough())
    }

    /// Whether there are as many records as were wanted.
    pub(in crate::run) fn has_enough(&self) -> bool {
        self.sample.records.len() >= self.wanted
    }
}

/// Runs a plan until there are enough records. Err: something from outside is missing or wrong, and nothing was requested.
///
/// # Errors
/// As [`crate::run::run`].
pub async fn sample(
    plan: &mut Plan,
    world: &World,
    redactor: &Redactor,
    listener: &mut dyn Listener,
    wish: Wish,
) -> Result<(Outcome, Sample), Findings> {
    // A page that nobody may want is not asked for before its turn.
    plan.steps
        .iter_mut()
        .filter_map(|step| step.paginate.as_mut())
        .for_each(|paginate| paginate.prefetch = 0);
    let plan = &*plan;
    let mut sample = Sample::default();
    let mut start = match Start::without_entry(plan, world, redactor, listener).await? {
        Ok(start) => start,
        Err(outcome) => return Ok((outcome, sample)),
    };
    let attempt = start.without_targets(listener);
    let stopped = take(&Strand::of_pipeline(&attempt.services, &attempt.variables), wish, &mut sample).await;
    Ok((end_without_targets(&attempt.services, stopped, start.elapsed()), sample))
}

async fn take(strand: &Strand<'_, '_>, wish: Wish, sample: &mut Sample) -> Result<(), Stop> {
    let plan = strand.services.plan;
    for (index, step) in plan.steps.iter().enumerate() {
        let id = StepId::at(index);
        if !step.has_pages() {
            strand.step_without_pages(id).await?;
            continue;
        }
        let is_meant = wish.step.map_or(step.records.is_some(), |wanted| wanted == index);
        // Later steps may need what an earlier one extracts, and nothing else of it.
        if !is_meant && step.extract.is_empty() {
            continue;
        }
        if !strand.begins(id)? {
            if is_meant && wish.step.is_some() {
                return Ok(());
            }
            continue;
        }
        let wanted = if is_meant { wish.records } else { 0 };
        let found = first_records(strand, id, wanted).await;
        if is_meant {
            let (found, stopped) = found;
            *sample = Sample { step: Some(index), ..found };
            return stopped;
        }
        found.1?;
    }
    Ok(())
}

/// Asks for pages until there are enough records; for one, if none are wanted. What there was before something failed
/// comes too.
async fn first_records(strand: &Strand<'_, '_>, id: StepId, wanted: usize) -> (Sample, Result<(), Stop>) {
    let mut sampling = Sampling { sample: Sample::default(), wanted };
    let step = strand.services.plan.step(id).name.clone();
    strand.services.reporter.tell(&Event::StepStarted { step });
    let stopped = match strand.round(id).await {
        Ok(round) => PageLoop::new(strand, id, round, Sink::Sample(&mut sampling)).run().await.map(drop),
        Err(stop) => Err(stop),
    };
    sampling.sample.records.truncate(wanted);
    (sampling.sample, stopped)
}
