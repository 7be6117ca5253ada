//! `river secrets`: secrets that river keeps, for variables that neither the environment nor `.env` has.

pub(super) mod arguments;
mod list;
mod remove;
mod set;
mod wanted;

use std::path::PathBuf;

use super::exit::Exit;
use super::problem::Problem;
use super::protection;
use super::run::STATE;
use super::terminal::Terminal;
use super::{kept, project};
use crate::auth::store::{Protection, SecretName, StoreError};
use crate::diagnostic::{Code, Diagnostic, Sources};
use arguments::SecretsCommand;

/// Keeps, lists or forgets secrets.
pub(super) fn secrets(command: &SecretsCommand, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let done = match command {
        SecretsCommand::Set(arguments) => set::set(arguments, terminal),
        SecretsCommand::List => list::list(terminal),
        SecretsCommand::Rm(arguments) => remove::remove(arguments, terminal),
    };
    match done {
        Ok(()) => Ok(Exit::Success),
        Err(problem) => problem.tell(terminal),
    }
}

/// The command line, or what was typed, does not fit.
fn misuse(message: impl Into<String>, help: impl Into<String>) -> Problem {
    Problem::usage(Diagnostic::error(Code::BadParam, message).help(help))
}

/// The folder of what is kept cannot be used.
fn unusable(trouble: &StoreError) -> Problem {
    let finding = Diagnostic::error(Code::BadStore, trouble.to_string());
    Problem::of(finding.help(trouble.help()), Exit::Failed)
}

/// What is kept under a name cannot be used.
fn unusable_secret(trouble: &StoreError, name: &SecretName) -> Problem {
    let finding = Diagnostic::error(Code::BadStore, trouble.to_string());
    Problem::of(finding.help(kept::help(trouble, name)), Exit::Failed)
}

/// The project in which the user stands.
struct Place {
    root: PathBuf,
    state: PathBuf,
    protection: Protection,
}

impl Place {
    fn here(terminal: &Terminal) -> Result<Self, Problem> {
        let root = project::root_of(&terminal.folder.join("pipeline.yaml"));
        let protection = protection::of_process(&terminal.environment, &terminal.folder)
            .map_err(|finding| Problem::of(*finding, Exit::CheckFailed))?;
        Ok(Self { state: root.join(STATE), root, protection })
    }
}

fn name(text: &str) -> Result<SecretName, Problem> {
    SecretName::parse(text).ok_or_else(|| {
        misuse(
            // What is behind a `=` would be the secret.
            format!("`{}` is no name of a secret", text.split('=').next().unwrap_or_default()),
            "a name has letters, digits and `_`, and begins with no digit, as in `from: env:SHOP_TOKEN`",
        )
    })
}

/// Things that a user should know, but that stop nothing.
fn warn(troubles: &[StoreError], terminal: &mut Terminal) -> std::io::Result<()> {
    let warnings: Vec<Diagnostic> = troubles.iter().map(kept::warning).collect();
    terminal.findings(&warnings, &Sources::default())
}
