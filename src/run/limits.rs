//! How much one run may do.

use std::time::SystemTime;

use super::failure::Stop;
use super::outcome::Figures;
use super::reporter::Reporter;
use super::world::World;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Limits;

/// The limits of a run, and where it began.
#[derive(Debug)]
pub(super) struct RunLimits<'a> {
    limits: &'a Limits,
    world: &'a World,
    /// What an interrupted run had done before this one resumed it.
    before: Figures,
    /// When this process began.
    began: SystemTime,
}

impl<'a> RunLimits<'a> {
    pub(super) fn new(limits: &'a Limits, world: &'a World, before: Figures) -> Self {
        Self { limits, world, before, began: world.clock.now() }
    }

    /// Err: the run has done as much as one may.
    pub(super) fn check(&self, reporter: &Reporter<'_>) -> Result<(), Stop> {
        let (limits, figures) = (self.limits, reporter.figures());
        let records = figures.records - self.before.records;
        let bytes = figures.bytes - self.before.bytes;
        let time = self.world.clock.now().duration_since(self.began).unwrap_or_default();
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
}
