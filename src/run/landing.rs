//! What a run got is made visible: prepared, decided, put in place.
//!
//! A crash before the decision leaves everything as it was, one after it is made good by the next run.

use std::pin::pin;
use std::time::Duration;

use super::event::Event;
use super::failure::Stop;
use super::journal::checkpoint::Missing;
use super::journal::entry::{DecidedWatermarks, about_state};
use super::outcome::Ending;
use super::services::Services;
use super::targets::{Targets, show};
use crate::diagnostic::{Code, Diagnostic};
use crate::fault_point::{FaultPoint, reach};
use crate::plan::block::StepId;
use crate::target::{Landed, LandingCount, Prepared, TargetError};
use crate::threads;

/// What became of a landing.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// What is visible.
    pub(super) landed: Vec<Landed>,
    /// Why not everything is.
    pub(super) failure: Option<Stop>,
    /// What a reader should know.
    pub(super) note: Option<String>,
    /// Where the next run resumes.
    pub(super) goes_on: Option<String>,
    /// A thread is still at it, and ends with the process: nobody else may begin before.
    pub(super) is_left: bool,
}

impl Ends {
    fn failed(stop: Stop) -> Self {
        Self { failure: Some(stop), ..Self::default() }
    }

    fn noted(self, note: &str) -> Self {
        Self { note: Some(note.to_owned()), ..self }
    }
}

/// How often whoever listens is told how far the landing is.
const BETWEEN_TELLINGS: Duration = Duration::from_millis(200);

const LEFT_UNDECIDED: &str =
    "stopped while it was stored what lands: the next run lands it, or goes on where this one was";

const LEFT_DECIDED: &str = "stopped while results were put in place: the next run puts the rest in place";

/// Lands what a run got: all of it, or of a step that reads in rising order what there is.
///
/// All of it is done on threads beside this one, and the wish to stop ends the waiting: what is decided is put in place by
/// the next run.
pub(super) async fn land(services: &Services<'_>, targets: Targets, partial_step: Option<StepId>) -> Ends {
    let (journal, world) = (&services.journal, services.world);
    let watermarks = decided_watermarks(services, partial_step);
    let count = targets.count().clone();
    let mut preparing = Box::pin(targets.prepare());
    let prepared = match watched(services, &count, &mut preparing).await {
        Ok(Ok(prepared)) => prepared,
        Ok(Err(error)) => {
            let note = journal.close("failed", world).await;
            return Ends { note, ..Ends::failed(error.into()) };
        }
        Err(stop) => {
            #[expect(
                clippy::mem_forget,
                reason = "targets that are dropped give up what they have, and the next run goes on with it"
            )]
            std::mem::forget(preparing);
            return Ends { goes_on: journal.stored_place(), is_left: true, ..Ends::failed(stop) };
        }
    };
    reach(FaultPoint::Prepared);

    match watched(services, &count, journal.decide(&prepared, watermarks, world)).await {
        Ok(Ok(())) => {}
        // Nothing is thrown away: the next run resumes, or finds that it was decided after all.
        Ok(Err(error)) => return Ends::failed(Stop::from(about_state(&error))),
        Err(stop) => return Ends { is_left: true, ..Ends::failed(stop) }.noted(LEFT_UNDECIDED),
    }
    put_in_place(services, prepared, count).await
}

/// Makes visible what is decided.
async fn put_in_place(services: &Services<'_>, prepared: Vec<Prepared>, count: LandingCount) -> Ends {
    let (journal, world) = (&services.journal, services.world);
    let showing = {
        let count = count.clone();
        threads::once("landing", move || show(&prepared, &count))
    };
    let shown = match showing {
        Ok(showing) => watched(services, &count, showing).await,
        Err(source) => return Ends::failed(TargetError::NoThread { source }.into()).noted(LEFT_DECIDED),
    };
    let shown = match shown {
        Ok(Ok(shown)) => shown,
        // The thread has panicked.
        Ok(Err(_)) => return Ends::failed(TargetError::Stopped.into()).noted(LEFT_DECIDED),
        Err(stop) => return Ends { is_left: true, ..Ends::failed(stop) }.noted(LEFT_DECIDED),
    };

    journal.remove_lists();
    let note = match &shown.error {
        None => journal.end("complete", world).await,
        Some(_) => journal.have_landed(shown.landed.len()).await,
    };
    Ends { landed: shown.landed, failure: shown.error.map(Stop::Target), note, ..Ends::default() }
}

fn decided_watermarks(services: &Services<'_>, partial_step: Option<StepId>) -> DecidedWatermarks {
    if services.world.window.to.is_some() && partial_step.is_none() {
        // A part of the data was read that says nothing about what is new.
        return DecidedWatermarks::default();
    }
    DecidedWatermarks {
        pending: Some(services.watermarks.changes(services.plan).pending),
        others: services.watermarks.decided(services.plan, partial_step),
    }
}

/// Waits for a part of the landing, and tells how far it is. The wish to stop ends the waiting after a while.
async fn watched<T>(
    services: &Services<'_>,
    count: &LandingCount,
    work: impl Future<Output = T>,
) -> Result<T, Stop> {
    let mut work = pin!(services.stopping.or_stop_soon(work));
    let of = services.reporter.figures().records;
    #[expect(
        clippy::disallowed_methods,
        reason = "a person who watches a landing has real time, and so has the disk"
    )]
    let next_telling = || tokio::time::sleep(BETWEEN_TELLINGS);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = next_telling() => {
                let (records, files) = (count.records().min(of), count.files());
                services.reporter.tell(&Event::Landing { records, of, files });
            }
        }
    }
}

/// The findings about items of loops that were left out.
pub(super) fn left_out(missing: &Missing) -> Vec<Diagnostic> {
    let mut findings: Vec<_> = missing
        .first
        .iter()
        .map(|why| Diagnostic::error(Code::Incomplete, format!("left out: {why}")))
        .collect();
    let more = missing.count - missing.first.len() as u64;
    if more > 0 {
        findings.push(Diagnostic::error(Code::Incomplete, format!("{more} more items were left out")));
    }
    findings
}

impl Stop {
    /// Whether what a step got in rising order may land though the run ends so.
    pub(super) fn may_land_in_part(&self) -> bool {
        match self {
            Self::Failed(_) | Self::Interrupted | Self::Limit(_) | Self::Elsewhere => true,
            Self::Target(_) | Self::CannotResume(_) => false,
        }
    }

    /// How the run ends.
    pub(super) fn ending(self, clean: impl Fn(Diagnostic) -> Diagnostic) -> Ending {
        match self {
            Self::Failed(finding) | Self::CannotResume(finding) => Ending::Failed(Box::new(clean(*finding))),
            Self::Target(error) if error.is_closed() => Ending::OutputClosed,
            Self::Target(error) => Ending::TargetFailed(Box::new(clean(about_target(&error)))),
            Self::Interrupted | Self::Elsewhere => Ending::Interrupted,
            Self::Limit(finding) => Ending::Incomplete(vec![clean(*finding)]),
        }
    }
}

/// The finding about a target that cannot be written.
pub(super) fn about_target(error: &TargetError) -> Diagnostic {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Diagnostic::error(Code::BadTarget, format!("{error}{cause}")).help_if(error.help())
}
