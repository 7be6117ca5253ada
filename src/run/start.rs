//! How a run begins, and how it begins again when it cannot go on where a dead one stopped.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use minijinja::value::Value;

use super::checkpoint::Checkpoint;
use super::credits::priced;
use super::engine::{Run, about_target};
use super::event::Listener;
use super::failure;
use super::ledger::{Ledger, Refused, about_state, rfc3339};
use super::marks::{Begin, Marks};
use super::outcome::{Ending, Figures, Outcome};
use super::prefetch::Prefetch;
use super::progress::Progress;
use super::reuse::Kept;
use super::sign_in::Session;
use super::targets::Targets;
use super::values::Values;
use super::world::{Window, World};
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::expr::mapping;
use crate::http::Transport;
use crate::plan::Plan;
use crate::plan::step::StepPlan;
use crate::secret::Redactor;
use crate::target::TargetError;

/// Everything that a run begins with.
#[derive(Debug)]
pub(super) struct Start<'a> {
    plan: &'a Plan,
    world: &'a World,
    redactor: &'a Redactor,
    started: SystemTime,
    /// The id of a run that has no entry in the state.
    id: String,
    values: Values,
    transport: Arc<Transport>,
    /// What earlier runs left.
    marks: Marks,
    ledger: Option<Ledger>,
    /// Where a dead run stopped, if this one goes on there.
    resumed: Option<Checkpoint>,
    notes: Vec<String>,
    /// What was spent already.
    figures: Figures,
}

impl<'a> Start<'a> {
    /// Looks everything up, takes the locks and finishes what dead runs had decided. The inner error is a run that ended
    /// before it began.
    pub(super) async fn new(
        plan: &'a Plan,
        world: &'a World,
        redactor: &'a Redactor,
        listener: &mut dyn Listener,
    ) -> Result<Result<Self, Outcome>, Findings> {
        let mut start = Self::bare(plan, world, redactor, listener)?;
        if let Some(folder) = world.state.as_ref().filter(|_| Ledger::is_needed(plan)) {
            match Ledger::open(plan, world, folder, &start.id, &mut |event| listener.hear(event)).await {
                Ok(opened) => {
                    start.ledger = Some(opened.ledger);
                    (start.resumed, start.notes) = (opened.resumed, opened.notes);
                }
                Err(refused) => return Ok(Err(Outcome::before_the_start(refusal(refused)))),
            }
        }
        Ok(start.with_marks().await)
    }

    /// The same for a run that keeps nothing and goes on with nothing: no lock is taken.
    pub(super) async fn without_ledger(
        plan: &'a Plan,
        world: &'a World,
        redactor: &'a Redactor,
        listener: &mut dyn Listener,
    ) -> Result<Result<Self, Outcome>, Findings> {
        Ok(Self::bare(plan, world, redactor, listener)?.with_marks().await)
    }

    /// What comes from outside and is no state.
    fn bare(
        plan: &'a Plan,
        world: &'a World,
        redactor: &'a Redactor,
        listener: &mut dyn Listener,
    ) -> Result<Self, Findings> {
        let started = world.clock.now();
        let id = run_id(started, (world.random)());
        let names = run_names(&id, &rfc3339(started), &world.window);
        let values = Values::new(plan, world, names, redactor, listener)?;
        let transport = Transport::new(&world.transport)
            .map_err(|error| findings(Diagnostic::error(Code::BadRequest, error.to_string())))?;
        Ok(Self {
            plan,
            world,
            redactor,
            started,
            id,
            values,
            transport: Arc::new(transport),
            marks: Marks::default(),
            ledger: None,
            resumed: None,
            notes: vec![],
            figures: Figures { credits: priced(plan).then_some(0), ..Figures::default() },
        })
    }

    /// Looks up what earlier runs left.
    async fn with_marks(mut self) -> Result<Self, Outcome> {
        match look_up_state(self.plan, self.world, &self.values, self.ledger.as_ref()).await {
            Ok(marks) => {
                self.marks = marks;
                Ok(self)
            }
            Err(finding) => {
                if let Some(ledger) = &self.ledger {
                    // The finding says why nothing happens; what a dead run left stays for a run that can begin.
                    let _ = ledger.step_back(self.resumed.is_some(), self.world.clock.now()).await;
                }
                Err(Outcome::before_the_start(Ending::Failed(finding)))
            }
        }
    }

