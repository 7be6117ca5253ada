//! A run from its first step to its last.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use minijinja::value::Value;

use super::event::{Event, Listener};
use super::failure::Stop;
use super::outcome::{Ending, Figures, Outcome};
use super::prefetch::Prefetch;
use super::reuse::Kept;
use super::targets::Targets;
use super::values::Values;
use super::world::World;
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::expr::mapping;
use crate::http::Transport;
use crate::plan::Plan;
use crate::secret::Redactor;
use crate::target::TargetError;

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
    pub(super) figures: Figures,
    /// Why the run will not be complete.
    pub(super) incomplete: Vec<Diagnostic>,
    /// What a reader of the summary should know.
    pub(super) notes: Vec<String>,
    listener: &'a mut dyn Listener,
}

/// Runs a plan. Err: something from outside is missing or wrong, and nothing was requested.
pub async fn run(
    plan: &Plan,
    world: &World,
    redactor: &Redactor,
    listener: &mut dyn Listener,
) -> Result<Outcome, Findings> {
    let started = world.clock.now();
    let id = run_id(started, (world.random)());
    let values = Values::new(plan, &world.environment, run_names(&id, started), redactor)?;
    let transport = Transport::new(&world.transport)
        .map(Arc::new)
        .map_err(|error| findings(Diagnostic::error(Code::BadRequest, error.to_string())))?;
    let targets = match Targets::open(&plan.targets, &id, &stage(plan, world, &id), &world.stdout) {
        Ok(targets) => targets,
        Err(error) => {
            return Ok(Outcome {
                ending: Ending::TargetFailed(Box::new(about_target(&error))),
                figures: Figures::default(),
                landed: vec![],
                notes: vec![],
            });
        }
    };
    let mut run = Run {
        plan,
        world,
        values,
        transport,
        prefetch: Prefetch::default(),
        redactor: redactor.clone(),
        targets,
        kept: Kept::new(world.state.clone()),
        figures: Figures::default(),
        incomplete: vec![],
        notes: vec![],
        listener,
    };
    let stopped = run.steps().await;
    run.figures.elapsed = world.clock.now().duration_since(started).unwrap_or_default();
    Ok(run.end(stopped).await)
}

impl Run<'_> {
    async fn steps(&mut self) -> Result<(), Stop> {
        for index in 0..self.plan.steps.len() {
            self.step(index).await?;
        }
        Ok(())
    }

    /// Targets show what they got only if nothing is missing.
    async fn end(self, stopped: Result<(), Stop>) -> Outcome {
        let redactor = self.redactor;
        // What a server sent must not look like a line of ours.
        let one_line = |text: &str| redactor.redact(text).replace(['\n', '\r'], " ");
        let clean = |diagnostic: Diagnostic| diagnostic.map_text(one_line);
        let incomplete: Vec<Diagnostic> = self.incomplete.into_iter().map(&clean).collect();
        let mut landed = vec![];
        let ending = match stopped {
            Ok(()) if incomplete.is_empty() => {
                let landing = self.targets.land().await;
                landed = landing.landed;
                landing.error.map_or(Ending::Complete, |error| target_ending(&error, clean))
            }
            stopped => {
                self.targets.abandon().await;
                match stopped {
                    Ok(()) => Ending::Incomplete(incomplete),
                    Err(Stop::Failed(diagnostic)) => Ending::Failed(Box::new(clean(*diagnostic))),
                    Err(Stop::Target(error)) => target_ending(&error, clean),
                    Err(Stop::Interrupted) => Ending::Interrupted,
                }
            }
        };
        let notes = self.notes.iter().map(|note| one_line(note)).collect();
        Outcome { ending, figures: self.figures, landed, notes }
    }

    pub(super) fn tell(&mut self, event: &Event) {
        self.listener.hear(event);
    }
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Run").field("figures", &self.figures).finish_non_exhaustive()
    }
}

fn target_ending(error: &TargetError, clean: impl Fn(Diagnostic) -> Diagnostic) -> Ending {
    match error {
        TargetError::Closed => Ending::OutputClosed,
        error => Ending::TargetFailed(Box::new(clean(about_target(error)))),
    }
}

/// Where the records of a run wait until they land.
fn stage(plan: &Plan, world: &World, id: &str) -> PathBuf {
    let state = world.state.clone().unwrap_or_else(|| plan.root.join(".river"));
    state.join("stage").join(id)
}

fn about_target(error: &TargetError) -> Diagnostic {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Diagnostic::error(Code::BadTarget, format!("{error}{cause}")).help_if(error.help())
}

fn findings(diagnostic: Diagnostic) -> Findings {
    let mut findings = Findings::default();
    findings.push(diagnostic);
    findings
}

/// Sorts by time and differs between runs that start together: `20261123T123456Z-1f3a9c`.
fn run_id(started: SystemTime, random: f64) -> String {
    let time = jiff::Timestamp::try_from(started).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string();
    // 24 random bits, mixed with the process id, which the kernel keeps apart.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number in 0..1 times 2^24 fits"
    )]
    let random = (random * f64::from(1 << 24)) as u32;
    format!("{time}-{random:06x}{:x}", std::process::id())
}

fn run_names(id: &str, started: SystemTime) -> Value {
    let started = jiff::Timestamp::try_from(started)
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%S+00:00")
        .to_string();
    mapping([
        ("id", Value::from(id)),
        ("started_at", Value::from(started.as_str())),
        ("scheduled_at", Value::from(started)),
    ])
}
