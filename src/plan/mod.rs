//! What will happen, decided before anything happens; no I/O.

pub mod paging;
pub mod retry;
pub mod target;
