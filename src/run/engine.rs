//! A run from its first step to its last.

use std::sync::Arc;

use super::event::{Event, Listener};
use super::failure::Stop;
use super::ledger::about_state;
use super::marks::Marks;
use super::outcome::{Ending, Figures, Outcome};
use super::prefetch::Prefetch;
use super::progress::{Part, Progress};
use super::reuse::Kept;
use super::sign_in::Session;
use super::start::Start;
use super::targets::{Targets, show};
use super::values::Values;
use super::world::World;
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::fault_point::{FaultPoint, reach};
use crate::http::{Request, Transport};
use crate::plan::Plan;
use crate::secret::Redactor;
use crate::state::Watermark;
use crate::target::{Landed, TargetError};

/// A run in progress.
pub struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) world: &'a World,
    pub(super) values: Values,
    pub(super) transport: Arc<Transport>,
    pub(super) prefetch: Prefetch,
    pub(super) redactor: Redactor,
    pub(super) targets: Targets,
    /// Values of earlier runs.
    pub(super) kept: Kept,
    /// What proves who asks, by index in the plan.
    pub(super) sessions: Vec<Session>,
    /// What was sent last to a server that may answer with a challenge, and what answers it.
    pub(super) last_sent: Option<Request>,
    pub(super) answered: Option<Request>,
    pub(super) figures: Figures,
    /// What its steps keep between runs.
    pub(super) marks: Marks,
    /// Where the run is, and what it notes of that.
    pub(super) progress: Progress<'a>,
    /// Why the run will not be complete.
    pub(super) incomplete: Vec<Diagnostic>,
    /// What a reader of the summary should know.
    pub(super) notes: Vec<String>,
    pub(super) listener: &'a mut dyn Listener,
}

/// Runs a plan. Err: something from outside is missing or wrong, and nothing was requested.
pub async fn run(
    plan: &Plan,
    world: &World,
    redactor: &Redactor,
    listener: &mut dyn Listener,
) -> Result<Outcome, Findings> {
    let mut start = match Start::new(plan, world, redactor, listener).await? {
        Ok(start) => start,
        Err(outcome) => return Ok(outcome),
    };
    loop {
        let why = match start.begin(listener) {
            Ok(mut run) => match run.steps().await {
                Err(Stop::Failed(why))
                    if run.progress.may_start_over() && !why.code.is_about_signing_in() =>
                {
                    start.take_back(run).await;
                    redactor.redact(&why.message).into_owned()
                }
                stopped => {
                    run.figures.elapsed = start.elapsed();
                    return Ok(run.end(stopped).await);
                }
            },
            Err(error) if start.goes_on() => error.to_string(),
            Err(error) => return Ok(start.give_up(&error).await),
        };
        if let Err(outcome) = start.over(&why).await {
            return Ok(outcome);
        }
    }
}

