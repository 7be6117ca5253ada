//! A run's entry in the state: its locks, what dead runs left, checkpoints, and the decision that makes it count.
//!
//! Runs that leave nothing behind (standard output only, no watermarks) have none.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::checkpoint::Checkpoint;
use super::event::Event;
use super::world::{Overlap, Window, World};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Plan;
use crate::plan::target::TargetKind;
use crate::state::{
    Decided, Holder, Lock, NewRun, Phase, RunRow, State, StateError, Watermark, WatermarkKey, fingerprint,
};
use crate::target::staging::sweep;
use crate::target::{Prepared, TargetError, apply, folders};

/// How old a checkpoint may be. Services forget their cursors in about a day, and what was read before would be stale.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// How long to wait between two looks at a lock.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// The entry of a run.
#[derive(Debug)]
pub(super) struct Ledger {
    state: Arc<Mutex<State>>,
    run: NewRun,
    /// Held until the run ends.
    _locks: Vec<Lock>,
}

/// An entry that was opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) ledger: Ledger,
    /// Where a dead run got to, if this one goes on from there.
    pub(super) resumed: Option<Checkpoint>,
    /// What was found and done, one line each.
    pub(super) notes: Vec<String>,
}

/// Why a run does not begin.
#[derive(Debug)]
pub(super) enum Refused {
    /// Another run is at work.
    Locked(Box<Diagnostic>),
    /// Another run is at work, and that is as good.
    Skipped(String),
    /// The state cannot be used.
    State(Box<Diagnostic>),
    /// What an earlier run had decided cannot be put in place.
    Target(TargetError),
    /// Somebody wished to stop.
    Interrupted,
}

impl From<StateError> for Refused {
    fn from(error: StateError) -> Self {
        Refused::State(Box::new(about_state(&error)))
    }
}

/// The finding about a state that cannot be used.
pub(super) fn about_state(error: &StateError) -> Diagnostic {
    Diagnostic::error(Code::BadState, error.to_string()).help(error.help())
}

impl Ledger {
    /// Whether a run of this plan leaves anything that has to be kept track of.
    pub(super) fn is_needed(plan: &Plan) -> bool {
        let keeps = plan.steps.iter().any(|step| !step.state.is_empty());
        keeps || plan.targets.iter().any(|target| target.kind != TargetKind::Stdout)
    }

    /// Takes the locks, finishes or removes what dead runs left, and begins the run, or goes on with a dead one.
    pub(super) async fn open(
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
        let state = Arc::new(Mutex::new(State::open(folder)?));
        let ledger = Self { state, run, _locks: locks };
        let mut recovery = Recovery { ledger, world, notes: vec![] };
        let found = recovery.look_back().await?;
        let Recovery { mut ledger, mut notes, .. } = recovery;
        if let Some((row, checkpoint)) = found {
            notes.push(format!("goes on where run {} stopped: {}", row.run.id, checkpoint.place(plan)));
            ledger.run = row.run;
            return Ok(Opened { ledger, resumed: Some(checkpoint), notes });
        }
        let run = ledger.run.clone();
        ledger.on_state(move |state| state.begin(&run)).await?;
        Ok(Opened { ledger, resumed: None, notes })
    }

    /// The run's id: that of the dead run, if this one goes on with it.
    pub(super) fn id(&self) -> &str {
        &self.run.id
    }

    /// When the run began, or the dead one did.
    pub(super) fn started_at(&self) -> &str {
        &self.run.started_at
    }

    /// Begins anew under another id, after what was begun could not go on.
    pub(super) async fn start_over(&mut self, id: &str, now: SystemTime) -> Result<(), StateError> {
        self.close("started over", now).await?;
        id.clone_into(&mut self.run.id);
        self.run.started_at = rfc3339(now);
        let run = self.run.clone();
        self.on_state(move |state| state.begin(&run)).await
    }

    /// Notes how far the run got.
    pub(super) async fn checkpoint(
        &self,
        checkpoint: &Checkpoint,
        now: SystemTime,
    ) -> Result<(), StateError> {
        let (id, text, now) = (self.run.id.clone(), checkpoint.to_text(), rfc3339(now));
        self.on_state(move |state| state.checkpoint(&id, &text, &now)).await
    }

