//! A plan at work: the loop over steps and pages.
//!
//! It decides nothing that a pure function of another station can decide, and prints nothing: it tells [`event`]s.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod answer;
pub mod by_hand;
#[cfg(test)]
mod by_hand_tests;
mod checkpoint;
mod credits;
mod deletes;
mod desk;
pub mod engine;
pub mod event;
mod exchange;
mod explain;
mod extraction;
mod failure;
mod giving;
pub mod interrupt;
mod ledger;
mod lookup;
mod marks;
pub mod outcome;
mod page_facts;
mod prefetch;
pub mod preview;
mod progress;
mod recovery;
mod render;
mod reuse;
mod rules;
pub mod sample;
mod secrets;
mod sending;
mod sign_in;
pub mod sign_in_failure;
mod signing;
mod start;
mod step;
mod targets;
mod values;
mod watermark;
pub mod world;

pub use engine::run;
pub use event::{Event, Listener};
pub use lookup::look_up;
pub use outcome::{Ending, Figures, Outcome};
pub use world::{Clock, Overlap, SystemClock, Window, World};
