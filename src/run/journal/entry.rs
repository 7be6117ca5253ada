//! A run's entry in the state: its locks, what dead runs left, checkpoints, and the decision that makes it count.
//!
//! Runs that leave nothing behind (standard output only, no watermarks) have none.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::checkpoint::Checkpoint;
use super::recovery::Recovery;
use super::state_thread::StateThread;
use crate::diagnostic::{Code, Diagnostic};
use crate::fault_point::{FaultPoint, reach};
use crate::plan::Plan;
use crate::plan::target::{TargetKind, TargetPlan};
use crate::run::event::Event;
use crate::run::watermarks::Left;
use crate::run::world::{Overlap, Window, World};
use crate::state::{
    Decided, Holder, Lock, NewRun, PendingWatermark, State, StateError, Watermark, WatermarkKey, fingerprint,
};
use crate::target::staging::sweep;
use crate::target::{Prepared, TargetError, folders};

/// How long to wait between two looks at a lock.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// How long to wait for a process that only looks at what a dead run left.
const LONGEST_LOOK: Duration = Duration::from_secs(10);

/// The entry of a run.
#[derive(Debug)]
pub(in crate::run) struct RunEntry {
    state: StateThread,
    pub(in crate::run) run: NewRun,
    /// Held until the run ends.
    locks: Vec<(String, Lock)>,
}

/// The watermarks that a decision makes hold.
#[derive(Debug, Default)]
pub(in crate::run) struct DecidedWatermarks {
    /// What has changed of marks since the last checkpoint; those of all checkpoints hold as far as they are complete.
    /// None: no mark holds.
    pub(in crate::run) pending: Option<Vec<PendingWatermark>>,
    /// Others, which stand before them.
    pub(in crate::run) others: Vec<Watermark>,
}

/// An entry that was opened.
#[derive(Debug)]
pub(in crate::run) struct Opened {
    pub(in crate::run) entry: RunEntry,
    /// Where a dead run got to, if this one goes on from there.
    pub(in crate::run) resumed: Option<Checkpoint>,
    /// What was found and done, one line each.
    pub(in crate::run) notes: Vec<String>,
}

/// Why a run does not begin.
#[derive(Debug)]
pub(in crate::run) enum Refused {
    /// Another run is at work.
    Locked(Box<Diagnostic>),
    /// Another run is at work, and that is as good.
    Skipped(String),
    /// The state cannot be used.
    State(Box<Diagnostic>),
    /// What an earlier run had decided cannot be put in place.
    Target(TargetError),
    /// What an earlier run had decided is gone.
    Lost(Box<Diagnostic>),
    /// Somebody wished to stop.
    Interrupted,
}

impl From<StateError> for Refused {
    fn from(error: StateError) -> Self {
        Refused::State(Box::new(about_state(&error)))
    }
}

/// The finding about a state that cannot be used.
pub(in crate::run) fn about_state(error: &StateError) -> Diagnostic {
    Diagnostic::error(Code::BadState, error.to_string()).help(error.help())
}

impl RunEntry {
    /// Whether a run of this plan leaves anything that has to be kept track of.
    pub(in crate::run) fn is_needed(plan: &Plan) -> bool {
        let keeps = plan.steps.iter().any(|step| !step.state.is_empty());
        keeps || plan.targets.iter().any(|target| !target.kind.is_printed())
    }

