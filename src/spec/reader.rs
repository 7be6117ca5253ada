//! Reads values from nodes. What is wrong becomes a finding, and the reading continues.

use crate::diagnostic::{Code, Diagnostic, Findings, Span, nearest, quoted_list};
use crate::spec::node::{Key, Node, Text};
use crate::spec::paginate::PaginateSpec;
use crate::spec::pipeline::PipelineSpec;
use crate::spec::request::RequestSpec;
use crate::spec::step::StepSpec;
use crate::spec::table::{KeyTable, Shape};

/// A type that can be read from a node. None means that a finding was added.
pub trait Read: Sized {
    /// Reads it.
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self>;

    /// What the value may be.
    fn shape() -> Shape;
}

/// Collects findings while a spec is read.
#[derive(Debug)]
pub struct SpecReader<'f> {
    findings: &'f mut Findings,
}

impl<'f> SpecReader<'f> {
    /// A reader that adds to these findings.
    pub fn new(findings: &'f mut Findings) -> Self {
        Self { findings }
    }

    /// Adds a finding.
    pub fn push(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    /// "expected a list, found a string".
    pub fn wrong_type(&mut self, node: &Node, expected: &str, help: &str) {
        let finding =
            Diagnostic::error(Code::BadValue, format!("expected {expected}, found {}", node.describe()));
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.push(finding.at(node.span, format!("expected {expected}")).help_if(help));
    }

    /// A word that is not among the allowed ones; `ours` is what another tool's word is called here.
    pub fn unknown_word(&mut self, found: &Text, ours: Option<&str>, what: &str, allowed: &[&str]) {
        let guess = ours.or_else(|| nearest(&found.value, allowed.iter().copied()));
        self.push(
            Diagnostic::error(Code::BadValue, format!("`{}` is not a known {what}", found.value))
                .at(found.span, guess.map(|word| format!("did you mean `{word}`?")).unwrap_or_default())
                .help(format!("allowed: {}", quoted_list(allowed.iter().copied()))),
        );
    }

    pub(super) fn unknown_key(&mut self, key: &Key, table: &'static KeyTable) {
        let finding = if table.later.contains(&key.name.as_str()) {
            let message = format!(
                "`{}` is part of the language, but river {} does not do it yet",
                key.name,
                env!("CARGO_PKG_VERSION")
            );
            Diagnostic::error(Code::NotBuilt, message).at(key.span, "not built yet").help(format!(
                "built in `{}`: {}",
                table.name,
                table.keys()
            ))
        } else {
            let message = format!("`{}` has no key `{}`", table.name, key.name);
            Diagnostic::error(Code::UnknownKey, message)
                .at(key.span, suggestion(&key.name, table))
                .help_if(key_of_another_table(&key.name, table))
                .help(format!("allowed in `{}`: {}", table.name, table.keys()))
        };

        self.push(finding);
    }

    pub(super) fn missing_key(&mut self, at: Span, key: &str, table: &'static KeyTable) {
        let words = table.row(key).and_then(|row| (row.shape)().words());
        let words = words.map(|words| format!("it is one of {}", quoted_list(words.iter().copied())));
        let doc = table.row(key).map(|row| row.doc.join(" ").trim().to_owned()).unwrap_or_default();
        self.push(
            Diagnostic::error(Code::MissingKey, format!("`{}` lacks `{key}`", table.name))
                .at(at, format!("`{key}` is missing in this mapping"))
                .help(format!("`{key}`: {doc}"))
                .help_if(words),
        );
    }
}

/// Where a key belongs that is written one level too deep or too high.
fn key_of_another_table(found: &str, table: &'static KeyTable) -> Option<String> {
    let homes = [&PipelineSpec::TABLE, &StepSpec::TABLE, &RequestSpec::TABLE, &PaginateSpec::TABLE];
    let home = homes.into_iter().find(|home| home.name != table.name && home.row(found).is_some())?;
    Some(format!("`{found}` is a key of `{}`: check the indentation", home.name))
}

fn suggestion(found: &str, table: &'static KeyTable) -> String {
    let other =
        table.other_words.iter().find(|(word, _)| word.eq_ignore_ascii_case(found)).map(|(_, ours)| *ours);
    other
        .or_else(|| nearest(found, table.rows.iter().map(|row| row.key).chain(table.later.iter().copied())))
        .map(|word| format!("did you mean `{word}`?"))
        .unwrap_or_default()
}
