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
        let workers = plans.iter().map(|plan| Worker::spawn(open(plan, run_id, stdout())?));
        Ok(Self { workers: workers.collect::<Result<_, _>>()? })
    }

    /// Hands a batch to one of them.
    pub(super) async fn write(&self, target: usize, batch: Batch) -> Result<(), TargetError> {
        self.workers[target].write(batch).await
    }

    /// Makes all durable, then shows all. Nothing is shown unless everything could be made durable.
    pub(super) async fn land(self) -> Result<Vec<Landed>, TargetError> {
        let mut prepared: Vec<Prepared> = Vec::new();
        for worker in self.workers {
            prepared.push(worker.finish().await?);
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