    /// Takes the locks, finishes or removes what dead runs left, and begins the run, or goes on with a dead one.
    pub(in crate::run) async fn open(
        plan: &Plan,
        world: &World,
        folder: &Path,
        id: &str,
        tell: &mut dyn FnMut(&Event),
    ) -> Result<Opened, Refused> {
        let started_at = rfc3339(world.clock.now());
        let run = NewRun {
            id: id.to_owned(),
            key: run_key(plan),
            pipeline: plan.name.clone(),
            fingerprint: asked_for(world),
            started_at,
            folders: plan.targets.iter().flat_map(folders).collect(),
        };
        let locks = take_locks(plan, world, folder, &run, tell).await?;
        let state = StateThread::open(folder, world).await?;
        let entry = Self { state, run, locks };
        let mut recovery = Recovery::new(entry, world);
        let found = recovery.look_back().await?;
        let (mut entry, mut notes) = recovery.into_parts();
        if let Some((row, checkpoint)) = found {
            notes.push(format!(
                "goes on where run {} stopped: {}",
                row.run.id,
                checkpoint.place.describe(plan)
            ));
            entry.run = row.run;
            return Ok(Opened { entry, resumed: Some(checkpoint), notes });
        }
        let run = entry.run.clone();
        entry.on_state(move |state| state.begin(&run)).await?;
        Ok(Opened { entry, resumed: None, notes })
    }

    /// The run's id: that of the dead run, if this one goes on with it.
    pub(in crate::run) fn id(&self) -> &str {
        &self.run.id
    }

    /// When the run began, or the dead one did.
    pub(in crate::run) fn started_at(&self) -> &str {
        &self.run.started_at
    }

    /// Begins anew under another id, after what was begun could not go on.
    pub(in crate::run) async fn start_over(&mut self, id: &str, now: SystemTime) -> Result<(), StateError> {
        self.close("started over", now).await?;
        id.clone_into(&mut self.run.id);
        self.run.started_at = rfc3339(now);
        let run = self.run.clone();
        self.on_state(move |state| state.begin(&run)).await
    }

    /// Notes how far the run got.
    pub(in crate::run) async fn checkpoint(
        &self,
        checkpoint: &Checkpoint,
        pending: Vec<PendingWatermark>,
        now: SystemTime,
    ) -> Result<(), StateError> {
        let (id, text, now) = (self.run.id.clone(), checkpoint.to_text(), rfc3339(now));
        self.on_state(move |state| state.checkpoint(&id, &text, &pending, &now)).await
    }

    /// Decides what lands. If it cannot be known whether that is stored, it is an error, and the next run looks.
    pub(in crate::run) async fn decide(
        &self,
        prepared: &[Prepared],
        watermarks: DecidedWatermarks,
        now: SystemTime,
    ) -> Result<(), StateError> {
        let landings = prepared.iter().map(|prepared| serde_json::json!(prepared).to_string()).collect();
        let DecidedWatermarks { pending, others } = watermarks;
        let decided = Decided { landings, pending, watermarks: others };
        let (id, now) = (self.run.id.clone(), rfc3339(now));
        self.on_state(move |state| match state.decide(&id, &decided, &now) {
            // A commit that was reported as failed may have succeeded but for its last breath.
            Err(error) => match state.run(&id) {
                Ok(Some(row)) if row.phase.is_decided() => Ok(()),
                _ => Err(error),
            },
            decided => decided,
        })
        .await
    }

    /// Notes that the first of what was decided has landed: something after it has not.
    pub(in crate::run) async fn have_landed(&self, count: usize) -> Result<(), StateError> {
        let id = self.run.id.clone();
        self.on_state(move |state| {
            let landed = state.landings(&id)?.into_iter().take(count);
            landed.map(|(position, _)| position).try_for_each(|position| state.land(&id, position))
        })
        .await
    }

    /// Whether this run holds a lock.
    pub(in crate::run) fn holds(&self, lock: &str) -> bool {
        self.locks.iter().any(|(name, _)| name == lock)
    }

    /// Takes a lock to look at what a dead run left; none: it is alive, or somebody else looks.
    pub(in crate::run) fn try_briefly(&self, lock: &str) -> Result<Option<Lock>, StateError> {
        let holder = Holder { briefly: true, ..holder(&self.run) };
        Ok(Lock::try_take(&self.folder(), lock, &holder)?.ok())
    }

    /// The folder of the state.
    pub(in crate::run) fn folder(&self) -> PathBuf {
        self.state.folder().to_owned()
    }

