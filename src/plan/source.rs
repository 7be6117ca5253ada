//! Where a value comes from that is not written in the file: `from: env:NAME` and its like. Nothing is looked up here.

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::spec::connection::SourceTable;

/// A value that is taken from outside when a run starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    /// Where it is.
    pub origin: Origin,
    /// What holds without it.
    pub default: Option<Value>,
    /// What it is for.
    pub description: Option<String>,
}

/// A place outside of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An environment variable or a line of `.env`.
    Environment(String),
}

impl Outside {
    /// The environment variable that it is.
    pub fn variable(&self) -> Option<&str> {
        match &self.origin {
            Origin::Environment(variable) => Some(variable),
        }
    }

    /// What a table says; what is wrong becomes a finding.
    pub(super) fn build(table: &SourceTable, findings: &mut Findings) -> Option<Self> {
        Some(Self {
            origin: origin(table, findings)?,
            default: table.default.given().map(|any| any.0.to_json()),
            description: table.description.given().map(|text| text.value.clone()),
        })
    }
}

fn origin(table: &SourceTable, findings: &mut Findings) -> Option<Origin> {
    let from = table.from.given()?;
    if let Some(variable) = from.value.strip_prefix("env:") {
        return Some(Origin::Environment(variable.to_owned()));
    }
    let later = ["file:", "keyring:", "prompt"].iter().any(|kind| from.value.starts_with(kind));
    let (code, message) = if later {
        let message = format!(
            "`{}` is part of the language, but river {} does not do it yet",
            from.value,
            env!("CARGO_PKG_VERSION")
        );
        (Code::NotBuilt, message)
    } else {
        (Code::BadValue, format!("`{}` does not say where the value comes from", from.value))
    };
    let finding = Diagnostic::error(code, message).at(from.span, "");
    findings.push(finding.help("write `env:NAME`: an environment variable, or a line of `.env`"));
    None
}
