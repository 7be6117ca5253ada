//! `river run`: read, plan, run, report.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use river_sandbox::{ConnectionSetting, Sandbox};

use super::args::{RehearsalArguments, RunArguments};
use super::exit::Exit;
use super::project::{self, Project, Purpose};
use super::terminal::Terminal;
use crate::diagnostic::{Code, Diagnostic, Findings, Sources};
use crate::http::{Proxy, TransportSettings};
use crate::plan::Plan;
use crate::plan::connection::Overlay;
use crate::report::{self, Listeners, Log, Progress};
use crate::run::interrupt::Interrupt;
use crate::run::{Clock, Ending, Outcome, Overlap, SystemClock, Window, World, interrupt};
use crate::secret::Redactor;

/// The connection that `--sandbox` overlays.
const SANDBOX_CONNECTION: &str = "zoho";

/// What outlives a run, in the project's root.
pub(super) const STATE: &str = ".river";

/// The same for runs against the stand-in, with their outputs: the real things are never mixed with its own.
pub(super) const SANDBOX_STATE: &str = ".river/sandbox";

/// Runs a pipeline.
pub(super) fn run(
    arguments: &RunArguments,
    terminal: &mut Terminal,
    redactor: &Redactor,
) -> anyhow::Result<Exit> {
    let mut project = match project::open(&arguments.pipeline, &terminal.folder, &terminal.environment) {
        Ok(project) => project,
        Err(finding) => {
            terminal.findings(&[*finding], &Sources::default())?;
            return Ok(Exit::Usage);
        }
    };
    let sandbox = start_sandbox(&arguments.rehearsal, &mut project)?;
    let purpose = arguments.rehearsal.purpose();
    let mut checked = match project.plan(&arguments.param, purpose) {
        Ok(checked) => checked,
        Err(findings) => return refuse(&findings, &project.sources, terminal, redactor),
    };
    if let Err(finding) = check_window(arguments, &checked.plan) {
        terminal.findings(&[finding], &project.sources)?;
        return Ok(Exit::Usage);
    }
    if arguments.full_refresh {
        checked.plan.read_anew();
    }
    if !arguments.quiet {
        terminal.findings(&checked.warnings.sorted(), &project.sources)?;
    }
    project.pipeline = None; // the plan has all of it; a long pipeline's text need not stay
    let outcome = execute(&checked.plan, arguments, &project, terminal, redactor);
    drop(sandbox);
    match outcome? {
        Err(findings) => refuse(&findings, &project.sources, terminal, redactor),
        Ok(outcome) => report_outcome(&checked.plan, &outcome, arguments, &project, terminal),
    }
}

/// A part of the data can be asked for only where the pipeline reads which.
fn check_window(arguments: &RunArguments, plan: &Plan) -> Result<(), Diagnostic> {
    let refusal = |message: &str, help: &str| Err(Diagnostic::error(Code::BadParam, message).help(help));
    if arguments.from.is_some() && !plan.reads_from {
        return refusal(
            "`--from` means nothing to this pipeline: no step reads `state.*` or `run.from`",
            "use it in a request: `query: { since: \"{{ run.from }}\" }`",
        );
    }
    if arguments.to.is_some() && !plan.reads_to {
        return refusal(
            "`--to` means nothing to this pipeline: nothing reads `run.to`",
            "use it in a request: `query: { until: \"{{ run.to }}\" }`",
        );
    }
    Ok(())
}

impl RehearsalArguments {
    pub(super) fn purpose(&self) -> Purpose {
        if self.sandbox { Purpose::RunInSandbox } else { Purpose::Run }
    }
}

/// Starts the stand-in, if it is wanted, and puts its values over the connection, before any secret is looked up.
pub(super) fn start_sandbox(
    arguments: &RehearsalArguments,
    project: &mut Project,
) -> anyhow::Result<Option<Sandbox>> {
    if !arguments.sandbox {
        return Ok(None);
    }
    let sandbox = Sandbox::start(arguments.stand_in.options())?;
    lead_to_sandbox(project, sandbox.connection());
    Ok(Some(sandbox))
}

/// Where the stand-in listens, if there is one.
fn sandbox_origin(project: &Project) -> Option<String> {
    let overlay = project.connections.overlays.get(SANDBOX_CONNECTION)?;
    overlay.iter().find(|value| value.name == "accounts_url").map(|value| value.value.clone())
}

