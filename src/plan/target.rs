//! Where records land.

use std::path::{Component, Path, PathBuf};

use minijinja::value::Value;

use super::params::Param;
use super::scope::{Room, Scope};
use super::written::Written;
use crate::diagnostic::{Code, Diagnostic, Findings, Span, nearest, quoted_list};
use crate::expr::mapping;
use crate::spec::node::Text;
use crate::spec::pipeline::{PipelineSpec, TargetKindWord, TargetSpec};
use crate::spec::step::{StepSpec, WriteOne};
use crate::spec::table::Field;

/// One destination of records, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPlan {
    /// Its name in the pipeline, or the path for an inline target.
    pub name: String,
    /// What kind it is, with that kind's settings.
    pub kind: TargetKind,
}

/// The kinds of targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetKind {
    /// JSON Lines in a file, replaced as a whole when the run completes.
    Jsonl {
        /// Absolute path of the file.
        path: PathBuf,
        /// The path as the author wrote it, for messages.
        shown: String,
    },
    /// JSON Lines on standard output.
    Stdout,
}

/// The targets of a pipeline while its steps are compiled.
#[derive(Debug)]
pub struct Targets<'a> {
    settings: Settings<'a>,
    declared: Vec<Declared>,
    used: Vec<TargetPlan>,
}

/// What the path of a target may depend on.
#[derive(Debug)]
pub struct Settings<'a> {
    /// The folder to which relative paths belong.
    pub root: &'a Path,
    /// The params with their values.
    pub params: &'a [Param],
    /// The params as names.
    pub scope: Scope,
    /// Whether all params have their values.
    pub complete: bool,
    /// Whether nothing may be written outside the root (`--sandbox`).
    pub confined: bool,
}

#[derive(Debug)]
struct Declared {
    name: String,
    span: Span,
    kind: Option<TargetKind>,
    used: bool,
}

impl<'a> Targets<'a> {
    /// The targets that the pipeline declares.
    pub fn new(spec: &PipelineSpec, settings: Settings<'a>, findings: &mut Findings) -> Self {
        let mut targets = Self { settings, declared: vec![], used: vec![] };
        for (key, value) in spec.targets.given().iter().flat_map(|named| &named.0) {
            let kind = value.given().and_then(|spec| targets.kind(spec, findings));
            targets.declared.push(Declared { name: key.name.clone(), span: key.span, kind, used: false });
        }
        targets
    }

    /// The indices of the targets to which a step writes.
    pub fn of_step(&mut self, step: &StepSpec, findings: &mut Findings) -> Vec<usize> {
        match &step.write {
            Field::Given(write) => write.0.iter().filter_map(|one| self.of_one(one, findings)).collect(),
            Field::Absent if !step.records.is_absent() => {
                vec![self.index_of(TargetPlan { name: "stdout".to_owned(), kind: TargetKind::Stdout })]
            }
            Field::Absent | Field::Bad => vec![],
        }
    }

    /// All targets that a step uses; declared ones that no step uses are a warning.
    pub fn finish(self, findings: &mut Findings) -> Vec<TargetPlan> {
        for target in self.declared.iter().filter(|target| !target.used) {
            let finding =
                Diagnostic::warning(Code::Unused, format!("no step writes to target `{}`", target.name));
            findings.push(
                finding
                    .at(target.span, "")
                    .help(format!("add `write: {}` to a step, or remove the target", target.name)),
            );
        }
        self.used
    }

    fn of_one(&mut self, one: &WriteOne, findings: &mut Findings) -> Option<usize> {
        match one {
            WriteOne::Named(name) => {
                let Some(position) = self.declared.iter().position(|target| target.name == name.text) else {
                    findings.push(self.unknown(&name.text, name.span));
                    return None;
                };
                self.declared[position].used = true;
                let kind = self.declared[position].kind.clone()?;
                self.refuse_shared_path(&name.text, &kind, name.span, findings)?;
                Some(self.index_of(TargetPlan { name: name.text.clone(), kind }))
            }
            WriteOne::Inline(spec) => {
                let kind = self.kind(spec, findings)?;
                self.refuse_shared_path("", &kind, spec.span, findings)?;
                let name = match &kind {
                    TargetKind::Jsonl { shown, .. } => shown.clone(),
                    TargetKind::Stdout => "stdout".to_owned(),
                };
                Some(self.index_of(TargetPlan { name, kind }))
            }
        }
    }

