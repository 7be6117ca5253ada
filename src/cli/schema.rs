//! `river schema`: what an editor needs to complete and validate pipelines while they are written.

use std::io::Write;

use super::args::{SchemaArguments, SchemaOf};
use super::exit::Exit;
use super::terminal::Terminal;
use crate::spec::connection::ConnectionSpec;
use crate::spec::pipeline::PipelineSpec;
use crate::spec::schema;

/// Prints the JSON Schema of one kind of file.
pub(super) fn schema(arguments: &SchemaArguments, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let schema = match arguments.of {
        SchemaOf::Pipeline => schema::of::<PipelineSpec>(),
        SchemaOf::Connection => schema::of::<ConnectionSpec>(),
    };
    writeln!(terminal.out, "{}", serde_json::to_string_pretty(&schema)?)?;
    Ok(Exit::Success)
}