    /// Decides what lands.
    pub(super) async fn decide(
        &self,
        prepared: &[Prepared],
        watermarks: Vec<Watermark>,
        now: SystemTime,
    ) -> Result<(), StateError> {
        let landings = prepared.iter().map(|prepared| serde_json::json!(prepared).to_string()).collect();
        let decided = Decided { landings, watermarks };
        let (id, now) = (self.run.id.clone(), rfc3339(now));
        self.on_state(move |state| state.decide(&id, &decided, &now)).await
    }

    /// What the last complete runs left, in the order of the keys.
    pub(super) async fn watermarks(
        &self,
        keys: Vec<WatermarkKey>,
    ) -> Result<Vec<Option<String>>, StateError> {
        self.on_state(move |state| {
            let value = |key| Ok(state.watermark(key)?.map(|watermark| watermark.value));
            keys.iter().map(value).collect()
        })
        .await
    }

    /// The run does not begin. What a dead one left stays.
    pub(super) async fn step_back(&self, is_resumed: bool, now: SystemTime) -> Result<(), StateError> {
        if is_resumed { Ok(()) } else { self.end("not begun", now).await }
    }

    /// Nothing of the run is left to do.
    pub(super) async fn end(&self, outcome: &'static str, now: SystemTime) -> Result<(), StateError> {
        let (id, now) = (self.run.id.clone(), rfc3339(now));
        self.on_state(move |state| state.end(&id, outcome, &now)).await
    }

    /// Removes what the run left, and ends it.
    pub(super) async fn close(&self, outcome: &'static str, now: SystemTime) -> Result<(), StateError> {
        let run = self.run.clone();
        self.on_state(move |state| {
            remove_leftovers(state.folder(), &run);
            state.end(&run.id, outcome, &rfc3339(now))
        })
        .await
    }

    /// The database has a synchronous interface; its work must not stop the network's.
    async fn on_state<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let state = Arc::clone(&self.state);
        let done = tokio::task::spawn_blocking(move || {
            work(&mut state.lock().unwrap_or_else(PoisonError::into_inner))
        });
        done.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
}

/// Looks at what dead runs left.
struct Recovery<'a> {
    ledger: Ledger,
    world: &'a World,
    notes: Vec<String>,
}

impl Recovery<'_> {
    /// Finishes what was decided, removes what nobody goes on with; what is left is where this run goes on.
    async fn look_back(&mut self) -> Result<Option<(RunRow, Checkpoint)>, Refused> {
        let mut found = None;
        for row in self.ledger.on_state(|state| state.open_runs()).await? {
            let own = row.run.key == self.ledger.run.key;
            // The lock of an own one is held already: whoever had it is dead.
            let lock = if own { None } else { Some(self.lock_of(&row)?) };
            if matches!(lock, Some(None)) {
                continue;
            }
            match row.phase {
                Phase::Decided => self.finish(&row).await?,
                _ if own => {
                    if let Some((earlier, _)) = found.take() {
                        self.remove(&earlier).await?;
                    }
                    match self.usable(&row) {
                        Some(checkpoint) => found = Some((row, checkpoint)),
                        None => self.remove(&row).await?,
                    }
                }
                _ if self.is_stale(&row) || row.checkpoint.is_none() => self.remove(&row).await?,
                _ => {}
            }
        }
        Ok(found)
    }

    /// The lock of another key's run; none while it is alive.
    fn lock_of(&self, row: &RunRow) -> Result<Option<Lock>, StateError> {
        let folder = self.folder();
        Ok(Lock::try_take(&folder, &run_lock(&row.run.key), &holder(&self.ledger.run))?.ok())
    }

    fn folder(&self) -> PathBuf {
        let state = self.ledger.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.folder().to_owned()
    }

    async fn finish(&mut self, row: &RunRow) -> Result<(), Refused> {
        let id = row.run.id.clone();
        let wanted = id.clone();
        let landings = self.ledger.on_state(move |state| state.landings(&wanted)).await?;
        for text in &landings {
            let prepared: Prepared = serde_json::from_str(text).map_err(|error| StateError::Unreadable {
                shown: self.folder().display().to_string(),
                what: "a decision",
                cause: error.to_string(),
            })?;
            apply(&prepared).map_err(Refused::Target)?;
        }
        let run = row.run.clone();
        let now = rfc3339(self.world.clock.now());
        self.ledger
            .on_state(move |state| {
                remove_leftovers(state.folder(), &run);
                state.end(&run.id, "complete", &now)
            })
            .await?;
        self.notes.push(format!("finished what run {id} had decided: its results are in place"));
        Ok(())
    }

    async fn remove(&mut self, row: &RunRow) -> Result<(), Refused> {
        let run = row.run.clone();
        let now = rfc3339(self.world.clock.now());
        let removed = self
            .ledger
            .on_state(move |state| {
                let removed = remove_leftovers(state.folder(), &run);
                state.end(&run.id, "abandoned", &now).map(|()| removed)
            })
            .await?;
        if removed > 0 {
            self.notes.push(format!("removed what run {} had left unfinished", row.run.id));
        }
        Ok(())
    }

    /// The checkpoint of an own dead run, if this run can go on from there; otherwise it is said why not.
    fn usable(&mut self, row: &RunRow) -> Option<Checkpoint> {
        let text = row.checkpoint.as_ref()?;
        let reason = if self.world.restart {
            "as `--restart` demands".to_owned()
        } else if row.run.fingerprint != self.ledger.run.fingerprint {
            "the pipeline, or what the command line asks for, has changed since".to_owned()
        } else if self.is_stale(row) {
            "it is older than a day".to_owned()
        } else {
            match Checkpoint::from_text(text) {
                Ok(checkpoint) => return Some(checkpoint),
                Err(error) => format!("its checkpoint cannot be read: {error}"),
            }
        };
        self.notes.push(format!("starts over, and not where run {} stopped: {reason}", row.run.id));
        None
    }

    fn is_stale(&self, row: &RunRow) -> bool {
        is_stale(row, self.world.clock.now())
    }
}

