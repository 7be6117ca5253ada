//! `river` runs multi-step HTTP pipelines written in YAML.
//!
//! The road of the data, which is also the order of the modules:
//!
//! ```text
//! YAML ─read→ Spec ─build→ Plan ─run→ Outcome
//! per page:  render → Request → send → Response → slice → Batch → target.write ;  PageFacts → paging.advance → next Request
//! at the end:  target.prepare (durable, hidden) → apply (visible)
//! ```

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::unused_result_ok)
)]

pub mod auth;
pub mod cli;
pub mod diagnostic;
pub mod expr;
pub mod fault_point;
pub mod http;
pub mod kit;
pub mod paging;
pub mod plan;
pub mod record;
pub mod report;
pub mod run;
pub mod secret;
pub mod spec;
pub mod state;
pub mod target;
pub mod threads;
