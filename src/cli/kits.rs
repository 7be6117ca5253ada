//! `river kits`: the pipelines that river brings along.

use std::io::Write;

use serde_json::json;

use super::args::{Format, KitsArguments};
use super::exit::Exit;
use super::terminal::Terminal;
use crate::kit::{self, Kit};

/// Lists them.
pub(super) fn kits(arguments: &KitsArguments, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let text = match arguments.format {
        Format::Text => text(),
        Format::Json => serde_json::to_string_pretty(&kit::ALL.iter().map(value).collect::<Vec<_>>())?,
    };
    writeln!(terminal.out, "{text}")?;
    Ok(Exit::Success)
}

fn text() -> String {
    let width = kit::ALL.iter().map(|kit| kit.name.len()).max().unwrap_or_default();
    let mut lines: Vec<String> = kit::ALL
        .iter()
        .map(|kit| {
            let scopes = kit.scopes.join(", ");
            format!("{:width$}  {}\n{:width$}  scopes: {scopes}", kit.name, kit.description(), "")
        })
        .collect();
    lines.push("\ncopy one: `river new --from KIT FILE.yaml`".to_owned());
    lines.join("\n")
}

fn value(kit: &Kit) -> serde_json::Value {
    json!({
        "name": kit.name,
        "description": kit.description(),
        "connection": kit.connection.name,
        "scopes": kit.scopes,
    })
}
