//! Values that a step keeps for its next run, compiled.

use std::time::Duration;

use super::scope::{Meaning, Room, Scope};
use super::written::Written;
use crate::diagnostic::{Code, Diagnostic, Findings, Span};
use crate::expr::{Expression, Template};
use crate::spec::node::{Key, Text};
use crate::spec::state::StateSpec;
pub use crate::spec::state::StateType;
use crate::spec::step::StepSpec;
use crate::spec::table::Malformed;
use crate::spec::value::PathText;

/// One value that is kept between runs.
#[derive(Debug)]
pub struct StatePlan {
    /// Its name: `state.NAME`.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// What it becomes when the step completes.
    pub source: StateSource,
    /// How values are compared.
    pub kind: StateType,
    /// One value for each value of this.
    pub per: Option<Written<Expression>>,
    /// Whether records come in rising order.
    pub is_ascending: bool,
    /// What it is before the first complete run.
    pub initial_value: Option<Written<Template>>,
    /// How much earlier the step begins to read.
    pub lookback: Option<Duration>,
    /// Whether a record without a value does not count.
    pub ignores_missing: bool,
}

/// What a state becomes.
#[derive(Debug)]
pub enum StateSource {
    /// The greatest value of a field.
    Max(FieldPath),
    /// The smallest.
    Min(FieldPath),
    /// That of the last record.
    Last(FieldPath),
    /// A value of the last answer.
    Expression(Written<Expression>),
    /// A value that is known before the first request.
    Through(Written<Template>),
}

impl StateSource {
    /// The field of the records that it is made of, if it is made of one.
    pub fn path(&self) -> Option<&FieldPath> {
        match self {
            Self::Max(path) | Self::Min(path) | Self::Last(path) => Some(path),
            Self::Expression(_) | Self::Through(_) => None,
        }
    }
}

/// Where in a record a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath {
    /// The keys from the record down.
    pub names: Vec<String>,
    /// As it stands in the file.
    pub text: Text,
}

impl StateSource {
    /// The field that it is read from, if it is.
    pub fn field(&self) -> Option<&FieldPath> {
        match self {
            Self::Max(field) | Self::Min(field) | Self::Last(field) => Some(field),
            Self::Expression(_) | Self::Through(_) => None,
        }
    }

    /// The expression over the last answer, if it is one.
    pub fn expression(&self) -> Option<&Written<Expression>> {
        match self {
            Self::Expression(written) => Some(written),
            Self::Max(_) | Self::Min(_) | Self::Last(_) | Self::Through(_) => None,
        }
    }

    /// The value that is known before the first request, if it is one.
    pub fn through(&self) -> Option<&Written<Template>> {
        match self {
            Self::Through(written) => Some(written),
            Self::Max(_) | Self::Min(_) | Self::Last(_) | Self::Expression(_) => None,
        }
    }

    /// Whether it may run ahead of the service's clock, and is capped by it: the next run would skip what comes between.
    pub fn may_run_ahead(&self) -> bool {
        match self {
            Self::Max(_) => true,
            Self::Min(_) | Self::Last(_) | Self::Expression(_) | Self::Through(_) => false,
        }
    }
}

/// Compiles what a step keeps. `used` are the params that its request depends on.
pub(super) fn build(
    spec: &StepSpec,
    scope: &Scope,
    used: &Meaning,
    meaning: &mut Meaning,
    findings: &mut Findings,
) -> Result<Vec<StatePlan>, Malformed> {
    let entries = spec.state.optional()?.into_iter().flat_map(|named| &named.0);
    let mut builder = Builder { step: spec, scope, used, meaning, findings };
    let built: Vec<_> = entries.map(|(key, state)| builder.state(key, state.required()?)).collect();
    built.into_iter().collect()
}

struct Builder<'a> {
    step: &'a StepSpec,
    scope: &'a Scope,
    used: &'a Meaning,
    meaning: &'a mut Meaning,
    findings: &'a mut Findings,
}

