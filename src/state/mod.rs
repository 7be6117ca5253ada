//! What outlives a run: watermarks, how far a run got, what it decided to show, who holds which lock.
//!
//! ```text
//! begin → checkpoint … → decide (what lands, and the new watermarks: one transaction) → done
//! ```
//!
//! One database, `.river/state.db`, and lock files of the kernel in `.river/locks/`. What a checkpoint or a
//! landing holds is the run's business: here it is text. This module asks no server and moves no file of a target.

mod database;
mod error;
mod fingerprint;
mod lock;
mod revision;
mod runs;
mod schema;
mod watermarks;

#[cfg(test)]
mod tests;

pub use database::State;
pub use error::StateError;
pub use fingerprint::fingerprint;
pub use lock::{Holder, Lock};
pub use revision::Revision;
pub use runs::{Decided, NewRun, Phase, RunRow};
pub use watermarks::{KeptWatermark, PendingWatermark, Watermark, WatermarkKey};
