//! Where a target is: its path and its table, rendered with the params.

use std::path::{Component, Path, PathBuf};

use minijinja::value::Value;

use super::settings::Compiler;
use super::{Compression, Place};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::mapping;
use crate::plan::scope::Room;
use crate::plan::written::Written;
use crate::spec::node::Text;
use crate::spec::pipeline::TargetKindWord;
use crate::spec::table::SpecField;

impl Compiler<'_, '_> {
    pub(super) fn table(&mut self, name: Option<&str>) -> Option<String> {
        let (table, span) = match (&self.spec.table, name) {
            (SpecField::Given(table), _) => (self.template(&table.0, "table")?, table.0.span),
            (SpecField::Absent, Some(name)) => (name.to_owned(), self.spec.span),
            (SpecField::Absent, None) => {
                let finding =
                    Diagnostic::error(Code::MissingKey, "`target` lacks `table`").at(self.spec.span, "");
                self.findings
                    .push(finding.help(
                        "a target inline has no name to call the table by: for example `table: leads`",
                    ));
                return None;
            }
            (SpecField::Malformed, _) => return None,
        };
        let lower = table.to_ascii_lowercase();
        let problem = if table.is_empty() {
            "a table needs a name"
        } else if table.contains('\0') {
            "a table's name cannot hold a NUL"
        } else if lower.starts_with("sqlite_") {
            "names that begin with `sqlite_` belong to SQLite"
        } else if lower.starts_with("_river_") {
            "names that begin with `_river_` belong to river"
        } else {
            return Some(table);
        };
        let finding = Diagnostic::error(Code::BadValue, problem).at(span, "");
        self.findings.push(finding.help("give it another name: `table: leads`"));
        None
    }

    pub(super) fn place(&mut self) -> Option<Place> {
        let Some(path) = self.spec.path.given() else {
            if self.spec.path.is_absent() {
                let kind = self.spec.kind.given().copied().unwrap_or(TargetKindWord::Jsonl);
                let example = kind.example_path();
                let finding =
                    Diagnostic::error(Code::MissingKey, "`target` lacks `path`").at(self.spec.span, "");
                self.findings.push(finding.help(format!("for example `path: {example}`")));
            }
            return None;
        };
        let literal = self.template(&path.0, "path")?;
        if literal.contains("://") {
            let message = format!(
                "a target by URL is part of the language, but river {} does not do it yet",
                env!("CARGO_PKG_VERSION")
            );
            self.findings.push(
                Diagnostic::error(Code::NotBuilt, message)
                    .at(path.0.span, "not built yet")
                    .help("write the path of a file"),
            );
            return None;
        }
        let joined = self.settings.root.join(&literal);
        if self.settings.confined && !lexically(&joined).starts_with(lexically(self.settings.root)) {
            let message = format!(
                "`{literal}` is outside the project, and `--sandbox` writes below `.river/sandbox/` only"
            );
            let finding = Diagnostic::error(Code::BadValue, message).at(path.0.span, "");
            self.findings.push(finding.help("write a path relative to the project"));
            return None;
        }
        Some(Place { path: joined, shown: literal })
    }

    pub(super) fn warn_of_ending(&mut self, place: &Place) {
        let Some(path) = self.spec.path.given() else { return };
        let name = place.path.file_name().unwrap_or_default().to_string_lossy();
        let meant =
            Compression::ALL.iter().copied().find(|compression| name.ends_with(compression.extension()));
        let Some(meant) = meant else { return };
        let (ending, word) = (meant.extension(), meant.word());
        if self.spec.compress.given().is_none_or(|given| given.value != meant) {
            let message = format!("the path ends in `{ending}`, but the file will not be one of {word}");
            let finding = Diagnostic::warning(Code::KeyConflict, message).at(path.0.span, "");
            self.findings
                .push(finding.help(format!("add `compress: {word}`, or end the path in something else")));
        }
    }

    /// A text with its params; nothing else is known before the run.
    fn template(&mut self, text: &Text, key: &str) -> Option<String> {
        let written = Written::template(text, self.findings).ok()?;
        let before = self.findings.has_errors();
        let meaning = self.settings.scope.check(written.item.uses(), text, Room::Before, self.findings);
        if meaning.secret {
            let finding = Diagnostic::error(Code::BadValue, format!("a secret cannot be part of a {key}"))
                .at(text.span, "");
            self.findings.push(finding.help("file names are seen by everybody: use another param"));
            return None;
        }
        if self.findings.has_errors() && !before {
            return None;
        }
        let params = self
            .settings
            .params
            .iter()
            .map(|param| (param.name.clone(), Value::from(minijinja::value::Serde(&param.value))));
        let context = mapping([("params", mapping(params))]);
        match written.rendered(&context) {
            Ok(path) => Some(path),
            // A param may still come.
            Err(_) if !self.settings.complete => Some(text.value.clone()),
            Err(error) => {
                let finding = Diagnostic::error(Code::BadValue, error.message).at(error.span, "");
                self.findings.push(
                    finding.help(format!("a target's {key} is known before the run: it may use `params`")),
                );
                None
            }
        }
    }
}

/// A path without `.` and `..`, as it is written: links are not followed.
pub(super) fn lexically(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(clean.pop()),
            other => clean.push(other),
        }
    }
    clean
}
