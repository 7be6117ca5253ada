//! Which page comes next: a pure function of the rules, the facts of a page and where the paging stands.
//!
//! ```text
//! PageFacts ─advance(rules, cursor)→ Next: another request, complete, incomplete, or an error
//! ```
//!
//! No I/O and no clock; what a page says is found out elsewhere.

pub mod advance;
pub mod cursor;
pub mod link_header;

pub use advance::{Ended, IncompleteReason, NamedNext, Next, PageFacts, PagingError, advance};
pub use cursor::{Cursor, Position};
pub use link_header::parse_link_header;

#[cfg(test)]
mod conformance_tests;
