//! `river check`: everything that is wrong, at once, without a request.

use std::io::Write;

use super::args::{CheckArguments, CheckFormat};
use super::exit::Exit;
use super::project::{self, Project, Purpose};
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Findings, Severity, Sources, render_json};

/// Checks every pipeline named.
pub(super) fn check(arguments: &CheckArguments, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let mut errors = 0;
    let mut warnings = 0;
    let mut report = Vec::new();
    for name in &arguments.pipelines {
        let (sources, findings) = findings_of(name, terminal);
        errors += count(&findings, Severity::Error);
        warnings += count(&findings, Severity::Warning);
        match arguments.format {
            CheckFormat::Text => terminal.findings(&findings, &sources)?,
            CheckFormat::Json => report.extend(findings.iter().map(|finding| render_json(finding, &sources))),
        }
    }
    match arguments.format {
        CheckFormat::Text => {
            writeln!(terminal.err, "{}", verdict(arguments.pipelines.len(), errors, warnings))?;
        }
        CheckFormat::Json => writeln!(terminal.out, "{}", serde_json::to_string_pretty(&report)?)?,
    }
    Ok(if errors > 0 { Exit::CheckFailed } else { Exit::Success })
}

fn findings_of(name: &str, terminal: &Terminal) -> (Sources, Vec<Diagnostic>) {
    match project::open(name, &terminal.folder, &terminal.environment) {
        Err(finding) => (Sources::default(), vec![*finding]),
        Ok(project) => {
            let findings = plan_findings(&project);
            (project.sources, findings.sorted())
        }
    }
}

fn plan_findings(project: &Project) -> Findings {
    match project.plan(&[], Purpose::Check) {
        Ok(checked) => checked.warnings,
        Err(findings) => findings,
    }
}

fn count(findings: &[Diagnostic], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}

fn verdict(files: usize, errors: usize, warnings: usize) -> String {
    let pipelines = plural(files, "pipeline");
    match (errors, warnings) {
        (0, 0) => format!("{pipelines} checked: nothing to report"),
        _ => format!("{pipelines} checked: {}, {}", plural(errors, "error"), plural(warnings, "warning")),
    }
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
