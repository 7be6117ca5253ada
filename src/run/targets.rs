//! The targets of a run: opened once, fed by steps, shown together at the end.

use std::io::Write;
use std::path::Path;

use super::checkpoint::SavedTarget;
use crate::plan::target::TargetPlan;
use crate::record::Batch;
use crate::target::{Landed, Prepared, Receipt, Room, Stage, TargetError, Worker, apply, discard, open};

/// All targets of a run, each with a thread of its own.
#[derive(Debug, Default)]
pub(super) struct Targets {
    list: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    worker: Worker,
    /// Whether a step that writes here ran. If none did, what is there stays.
    wanted: bool,
    /// Whether its reader has gone.
    closed: bool,
}

/// Room at some targets.
#[derive(Debug)]
pub(super) struct Rooms(Vec<(usize, Room)>);

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
        plans: &[TargetPlan],
        run_id: &str,
        stage: &Path,
        stdout: &dyn Fn() -> Box<dyn Write + Send>,
        saved: Option<&[SavedTarget]>,
    ) -> Result<Self, TargetError> {
        // All before the first thread: a target that is dropped here takes its temporary file with it.
        let opened = plans.iter().enumerate().map(|(index, plan)| {
            let saved = saved.and_then(|saved| saved.get(index));
            let stage = Stage::new(run_id, stage, index);
            let target = open(plan, &stage, saved.map(|saved| &saved.receipt), stdout())?;
            Ok((target, saved.is_some_and(|saved| saved.wanted)))
        });
        let opened: Vec<_> = opened.collect::<Result<_, TargetError>>()?;
        let open = |(target, wanted)| Ok(Open { worker: Worker::spawn(target)?, wanted, closed: false });
        Ok(Self { list: opened.into_iter().map(open).collect::<Result<_, _>>()? })
    }

    /// Makes durable what all of them were given so far.
    pub(super) async fn settle(&self) -> Result<Vec<SavedTarget>, TargetError> {
        let mut saved = Vec::with_capacity(self.list.len());
        for open in &self.list {
            let receipt =
                if open.closed { Receipt::default() } else { open.worker.ask_settle().receipt().await? };
            saved.push(SavedTarget { wanted: open.wanted, receipt });
        }
        Ok(saved)
    }

    /// A step that writes here runs.
    pub(super) fn want(&mut self, target: usize) {
        self.list[target].wanted = true;
    }

    /// Waits for room for the batches at each of the targets, in the order of the plan: whoever waits for the second holds
    /// the first, so that all must ask in one order. A reader of standard output that has gone ends the run only if
    /// nothing else is written: files are wanted whether somebody watches or not.
    pub(super) async fn room(&mut self, targets: &[usize], bytes: usize) -> Result<Rooms, TargetError> {
        let only = self.list.len() == 1;
        let mut rooms = Vec::with_capacity(targets.len());
        for (index, open) in self.list.iter_mut().enumerate() {
            if open.closed || !targets.contains(&index) {
                continue;
            }
            match open.worker.room(bytes).await {
                Ok(room) => rooms.push((index, room)),
                Err(TargetError::Closed) if !only => open.closed = true,
                Err(error) => return Err(error),
            }
        }
        Ok(Rooms(rooms))
    }

    /// Hands the batches to the targets that have room for them, at once.
    pub(super) fn put(&self, batches: &[Batch], rooms: Rooms) {
        for (index, room) in rooms.0 {
            self.list[index].worker.put(batches.to_vec(), room);
        }
    }

    /// Makes all durable, hidden as they are. If one fails, nothing of any is left.
    pub(super) async fn prepare(self) -> Result<Vec<Prepared>, TargetError> {
        let only = self.list.len() == 1;
        let mut prepared: Vec<Prepared> = Vec::new();
        let mut error = None;
        for open in self.list {
            if !open.wanted || open.closed || error.is_some() {
                open.worker.abandon().await;
                continue;
            }
            match open.worker.finish().await {
                Ok(finished) => prepared.push(finished),
                Err(TargetError::Closed) if !only => {}
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
pub(super) fn show(prepared: &[Prepared]) -> Landing {
    let mut landing = Landing { landed: Vec::new(), error: None };
    for finished in prepared {
        match apply(finished) {
            Ok(visible) => landing.landed.push(visible),
            Err(failure) => {
                landing.error = Some(failure);
                break;
            }
        }
    }
    landing
}
