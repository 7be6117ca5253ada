//! What the author wrote: YAML text → spanned tree → spec, driven by one table of fields.
//!
//! It says whether each part is well formed, never whether parts fit each other: that is `plan`. A key is declared
//! once, in a `table!`; that makes the struct, its reader, the messages about it and its row in the reference.

pub mod auth;
pub mod connection;
pub mod extract;
pub mod node;
pub mod paginate;
pub mod pipeline;
pub mod reader;
pub mod request;
pub mod schema;
pub mod state;
pub mod step;
pub mod table;
mod text_offsets;
pub mod value;
pub mod yaml;

use crate::diagnostic::{FileId, Findings, Sources};
use reader::{Read, SpecReader};

/// Reads a file as `T`: a pipeline or a connection. None when nothing of it can be used.
pub fn read<T: Read>(sources: &Sources, file: FileId, findings: &mut Findings) -> Option<T> {
    let node = yaml::read(sources, file, findings);
    let mut reader = SpecReader::new(findings);
    match node {
        Some(node) => T::read(&node, &mut reader),
        None if !findings.has_errors() => {
            findings.push(
                crate::diagnostic::Diagnostic::error(crate::diagnostic::Code::BadFile, "the file is empty")
                    .at(sources.start_of(file), ""),
            );
            None
        }
        None => None,
    }
}
