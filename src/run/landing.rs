//! What a run got is made visible: prepared, decided, put in place.
//!
//! A crash before the decision leaves everything as it was, one after it is made good by the next run.

use super::failure::Stop;
use super::journal::checkpoint::Missing;
use super::journal::entry::{DecidedWatermarks, about_state};
use super::outcome::Ending;
use super::services::Services;
use super::targets::{Targets, show};
use crate::diagnostic::{Code, Diagnostic};
use crate::fault_point::{FaultPoint, reach};
use crate::plan::block::StepId;
use crate::target::{Landed, TargetError};

/// What became of a landing.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// What is visible.
    pub(super) landed: Vec<Landed>,
    /// Why not everything is.
    pub(super) failure: Option<Stop>,
    /// What a reader should know.
    pub(super) note: Option<String>,
}

impl Ends {
    fn failed(stop: Stop) -> Self {
        Self { failure: Some(stop), ..Self::default() }
    }
}

/// Lands what a run got: all of it, or of a step that reads in rising order what there is.
pub(super) async fn land(services: &Services<'_>, targets: Targets, partial_step: Option<StepId>) -> Ends {
    let (journal, world) = (&services.journal, services.world);
    let watermarks = if world.window.to.is_some() && partial_step.is_none() {
        // A part of the data was read that says nothing about what is new.
        DecidedWatermarks::default()
    } else {
        DecidedWatermarks {
            pending: Some(services.watermarks.changes(services.plan).pending),
            others: services.watermarks.decided(services.plan, partial_step),
        }
    };
    let prepared = match targets.prepare().await {
        Ok(prepared) => prepared,
        Err(error) => {
            let note = journal.close("failed", world).await;
            return Ends { note, ..Ends::failed(error.into()) };
        }
    };
    reach(FaultPoint::Prepared);
    if let Err(error) = journal.decide(&prepared, watermarks, world).await {
        // Nothing is thrown away: the next run resumes, or finds that it was decided after all.
        return Ends::failed(Stop::from(about_state(&error)));
    }
    let shown = show(&prepared);
    journal.remove_unneeded();
    let note = match &shown.error {
        None => journal.end("complete", world).await,
        Some(_) => journal.have_landed(shown.landed.len()).await,
    };
    Ends { landed: shown.landed, failure: shown.error.map(Stop::Target), note }
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
            Self::Target(_) => false,
        }
    }

    /// How the run ends.
    pub(super) fn ending(self, clean: impl Fn(Diagnostic) -> Diagnostic) -> Ending {
        match self {
            Self::Failed(finding) => Ending::Failed(Box::new(clean(*finding))),
            Self::Target(TargetError::Closed) => Ending::OutputClosed,
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
