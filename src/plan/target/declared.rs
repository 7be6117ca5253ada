//! The targets of a pipeline while its steps are compiled: which are declared, which are used, and that no two share
//! a place.

use super::place::lexically;
use super::{Settings, TargetKind, TargetPlan};
use crate::diagnostic::{Code, Diagnostic, Findings, Span, nearest, quoted_list};
use crate::spec::pipeline::PipelineSpec;
use crate::spec::step::{StepSpec, WriteOne};
use crate::spec::table::SpecField;

/// The targets of a pipeline while its steps are compiled.
#[derive(Debug)]
pub struct Targets<'a> {
    settings: Settings<'a>,
    declared: Vec<Declared>,
    used: Vec<TargetPlan>,
}

#[derive(Debug)]
struct Declared {
    name: String,
    span: Span,
    plan: Option<TargetPlan>,
    used: bool,
}

impl<'a> Targets<'a> {
    /// The targets that the pipeline declares.
    pub fn new(spec: &PipelineSpec, settings: Settings<'a>, findings: &mut Findings) -> Self {
        let mut targets = Self { settings, declared: vec![], used: vec![] };
        for (key, value) in spec.targets.given().iter().flat_map(|named| &named.0) {
            let kind = value.given().and_then(|spec| targets.settings.kind(spec, Some(&key.name), findings));
            let plan = kind.map(|(kind, diverts)| TargetPlan { name: key.name.clone(), kind, diverts });
            targets.declared.push(Declared { name: key.name.clone(), span: key.span, plan, used: false });
        }
        targets
    }

    /// The indices of the targets to which a step writes.
    pub fn of_step(&mut self, step: &StepSpec, findings: &mut Findings) -> Vec<usize> {
        let places: Vec<(usize, Span)> = match &step.write {
            SpecField::Given(write) => write.0.iter().filter_map(|one| self.of_one(one, findings)).collect(),
            SpecField::Absent if !step.records.is_absent() => {
                let stdout =
                    TargetPlan { name: "stdout".to_owned(), kind: TargetKind::Stdout, diverts: false };
                vec![(self.index_of(stdout), step.span)]
            }
            SpecField::Absent | SpecField::Malformed => vec![],
        };
        if let Some(condition) = step.delete_when.given()
            && !step.write.is_absent()
        {
            self.refuse_deletes_without_key(&places, condition.0.span, findings);
        }
        places.into_iter().map(|(index, _)| index).collect()
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

    fn of_one(&mut self, one: &WriteOne, findings: &mut Findings) -> Option<(usize, Span)> {
        let (plan, span) = match one {
            WriteOne::Named(name) => {
                let Some(position) = self.declared.iter().position(|target| target.name == name.text) else {
                    findings.push(self.unknown(&name.text, name.span));
                    return None;
                };
                self.declared[position].used = true;
                (self.declared[position].plan.clone()?, name.span)
            }
            WriteOne::Inline(spec) => {
                let (kind, diverts) = self.settings.kind(spec, None, findings)?;
                let name = kind.place().map_or_else(|| "stdout".to_owned(), |place| place.shown.clone());
                (TargetPlan { name, kind, diverts }, spec.span)
            }
        };
        self.refuse_shared_place(&plan, one.is_inline(), span, findings)?;
        Some((self.index_of(plan), span))
    }

    /// Only a key tells which record goes.
    fn refuse_deletes_without_key(&self, places: &[(usize, Span)], condition: Span, findings: &mut Findings) {
        for (index, span) in places {
            let target = &self.used[*index];
            if target.kind.key().is_none() {
                let message = format!("`delete_when` deletes by key, and target `{}` has none", target.name);
                let finding =
                    Diagnostic::error(Code::KeyConflict, message).at(condition, "").at(*span, "written to");
                findings.push(finding.help("give the target `mode: merge` and a `key`"));
            }
        }
    }

    /// Two targets in one place: the records of one would be lost.
    fn refuse_shared_place(
        &self,
        plan: &TargetPlan,
        inline: bool,
        span: Span,
        findings: &mut Findings,
    ) -> Option<()> {
        let shares =
            |other: &&TargetPlan| (inline || other.name != plan.name) && share(&other.kind, &plan.kind);
        let Some(other) = self.used.iter().find(shares) else { return Some(()) };
        let what = if other.kind.table().is_some() && plan.kind.table().is_some() { "table" } else { "path" };
        let message = format!("another target writes to the same {what}");
        let finding = Diagnostic::error(Code::NameConflict, message).at(span, "");
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
}

/// Whether two targets are in one place. Tables of one database are apart.
fn share(one: &TargetKind, other: &TargetKind) -> bool {
    if let (Some(one), Some(other)) = (one.table(), other.table())
        && !one.eq_ignore_ascii_case(other)
    {
        return false;
    }
    let (Some(one), Some(other)) = (one.place(), other.place()) else { return false };
    lexically(&one.path) == lexically(&other.path)
}
