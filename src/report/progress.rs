//! One live line on a terminal: pages, records, rate. Off a terminal there is nothing of it.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::human::{count, duration, plural};
use crate::run::event::{Event, Listener};

/// The live line; it is cleared when this is dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    pages: u64,
    records: u64,
}

impl Progress {
    /// A line on standard error.
    pub fn on_terminal() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(125));
        Self { bar, started: Instant::now(), pages: 0, records: 0 }
    }

    fn show(&self, step: &str) {
        let seconds = self.started.elapsed().as_secs_f64().max(0.001);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "shown rounded"
        )]
        let rate = (self.records as f64 / seconds) as u64;
        self.bar.set_message(format!(
            "{step}: {}, {}, {}/s",
            plural(self.pages, "page"),
            plural(self.records, "record"),
            count(rate)
        ));
    }
}

impl Listener for Progress {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::StepStarted { step } => self.bar.set_message(format!("{step}: asking")),
            Event::Retrying { step, why, wait, .. } => {
                self.bar.set_message(format!("{step}: {why}; trying again in {}", duration(*wait)));
            }
            Event::Renewing { step, .. } => self.bar.set_message(format!("{step}: asking again")),
            Event::WaitingForLock { why } => self.bar.println(format!("{why}; waiting")),
            Event::WaitingForOther { step } => {
                self.bar.set_message(format!("{step}: waiting for another run that asks for the same"));
            }
            // It would go by unseen: on a terminal the log is silent about warnings.
            Event::StoreTrouble { why, help } => self.bar.println(format!("warning: {why}; {help}")),
            Event::Page { step, records, .. } => {
                self.pages += 1;
                self.records += records;
                self.show(step);
            }
            Event::Landing { records, of, files } => {
                let files = if *files > 1 { format!(", {}", plural(*files, "file")) } else { String::new() };
                let (records, of) = (count(*records), plural(*of, "record"));
                self.bar.set_message(format!("landing: {records} of {of}{files}"));
            }
            Event::StepSkipped { .. }
            | Event::Requesting { .. }
            | Event::Answered { .. }
            | Event::Reused { .. }
            | Event::StepFinished { .. } => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
