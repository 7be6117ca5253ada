//! `river plan`: what would be requested, in order, without a request.

use std::io::Write;

use river_sandbox::connection_to;

use super::args::PlanArguments;
use super::exit::Exit;
use super::project::{self, Purpose};
use super::run::lead_to_sandbox;
use super::terminal::Terminal;
use crate::diagnostic::{Findings, Sources};
use crate::report;
use crate::run::preview::{StepPreview, preview};

/// Where the stand-in would be; its port is chosen when it starts.
const SANDBOX: &str = "http://zoho.sandbox";

/// Prints what a pipeline would request.
pub(super) fn plan(arguments: &PlanArguments, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let mut project = match project::open(&arguments.pipeline, &terminal.folder, &terminal.environment) {
        Ok(project) => project,
        Err(finding) => {
            terminal.findings(&[*finding], &Sources::default())?;
            return Ok(Exit::Usage);
        }
    };
    let purpose = if arguments.sandbox { Purpose::RunInSandbox } else { Purpose::Run };
    if arguments.sandbox {
        lead_to_sandbox(&mut project, connection_to(SANDBOX));
    }
    let checked = match project.plan(&arguments.param, purpose) {
        Ok(checked) => checked,
        Err(findings) => return refuse(&findings, &project.sources, terminal),
    };
    terminal.findings(&checked.warnings.sorted(), &project.sources)?;
    match preview(&checked.plan, &project.environment) {
        Ok(steps) => print(&checked.plan.name, &steps, arguments, terminal),
        Err(finding) => {
            terminal.findings(&[*finding], &project.sources)?;
            Ok(Exit::CheckFailed)
        }
    }
}

fn refuse(findings: &Findings, sources: &Sources, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    terminal.findings(&findings.sorted(), sources)?;
    Ok(Exit::CheckFailed)
}

fn print(
    pipeline: &str,
    steps: &[StepPreview],
    arguments: &PlanArguments,
    terminal: &mut Terminal,
) -> anyhow::Result<Exit> {
    let text = if arguments.json {
        serde_json::to_string_pretty(steps)?
    } else if arguments.curl {
        steps.iter().map(|step| step.request.curl.as_str()).collect::<Vec<_>>().join("\n\n")
    } else {
        report::story(pipeline, steps)
    };
    writeln!(terminal.out, "{text}")?;
    Ok(Exit::Success)
}