impl Builder<'_> {
    fn state(&mut self, key: &Key, spec: &StateSpec) -> Result<StatePlan, Malformed> {
        let source = self.source(key, spec);
        let kind = self.kind(key, spec);
        let per = self.per(key, spec);
        let initial_value = self.initial_value(spec);
        self.refuse_misfits(spec);
        if !self.used.state.contains(&key.name) {
            let finding =
                Diagnostic::warning(Code::Unused, format!("nothing in this step reads `state.{}`", key.name));
            self.findings.push(finding.at(key.span, "").help(format!(
                "use it in the request: `query: {{ since: \"{{{{ state.{} }}}}\" }}`",
                key.name
            )));
        }
        Ok(StatePlan {
            name: key.name.clone(),
            span: key.span,
            source: source?,
            kind: kind?,
            per: per?,
            is_ascending: spec.row_order.given().is_some(),
            initial_value: initial_value?,
            lookback: spec.lookback.given().map(|period| period.value),
            ignores_missing: spec.on_missing.given().is_some_and(|word| word.ignores()),
        })
    }

    fn source(&mut self, key: &Key, spec: &StateSpec) -> Result<StateSource, Malformed> {
        let paths = [("max", &spec.max), ("min", &spec.min), ("last", &spec.last)];
        let given = paths.iter().filter_map(|(word, field)| Some((*word, field.given()?.0.span)));
        let expr = spec.expr.given().map(|text| ("expr", text.0.span));
        let through = spec.through.given().map(|text| ("through", text.0.span));
        let given: Vec<(&str, Span)> = given.chain(expr).chain(through).collect();
        match given.as_slice() {
            [] if paths.iter().any(|(_, field)| field.is_malformed()) => return Err(Malformed),
            [] if !spec.expr.is_absent() || !spec.through.is_absent() => return Err(Malformed),
            [] => {
                let message = format!("nothing says what `{}` becomes", key.name);
                let finding = Diagnostic::error(Code::MissingKey, message).at(key.span, "");
                self.findings.push(
                    finding.help(
                        "add one of `max`, `min`, `last`, `expr`, `through`: `max: $.Modified_Time`, say",
                    ),
                );
                return Err(Malformed);
            }
            [_] => {}
            [(first, _), (second, span), ..] => {
                let message = format!("`{first}` and `{second}` exclude each other");
                let finding = Diagnostic::error(Code::KeyConflict, message).at(*span, "");
                self.findings.push(finding.help("a state becomes one value: keep one of them"));
                return Err(Malformed);
            }
        }
        if let Some(path) = spec.max.given() {
            return self.field(path).map(StateSource::Max);
        }
        if let Some(path) = spec.min.given() {
            return self.field(path).map(StateSource::Min);
        }
        if let Some(path) = spec.last.given() {
            return self.field(path).map(StateSource::Last);
        }
        if let Some(text) = spec.expr.given() {
            if self.step.records.is_absent() && self.step.paginate.is_absent() {
                let message = "a step that only gives values may run again at any time, or not at all";
                let finding = Diagnostic::error(Code::KeyConflict, message).at(text.0.span, "");
                self.findings.push(finding.help("keep the value in a step with `records` or `paginate`"));
                return Err(Malformed);
            }
            let written = Written::expression(&text.0, self.findings)?;
            let meaning = self.scope.check(written.item.uses(), &text.0, Room::After, self.findings);
            self.refuse_secret(&meaning, text.0.span);
            self.meaning.add(&meaning);
            return Ok(StateSource::Expression(written));
        }
        let text = &spec.through.given().ok_or(Malformed)?.0;
        let written = Written::template(text, self.findings)?;
        let meaning = self.scope.check(written.item.uses(), text, Room::Before, self.findings);
        self.refuse_secret(&meaning, text.span);
        self.meaning.add(&meaning);
        Ok(StateSource::Through(written))
    }

    /// A record is looked at in passing: only a path of names is quick enough, and means one value.
    fn field(&mut self, path: &PathText) -> Result<FieldPath, Malformed> {
        let text = &path.0;
        let written = Written::path(text, self.findings)?;
        if self.step.records.is_absent() {
            let finding = Diagnostic::error(Code::KeyConflict, "this step has no `records` to look at");
            self.findings.push(finding.at(text.span, "").help("add `records: $.PATH`, or use `expr`"));
            return Err(Malformed);
        }
        match written.item.plain() {
            Some(plain) if !plain.each && !plain.names.is_empty() => {
                Ok(FieldPath { names: plain.names.clone(), text: text.clone() })
            }
            _ => {
                let message = format!("`{}` is not the path of one field of a record", text.value);
                let finding = Diagnostic::error(Code::BadValue, message).at(text.span, "");
                self.findings.push(finding.help("write names only, from the record down: `$.Modified_Time`"));
                Err(Malformed)
            }
        }
    }

    fn kind(&mut self, key: &Key, spec: &StateSpec) -> Result<StateType, Malformed> {
        if let Some(kind) = spec.kind.optional()? {
            return Ok(*kind);
        }
        if spec.max.is_absent() && spec.min.is_absent() {
            return Ok(StateType::String);
        }
        let message = format!("`{}` lacks `type`, which says how its values are compared", key.name);
        let finding = Diagnostic::error(Code::MissingKey, message).at(key.span, "");
        self.findings.push(finding.help("add `type: datetime`, `type: number` or `type: string`"));
        Err(Malformed)
    }

    fn per(&mut self, key: &Key, spec: &StateSpec) -> Result<Option<Written<Expression>>, Malformed> {
        if let Some(text) = spec.per.optional()? {
            let written = Written::expression(&text.0, self.findings)?;
            let meaning = self.scope.check(written.item.uses(), &text.0, Room::Before, self.findings);
            self.refuse_secret(&meaning, text.0.span);
            self.meaning.add(&meaning);
            return Ok(Some(written));
        }
        if let Some(param) = self.used.params.first() {
            let message = format!(
                "this step depends on `params.{param}`, but `{}` would be kept once for all of its values",
                key.name
            );
            let finding = Diagnostic::error(Code::MissingKey, message).at(key.span, "");
            self.findings.push(
                finding.help(format!("add `per: params.{param}`, or `per: none` if one for all is right")),
            );
            return Err(Malformed);
        }
        Ok(None)
    }

    fn initial_value(&mut self, spec: &StateSpec) -> Result<Option<Written<Template>>, Malformed> {
        let Some(text) = spec.initial_value.optional()? else { return Ok(None) };
        let written = Written::template(&text.0, self.findings)?;
        let meaning = self.scope.check(written.item.uses(), &text.0, Room::Before, self.findings);
        self.refuse_secret(&meaning, text.0.span);
        self.meaning.add(&meaning);
        Ok(Some(written))
    }

    fn refuse_misfits(&mut self, spec: &StateSpec) {
        if let (Some(lookback), Some(kind)) = (spec.lookback.given(), spec.kind.given())
            && !kind.is_instant()
        {
            let finding = Diagnostic::error(Code::KeyConflict, "`lookback` goes with `type: datetime`");
            self.findings.push(finding.at(lookback.span, "").help("leave it out"));
        }
        if spec.row_order.given().is_some() && spec.max.is_absent() {
            let finding = Diagnostic::error(Code::KeyConflict, "`row_order: asc` goes with `max`");
            self.findings.push(finding.at(spec.span, "").help("leave it out"));
        }
    }

    fn refuse_secret(&mut self, meaning: &Meaning, span: Span) {
        if meaning.secret {
            let finding = Diagnostic::error(Code::BadValue, "a secret cannot be kept in `state`");
            self.findings.push(finding.at(span, "").help("the state is not encrypted: use another value"));
        }
    }
}
