//! What people do to the state between runs: look at runs that have not ended, change and forget watermarks.
//!
//! Nothing is changed while a run of the pipeline is at work. What a dead run would have gone on with is removed by every
//! change: it was asked for with the old watermarks.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::checkpoint::Checkpoint;
use super::entry::{about_state, held_by, landing_lock, remove_leftovers, rfc3339, run_lock};
use super::recovery::is_stale;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::state::StateType;
use crate::run::watermark;
pub use crate::run::watermark::Unfit;
use crate::state::{Holder, Lock, Phase, Revision, RunRow, State, StateError, Watermark, WatermarkKey};
use crate::target::{Prepared, apply, discard};

/// A run that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    /// Its id.
    pub id: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// Where it stands.
    pub phase: Phase,
    /// Where the next run goes on; none: nowhere.
    pub place: Option<String>,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// When it was last heard of, RFC 3339.
    pub touched_at: String,
    /// Whether it is too old to be gone on with.
    pub is_stale: bool,
    /// Whether a process works on it.
    pub is_alive: bool,
}

/// What is changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The pipelines that it is about.
    pub pipelines: BTreeSet<String>,
    /// Watermarks that are set.
    pub set: Vec<Watermark>,
    /// Watermarks that go.
    pub forgotten: Vec<WatermarkKey>,
    /// Whether a decision is forgotten too, if it cannot be put in place.
    pub forgets_decisions: bool,
}

/// Why nothing is changed.
#[derive(Debug)]
pub enum Refused {
    /// A run is at work.
    Locked(Box<Diagnostic>),
    /// The state cannot be used.
    State(Box<Diagnostic>),
}

impl From<StateError> for Refused {
    fn from(error: StateError) -> Self {
        Refused::State(Box::new(about_state(&error)))
    }
}

/// The finding about a state that cannot be used.
pub fn finding(error: &StateError) -> Diagnostic {
    about_state(error)
}

/// Whether a text can be a value of a kind, by the rule that runs follow.
///
/// # Errors
/// What it is instead.
pub fn fits(text: &str, kind: StateType) -> Result<(), Unfit> {
    watermark::Value::read(text, kind).map(drop)
}

/// A moment as the state has it.
pub fn moment(time: SystemTime) -> String {
    rfc3339(time)
}

/// The runs that have not ended, of one pipeline or of all.
///
/// # Errors
/// When the state cannot be read.
pub fn open_runs(state: &State, pipeline: Option<&str>, now: SystemTime) -> Result<Vec<OpenRun>, StateError> {
    let rows = state.open_runs()?.into_iter();
    let rows = rows.filter(|row| pipeline.is_none_or(|name| row.run.pipeline == name));
    rows.map(|row| open_run(state, row, now)).collect()
}

fn open_run(state: &State, row: RunRow, now: SystemTime) -> Result<OpenRun, StateError> {
    let is_alive = Lock::holder(state.folder(), &run_lock(&row.run.key))?.is_some();
    Ok(OpenRun {
        place: place(&row),
        is_stale: is_stale(&row, now),
        id: row.run.id,
        pipeline: row.run.pipeline,
        phase: row.phase,
        started_at: row.run.started_at,
        touched_at: row.touched_at,
        is_alive,
    })
}

/// Where a run that goes on with it begins.
fn place(row: &RunRow) -> Option<String> {
    let checkpoint = Checkpoint::from_text(row.checkpoint.as_ref()?).ok()?;
    Some(checkpoint.shown).filter(|place| !place.is_empty())
}

/// Makes a change, all of it or nothing. Returns what else was done, one line each.
///
/// # Errors
/// When a run is at work, or the state cannot be used; then nothing was changed.
pub fn change(state: &mut State, change: &Change, now: SystemTime) -> Result<Vec<String>, Refused> {
    let now = rfc3339(now);
    loop {
        let rows = state.open_runs()?.into_iter();
        let dead: Vec<RunRow> = rows.filter(|row| change.pipelines.contains(&row.run.pipeline)).collect();
        let locks = lock_all(state, &dead, &now)?;
        let revision = Revision {
            pipelines: change.pipelines.clone(),
            dead: dead.iter().map(|row| row.run.id.clone()).collect(),
            forgotten: change.forgotten.clone(),
            set: change.set.clone(),
        };
        // A run that has begun since is looked at in the next round.
        if state.revise(&revision, &now)? {
            let notes: Result<Vec<_>, StateError> =
                dead.iter().map(|row| clear(state, row, change.forgets_decisions, &now)).collect();
            drop(locks);
            return Ok(notes?.into_iter().flatten().collect());
        }
    }
}

