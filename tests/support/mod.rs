//! What the cases are run with.

mod case;
mod compare;
mod diff;
pub(crate) mod folder;
mod limits;
mod process;
mod project;
mod server;
pub(crate) mod virtual_clock;
