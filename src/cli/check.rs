//! `river check`: everything that is wrong, at once, without a request.

use std::collections::BTreeSet;
use std::io::Write;

use super::args::{CheckArguments, Format};
use super::exit::Exit;
use super::files::{File, files};
use super::project::{self, Project, Purpose};
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Findings, Severity, Sources, render_json};

/// Checks every file named.
pub(super) fn check(arguments: &CheckArguments, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let mut report = Report::default();
    let files = match files(&arguments.files, &terminal.folder) {
        Ok(files) => files,
        Err(finding) => {
            terminal.findings(&[*finding], &Sources::default())?;
            return Ok(Exit::Usage);
        }
    };
    for file in files {
        report.count(&file);
        let (sources, findings) = match file {
            Ok(file) => findings_of(&file, terminal),
            Err(finding) => (Sources::default(), vec![finding]),
        };
        let new = report.add(&findings, &sources);
        if !arguments.format.is_json() {
            terminal.findings(&new, &sources)?;
        }
    }
    match arguments.format {
        Format::Text => writeln!(terminal.err, "{}", report.verdict())?,
        Format::Json => writeln!(terminal.out, "{}", serde_json::to_string_pretty(&report.json)?)?,
    }
    Ok(if report.errors > 0 { Exit::CheckFailed } else { Exit::Success })
}

fn findings_of(file: &File, terminal: &Terminal) -> (Sources, Vec<Diagnostic>) {
    let (sources, findings) = match file {
        File::Connection(path) => project::check_connection(path, &terminal.folder),
        File::Pipeline(name) => match project::open(name, &terminal.folder, &terminal.environment) {
            Err(finding) => return (Sources::default(), vec![*finding]),
            Ok(project) => {
                let findings = plan_findings(&project);
                (project.sources, findings)
            }
        },
    };
    (sources, findings.sorted())
}

fn plan_findings(project: &Project) -> Findings {
    match project.plan(&[], Purpose::Check) {
        Ok(checked) => checked.warnings,
        Err(findings) => findings,
    }
}

/// What was found in all files.
#[derive(Debug, Default)]
struct Report {
    pipelines: usize,
    connections: usize,
    errors: usize,
    warnings: usize,
    json: Vec<serde_json::Value>,
    seen: BTreeSet<String>,
}

impl Report {
    fn count(&mut self, file: &Result<File, Diagnostic>) {
        match file {
            Ok(File::Pipeline(_)) => self.pipelines += 1,
            Ok(File::Connection(_)) => self.connections += 1,
            Err(_) => {}
        }
    }

    /// Adds findings and returns those that are new: two pipelines of one connection have its findings in common.
    fn add(&mut self, findings: &[Diagnostic], sources: &Sources) -> Vec<Diagnostic> {
        let mut new = Vec::new();
        for finding in findings {
            let json = render_json(finding, sources);
            if !self.seen.insert(json.to_string()) {
                continue;
            }
            match finding.severity {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
            }
            self.json.push(json);
            new.push(finding.clone());
        }
        new
    }

    fn verdict(&self) -> String {
        let pipelines =
            (self.pipelines > 0 || self.connections == 0).then(|| plural(self.pipelines, "pipeline"));
        let connections = (self.connections > 0).then(|| plural(self.connections, "connection"));
        let files = pipelines.into_iter().chain(connections).collect::<Vec<_>>().join(" and ");
        match (self.errors, self.warnings) {
            (0, 0) => format!("{files} checked: nothing to report"),
            (errors, warnings) => {
                format!("{files} checked: {}, {}", plural(errors, "error"), plural(warnings, "warning"))
            }
        }
    }
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
