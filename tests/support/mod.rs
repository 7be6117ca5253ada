//! What the cases are run with.

pub(crate) mod architecture;
mod case;
pub(crate) mod closed_sets;
mod compare;
pub(crate) mod comparison;
pub(crate) mod conformance;
pub(crate) mod coverage;
mod database_text;
mod diff;
pub(crate) mod documents;
pub(crate) mod errors;
pub(crate) mod examples;
pub(crate) mod folder;
pub(crate) mod frozen_state;
mod limits;
pub(crate) mod mutation;
mod person;
mod process;
mod project;
mod readable;
pub(crate) mod secrets;
mod server;
pub(crate) mod usage;
pub(crate) mod virtual_clock;
pub(crate) mod zoho_guide;
