//! `river preview`: the first records of a pipeline, looked at before anything is written.

mod cell;
mod table;

use std::io::{IsTerminal, Write};

use super::args::{PreviewArguments, When};
use super::exit::Exit;
use super::project::{self, Project};
use super::run::{folder, refuse, start_sandbox, world};
use super::terminal::Terminal;
use crate::diagnostic::{Code, Diagnostic, Findings, Sources, Style, nearest, quoted_list};
use crate::plan::Plan;
use crate::record::compact::append_line;
use crate::report::{self, Listeners, Log};
use crate::run::preview::sample::{Sample, Wish, sample};
use crate::run::{Outcome, interrupt};
use crate::secret::Redactor;
use table::Table;

/// Where the width is not known.
const USUAL_WIDTH: usize = 100;

/// Shows the first records of a step.
pub(super) fn preview(
    arguments: &PreviewArguments,
    color: When,
    terminal: &mut Terminal,
    redactor: &Redactor,
) -> anyhow::Result<Exit> {
    let mut project = match project::open(&arguments.pipeline, &terminal.folder, &terminal.environment) {
        Ok(project) => project,
        Err(finding) => return unusable(*finding, terminal),
    };
    let sandbox = start_sandbox(&arguments.rehearsal, &mut project)?;
    let checked = match project.plan(&arguments.param, arguments.rehearsal.purpose()) {
        Ok(checked) => checked,
        Err(findings) => return refuse(&findings, &project.sources, terminal, redactor),
    };
    terminal.findings(&checked.warnings.sorted(), &project.sources)?;
    let mut plan = checked.plan;
    let wish = match wish(arguments, &plan) {
        Ok(wish) => wish,
        Err(finding) => return unusable(finding, terminal),
    };
    let sampled = take(&mut plan, wish, arguments, &project, terminal, redactor);
    drop(sandbox);
    let (outcome, sample) = match sampled? {
        Ok(sampled) => sampled,
        Err(findings) => return refuse(&findings, &project.sources, terminal, redactor),
    };
    print(&sample, arguments, color, terminal)?;
    report(&plan, &outcome, &sample, &project, terminal)
}

/// The command line does not fit.
fn unusable(finding: Diagnostic, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    terminal.findings(&[finding], &Sources::default())?;
    Ok(Exit::Usage)
}

fn wish(arguments: &PreviewArguments, plan: &Plan) -> Result<Wish, Diagnostic> {
    let with_records = || plan.steps.iter().filter(|step| step.records.is_some());
    let names = || with_records().map(|step| step.name.as_str());
    let list = || match with_records().count() {
        0 => "no step has `records`".to_owned(),
        _ => format!("steps with records: {}", quoted_list(names())),
    };
    let wrong = |message| Diagnostic::error(Code::BadStep, message);
    let records = arguments.records as usize;
    let Some(name) = &arguments.step else {
        return match with_records().next() {
            Some(_) => Ok(Wish { step: None, records }),
            None => Err(wrong(format!("`{}` has no step with `records`", plan.name))
                .help("there is nothing to preview; `river plan` shows what it would request")),
        };
    };
    match plan.steps.iter().position(|step| step.name == *name) {
        Some(index) if plan.steps[index].records.is_some() => Ok(Wish { step: Some(index), records }),
        Some(_) => Err(wrong(format!("step `{name}` has no `records`")).help(list())),
        None => {
            let guess = nearest(name, names()).map(|near| format!("did you mean `{near}`?"));
            Err(wrong(format!("`{}` has no step `{name}`", plan.name)).help_if(guess).help(list()))
        }
    }
}

fn take(
    plan: &mut Plan,
    wish: Wish,
    arguments: &PreviewArguments,
    project: &Project,
    terminal: &Terminal,
    redactor: &Redactor,
) -> anyhow::Result<Result<(Outcome, Sample), Findings>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (interrupter, interrupt) = interrupt::pair();
    let world = world(project, terminal, &arguments.rehearsal, interrupt);
    let person = terminal.interactive.then(|| terminal.err.clone());
    let mut listeners = Listeners(vec![Box::new(Log)]);
    super::signals::listen(interrupter, person, terminal.err.clone());
    let sampled = runtime.block_on(sample(plan, &world, redactor, &mut listeners, wish));
    runtime.shutdown_background();
    Ok(sampled)
}

/// Records are data: they are not redacted, as on standard output of a run.
fn print(
    sample: &Sample,
    arguments: &PreviewArguments,
    color: When,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    if sample.records.is_empty() {
        return Ok(());
    }
    if arguments.format.is_json() {
        let mut lines = Vec::new();
        sample.records.iter().for_each(|record| append_line(record, &mut lines));
        return Ok(terminal.out.write_all(&lines)?);
    }
    // The style of findings is that of standard error.
    let shows_colour = color.is_always() || std::io::stdout().is_terminal();
    let style = if shows_colour { terminal.style } else { Style::Plain };
    let table = Table::of(&sample.records);
    let text = if arguments.long { table.blocks(style) } else { table.fitted(width(terminal), style) };
    Ok(terminal.out.write_all(text.as_bytes())?)
}

/// How wide the terminal is: what `COLUMNS` says, else what it says itself.
fn width(terminal: &Terminal) -> usize {
    let said = terminal.environment.get("COLUMNS").and_then(|columns| columns.parse().ok());
    let found = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    said.filter(|width| *width > 0).or_else(found).unwrap_or(USUAL_WIDTH)
}

fn report(
    plan: &Plan,
    outcome: &Outcome,
    sample: &Sample,
    project: &Project,
    terminal: &mut Terminal,
) -> anyhow::Result<Exit> {
    let (findings, exit) = Exit::of(&outcome.ending);
    terminal.findings(findings, &project.sources)?;
    if exit.is_success() {
        writeln!(terminal.err, "{}: {}", plan.name, verdict(plan, outcome, sample))?;
    } else {
        writeln!(terminal.err, "{}", report::summary(&plan.name, outcome, &folder(project, terminal)))?;
    }
    Ok(exit)
}

fn verdict(plan: &Plan, outcome: &Outcome, sample: &Sample) -> String {
    let plural = |count: u64, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let Some(step) = sample.step.map(|index| &plan.steps[index].name) else {
        return "no step with records has run, as their `when` says; nothing was written".to_owned();
    };
    let records = match (sample.records.len() as u64, sample.is_whole) {
        (0, _) => format!("step `{step}` has no records"),
        (1, true) => format!("the only record of step `{step}`"),
        (count, true) => format!("all {count} records of step `{step}`"),
        (1, false) => format!("the first record of step `{step}`"),
        (count, false) => format!("the first {count} records of step `{step}`"),
    };
    let requests = plural(outcome.figures.requests, "request");
    format!("{records}, after {requests}; nothing was written")
}
