//! How a run begins, and how it begins again when it cannot resume where an interrupted one stopped.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use minijinja::value::Value;

use super::credits::priced;
use super::event::Listener;
use super::failure::Stop;
use super::inputs::Inputs;
use super::journal::checkpoint::Checkpoint;
use super::journal::entry::{Refused, RunEntry, about_state, rfc3339};
use super::journal::place::Place;
use super::journal::{Journal, resumed_figures};
use super::landing::about_target;
use super::limits::RunLimits;
use super::outcome::{Ending, Figures, Outcome};
use super::reporter::Reporter;
use super::rounds;
use super::services::Services;
use super::sign_in::{Session, SignIns};
use super::stopping::Stopping;
use super::store::Store;
use super::targets::Targets;
use super::variables::Variables;
use super::watermarks::{Begin, Watermarks};
use super::world::{Window, World};
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::expr::mapping;
use crate::http::Transport;
use crate::plan::Plan;
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
    inputs: Inputs,
    transport: Arc<Transport>,
    /// What earlier runs left for the steps outside loops.
    rounds: Vec<Begin>,
    entry: Option<RunEntry>,
    /// Where an interrupted run stopped, if this one resumes it.
    resumed: Option<Checkpoint>,
    notes: Vec<String>,
    /// What was spent already.
    figures: Figures,
}

/// A run that is ready to begin.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    pub(super) services: Services<'a>,
    /// The values of the pipeline's strand.
    pub(super) variables: Rc<Variables>,
    /// Where it begins, if an interrupted run is resumed.
    pub(super) resumed: Option<Checkpoint>,
}

impl<'a> Start<'a> {
    /// Looks everything up, takes the locks and finishes what interrupted runs had decided. The inner error is a run that
    /// ended before it began.
    pub(super) async fn new(
        plan: &'a Plan,
        world: &'a World,
        redactor: &'a Redactor,
        listener: &mut dyn Listener,
    ) -> Result<Result<Self, Outcome>, Findings> {
        let mut start = Self::bare(plan, world, redactor, listener)?;
        if let Some(folder) = world.state.as_ref().filter(|_| RunEntry::is_needed(plan)) {
            match RunEntry::open(plan, world, folder, &start.id, &mut |event| listener.hear(event)).await {
                Ok(opened) => {
                    start.entry = Some(opened.entry);
                    (start.resumed, start.notes) = (opened.resumed, opened.notes);
                }
                Err(refused) => return Ok(Err(Outcome::before_the_start(refusal(refused)))),
            }
        }
        Ok(start.with_rounds().await)
    }

    /// The same for a run that keeps nothing and resumes nothing: no lock is taken.
    pub(super) async fn without_entry(
        plan: &'a Plan,
        world: &'a World,
        redactor: &'a Redactor,
        listener: &mut dyn Listener,
    ) -> Result<Result<Self, Outcome>, Findings> {
        Ok(Self::bare(plan, world, redactor, listener)?.with_rounds().await)
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
        let inputs = Inputs::new(plan, world, names, redactor, listener)?;
        let transport = Transport::new(&world.transport)
            .map_err(|error| findings(Diagnostic::error(Code::BadRequest, error.to_string())))?;
        Ok(Self {
            plan,
            world,
            redactor,
            started,
            id,
            inputs,
            transport: Arc::new(transport),
            rounds: vec![],
            entry: None,
            resumed: None,
            notes: vec![],
            figures: Figures { credits: priced(plan).then_some(0), ..Figures::default() },
        })
    }

    /// Looks up what earlier runs left.
    async fn with_rounds(mut self) -> Result<Self, Outcome> {
        match self.look_up_rounds().await {
            Ok(rounds) => {
                self.rounds = rounds;
                Ok(self)
            }
            Err(stop) => {
                if let Some(entry) = &self.entry {
                    // The finding says why nothing happens; what an interrupted run left stays for a run that can begin.
                    let _ = entry.step_back(self.resumed.is_some(), self.world.clock.now()).await;
                }
                Err(Outcome::before_the_start(stop.ending(|finding| finding)))
            }
        }
    }

    async fn look_up_rounds(&self) -> Result<Vec<Begin>, Stop> {
        let steps: Vec<_> = self.plan.block.steps_outside_loops();
        let keeps = |step: &_| !self.plan.step(*step).state.is_empty();
        let steps: Vec<_> = steps.into_iter().filter(keeps).collect();
        let source = rounds::Source {
            plan: self.plan,
            world: self.world,
            inputs: &self.inputs,
            entry: self.entry.as_ref(),
        };
        rounds::look_up(&source, &Variables::of_pipeline(self.plan), &steps).await
    }