    /// Opens the targets and begins, or goes on where a dead run stopped.
    pub(super) fn begin<'l>(&mut self, listener: &'l mut dyn Listener) -> Result<Run<'l>, TargetError>
    where
        'a: 'l,
    {
        let (plan, world, id) = (self.plan, self.world, self.run_id());
        let stage = stage(plan, world, id);
        let saved = self.resumed.as_ref().map(|checkpoint| checkpoint.targets.as_slice());
        let targets = Targets::open(&plan.targets, id, &stage, &world.stdout, saved)?;
        Ok(self.run_into(targets, listener))
    }

    /// Its own, or that of the dead run that it goes on with.
    fn run_id(&self) -> &str {
        self.ledger.as_ref().map_or(self.id.as_str(), Ledger::id)
    }

    /// The run that writes to these targets.
    pub(super) fn run_into<'l>(&mut self, targets: Targets, listener: &'l mut dyn Listener) -> Run<'l>
    where
        'a: 'l,
    {
        let (plan, world) = (self.plan, self.world);
        let began = self.ledger.as_ref().map(|ledger| ledger.started_at().to_owned());
        let began = began.unwrap_or_else(|| rfc3339(self.started));
        let mut values = self.values.clone();
        values.name_run(run_names(self.run_id(), &began, &world.window));
        let mut marks = self.marks.clone();
        if let Some(checkpoint) = &self.resumed {
            marks.restore(&checkpoint.seen);
        }
        Run {
            plan,
            world,
            values,
            transport: Arc::clone(&self.transport),
            prefetch: Prefetch::default(),
            redactor: self.redactor.clone(),
            targets,
            kept: Kept::new(world.state.clone()),
            sessions: plan.auths.iter().map(|_| Session::default()).collect(),
            last_sent: None,
            answered: None,
            figures: self.figures.clone(),
            marks,
            progress: Progress::new(plan, world, self.ledger.take(), self.resumed.take()),
            incomplete: vec![],
            notes: std::mem::take(&mut self.notes),
            listener,
        }
    }

    /// Whether the run would go on where a dead one stopped.
    pub(super) fn goes_on(&self) -> bool {
        self.resumed.is_some()
    }

    /// How long ago the run began.
    pub(super) fn elapsed(&self) -> Duration {
        self.world.clock.now().duration_since(self.started).unwrap_or_default()
    }

    /// Takes back what a run had that could not go on; what it spent is spent.
    pub(super) async fn take_back(&mut self, run: Run<'_>) {
        run.targets.abandon().await;
        self.notes = run.notes;
        self.figures = run.figures.spent();
        self.ledger = run.progress.into_ledger();
    }

    /// From the start, and no longer where a dead run stopped.
    pub(super) async fn over(&mut self, why: &str) -> Result<(), Outcome> {
        self.resumed = None;
        self.notes.push(format!("could not go on from there, and started over: {why}"));
        let Some(ledger) = &mut self.ledger else { return Ok(()) };
        let now = self.world.clock.now();
        let begun = ledger.start_over(&run_id(now, (self.world.random)()), now).await;
        begun.map_err(|error| Outcome::before_the_start(Ending::Failed(Box::new(about_state(&error)))))
    }

    /// The targets cannot be opened: nothing was requested.
    pub(super) async fn give_up(self, error: &TargetError) -> Outcome {
        if let Some(ledger) = &self.ledger {
            // What the run was to say already says why nothing happened.
            let _ = ledger.close("failed", self.world.clock.now()).await;
        }
        Outcome::before_the_start(Ending::TargetFailed(Box::new(about_target(error))))
    }
}

/// What earlier runs left for the steps of this one.
async fn look_up_state(
    plan: &Plan,
    world: &World,
    values: &Values,
    ledger: Option<&Ledger>,
) -> Result<Marks, Box<Diagnostic>> {
    let context = |step: &StepPlan| values.context(step.connection, []);
    let mut marks = Marks::new(plan, |step, state| match &state.per {
        None => Ok(Value::from(())),
        Some(per) => per.value(&context(step)).map_err(|error| failure::evaluation(&step.name, &error)),
    })?;
    let former = match ledger {
        Some(ledger) => ledger.watermarks(marks.keys()).await.map_err(|error| about_state(&error))?,
        None => vec![None; marks.keys().len()],
    };
    let begin = Begin {
        former: if world.full_refresh { vec![None; former.len()] } else { former },
        from: world.window.from.as_deref(),
    };
    marks.begin(plan, begin, |step, state| match &state.initial_value {
        None => Ok(Value::from(())),
        Some(initial) => {
            initial.value(&context(step)).map_err(|error| failure::evaluation(&step.name, &error))
        }
    })?;
    Ok(marks)
}

fn refusal(refused: Refused) -> Ending {
    match refused {
        Refused::Locked(finding) => Ending::Locked(finding),
        Refused::Lost(finding) => Ending::TargetFailed(finding),
        Refused::Skipped(why) => Ending::Skipped(why),
        Refused::State(finding) => Ending::Failed(finding),
        Refused::Target(error) => Ending::TargetFailed(Box::new(about_target(&error))),
        Refused::Interrupted => Ending::Interrupted,
    }
}

/// Where the records of a run wait until they land.
fn stage(plan: &Plan, world: &World, id: &str) -> PathBuf {
    let state = world.state.clone().unwrap_or_else(|| plan.root.join(".river"));
    state.join("stage").join(id)
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

fn run_names(id: &str, started_at: &str, window: &Window) -> Value {
    let or_none = |text: &Option<String>| text.as_deref().map_or(Value::from(()), Value::from);
    let started = started_at.replace('Z', "+00:00");
    mapping([
        ("id", Value::from(id)),
        ("started_at", Value::from(started.as_str())),
        ("scheduled_at", Value::from(started)),
        ("from", or_none(&window.from)),
        ("to", or_none(&window.to)),
    ])
}
