//! A run from its first step to its end.

use std::time::Duration;

use super::event::Listener;
use super::failure::Stop;
use super::landing;
use super::outcome::{Ending, Outcome};
use super::services::Services;
use super::start::{Attempt, Start};
use super::strand::Strand;
use super::world::World;
use crate::diagnostic::{Diagnostic, Findings};
use crate::plan::Plan;
use crate::plan::block::Node;
use crate::plan::target::TargetPlan;
use crate::secret::Redactor;

/// Runs a plan. Err: something from outside is missing or wrong, and nothing was requested.
///
/// # Errors
/// What is missing or wrong, all of it.
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
        let resumes = start.resumes();
        let why = match start.begin(listener) {
            Ok(attempt) => match try_it(&attempt).await {
                Tried::RefusedWhereItResumed(why) => {
                    start.take_back(attempt.services).await;
                    redactor.redact(&why).into_owned()
                }
                Tried::Stopped(stopped) => return Ok(end(attempt.services, stopped, &start).await),
            },
            Err(error) if resumes => error.to_string(),
            Err(error) => return Ok(start.give_up(&error).await),
        };
        if let Err(outcome) = start.over(&why).await {
            return Ok(outcome);
        }
    }
}

/// What became of an attempt.
enum Tried {
    /// The service did not accept where it resumed: from the start it may.
    RefusedWhereItResumed(String),
    Stopped(Result<(), Stop>),
}

async fn try_it(attempt: &Attempt<'_>) -> Tried {
    let strand = Strand::of_pipeline(&attempt.services, &attempt.variables);
    let (plan, place) = (attempt.services.plan, attempt.services.journal.place());
    let resumed = attempt.resumed.as_ref().map(|checkpoint| &checkpoint.place);
    match strand.run(&plan.block, place, resumed).await {
        Ok(()) => Tried::Stopped(Ok(())),
        Err(stop) => match stop.asks_to_start_over(strand.was_refused_where_it_resumed()) {
            Some(why) => Tried::RefusedWhereItResumed(why),
            None => Tried::Stopped(Err(stop)),
        },
    }
}

/// Targets show what they got only if nothing is missing.
async fn end(mut services: Services<'_>, stopped: Result<(), Stop>, start: &Start<'_>) -> Outcome {
    let clean = Cleaning(services.redactor.clone());
    let partial_step =
        lands_in_part(&services).filter(|_| stopped.as_ref().is_err_and(Stop::may_land_in_part));
    let left = what_is_left(&services, &stopped, partial_step.is_some()).await;

    let incomplete = services.reporter.take_incomplete();
    let missing = services.journal.missing();
    let targets = std::mem::take(&mut services.targets);
    let mut ends = landing::Ends::default();
    let ending = match stopped {
        Ok(()) if incomplete.is_empty() && (missing.is_nothing() || !replaces_something(services.plan)) => {
            ends = landing::land(&services, targets, None).await;
            match ends.failure.take() {
                Some(failure) => failure.ending(|finding| clean.finding(finding)),
                None if missing.is_nothing() => Ending::Complete,
                None => Ending::Incomplete(landing::left_out(&missing)),
            }
        }
        Err(stop) if let Some(step) = partial_step => {
            ends = landing::land(&services, targets, Some(step)).await;
            services.reporter.note(format!(
                "what step `{}` got in rising order is kept: the next run reads on from there",
                services.plan.step(step).name
            ));
            ends.failure.take().unwrap_or(stop).ending(|finding| clean.finding(finding))
        }
        stopped => {
            if left.is_some() {
                targets.detach().await;
            } else {
                targets.abandon().await;
                ends.note = services.journal.close("not complete", services.world).await;
            }
            match stopped {
                Ok(()) => {
                    let missing = landing::left_out(&missing);
                    Ending::Incomplete(
                        incomplete.into_iter().map(|why| clean.finding(why)).chain(missing).collect(),
                    )
                }
                Err(stop) => stop.ending(|finding| clean.finding(finding)),
            }
        }
    };
    let (is_left, goes_on) = (ends.is_left, left.or_else(|| ends.goes_on.clone()));
    let outcome = outcome(&services, ending, ends, goes_on, start.elapsed());
    if is_left {
        #[expect(
            clippy::mem_forget,
            reason = "a thread is still at it: its locks go with the process, not before"
        )]
        std::mem::forget(services);
    }
    outcome
}

/// The end of a run that had no target to show.
pub(super) fn end_without_targets(
    services: &Services<'_>,
    stopped: Result<(), Stop>,
    elapsed: Duration,
) -> Outcome {
    let clean = Cleaning(services.redactor.clone());
    let incomplete = services.reporter.take_incomplete();
    let ending = match stopped {
        Ok(()) if incomplete.is_empty() => Ending::Complete,
        Ok(()) => Ending::Incomplete(incomplete.into_iter().map(|why| clean.finding(why)).collect()),
        Err(stop) => stop.ending(|finding| clean.finding(finding)),
    };
    outcome(services, ending, landing::Ends::default(), None, elapsed)
}

fn outcome(
    services: &Services<'_>,
    ending: Ending,
    ends: landing::Ends,
    goes_on: Option<String>,
    elapsed: Duration,
) -> Outcome {
    let clean = Cleaning(services.redactor.clone());
    services.reporter.count(|figures| figures.elapsed = elapsed);
    let is_landing = ends.is_left && goes_on.is_none();
    let mut notes: Vec<String> = services.reporter.take_notes();
    notes.extend(ends.note);
    let notes = notes.iter().map(|note| clean.line(note)).collect();
    Outcome { ending, figures: services.reporter.figures(), landed: ends.landed, notes, goes_on, is_landing }
}

/// Where the next run resumes, if it does.
async fn what_is_left(
    services: &Services<'_>,
    stopped: &Result<(), Stop>,
    lands_in_part: bool,
) -> Option<String> {
    match stopped {
        // What is there lands.
        _ if lands_in_part => None,
        Ok(()) => None,
        Err(Stop::Failed(_) | Stop::Interrupted | Stop::Limit(_) | Stop::Elsewhere) => {
            services.journal.last_checkpoint(services).await
        }
        Err(Stop::Target(_) | Stop::CannotResume(_)) => services.journal.stored_place(),
    }
}

/// The step of which what there is may land although the run is not complete: it reads in rising order, and no target
/// would be replaced by a part.
fn lands_in_part(services: &Services<'_>) -> Option<crate::plan::block::StepId> {
    let (plan, journal) = (services.plan, &services.journal);
    let place = journal.place();
    let step = match plan.block.0.get(place.node())? {
        Node::Step(step) => *step,
        Node::Group(_) | Node::Each(_) => return None,
    };
    let has_read = place.step_place().is_some_and(|place| place.records > 0);
    let is_ascending = plan.step(step).state.iter().any(|state| state.is_ascending);
    let may = has_read
        && is_ascending
        && services.reporter.is_complete()
        && journal.entry().is_some()
        && services.world.window.to.is_none()
        && !replaces_something(plan);
    may.then_some(step)
}

fn replaces_something(plan: &Plan) -> bool {
    let replaces = |target: &TargetPlan| target.kind.mode().replaces() || target.kind.begins_empty();
    plan.targets.iter().any(replaces)
}

/// What leaves a run is redacted, and what a server sent must not look like a line of ours.
struct Cleaning(Redactor);

impl Cleaning {
    fn line(&self, text: &str) -> String {
        self.0.redact(text).replace(['\n', '\r'], " ")
    }

    fn finding(&self, finding: Diagnostic) -> Diagnostic {
        finding.map_text(|text| self.line(text))
    }
}