impl Run<'_> {
    pub(super) async fn steps(&mut self) -> Result<(), Stop> {
        if let Some(figures) = self.progress.resumed_figures() {
            self.figures = figures;
        }
        for index in 0..self.plan.steps.len() {
            match self.progress.part_of(index) {
                Part::Whole => self.step(index).await?,
                Part::Rest => self.rest_of_step(index).await?,
                Part::ValuesAgain => self.give_values(index).await?,
                Part::ValuesRestored(values) => self.values.store(index, values, None),
            }
            if index + 1 < self.plan.steps.len() {
                self.step_is_done(index).await?;
            }
        }
        Ok(())
    }

    /// Targets show what they got only if nothing is missing.
    pub(super) async fn end(mut self, stopped: Result<(), Stop>) -> Outcome {
        let redactor = self.redactor.clone();
        // What a server sent must not look like a line of ours.
        let one_line = |text: &str| redactor.redact(text).replace(['\n', '\r'], " ");
        let clean = |diagnostic: Diagnostic| diagnostic.map_text(one_line);
        let mut goes_on = None;
        let lands_in_part = matches!(&stopped, Err(Stop::Failed(_) | Stop::Interrupted | Stop::Limit(_)))
            && self.lands_in_part();
        if lands_in_part {
            // Nothing is gone on with: what is there lands.
        } else if let Err(Stop::Failed(_) | Stop::Interrupted | Stop::Limit(_)) = &stopped {
            goes_on = self.last_checkpoint().await;
        } else if let Err(Stop::Target(_)) = &stopped {
            goes_on = self.progress.place();
        }
        let Self { plan, targets, marks, progress, incomplete, figures, notes, world, .. } = self;
        let incomplete: Vec<Diagnostic> = incomplete.into_iter().map(&clean).collect();
        let mut notes: Vec<String> = notes.iter().map(|note| one_line(note)).collect();
        let mut landed = vec![];
        let ending = match stopped {
            Ok(()) if incomplete.is_empty() => {
                let watermarks = if world.window.to.is_some() { vec![] } else { marks.decided(plan, None) };
                let landing = land(targets, watermarks, &progress, world).await;
                landed = landing.landed;
                notes.extend(landing.note);
                landing.failure.map_or(Ending::Complete, |failure| stop_ending(failure, clean))
            }
            Err(stop) if lands_in_part => {
                let landing =
                    land(targets, marks.decided(plan, Some(progress.step())), &progress, world).await;
                landed = landing.landed;
                notes.extend(landing.note);
                notes.push(format!(
                    "what step `{}` got in rising order is kept: the next run reads on from there",
                    plan.steps[progress.step()].name
                ));
                stop_ending(landing.failure.unwrap_or(stop), clean)
            }
            stopped => {
                if goes_on.is_some() {
                    targets.detach().await;
                } else {
                    targets.abandon().await;
                    notes.extend(progress.close("not complete", world).await);
                }
                match stopped {
                    Ok(()) => Ending::Incomplete(incomplete),
                    Err(stop) => stop_ending(stop, clean),
                }
            }
        };
        Outcome { ending, figures, landed, notes, goes_on }
    }

    pub(super) fn tell(&mut self, event: &Event) {
        self.listener.hear(event);
    }
}

/// What became of the landing.
struct Landing {
    landed: Vec<Landed>,
    failure: Option<Stop>,
    note: Option<String>,
}

impl Landing {
    fn failed(stop: Stop) -> Self {
        Self { landed: vec![], failure: Some(stop), note: None }
    }
}

/// Prepares, decides, shows: a crash before the decision leaves everything as it was, one after it is made good by the
/// next run.
async fn land(
    targets: Targets,
    watermarks: Vec<Watermark>,
    progress: &Progress<'_>,
    world: &World,
) -> Landing {
    let prepared = match targets.prepare().await {
        Ok(prepared) => prepared,
        Err(error) => {
            let note = progress.close("failed", world).await;
            return Landing { note, ..Landing::failed(error.into()) };
        }
    };
    reach(FaultPoint::Prepared);
    if let Err(error) = progress.decide(&prepared, watermarks, world).await {
        // Nothing is thrown away: the next run goes on from the last checkpoint, or finds that it was decided after all.
        return Landing::failed(Stop::from(about_state(&error)));
    }
    let shown = show(&prepared);
    let note = match &shown.error {
        None => progress.end("complete", world).await,
        Some(_) => progress.have_landed(shown.landed.len()).await,
    };
    Landing { landed: shown.landed, failure: shown.error.map(Stop::Target), note }
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Run").field("figures", &self.figures).finish_non_exhaustive()
    }
}

fn stop_ending(stop: Stop, clean: impl Fn(Diagnostic) -> Diagnostic) -> Ending {
    match stop {
        Stop::Failed(finding) => Ending::Failed(Box::new(clean(*finding))),
        Stop::Target(error) => target_ending(&error, clean),
        Stop::Interrupted => Ending::Interrupted,
        Stop::Limit(finding) => Ending::Incomplete(vec![clean(*finding)]),
    }
}

fn target_ending(error: &TargetError, clean: impl Fn(Diagnostic) -> Diagnostic) -> Ending {
    match error {
        TargetError::Closed => Ending::OutputClosed,
        error => Ending::TargetFailed(Box::new(clean(about_target(error)))),
    }
}

pub(super) fn about_target(error: &TargetError) -> Diagnostic {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Diagnostic::error(Code::BadTarget, format!("{error}{cause}")).help_if(error.help())
}
