//! Why a command does not do what it was asked for.

use super::exit::Exit;
use super::project::{ConnectionProject, Project};
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Findings, Sources};

/// Why a command does not do what it was asked for.
#[derive(Debug)]
pub(super) enum Problem {
    Found { findings: Vec<Diagnostic>, sources: Sources, exit: Exit },
    Other(anyhow::Error),
}

impl Problem {
    /// The command line does not fit.
    pub(super) fn usage(finding: Diagnostic) -> Self {
        Self::of(finding, Exit::Usage)
    }

    pub(super) fn of(finding: Diagnostic, exit: Exit) -> Self {
        Self::Found { findings: vec![finding], sources: Sources::default(), exit }
    }

    pub(super) fn in_pipeline(findings: &Findings, project: &Project) -> Self {
        Self::Found { findings: findings.sorted(), sources: project.sources.clone(), exit: Exit::CheckFailed }
    }

    pub(super) fn in_connection(findings: &Findings, project: &ConnectionProject) -> Self {
        Self::Found { findings: findings.sorted(), sources: project.sources.clone(), exit: Exit::CheckFailed }
    }

    /// The same with other help.
    pub(super) fn with_help(self, help: &str) -> Self {
        match self {
            Self::Found { mut findings, sources, exit } => {
                for finding in &mut findings {
                    finding.help = vec![help.to_owned()];
                }
                Self::Found { findings, sources, exit }
            }
            Self::Other(error) => Self::Other(error),
        }
    }

    /// In one line.
    pub(super) fn first_message(&self) -> String {
        match self {
            Self::Found { findings, .. } => {
                findings.first().map(|finding| finding.message.clone()).unwrap_or_default()
            }
            Self::Other(error) => error.to_string(),
        }
    }
}

impl Problem {
    /// Tells it to the person.
    pub(super) fn tell(self, terminal: &mut Terminal) -> anyhow::Result<Exit> {
        match self {
            Self::Other(error) => Err(error),
            Self::Found { findings, sources, exit } => {
                terminal.findings(&findings, &sources)?;
                Ok(exit)
            }
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}
