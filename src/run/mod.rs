//! A plan at work: strands that go through steps and pages.
//!
//! It decides nothing that a pure function of another station can decide, and prints nothing: it tells [`event`]s.
//!
//! ```text
//! start → run → strand → page_loop → exchange → sending
//!                  └ each (a strand for each item)
//! at the end:  landing
//! ```
//!
//! What all strands share is in `services.rs`; `journal/` is what another process needs to resume a run, `preview/` what
//! is shown without one.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod answer;
mod credits;
mod deletes;
mod each;
pub mod event;
mod exchange;
mod explain;
mod extraction;
mod failure;
mod inputs;
pub mod interrupt;
pub mod journal;
mod landing;
mod last_page;
mod limits;
mod lookup;
pub mod outcome;
mod page;
mod page_facts;
mod page_loop;
mod prefetch;
pub mod preview;
mod render;
mod reporter;
mod rounds;
mod rules;
#[expect(clippy::module_inception, reason = "the file of the function that runs a plan")]
mod run;
mod secrets;
mod sending;
mod services;
mod sign_in;
pub mod sign_in_failure;
mod signing;
mod start;
mod stopping;
mod store;
mod strand;
mod targets;
#[cfg(test)]
mod tests;
mod token_requester;
mod value_step;
mod variables;
mod watermark;
mod watermarks;
pub mod world;

pub use event::{Event, Listener};
pub use lookup::look_up;
pub use outcome::{Ending, Figures, Outcome};
pub use run::run;
pub use world::{Clock, Overlap, SystemClock, Window, World};