    /// What the last complete runs left of marks, and what an interrupted run had seen that this one resumes; in the
    /// order of the keys.
    pub(in crate::run) async fn watermarks(&self, keys: Vec<WatermarkKey>) -> Result<Vec<Left>, StateError> {
        let id = self.run.id.clone();
        self.on_state(move |state| {
            let left = |key| {
                let former = state.watermark(key)?.map(|watermark| watermark.value);
                Ok(Left { former, pending: state.pending_watermark(&id, key)? })
            };
            keys.iter().map(left).collect()
        })
        .await
    }

    /// The run does not begin. What a dead one left stays.
    pub(in crate::run) async fn step_back(
        &self,
        is_resumed: bool,
        now: SystemTime,
    ) -> Result<(), StateError> {
        if is_resumed { Ok(()) } else { self.end("not begun", now).await }
    }

    /// Nothing of the run is left to do.
    pub(in crate::run) async fn end(&self, outcome: &'static str, now: SystemTime) -> Result<(), StateError> {
        let (id, now) = (self.run.id.clone(), rfc3339(now));
        self.on_state(move |state| state.end(&id, outcome, &now)).await
    }

    /// Removes what the run left, and ends it.
    pub(in crate::run) async fn close(
        &self,
        outcome: &'static str,
        now: SystemTime,
    ) -> Result<(), StateError> {
        let run = self.run.clone();
        self.on_state(move |state| {
            remove_leftovers(state.folder(), &run);
            state.end(&run.id, outcome, &rfc3339(now))
        })
        .await
    }

    /// Does something with the state, on its thread.
    pub(in crate::run) async fn on_state<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        self.state.work(work).await
    }
}

/// Removes the hidden files of a run; says how many there were.
pub(in crate::run) fn remove_leftovers(state: &Path, run: &NewRun) -> usize {
    let stage = state.join("stage").join(&run.id);
    let staged = usize::from(fs::remove_dir_all(stage).is_ok());
    let removed = staged + run.folders.iter().map(|folder| sweep(folder, &run.id)).sum::<usize>();
    reach(FaultPoint::LeftoversRemoved);
    removed
}

/// Takes the lock of the run's key and those of its targets, in one order for all runs.
async fn take_locks(
    plan: &Plan,
    world: &World,
    folder: &Path,
    run: &NewRun,
    tell: &mut dyn FnMut(&Event),
) -> Result<Vec<(String, Lock)>, Refused> {
    let mut names: Vec<(String, String)> = plan.targets.iter().filter_map(target_lock).collect();
    names.sort();
    names.dedup();
    names.insert(0, (run_lock(&run.key), format!("pipeline `{}`", plan.name)));
    let began = world.clock.now();
    let mut told = false;
    let mut locks = Vec::new();
    for (name, shown) in names {
        loop {
            let found = match Lock::try_take(folder, &name, &holder(run))? {
                Ok(lock) => {
                    locks.push((name, lock));
                    break;
                }
                Err(found) => found,
            };
            let message = held_by(&shown, found.as_ref());
            let waited = world.clock.now().duration_since(began).unwrap_or_default();
            let overlap = match found {
                Some(Holder { briefly: true, .. }) if waited < LONGEST_LOOK => Overlap::Wait(LONGEST_LOOK),
                _ => world.overlap,
            };
            match overlap {
                Overlap::Skip => return Err(Refused::Skipped(format!("skipped: {message}"))),
                Overlap::Wait(longest) if waited < longest => {
                    if !std::mem::replace(&mut told, true) {
                        tell(&Event::WaitingForLock { why: message });
                    }
                    let waiting = world.interrupt.or_stop(world.clock.sleep(BETWEEN_LOOKS));
                    waiting.await.map_err(|_| Refused::Interrupted)?;
                }
                Overlap::Wait(_) | Overlap::Fail => {
                    let finding = Diagnostic::error(Code::Locked, message).help(
                        "wait for it, or choose with `--on-overlap`: `skip` (succeed without a run), `wait=5m`, or `fail`",
                    );
                    return Err(Refused::Locked(Box::new(finding)));
                }
            }
        }
    }
    Ok(locks)
}