/// Takes the locks of runs, so that nobody goes on with them.
fn lock_all(state: &State, dead: &[RunRow], now: &str) -> Result<Vec<Lock>, Refused> {
    let keys: BTreeSet<(&str, &str)> =
        dead.iter().map(|row| (row.run.key.as_str(), row.run.pipeline.as_str())).collect();
    let holder = Holder {
        pid: std::process::id(),
        run: "`river state`".to_owned(),
        started_at: now.to_owned(),
        briefly: true,
    };
    let take = |(key, pipeline): (&str, &str)| match Lock::try_take(state.folder(), &run_lock(key), &holder)?
    {
        Ok(lock) => Ok(lock),
        Err(found) => {
            let message = held_by(&format!("pipeline `{pipeline}`"), found.as_ref());
            let finding = Diagnostic::error(Code::Locked, message);
            let help = "wait until it has ended: a run would not notice the change, and overwrite it";
            Err(Refused::Locked(Box::new(finding.help(help))))
        }
    };
    let mut locks: Vec<Lock> = keys.into_iter().map(take).collect::<Result<_, _>>()?;
    // What is decided is put in place, or thrown away, under the lock of its target.
    for row in dead.iter().filter(|row| row.phase.is_decided()) {
        for (_, text) in state.landings(&row.run.id)? {
            let Ok(prepared) = serde_json::from_str::<Prepared>(&text) else { continue };
            let Some(name) = landing_lock(&prepared) else { continue };
            match Lock::try_take(state.folder(), &name, &holder)? {
                Ok(lock) => locks.push(lock),
                Err(found) => {
                    let message = held_by("a target that waits for what was decided", found.as_ref());
                    let finding = Diagnostic::error(Code::Locked, message);
                    return Err(Refused::Locked(Box::new(finding.help("wait until that run has ended"))));
                }
            }
        }
    }
    Ok(locks)
}

/// Removes what a dead run left, or puts in place what it had decided.
fn clear(
    state: &mut State,
    row: &RunRow,
    forgets_decisions: bool,
    now: &str,
) -> Result<Option<String>, StateError> {
    let id = &row.run.id;
    if !row.phase.is_decided() {
        let removed = remove_leftovers(state.folder(), &row.run);
        state.end(id, "forgotten", now)?;
        let note = match place(row) {
            Some(place) => Some(format!("removed what run {id} had left: it would have gone on at {place}")),
            None => (removed > 0).then(|| format!("removed what run {id} had left unfinished")),
        };
        return Ok(note);
    }
    if !forgets_decisions {
        return Ok(None);
    }
    let problem = put_in_place(state, id)?.err();
    remove_leftovers(state.folder(), &row.run);
    state.end(id, if problem.is_some() { "forgotten" } else { "complete" }, now)?;
    Ok(Some(match problem {
        None => format!("finished what run {id} had decided: its results are in place"),
        Some(problem) => format!(
            "run {id} had decided what lands, but that cannot be put in place ({problem}): it is forgotten, and what the \
             run read has to be read again"
        ),
    }))
}

/// Puts a decision in place as far as possible; what cannot be is thrown away.
fn put_in_place(state: &State, id: &str) -> Result<Result<(), String>, StateError> {
    let mut done = Ok(());
    for (_, text) in state.landings(id)? {
        let prepared: Result<Prepared, _> = serde_json::from_str(&text);
        let applied = match &prepared {
            Ok(prepared) => apply(prepared).map(drop).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let (Err(_), Ok(prepared)) = (&applied, &prepared) {
            discard(prepared);
        }
        done = done.and(applied);
    }
    Ok(done)
}
