//! Secrets as a type, and the one filter that every text passes before it leaves the process.
//!
//! [`Secret`] keeps a value from being printed by accident; [`Redactor`] finds the values that got into a text anyway
//! (an error message, a server's answer, a URL), in whatever escaping they arrive. Bytes for targets are data and do
//! not come here. Nothing here does I/O but [`RedactingWriter`], which passes on what it is given.

mod form;
mod redactor;
mod value;
mod view;
mod writer;

pub use redactor::{MOST_SHORT_LIVED, Redactor, SHORTEST_SEARCHED};
pub use value::{Environment, Secret};
pub use writer::RedactingWriter;

/// What stands in a text in place of a secret.
pub const MASK: &str = "***";