    /// Two targets that replace one file: the records of one would be lost.
    fn refuse_shared_path(
        &self,
        name: &str,
        kind: &TargetKind,
        span: Span,
        findings: &mut Findings,
    ) -> Option<()> {
        let TargetKind::Jsonl { path, .. } = kind else { return Some(()) };
        let shares = |other: &TargetPlan| match &other.kind {
            TargetKind::Jsonl { path: known, .. } => {
                other.name != name && lexically(known) == lexically(path)
            }
            TargetKind::Stdout => false,
        };
        if !self.used.iter().any(shares) {
            return Some(());
        }
        let finding =
            Diagnostic::error(Code::NameConflict, "another target writes to the same path").at(span, "");
        findings.push(finding.help("declare it once under `targets`, and name it in both steps"));
        None
    }

    fn unknown(&self, name: &str, span: Span) -> Diagnostic {
        let known = self.declared.iter().map(|target| target.name.as_str());
        let guess =
            nearest(name, known.clone()).map(|word| format!("did you mean `{word}`?")).unwrap_or_default();
        let help = if self.declared.is_empty() {
            format!("declare it: `targets: {{ {name}: {{ kind: jsonl, path: out/{name}.jsonl }} }}`")
        } else {
            format!("declared: {}", quoted_list(known))
        };
        Diagnostic::error(Code::UnknownTarget, format!("there is no target `{name}`"))
            .at(span, guess)
            .help(help)
    }

    fn index_of(&mut self, target: TargetPlan) -> usize {
        if let Some(index) = self.used.iter().position(|known| *known == target) {
            return index;
        }
        self.used.push(target);
        self.used.len() - 1
    }

    fn kind(&self, spec: &TargetSpec, findings: &mut Findings) -> Option<TargetKind> {
        match *spec.kind.given()? {
            TargetKindWord::Stdout => {
                if let Some(path) = spec.path.given() {
                    let finding =
                        Diagnostic::error(Code::KeyConflict, "`path` does not go with `kind: stdout`")
                            .at(path.0.span, "");
                    findings.push(finding.help("leave it out, or write `kind: jsonl`"));
                }
                Some(TargetKind::Stdout)
            }
            TargetKindWord::Jsonl => self.jsonl(spec, findings),
        }
    }

    fn jsonl(&self, spec: &TargetSpec, findings: &mut Findings) -> Option<TargetKind> {
        let Some(path) = spec.path.given() else {
            if spec.path.is_absent() {
                let finding = Diagnostic::error(Code::MissingKey, "`target` lacks `path`").at(spec.span, "");
                findings.push(finding.help("for example `path: out/records.jsonl`"));
            }
            return None;
        };
        let literal = self.path(&path.0, findings)?;
        if literal.contains("://") {
            let message = format!(
                "a target by URL is part of the language, but river {} does not do it yet",
                env!("CARGO_PKG_VERSION")
            );
            findings.push(
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
            findings.push(finding.help("write a path relative to the project"));
            return None;
        }
        Some(TargetKind::Jsonl { path: joined, shown: literal })
    }

    /// The path with its params; nothing else is known before the run.
    fn path(&self, text: &Text, findings: &mut Findings) -> Option<String> {
        let written = Written::template(text, findings).ok()?;
        let before = findings.has_errors();
        let meaning = self.settings.scope.check(written.item.uses(), text, Room::Before, findings);
        if meaning.secret {
            let finding =
                Diagnostic::error(Code::BadValue, "a secret cannot be part of a path").at(text.span, "");
            findings.push(finding.help("file names are seen by everybody: use another param"));
            return None;
        }
        if findings.has_errors() && !before {
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
                findings.push(finding.help("a target's path is known before the run: it may use `params`"));
                None
            }
        }
    }
}

/// A path without `.` and `..`, as it is written: links are not followed.
fn lexically(path: &Path) -> PathBuf {
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
