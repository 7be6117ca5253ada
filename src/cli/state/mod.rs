//! `river state`: what runs keep for the next ones, shown and changed by hand.

pub(super) mod arguments;
mod export;
mod import;
mod reset;
mod set;
mod show;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::exit::Exit;
use super::problem::Problem;
use super::project;
use super::run::{SANDBOX_STATE, STATE};
use super::terminal::Terminal;
use crate::diagnostic::quoted_list;
use crate::run::journal::edit::{self, Change, Refused};
use crate::state::{State, StateError, Watermark, WatermarkKey};
use arguments::StateCommand;

/// Shows or changes the state.
pub(super) fn state(command: &StateCommand, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let done = match command {
        StateCommand::Show(arguments) => show::show(arguments, terminal),
        StateCommand::Set(arguments) => set::set(arguments, terminal),
        StateCommand::Reset(arguments) => reset::reset(arguments, terminal),
        StateCommand::Export(arguments) => export::export(arguments, terminal),
        StateCommand::Import(arguments) => import::import(arguments, terminal),
    };
    match done {
        Ok(()) => Ok(Exit::Success),
        Err(problem) => problem.tell(terminal),
    }
}

impl From<StateError> for Problem {
    fn from(error: StateError) -> Self {
        Self::of(edit::finding(&error), Exit::Failed)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Locked(finding) => Self::of(*finding, Exit::Locked),
            Refused::State(finding) => Self::of(*finding, Exit::Failed),
        }
    }
}

/// A pipeline that somebody named, and where its state is.
#[derive(Debug)]
struct Named {
    /// Its `name:`.
    name: String,
    folder: PathBuf,
}

/// The folder of the state of the project in which the user stands.
fn folder_here(terminal: &Terminal, sandbox: bool) -> PathBuf {
    folder_of(&project::root_of(&terminal.folder.join("pipeline.yaml")), sandbox)
}

fn folder_of(root: &Path, sandbox: bool) -> PathBuf {
    root.join(if sandbox { SANDBOX_STATE } else { STATE })
}

/// The pipeline of a file; without one, a pipeline that the state knows by this name.
fn named(name: &str, terminal: &Terminal, sandbox: bool) -> Result<Named, Problem> {
    let missing = match project::open(name, &terminal.folder, &terminal.environment) {
        Ok(project) => {
            let found = project.pipeline.as_ref().and_then(|pipeline| pipeline.name.given());
            let Some(found) = found else {
                return Err(Problem::in_pipeline(&project.findings, &project));
            };
            return Ok(Named { name: found.text.clone(), folder: folder_of(&project.root, sandbox) });
        }
        Err(finding) => *finding,
    };
    let folder = folder_here(terminal, sandbox);
    let known = match State::open_if_there(&folder)? {
        Some(state) => known_pipelines(&state, terminal)?,
        None => vec![],
    };
    if known.iter().any(|known| known == name) {
        return Ok(Named { name: name.to_owned(), folder });
    }
    let list = quoted_list(known.iter().map(String::as_str));
    Err(Problem::usage(missing.help_if((!known.is_empty()).then(|| format!("the state knows {list}")))))
}

/// The names of the pipelines for which something is kept.
fn known_pipelines(state: &State, terminal: &Terminal) -> Result<Vec<String>, StateError> {
    let of_watermarks = state.watermarks(None)?.into_iter().map(|kept| kept.watermark.key.pipeline);
    let runs = edit::open_runs(state, None, now(terminal))?;
    let mut names: Vec<String> = of_watermarks.chain(runs.into_iter().map(|run| run.pipeline)).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

fn now(terminal: &Terminal) -> SystemTime {
    terminal.clock.as_ref().map_or_else(SystemTime::now, |clock| clock.now())
}

/// `items.since for "Leads"`
fn title(key: &WatermarkKey) -> String {
    let per = if key.per == "null" { String::new() } else { format!(" for {}", key.per) };
    format!("{}.{}{per}", key.step, key.name)
}

/// Prints a line. Values came from a server: they must not move a cursor.
fn say(terminal: &mut Terminal, line: &str) -> Result<(), Problem> {
    let plain =
        |character: char| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character };
    writeln!(terminal.out, "{}", line.chars().map(plain).collect::<String>())?;
    Ok(())
}

/// Sets watermarks, and says of each what it was.
fn set_all(state: &mut State, watermarks: Vec<Watermark>, terminal: &mut Terminal) -> Result<(), Problem> {
    let pipelines = watermarks.iter().map(|watermark| watermark.key.pipeline.clone()).collect();
    let former: Result<Vec<_>, StateError> =
        watermarks.iter().map(|watermark| state.watermark(&watermark.key)).collect();
    let former = former?;
    let change = Change { pipelines, set: watermarks, ..Change::default() };
    let notes = edit::change(state, &change, now(terminal))?;
    for (watermark, former) in change.set.iter().zip(former) {
        let was = match former.map(|former| former.value) {
            None => "there was none".to_owned(),
            Some(value) if value == watermark.value => "as it was".to_owned(),
            Some(value) => format!("it was {value}"),
        };
        let (pipeline, title) = (&watermark.key.pipeline, title(&watermark.key));
        say(terminal, &format!("{pipeline}: {title} is {}; {was}", watermark.value))?;
    }
    notes.iter().try_for_each(|note| say(terminal, note))
}
