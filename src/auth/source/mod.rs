//! Getting a value of a connection from where it is: the environment, a file, a program, the keyring, a person.
//!
//! Nothing here prints, and nothing but the value itself is kept. Whether a run can go on without it is not decided here.

mod command;
mod error;
mod file;
mod keyring;
mod text;

use std::path::Path;

pub use error::SourceError;

use crate::plan::source::Origin;
use crate::secret::{Environment, Redactor, Secret};

/// Where values are looked for.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    /// The environment, `.env` included.
    pub environment: &'a Environment,
    /// The folder to which paths belong, and in which programs run.
    pub root: &'a Path,
    /// Asks a person.
    pub ask: &'a Ask,
    /// Masks what a program says when it fails.
    pub redactor: &'a Redactor,
}

/// Asks a person at the terminal for a secret, with this question, and does not show what is typed.
pub type Ask = dyn Fn(&str) -> Answer + Send + Sync;

/// What came of asking.
#[derive(Debug)]
pub enum Answer {
    /// This was typed.
    Given(Secret),
    /// There is no terminal with a person at it.
    NoTerminal,
    /// The person does not want to go on.
    Stopped,
    /// The terminal cannot be used.
    Failed(std::io::Error),
}

/// A value that was found.
#[derive(Debug)]
pub struct Found {
    /// The value; it is not empty.
    pub value: Secret,
    /// What is questionable about it.
    pub warning: Option<Warning>,
}

/// Something about a place that its owner should change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What.
    pub message: String,
    /// What helps.
    pub help: String,
}

/// Gets the value that is there now. `what` says in a question what is wanted.
pub fn find(origin: &Origin, what: &str, places: Places<'_>) -> Result<Found, SourceError> {
    let value = match origin {
        Origin::File(path) => return file::read(path, places),
        Origin::Environment(variable) => places
            .environment
            .get(variable)
            .filter(|value| !value.expose().is_empty())
            .cloned()
            .ok_or_else(|| SourceError::NotSet(variable.clone()))?,
        Origin::Keyring(name) => keyring::entry(name)?,
        Origin::Prompt => answer((places.ask)(&format!("{what}: ")))?,
        Origin::Command(words) => command::Command { words, folder: places.root, redactor: places.redactor }
            .output(command::TIME)?,
    };
    Ok(Found { value, warning: None })
}

fn answer(answer: Answer) -> Result<Secret, SourceError> {
    match answer {
        Answer::Given(value) if value.expose().is_empty() => Err(SourceError::NothingEntered),
        Answer::Given(value) => Ok(value),
        Answer::NoTerminal => Err(SourceError::NoTerminal),
        Answer::Stopped => Err(SourceError::Stopped),
        Answer::Failed(error) => Err(SourceError::Terminal(error)),
    }
}

#[cfg(all(test, unix))]
mod tests;
