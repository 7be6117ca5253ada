//! What dead runs left: what was decided is put in place, what nobody goes on with is removed.
//!
//! What is put in place changes a target, so it is done under that target's lock only, whoever's run it was: a copy of
//! the target that another run makes must hold it, and it must not come after what another run puts there.

use std::time::{Duration, SystemTime};

use super::checkpoint::Checkpoint;
use super::entry::{Refused, RunEntry, landing_lock, remove_leftovers, rfc3339, run_lock};
use crate::diagnostic::{Code, Diagnostic};
use crate::run::world::World;
use crate::state::{Lock, RunRow, StateError};
use crate::target::{Prepared, apply};

/// How old a checkpoint may be. Services forget their cursors in about a day, and what was read before would be stale.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// Looks at what dead runs left.
pub(super) struct Recovery<'a> {
    entry: RunEntry,
    world: &'a World,
    notes: Vec<String>,
}

/// What became of what a dead run decided.
#[derive(Debug, Default)]
struct Finish {
    /// Something is left for another run.
    is_left: bool,
    /// Something is gone: of which path, and why.
    lost: Option<(String, String)>,
}

/// Whether one landing may be touched.
enum Access {
    /// This run has its target, or nothing is to be put in place.
    Own,
    /// It is of another pipeline, and its target is free.
    Free(#[expect(dead_code, reason = "held until the landing is done")] Lock),
    /// Whoever has its target sees to it.
    Busy,
}

impl Access {
    /// Whether the landing may be touched.
    fn is_had(&self) -> bool {
        match self {
            Self::Own | Self::Free(_) => true,
            Self::Busy => false,
        }
    }
}

impl<'a> Recovery<'a> {
    pub(super) fn new(entry: RunEntry, world: &'a World) -> Self {
        Self { entry, world, notes: vec![] }
    }

    /// The entry, and what was found and done.
    pub(super) fn into_parts(self) -> (RunEntry, Vec<String>) {
        (self.entry, self.notes)
    }

    /// Finishes what was decided, removes what nobody goes on with; what is left is where this run goes on.
    pub(super) async fn look_back(&mut self) -> Result<Option<(RunRow, Checkpoint)>, Refused> {
        let mut found = None;
        for row in self.entry.on_state(|state| state.open_runs()).await? {
            let is_own = row.run.key == self.entry.run.key;
            if row.phase.is_decided() {
                self.finish(&row, is_own).await?;
            } else if is_own {
                if let Some((earlier, _)) = found.take() {
                    self.remove(&earlier).await?;
                }
                match self.usable(&row) {
                    Some(checkpoint) => found = Some((row, checkpoint)),
                    None => self.remove(&row).await?,
                }
            } else if row.checkpoint.is_none() || self.is_stale(&row) {
                // Only now: who takes a lock to look is in the way of who starts.
                let lock = self.entry.try_briefly(&run_lock(&row.run.key))?;
                if lock.is_some() && self.is_as_it_was(&row).await? {
                    self.remove(&row).await?;
                }
            }
        }
        Ok(found)
    }

    /// Another process may have been at it between the look and the lock.
    async fn is_as_it_was(&self, row: &RunRow) -> Result<bool, StateError> {
        let id = row.run.id.clone();
        Ok(self.entry.on_state(move |state| state.run(&id)).await?.as_ref() == Some(row))
    }

    async fn finish(&mut self, row: &RunRow, is_own: bool) -> Result<(), Refused> {
        // The lock of an own one is held already: whoever had it is dead.
        let lock = if is_own { None } else { self.entry.try_briefly(&run_lock(&row.run.key))? };
        let is_dead = is_own || lock.is_some();
        let id = row.run.id.clone();
        let mut finish = Finish::default();
        for (position, text) in self.entry.on_state(move |state| state.landings(&id)).await? {
            self.put_in_place(row, is_own, is_dead, (position, &text), &mut finish).await?;
        }
        if is_dead && !finish.is_left && self.is_as_it_was(row).await? {
            let outcome = if finish.lost.is_some() { "lost" } else { "complete" };
            self.close(row, outcome).await?;
            if finish.lost.is_none() {
                let id = &row.run.id;
                self.notes.push(format!("finished what run {id} had decided: its results are in place"));
            }
        }
        match finish.lost {
            None => Ok(()),
            Some((shown, why)) => Err(Refused::Lost(Box::new(lost(row, &shown, &why)))),
        }
    }

