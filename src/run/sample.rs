//! The first records of a step, for somebody who wants to see them: no target is opened, and nothing is kept but tokens.

use bytes::Bytes;

use super::engine::Run;
use super::event::{Event, Listener};
use super::failure::Stop;
use super::outcome::Outcome;
use super::start::Start;
use super::step::Tally;
use super::targets::Targets;
use super::world::World;
use crate::diagnostic::Findings;
use crate::paging::Cursor;
use crate::plan::Plan;
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

/// Runs a plan until there are enough records. Err: something from outside is missing or wrong, and nothing was requested.
///
/// # Errors
/// As [`super::run`].
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
    let mut start = match Start::without_ledger(plan, world, redactor, listener).await? {
        Ok(start) => start,
        Err(outcome) => return Ok((outcome, sample)),
    };
    let mut run = start.run_into(Targets::default(), listener);
    let stopped = run.sample(wish, &mut sample).await;
    run.figures.elapsed = start.elapsed();
    Ok((run.end(stopped).await, sample))
}

impl Run<'_> {
    async fn sample(&mut self, wish: Wish, sample: &mut Sample) -> Result<(), Stop> {
        for index in 0..self.plan.steps.len() {
            let step = &self.plan.steps[index];
            if step.paginate.is_none() && step.records.is_none() {
                self.step(index).await?;
                continue;
            }
            let is_meant = wish.step.map_or(step.records.is_some(), |wanted| wanted == index);
            // Later steps may need what an earlier one extracts, and nothing else of it.
            if !is_meant && step.extract.is_empty() {
                continue;
            }
            if !self.is_wanted(step)? {
                self.figures.skipped += 1;
                self.tell(&Event::StepSkipped { step: step.name.clone() });
            } else if is_meant {
                sample.step = Some(index);
                return self.first_records(index, wish.records, sample).await;
            } else {
                self.first_records(index, 0, &mut Sample::default()).await?;
            }
            if is_meant && wish.step.is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Asks for pages until there are enough records; for one, if none are wanted.
    async fn first_records(&mut self, index: usize, wanted: usize, sample: &mut Sample) -> Result<(), Stop> {
        let step = &self.plan.steps[index];
        self.figures.steps += 1;
        self.begin_state(index)?;
        self.tell(&Event::StepStarted { step: step.name.clone() });
        let mut cursor = step.paginate.as_ref().map(|paginate| Cursor::first(&paginate.rules));
        let mut tally = Tally::default();
        loop {
            let (verdict, answer) = self.exchange(index, cursor.as_ref()).await?;
            self.note_clock(index, &answer);
            let page = self.page(index, &verdict, &answer, cursor.as_ref(), tally.previous.as_ref())?;
            let known = self.incomplete.len();
            let next = match &cursor {
                Some(here) => self.next(index, &page.facts, &answer, here)?,
                None => None,
            };
            // What would fail a run is to be seen here.
            self.changes(index, &answer, page.batch.clone())?;
            self.look_at(index, &page.batch)?;
            self.count(index, &page, &answer, cursor.as_ref(), &mut tally);
            let records = page.batch.ranges().iter().map(|range| page.batch.text().slice(range.clone()));
            sample.records.extend(records);
            let ends_early = self.incomplete.len() > known;
            sample.is_whole = next.is_none() && !ends_early && sample.records.len() <= wanted;
            if sample.records.len() >= wanted {
                // What later pages lack does not matter.
                self.incomplete.truncate(known);
            }
            if next.is_none() || sample.records.len() >= wanted {
                sample.records.truncate(wanted);
                return Ok(());
            }
            cursor = next;
        }
    }
}