pub(in crate::run) fn held_by(what: &str, holder: Option<&Holder>) -> String {
    match holder {
        Some(holder) => format!(
            "{what} is in use: process {} holds its lock since {} (run {})",
            holder.pid, holder.started_at, holder.run
        ),
        None => format!("{what} is in use: another process holds its lock"),
    }
}

fn holder(run: &NewRun) -> Holder {
    let (run, started_at) = (run.id.clone(), run.started_at.clone());
    Holder { pid: std::process::id(), run, started_at, briefly: false }
}

pub(in crate::run) fn run_lock(key: &str) -> String {
    format!("run-{key}")
}

/// The lock of a target, and how messages call it.
fn target_lock(target: &TargetPlan) -> Option<(String, String)> {
    let place = target.kind.place()?;
    let table = match &target.kind {
        TargetKind::Sqlite(sqlite) => Some(sqlite.table.as_str()),
        TargetKind::File(_) | TargetKind::Stdout => None,
    };
    Some((place_lock(&place.path, table), format!("`{}`", place.shown)))
}

/// The lock of what a run decided, which is that of its target; none: there is nothing to put in place.
pub(in crate::run) fn landing_lock(prepared: &Prepared) -> Option<String> {
    let table = prepared.load.as_ref().map(|load| load.table.as_str());
    prepared.destination.as_ref().map(|path| place_lock(path, table))
}

fn place_lock(path: &Path, table: Option<&str>) -> String {
    let resolved = resolved(path);
    let path = resolved.as_os_str().as_encoded_bytes();
    // Tables of one database are written one after the other, which SQLite sees to.
    let name = fingerprint(std::iter::once(path).chain(table.map(str::as_bytes)));
    format!("target-{name}")
}

/// The path without links. What is not there yet must have the name that it will have then.
fn resolved(path: &Path) -> PathBuf {
    let mut folders = path.ancestors().filter_map(|there| Some((fs::canonicalize(there).ok()?, there)));
    let Some((resolved, there)) = folders.next() else { return path.to_owned() };
    match path.strip_prefix(there) {
        Ok(rest) if rest.as_os_str().is_empty() => resolved,
        Ok(rest) => resolved.join(rest),
        Err(_) => path.to_owned(),
    }
}

/// What a run must share with a dead one to go on with its work: the pipeline and which part of the data it reads.
fn asked_for(world: &World) -> String {
    let Window { from, to } = &world.window;
    let full = if world.full_refresh { "full" } else { "" };
    let part = |text: &Option<String>| text.clone().map_or_else(String::new, |text| format!("={text}"));
    let parts = [world.fingerprint.clone(), full.to_owned(), part(from), part(to)];
    fingerprint(parts.iter().map(String::as_bytes))
}

/// Runs with one key exclude each other, and go on with each other's work.
fn run_key(plan: &Plan) -> String {
    let params = plan.params.iter().filter(|param| !param.secret);
    let params = params.map(|param| format!("{}={}", param.name, param.value)).collect::<Vec<_>>();
    let connections = plan.connections.iter().map(|connection| connection.name.clone());
    let parts: Vec<String> = std::iter::once(plan.name.clone()).chain(connections).chain(params).collect();
    fingerprint(parts.iter().map(String::as_bytes))
}

pub(in crate::run) fn rfc3339(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn the_lock_of_a_target_is_one_before_and_after_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let names = || [real.join("out/a"), link.join("out/a")].map(|path| place_lock(&path, None));
        let before = names();
        fs::create_dir(real.join("out")).unwrap();
        let between = names();
        fs::write(real.join("out/a"), "").unwrap();
        let all: std::collections::BTreeSet<_> = [before, between, names()].into_iter().flatten().collect();
        assert_eq!(all.len(), 1, "{all:?}");
        assert_ne!(place_lock(&real, None), place_lock(&real, Some("t")));
    }
}