    async fn put_in_place(
        &mut self,
        row: &RunRow,
        is_own: bool,
        is_dead: bool,
        (position, text): (i64, &str),
        finish: &mut Finish,
    ) -> Result<(), Refused> {
        let prepared = self.read(text);
        let lock = prepared.as_ref().ok().and_then(landing_lock);
        let is_held = lock.as_ref().is_some_and(|lock| self.entry.holds(lock));
        let access = match &lock {
            _ if is_held => Access::Own,
            _ if !is_dead => Access::Busy,
            None => Access::Own,
            Some(lock) => self.entry.try_briefly(lock)?.map_or(Access::Busy, Access::Free),
        };
        if !access.is_had() {
            finish.is_left = true;
            return Ok(());
        }
        let concerns_us = is_own || is_held;
        let applied = match prepared {
            Ok(prepared) => apply(&prepared).map_err(|error| {
                let lost = error.lost().map(|shown| (shown.to_owned(), error.to_string()));
                (Refused::Target(error), lost)
            }),
            Err(error) => Err((Refused::from(error), None)),
        };
        match applied {
            Ok(_) => self.note_landed(row, position).await?,
            Err((_, Some(lost))) if concerns_us => {
                // Said once. It will never be better, so that no later run needs to fail of it.
                self.note_landed(row, position).await?;
                finish.lost.get_or_insert(lost);
            }
            Err((refused, _)) if concerns_us => return Err(refused),
            Err((refused, _)) => {
                finish.is_left = true;
                self.notes.push(format!(
                    "what run {} of `{}` had decided is left for its next run: {}",
                    row.run.id,
                    row.run.pipeline,
                    why(&refused)
                ));
            }
        }
        Ok(())
    }

    fn read(&self, text: &str) -> Result<Prepared, StateError> {
        serde_json::from_str(text).map_err(|error| StateError::Unreadable {
            shown: self.entry.folder().display().to_string(),
            what: "a decision",
            cause: error.to_string(),
        })
    }

    async fn note_landed(&self, row: &RunRow, position: i64) -> Result<(), StateError> {
        let id = row.run.id.clone();
        self.entry.on_state(move |state| state.land(&id, position)).await
    }

    async fn remove(&mut self, row: &RunRow) -> Result<(), Refused> {
        if self.close(row, "abandoned").await? > 0 {
            self.notes.push(format!("removed what run {} had left unfinished", row.run.id));
        }
        Ok(())
    }

    /// Removes the hidden files of a run and ends it; says how many there were.
    async fn close(&self, row: &RunRow, outcome: &'static str) -> Result<usize, StateError> {
        let run = row.run.clone();
        let now = rfc3339(self.world.clock.now());
        self.entry
            .on_state(move |state| {
                let removed = remove_leftovers(state.folder(), &run);
                state.end(&run.id, outcome, &now).map(|()| removed)
            })
            .await
    }

    /// The checkpoint of an own dead run, if this run can go on from there; otherwise it is said why not.
    fn usable(&mut self, row: &RunRow) -> Option<Checkpoint> {
        let text = row.checkpoint.as_ref()?;
        let reason = if self.world.restart {
            "as `--restart` demands".to_owned()
        } else if row.run.fingerprint != self.entry.run.fingerprint {
            "the pipeline, what the command line asks for, or river itself has changed since".to_owned()
        } else if self.is_stale(row) {
            "it is older than a day".to_owned()
        } else {
            match Checkpoint::from_text(text) {
                Ok(checkpoint) => return Some(checkpoint),
                Err(error) => error.to_string(),
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

fn why(refused: &Refused) -> String {
    match refused {
        Refused::Target(error) => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
        Refused::State(finding) | Refused::Locked(finding) | Refused::Lost(finding) => {
            finding.message.clone()
        }
        Refused::Skipped(why) => why.clone(),
        Refused::Interrupted => "it was interrupted".to_owned(),
    }
}

/// The finding about results that nobody can put in place any more, while the watermarks say that they are there.
fn lost(row: &RunRow, shown: &str, why: &str) -> Diagnostic {
    let (id, pipeline) = (&row.run.id, &row.run.pipeline);
    let message = format!("the results of run {id} for `{shown}` could not be put in place: {why}");
    Diagnostic::error(Code::BadTarget, message).help(format!(
        "the next run goes on behind them; `river run {pipeline} --full-refresh` or `river state reset` reads everything anew"
    ))
}