/// Whether nobody goes on with a run any more.
pub(super) fn is_stale(row: &RunRow, now: SystemTime) -> bool {
    let Ok(touched) = row.touched_at.parse::<jiff::Timestamp>() else { return true };
    now.duration_since(touched.into()).is_ok_and(|age| age > LONGEST_PAUSE)
}

/// Removes the hidden files of a run; says how many there were.
pub(super) fn remove_leftovers(state: &Path, run: &NewRun) -> usize {
    let stage = state.join("stage").join(&run.id);
    let staged = usize::from(fs::remove_dir_all(stage).is_ok());
    staged + run.folders.iter().map(|folder| sweep(folder, &run.id)).sum::<usize>()
}

/// Takes the lock of the run's key and those of its targets, in one order for all runs.
async fn take_locks(
    plan: &Plan,
    world: &World,
    folder: &Path,
    run: &NewRun,
    tell: &mut dyn FnMut(&Event),
) -> Result<Vec<Lock>, Refused> {
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
                    locks.push(lock);
                    break;
                }
                Err(found) => found,
            };
            let message = held_by(&shown, found.as_ref());
            let waited = world.clock.now().duration_since(began).unwrap_or_default();
            match world.overlap {
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

pub(super) fn held_by(what: &str, holder: Option<&Holder>) -> String {
    match holder {
        Some(holder) => format!(
            "{what} is in use: process {} holds its lock since {} (run {})",
            holder.pid, holder.started_at, holder.run
        ),
        None => format!("{what} is in use: another process holds its lock"),
    }
}

fn holder(run: &NewRun) -> Holder {
    Holder { pid: std::process::id(), run: run.id.clone(), started_at: run.started_at.clone() }
}

pub(super) fn run_lock(key: &str) -> String {
    format!("run-{key}")
}

/// The lock of a target, and how messages call it.
fn target_lock(target: &crate::plan::target::TargetPlan) -> Option<(String, String)> {
    let place = target.kind.place()?;
    let resolved = fs::canonicalize(&place.path).unwrap_or_else(|_| place.path.clone());
    let path = resolved.as_os_str().as_encoded_bytes();
    let name = match &target.kind {
        // Tables of one database are written one after the other, which SQLite sees to.
        TargetKind::Sqlite(sqlite) => fingerprint([path, sqlite.table.as_bytes()]),
        TargetKind::File(_) | TargetKind::Stdout => fingerprint([path]),
    };
    Some((format!("target-{name}"), format!("`{}`", place.shown)))
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

pub(super) fn rfc3339(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