    /// Opens the targets and begins, or resumes where an interrupted run stopped.
    pub(super) fn begin<'l>(&mut self, listener: &'l mut dyn Listener) -> Result<Attempt<'l>, TargetError>
    where
        'a: 'l,
    {
        let saved = self.resumed.as_ref().map(|checkpoint| checkpoint.targets.as_slice());
        let targets = Targets::open(self.plan, self.run_id(), &self.stage(), &self.world.stdout, saved)?;
        Ok(self.attempt(targets, listener))
    }

    /// Begins without any target.
    pub(super) fn without_targets<'l>(&mut self, listener: &'l mut dyn Listener) -> Attempt<'l>
    where
        'a: 'l,
    {
        self.attempt(Targets::default(), listener)
    }

    /// Its own, or that of the interrupted run that it resumes.
    fn run_id(&self) -> &str {
        self.entry.as_ref().map_or(self.id.as_str(), RunEntry::id)
    }

    /// Where the records of a run wait until they land.
    fn stage(&self) -> PathBuf {
        let state = self.world.state.clone().unwrap_or_else(|| self.plan.root.join(".river"));
        state.join("stage").join(self.run_id())
    }

    fn attempt<'l>(&mut self, targets: Targets, listener: &'l mut dyn Listener) -> Attempt<'l>
    where
        'a: 'l,
    {
        let (plan, world, redactor) = (self.plan, self.world, self.redactor.clone());
        let (stage, resumed) = (self.stage(), self.resumed.take());
        let figures = resumed_figures(resumed.as_ref());
        let before = figures.clone().unwrap_or_default();
        let figures = figures.unwrap_or_else(|| self.figures.clone());

        let variables = Variables::of_pipeline(plan);
        let watermarks = Watermarks::default();
        for begin in self.rounds.clone() {
            let step = begin.step;
            // A run that starts over has seen nothing yet.
            let begin = if resumed.is_some() { begin } else { begin.without_pending() };
            variables.enter_round(step, &Rc::new(watermarks.open(begin, false)));
        }
        let inputs = Rc::new(self.named_inputs());
        let reporter = Rc::new(Reporter::new(listener, figures, std::mem::take(&mut self.notes)));
        let stopping = Stopping::new(world.interrupt.clone());
        let store = Rc::new(Store::new(world, redactor.clone(), &reporter, &stopping));
        let sign_ins = SignIns {
            plan,
            world,
            redactor: redactor.clone(),
            transport: Arc::clone(&self.transport),
            inputs: Rc::clone(&inputs),
            reporter: Rc::clone(&reporter),
            stopping: Rc::clone(&stopping),
            store: Rc::clone(&store),
            sessions: plan.auths.iter().map(|_| Session::default()).collect(),
        };
        let place = Place::of_strand(&variables);
        let services = Services {
            plan,
            world,
            redactor,
            inputs,
            reporter,
            stopping,
            store,
            sign_ins,
            targets,
            watermarks,
            limits: RunLimits::new(&plan.limits, world, before),
            journal: Journal::new(plan, world, self.entry.take(), stage, place, resumed.as_ref()),
        };
        Attempt { services, variables, resumed }
    }

    /// What the run is given, under its own name.
    fn named_inputs(&self) -> Inputs {
        let began = self.entry.as_ref().map(|entry| entry.started_at().to_owned());
        let began = began.unwrap_or_else(|| rfc3339(self.started));
        let mut inputs = self.inputs.clone();
        inputs.name_run(run_names(self.run_id(), &began, &self.world.window));
        inputs
    }

    /// Whether the run would resume where an interrupted one stopped.
    pub(super) fn resumes(&self) -> bool {
        self.resumed.is_some()
    }

    /// How long ago the run began.
    pub(super) fn elapsed(&self) -> Duration {
        self.world.clock.now().duration_since(self.started).unwrap_or_default()
    }

    /// Takes back what an attempt had that could not resume; what it spent is spent.
    pub(super) async fn take_back(&mut self, services: Services<'_>) {
        services.targets.abandon().await;
        self.notes = services.reporter.take_notes();
        self.figures = services.reporter.figures().spent();
        self.entry = services.journal.into_entry();
    }

    /// From the start, and no longer where an interrupted run stopped.
    pub(super) async fn over(&mut self, why: &str) -> Result<(), Outcome> {
        self.resumed = None;
        self.notes.push(format!("could not go on from there, and started over: {why}"));
        let Some(entry) = &mut self.entry else { return Ok(()) };
        let now = self.world.clock.now();
        let begun = entry.start_over(&run_id(now, (self.world.random)()), now).await;
        begun.map_err(|error| Outcome::before_the_start(Ending::Failed(Box::new(about_state(&error)))))
    }

    /// The targets cannot be opened: nothing was requested.
    pub(super) async fn give_up(self, error: &TargetError) -> Outcome {
        if let Some(entry) = &self.entry {
            // What the run was to say already says why nothing happened.
            let _ = entry.close("failed", self.world.clock.now()).await;
        }
        Outcome::before_the_start(Ending::TargetFailed(Box::new(about_target(error))))
    }
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
