//! `river run`: read, plan, run, report.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::RunArguments;
use super::exit::Exit;
use super::project::{self, Project};
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Findings, Sources};
use crate::http::{Proxy, TransportSettings};
use crate::plan::connection::Overlay;
use crate::plan::{self, Checked, Plan};
use crate::report::{self, Listeners, Log, Progress};
use crate::run::{Clock, Ending, Outcome, SystemClock, World, interrupt};
use crate::sandbox::{self, Sandbox};
use crate::secret::Redactor;

/// The connection that `--sandbox` overlays.
const SANDBOX_CONNECTION: &str = "zoho";

/// What outlives a run, in the project's root.
const STATE: &str = ".river";

/// The same for runs against the stand-in, with their outputs: the real things are never mixed with its own.
const SANDBOX_STATE: &str = ".river/sandbox";

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
    let sandbox = if arguments.sandbox { Some(start_sandbox(arguments, &mut project)?) } else { None };
    let checked = match plan(arguments, &project) {
        Ok(checked) => checked,
        Err(findings) => return refuse(&findings, &project.sources, terminal),
    };
    if !arguments.quiet {
        terminal.findings(&checked.warnings.sorted(), &project.sources)?;
    }
    let outcome = execute(&checked.plan, arguments, &project, terminal, redactor);
    drop(sandbox);
    match outcome? {
        Err(findings) => refuse(&findings, &project.sources, terminal),
        Ok(outcome) => report_outcome(&checked.plan, &outcome, arguments, &project, terminal),
    }
}

/// Starts the stand-in and puts its values over the connection, before any secret is looked up.
fn start_sandbox(arguments: &RunArguments, project: &mut Project) -> anyhow::Result<Sandbox> {
    let options = sandbox::Options {
        leads: arguments.leads,
        faults: arguments.fault.clone(),
        ..sandbox::Options::default()
    };
    let sandbox = Sandbox::start(options)?;
    let values = sandbox.connection().into_iter();
    let overlay =
        values.map(|value| Overlay { name: value.key.to_owned(), value: value.value, secret: value.secret });
    project.connections.overlays.insert(SANDBOX_CONNECTION.to_owned(), overlay.collect());
    Ok(sandbox)
}

fn plan(arguments: &RunArguments, project: &Project) -> Result<Checked, Findings> {
    let Some(pipeline) = &project.pipeline else { return Err(project.findings.clone()) };
    let output_root = if arguments.sandbox { project.root.join(SANDBOX_STATE) } else { project.root.clone() };
    let input = plan::Input {
        pipeline,
        connections: &project.connections,
        params: &arguments.param,
        environment: &project.environment,
        root: project.root.clone(),
        output_root,
        complete: true,
    };
    plan::build(&input, project.findings.clone())
}

fn refuse(findings: &Findings, sources: &Sources, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    terminal.findings(&findings.sorted(), sources)?;
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
    let out = terminal.out.clone();
    let world = World {
        clock: terminal.clock.clone().unwrap_or_else(|| Arc::new(SystemClock) as Arc<dyn Clock>),
        random: Box::new(fastrand::f64),
        environment: project.environment.clone(),
        stdout: Box::new(move || Box::new(out.clone())),
        transport: TransportSettings {
            // The stand-in is on this machine; a proxy would look for it on its own.
            proxy: if arguments.sandbox { Proxy::None } else { Proxy::Environment },
            ..TransportSettings::default()
        },
        state: Some(project.root.join(if arguments.sandbox { SANDBOX_STATE } else { STATE })),
        interrupt: wish,
    };
    let mut listeners = Listeners(vec![Box::new(Log)]);
    if terminal.interactive && !arguments.quiet {
        listeners.0.push(Box::new(Progress::on_terminal()));
    }
    Ok(runtime.block_on(async {
        let signals = tokio::spawn(super::signals::listen(interrupter));
        // It listens before anything is locked or asked for.
        tokio::task::yield_now().await;
        let outcome = crate::run::run(plan, &world, redactor, &mut listeners).await;
        signals.abort();
        outcome
    }))
}

fn report_outcome(
    plan: &Plan,
    outcome: &Outcome,
    arguments: &RunArguments,
    project: &Project,
    terminal: &mut Terminal,
) -> anyhow::Result<Exit> {
    let (findings, exit): (&[Diagnostic], Exit) = match &outcome.ending {
        Ending::Complete | Ending::OutputClosed => (&[], Exit::Success),
        Ending::Incomplete(reasons) => (reasons, Exit::Incomplete),
        Ending::Failed(finding) => (std::slice::from_ref(finding), Exit::Failed),
        Ending::TargetFailed(finding) => (std::slice::from_ref(finding), Exit::Target),
        Ending::Interrupted => (&[], Exit::Interrupted),
    };
    if matches!(outcome.ending, Ending::OutputClosed) {
        return Ok(exit); // whoever read it has seen enough
    }
    terminal.findings(findings, &project.sources)?;
    if !(arguments.quiet && exit == Exit::Success) {
        writeln!(terminal.err, "{}", report::summary(&plan.name, outcome, &folder(project, terminal)))?;
    }
    Ok(exit)
}

/// Paths are shown from where the user stands, if the project is there or below.
fn folder(project: &Project, terminal: &Terminal) -> PathBuf {
    if project.root.starts_with(&terminal.folder) { terminal.folder.clone() } else { project.root.clone() }
}
