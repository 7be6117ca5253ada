//! The targets of a run: opened once, fed by steps, shown together at the end.

use std::io::Write;

use crate::plan::target::TargetPlan;
use crate::record::Batch;
use crate::target::{Landed, Prepared, TargetError, Worker, apply, open};

/// All targets of a run, each with a thread of its own.
#[derive(Debug)]
pub(super) struct Targets {
    workers: Vec<Worker>,
}

impl Targets {
    /// Opens all of them: what cannot be written is known before the first request.
    pub(super) fn open(
        plans: &[TargetPlan],
        run_id: &str,
        stdout: &dyn Fn() -> Box<dyn Write + Send>,
    ) -> Result<Self, TargetError> {
        // All before the first thread: a target that is dropped here takes its temporary file with it.
        let targets: Vec<_> =
            plans.iter().map(|plan| open(plan, run_id, stdout())).collect::<Result<_, _>>()?;
        Ok(Self { workers: targets.into_iter().map(Worker::spawn).collect::<Result<_, _>>()? })
    }

    /// Hands a batch to one of them.
    pub(super) async fn write(&self, target: usize, batch: Batch) -> Result<(), TargetError> {
        self.workers[target].write(batch).await
    }

    /// Makes all durable, then shows all. Nothing is shown unless everything could be made durable.
    pub(super) async fn land(self) -> Result<Vec<Landed>, TargetError> {
        let mut prepared: Vec<Prepared> = Vec::new();
        let mut workers = self.workers.into_iter();
        while let Some(worker) = workers.next() {
            match worker.finish().await {
                Ok(finished) => prepared.push(finished),
                Err(error) => {
                    Self { workers: workers.collect() }.abandon().await;
                    return Err(error);
                }
            }
        }
        prepared.iter().map(apply).collect()
    }

    /// Gives all of them up: what was there before stays.
    pub(super) async fn abandon(self) {
        for worker in self.workers {
            worker.abandon().await;
        }
    }
}
