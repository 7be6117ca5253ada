//! The targets of a run: opened once, fed by steps, shown together at the end.

use std::cell::Cell;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use super::journal::checkpoint::SavedTarget;
use crate::plan::Plan;
use crate::record::Batch;
use crate::target::{
    Landed, LandingCount, Origin, Prepared, Receipt, Room, Settling, Stage, TargetError, Worker,
    apply_counted, discard, open,
};

/// All targets of a run, each with a thread of its own.
#[derive(Debug, Default)]
pub(super) struct Targets {
    list: Vec<Open>,
    /// Whether items of a loop write, whose records land in the order of the items.
    keeps_order: bool,
    /// What their landing has done.
    count: LandingCount,
}

#[derive(Debug)]
struct Open {
    worker: Worker,
    /// Whether a step that writes here ran. If none did, what is there stays.
    wanted: Cell<bool>,
    /// Whether its reader has gone.
    closed: Cell<bool>,
}

/// Room at some targets.
#[derive(Debug, Default)]
pub(super) struct Rooms(Vec<(usize, Room)>);

/// Receipts of all targets, on their way.
#[derive(Debug)]
pub(super) struct Settlings(Vec<(bool, Option<Settling>)>);

impl Settlings {
    /// Waits for them.
    pub(super) async fn receipts(self) -> Result<Vec<SavedTarget>, TargetError> {
        let mut saved = Vec::with_capacity(self.0.len());
        for (wanted, settling) in self.0 {
            let receipt = match settling {
                Some(settling) => settling.receipt().await?,
                None => Receipt::default(),
            };
            saved.push(SavedTarget { wanted, receipt });
        }
        Ok(saved)
    }
}

/// What is visible, and why not everything.
#[derive(Debug)]
pub(super) struct Landing {
    /// What is visible now.
    pub landed: Vec<Landed>,
    /// The first failure.
    pub error: Option<TargetError>,
}

impl Targets {
    /// Opens all of them: what cannot be written is known before the first request. What an interrupted run left is cut
    /// back to what its checkpoint knows.
    pub(super) fn open(
        plan: &Plan,
        run_id: &str,
        stage: &Path,
        stdout: &dyn Fn() -> Box<dyn Write + Send>,
        saved: Option<&[SavedTarget]>,
    ) -> Result<Self, TargetError> {
        // All before the first thread: a target that is dropped here takes its temporary file with it.
        let (keeps_order, count) = (plan.block.has_loops(), LandingCount::default());
        let opened = plan.targets.iter().enumerate().map(|(index, plan)| {
            let saved = saved.and_then(|saved| saved.get(index));
            let stage = Stage::new(run_id, stage, index).counted(count.clone());
            let target = open(plan, &stage, saved.map(|saved| &saved.receipt), keeps_order, stdout())?;
            Ok((target, saved.is_some_and(|saved| saved.wanted)))
        });
        let opened: Vec<_> = opened.collect::<Result<_, TargetError>>()?;
        let open = |(target, wanted)| {
            let worker = Worker::spawn(target)?;
            Ok(Open { worker, wanted: Cell::new(wanted), closed: Cell::new(false) })
        };
        Ok(Self { list: opened.into_iter().map(open).collect::<Result<_, _>>()?, keeps_order, count })
    }

    /// Orders, at once, that what all of them were given so far is made durable.
    pub(super) fn ask_settle(&self) -> Settlings {
        let settling = |open: &Open| {
            let receipt = (!open.closed.get()).then(|| open.worker.ask_settle());
            (open.wanted.get(), receipt)
        };
        Settlings(self.list.iter().map(settling).collect())
    }

    /// A step that writes here runs.
    pub(super) fn want(&self, target: usize) {
        self.list[target].wanted.set(true);
    }

    /// Waits for room for so many bytes at each of the targets, in the order of the plan: whoever waits for the second
    /// holds the first, so that all must ask in one order. A reader of standard output that has gone ends the run only
    /// if nothing else is written: files are wanted whether somebody watches or not.
    pub(super) async fn room(&self, targets: &[usize], bytes: usize) -> Result<Rooms, TargetError> {
        let only = self.list.len() == 1;
        let mut rooms = Vec::with_capacity(targets.len());
        for (index, open) in self.list.iter().enumerate() {
            if open.closed.get() || !targets.contains(&index) {
                continue;
            }
            match open.worker.room(bytes).await {
                Ok(room) => rooms.push((index, room)),
                Err(error) if error.is_closed() && !only => open.closed.set(true),
                Err(error) => return Err(error),
            }
        }
        Ok(Rooms(rooms))
    }

    /// What their landing has done so far.
    pub(super) fn count(&self) -> &LandingCount {
        &self.count
    }

    /// Whether it has to be known whose records are whose.
    pub(super) fn keeps_order(&self) -> bool {
        self.keeps_order
    }

    /// Hands the batches to the targets that have room for them, at once. `origin`: whose they are.
    pub(super) fn put(&self, batches: Vec<Batch>, origin: Option<Origin>, rooms: Rooms) {
        let mut rooms = rooms.0.into_iter();
        let last = rooms.next_back();
        for (index, room) in rooms {
            self.list[index].worker.put(batches.clone(), origin.clone(), room);
        }
        if let Some((index, room)) = last {
            self.list[index].worker.put(batches, origin, room);
        }
    }

    /// What was handed over so far of whatever a path leads to does not count; at once.
    pub(super) fn void(&self, path: &Arc<[u64]>) {
        self.list.iter().for_each(|open| open.worker.void(path));
    }

    /// Makes all durable, hidden as they are. If one fails, nothing of any is left.
    pub(super) async fn prepare(self) -> Result<Vec<Prepared>, TargetError> {
        let only = self.list.len() == 1;
        let mut prepared: Vec<Prepared> = Vec::new();
        let mut error = None;
        for open in self.list {
            if !open.wanted.get() || open.closed.get() || error.is_some() {
                open.worker.abandon().await;
                continue;
            }
            match open.worker.finish().await {
                Ok(finished) => prepared.push(finished),
                Err(failure) if failure.is_closed() && !only => {}
                Err(failure) => error = Some(failure),
            }
        }
        match error {
            None => Ok(prepared),
            Some(error) => {
                prepared.iter().for_each(discard);
                Err(error)
            }
        }
    }

    /// Leaves all of them for a run that goes on.
    pub(super) async fn detach(self) {
        for open in self.list {
            // What cannot be made durable any more is cut off when the run goes on.
            let _ = open.worker.suspend().await;
        }
    }

    /// Gives all of them up: what was there before stays.
    pub(super) async fn abandon(self) {
        for open in self.list {
            open.worker.abandon().await;
        }
    }
}

/// Shows one after the other. What is decided stays so: after a failure the next run finishes the rest.
pub(super) fn show(prepared: &[Prepared], count: &LandingCount) -> Landing {
    let mut landing = Landing { landed: Vec::new(), error: None };
    for finished in prepared {
        match apply_counted(finished, count) {
            Ok(visible) => landing.landed.push(visible),
            Err(failure) => {
                landing.error = Some(failure);
                break;
            }
        }
    }
    landing
}
