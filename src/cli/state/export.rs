//! `river state export`: the watermarks as a document that another machine can take over.

use std::io::Write;

use serde_json::{Value, json};

use super::arguments::StateExportArguments;
use super::{Problem, folder_here, named};
use crate::cli::terminal::Terminal;
use crate::state::{State, Watermark};

/// The version of the document.
pub(super) const VERSION: i64 = 1;

/// Prints the watermarks of one pipeline, or of all.
pub(super) fn export(arguments: &StateExportArguments, terminal: &mut Terminal) -> Result<(), Problem> {
    let wanted = arguments.pipeline.as_ref().map(|name| named(name, terminal, arguments.sandbox));
    let wanted = wanted.transpose()?;
    let here = || folder_here(terminal, arguments.sandbox);
    let folder = wanted.as_ref().map_or_else(here, |named| named.folder.clone());
    let kept = match State::open_if_there(&folder)? {
        Some(state) => state.watermarks(wanted.as_ref().map(|named| named.name.as_str()))?,
        None => vec![],
    };
    let watermarks: Vec<Watermark> = kept.into_iter().map(|kept| kept.watermark).collect();
    writeln!(terminal.out, "{}", document(&watermarks))?;
    Ok(())
}

/// The whole document.
pub(super) fn document(watermarks: &[Watermark]) -> String {
    let watermarks: Vec<Value> = watermarks.iter().map(value).collect();
    format!("{:#}", json!({ "river_state": VERSION, "watermarks": watermarks }))
}

/// One watermark.
pub(super) fn value(watermark: &Watermark) -> Value {
    let key = &watermark.key;
    // What is stored was JSON when it was stored.
    let per: Value = serde_json::from_str(&key.per).unwrap_or_else(|_| key.per.clone().into());
    json!({
        "pipeline": key.pipeline,
        "step": key.step,
        "name": key.name,
        "per": per,
        "type": watermark.kind,
        "value": watermark.value,
    })
}
