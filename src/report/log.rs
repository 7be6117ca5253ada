//! Events as log lines, for `-v` and for cron's mail: what is not normal is always worth a line.

use super::human::duration;
use crate::run::event::{Event, Listener};

/// Writes events to the log.
#[derive(Debug, Clone, Copy, Default)]
pub struct Log;

impl Listener for Log {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::StepStarted { step } => tracing::debug!("{step}: starts"),
            Event::StepSkipped { step } => tracing::info!("{step}: skipped, its `when` is false"),
            Event::Requesting { step, request } => tracing::info!("{step}: {request}"),
            Event::Answered { step, status, bytes, elapsed, .. } => {
                tracing::info!("{step}: {status}, {bytes} bytes, {}", duration(*elapsed));
            }
            Event::Retrying { step, why, wait, retry } if wait.is_zero() => {
                tracing::warn!("{step}: {why}; retry {retry}");
            }
            Event::Retrying { step, why, wait, retry } => {
                tracing::warn!("{step}: {why}; retry {retry} in {}", duration(*wait));
            }
            Event::Renewing { step, why } => tracing::warn!("{step}: runs again, since {why}"),
            Event::Reused { step } => tracing::info!("{step}: values kept from an earlier run are used"),
            Event::WaitingForLock { why } => tracing::warn!("{why}; waiting"),
            Event::WaitingForOther { step } => {
                tracing::info!("{step}: another run is asking for its values; waiting for them");
            }
            Event::StoreTrouble { why, help } => tracing::warn!("{why}; {help}"),
            Event::Page { step, page, records, .. } => {
                tracing::debug!("{step}: page {page}, {records} records");
            }
            Event::Landing { records, of, files } => {
                tracing::debug!("landing: {records} of {of} records, {files} files");
            }
            Event::StepFinished { step, records, pages } => {
                tracing::debug!("{step}: done, {records} records on {pages} pages");
            }
        }
    }
}
