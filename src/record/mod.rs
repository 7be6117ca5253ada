//! Records of a response: where each one lies in the bytes that were received.
//!
//! ```text
//! Bytes ─Page::read→ Page ─batch→ Batch (ranges of the same bytes) ─compact::append_line→ JSON Lines
//! ```
//!
//! `reader` passes over values, and `scan` goes down a path with it; `reference` does so with `serde_json`, and says
//! what is wrong with a text. `fields`, `kind`, `schema` and `key` look one level into a record, for targets that have
//! columns or keys.
//!
//! A record is parsed only when something asks for one of its fields. This module must not serialise a record again:
//! what a server sent (`1.10`, key order, escapes) is what lands.

pub mod batch;
pub mod compact;
mod descent;
mod error;
mod field;
pub mod fields;
mod index;
pub mod key;
pub mod kind;
pub mod page;
mod reader;
mod reference;
#[cfg(test)]
mod samples;
mod scan;
pub mod schema;
pub mod view;

pub use batch::{Batch, Change};
pub use error::PageError;
pub use field::{Scalar, field};
pub use page::{Found, Page};
pub use reference::disagreement;
pub use view::JsonView;