/// Puts the stand-in's values over the connection.
pub(super) fn lead_to_sandbox(project: &mut Project, values: Vec<ConnectionSetting>) {
    project.connections.overlays.insert(SANDBOX_CONNECTION.to_owned(), overlay(values));
}

/// The stand-in's values.
pub(super) fn overlay(values: Vec<ConnectionSetting>) -> Vec<Overlay> {
    let overlay = values.into_iter().map(|value| Overlay {
        name: value.key.to_owned(),
        value: value.value,
        secret: value.secret,
    });
    overlay.collect()
}

pub(super) fn refuse(
    findings: &Findings,
    sources: &Sources,
    terminal: &mut Terminal,
    redactor: &Redactor,
) -> anyhow::Result<Exit> {
    let clean = |finding: Diagnostic| finding.map_text(|text| redactor.redact(text).into_owned());
    let findings: Vec<Diagnostic> = findings.sorted().into_iter().map(clean).collect();
    terminal.findings(&findings, sources)?;
    writeln!(terminal.err, "nothing was requested")?;
    Ok(Exit::CheckFailed)
}

fn execute(
    plan: &Plan,
    arguments: &RunArguments,
    project: &Project,
    terminal: &Terminal,
    redactor: &Redactor,
) -> anyhow::Result<Result<Outcome, Findings>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (interrupter, wish) = interrupt::pair();
    let world = World {
        overlap: arguments.on_overlap,
        restart: arguments.restart || arguments.full_refresh,
        full_refresh: arguments.full_refresh,
        window: Window { from: arguments.from.clone(), to: arguments.to.clone() },
        ..world(project, terminal, &arguments.rehearsal, wish)
    };
    let mut listeners = Listeners(vec![Box::new(Log)]);
    if terminal.interactive && !arguments.quiet {
        listeners.0.push(Box::new(Progress::on_terminal()));
    }
    let person = terminal.interactive.then(|| terminal.err.clone());
    super::signals::listen(interrupter, person, terminal.err.clone());
    let outcome = runtime.block_on(crate::run::run(plan, &world, redactor, &mut listeners));
    // What is still looked up for a request that was given up must not hold the process.
    runtime.shutdown_background();
    Ok(outcome)
}

/// What a run gets from this process.
pub(super) fn world(
    project: &Project,
    terminal: &Terminal,
    rehearsal: &RehearsalArguments,
    wish: Interrupt,
) -> World {
    let out = terminal.out.clone();
    World {
        clock: terminal.clock.clone().unwrap_or_else(|| Arc::new(SystemClock) as Arc<dyn Clock>),
        random: Box::new(fastrand::f64),
        environment: project.environment.clone(),
        ask: super::ask::at(terminal),
        stdout: Box::new(move || Box::new(out.clone())),
        only_origin: sandbox_origin(project),
        transport: TransportSettings {
            // The stand-in is on this machine; a proxy would look for it on its own.
            proxy: if rehearsal.sandbox { Proxy::None } else { Proxy::Environment },
            ..TransportSettings::default()
        },
        state: Some(project.root.join(if rehearsal.sandbox { SANDBOX_STATE } else { STATE })),
        protection: project.protection.clone(),
        interrupt: wish,
        fingerprint: project.fingerprint.clone(),
        overlap: Overlap::Fail,
        restart: false,
        full_refresh: false,
        window: Window::default(),
    }
}

fn report_outcome(
    plan: &Plan,
    outcome: &Outcome,
    arguments: &RunArguments,
    project: &Project,
    terminal: &mut Terminal,
) -> anyhow::Result<Exit> {
    let (findings, exit) = Exit::of(&outcome.ending);
    match &outcome.ending {
        Ending::OutputClosed => return Ok(exit), // whoever read it has seen enough
        Ending::Skipped(why) => {
            writeln!(terminal.err, "{}: {why}", plan.name)?;
            return Ok(exit);
        }
        Ending::Complete
        | Ending::Incomplete(_)
        | Ending::Failed(_)
        | Ending::TargetFailed(_)
        | Ending::Interrupted
        | Ending::Locked(_) => {}
    }
    terminal.findings(findings, &project.sources)?;
    if !(arguments.quiet && exit.is_success()) {
        writeln!(terminal.err, "{}", report::summary(&plan.name, outcome, &folder(project, terminal)))?;
    }
    Ok(exit)
}

/// Paths are shown from where the user stands, if the project is there or below.
pub(super) fn folder(project: &Project, terminal: &Terminal) -> PathBuf {
    if project.root.starts_with(&terminal.folder) { terminal.folder.clone() } else { project.root.clone() }
}
