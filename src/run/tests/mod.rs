//! A virtual scheduler: real strands, targets and a real state, in every order that chance or a search thinks of.
//!
//! One thread runs everything. The run is polled until it can do nothing by itself; then one of the things that it waits
//! for happens: an answer arrives, a target or the state carries out an order, time passes, or the process is killed. Which
//! one is a choice; a list of choices is one history, and can be run again.
//!
//! If the run waits and nothing can happen, it hangs, and the test says so.

mod choices;
mod frozen;
mod history;
mod project;
mod scheduler;
mod service;

pub(super) use choices::Choices;
pub(super) use history::{History, Story};
pub(super) use project::Project;
pub(super) use service::Service;
