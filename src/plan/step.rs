//! One step, compiled: everything about it is known but the values.

use std::sync::Arc;

use super::extract::{self, ExtractPlan};
use super::paginate::PaginatePlan;
use super::request::RequestPlan;
use super::retry::RetrySettings;
use super::scope::{Meaning, Room, Scope};
use super::written::Written;
use crate::diagnostic::{Code, Diagnostic, Findings, Span, nearest, quoted_list};
use crate::expr::jsonpath::JsonPath;
use crate::expr::{Expression, Template};
use crate::spec::step::{ExpectSpec, RecordsSpec, RetrySpec, RuleAction, RuleSpec, StepSpec};
use crate::spec::table::Field;
use crate::spec::value::{ExpressionText, TemplateText};

/// A step of the plan.
#[derive(Debug)]
pub struct StepPlan {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// The connection in force, by its index in the plan.
    pub connection: Option<usize>,
    /// Whether it runs.
    pub when: Option<Written<Expression>>,
    /// What it sends.
    pub request: RequestPlan,
    /// What must hold.
    pub expect: Vec<ExpectPlan>,
    /// What later steps get.
    pub extract: Vec<ExtractPlan>,
    /// What to do with which response.
    pub rules: Vec<RulePlan>,
    /// How often and how patiently it is tried again.
    pub retry: RetrySettings,
    /// How the next page is found.
    pub paginate: Option<PaginatePlan>,
    /// Where the records are.
    pub records: Option<Arc<RecordsPlan>>,
    /// The targets they go to, by index in the plan.
    pub write: Vec<usize>,
    /// For how long the extracted values hold.
    pub reuse_for: Option<Written<Template>>,
    /// The steps whose values the request needs, by index.
    pub needs: Vec<usize>,
}

/// Something that must hold for each response.
#[derive(Debug)]
pub struct ExpectPlan {
    /// The condition.
    pub that: Written<Expression>,
    /// What to say when it does not hold.
    pub message: Option<Written<Template>>,
}

/// What to do with a response.
#[derive(Debug)]
pub struct RulePlan {
    /// Which responses.
    pub when: Written<Expression>,
    /// What happens then.
    pub action: RuleAction,
    /// The step that is run again before a retry, by index.
    pub after: Option<usize>,
    /// How often, for one page request.
    pub max_retries: Option<u32>,
    /// What to say.
    pub message: Option<Written<Template>>,
}

/// Where the records are.
#[derive(Debug)]
pub struct RecordsPlan {
    /// The path.
    pub path: Written<JsonPath>,
    /// Whether nothing at the path means no records.
    pub may_be_missing: bool,
}

/// What a step needs to know of the steps before it.
#[derive(Debug)]
pub struct Before<'a> {
    /// The specs of all steps.
    pub all: &'a [StepSpec],
    /// The index of this one.
    pub index: usize,
    /// What is visible in it.
    pub scope: Scope,
    /// The connection in force.
    pub connection: Option<usize>,
}

/// What became of a step.
#[derive(Debug)]
pub struct Built {
    /// The step, unless something in it is malformed.
    pub plan: Option<StepPlan>,
    /// Everything its templates mean together.
    pub meaning: Meaning,
}

/// Compiles a step. `write` holds the indices of its targets.
pub fn build(spec: &StepSpec, before: &Before<'_>, write: Vec<usize>, findings: &mut Findings) -> Built {
    let mut builder = Builder { before, findings, meaning: Meaning::default() };
    let plan = builder.step(spec, write);
    Built { plan, meaning: builder.meaning }
}

struct Builder<'a> {
    before: &'a Before<'a>,
    findings: &'a mut Findings,
    meaning: Meaning,
}

impl Builder<'_> {
    fn step(&mut self, spec: &StepSpec, write: Vec<usize>) -> Option<StepPlan> {
        let when = self.condition(spec.when.given(), Room::Before);
        let request = spec
            .request
            .given()
            .and_then(|request| RequestPlan::build(request, &self.before.scope, self.findings));
        if let Some(request) = &request {
            self.meaning.add(&request.meaning());
        }
        let expect = self.each(spec.expect.given(), Self::expect);
        let extract = self.extract(spec);
        let rules = self.each(spec.rules.given(), Self::rule);
        let paginate = self.paginate(spec, request.as_ref());
        let records = self.records(spec);
        let reuse_for = self.reuse_for(spec);
        self.refuse_misfits(spec);
        let name = spec.name.given()?;
        let request = request?;
        let needs = request.meaning().steps;
        Some(StepPlan {
            name: name.text.clone(),
            span: name.span,
            connection: self.before.connection,
            when: when?,
            request,
            expect: expect?,
            extract: extract?,
            rules: rules?,
            retry: retry(spec.retry.given()),
            paginate: paginate?,
            records: records?,
            write,
            reuse_for: reuse_for?,
            needs,
        })
    }

    fn each<S, P>(
        &mut self,
        specs: Option<&Vec<S>>,
        build: fn(&mut Self, &S) -> Option<P>,
    ) -> Option<Vec<P>> {
        let built: Vec<Option<P>> = specs.into_iter().flatten().map(|spec| build(self, spec)).collect();
        built.into_iter().collect()
    }

    fn condition(
        &mut self,
        text: Option<&ExpressionText>,
        room: Room,
    ) -> Option<Option<Written<Expression>>> {
        let Some(ExpressionText(text)) = text else { return Some(None) };
        let written = Written::expression(text).map_err(|finding| self.findings.push(finding)).ok()?;
        let meaning = self.before.scope.check(written.item.uses(), text, room, self.findings);
        self.meaning.add(&meaning);
        Some(Some(written))
    }

    fn template(
        &mut self,
        text: Option<&TemplateText>,
        scope: &Scope,
        room: Room,
    ) -> Option<Option<Written<Template>>> {
        let Some(TemplateText(text)) = text else { return Some(None) };
        let written = Written::template(text).map_err(|finding| self.findings.push(finding)).ok()?;
        let meaning = scope.check(written.item.uses(), text, room, self.findings);
        self.meaning.add(&meaning);
        Some(Some(written))
    }

    fn expect(&mut self, spec: &ExpectSpec) -> Option<ExpectPlan> {
        let that = self.condition(spec.that.given(), Room::Response);
        let message = self.template(spec.message.given(), &self.before.scope, Room::Response);
        Some(ExpectPlan { that: that??, message: message? })
    }

    fn extract(&mut self, spec: &StepSpec) -> Option<Vec<ExtractPlan>> {
        let named = match &spec.extract {
            Field::Given(named) => named,
            Field::Absent => return Some(vec![]),
            Field::Bad => return None,
        };
        let built: Vec<_> = named
            .0
            .iter()
            .map(|(key, value)| extract::build(key, value.given()?, &self.before.scope, self.findings))
            .collect();
        built.into_iter().collect()
    }

    fn rule(&mut self, spec: &RuleSpec) -> Option<RulePlan> {
        let when = self.condition(spec.when.given(), Room::Response);
        let message = self.template(spec.message.given(), &self.before.scope, Room::Response);
        let action = spec.action.given().copied();
        self.refuse_rule_misfits(spec, action);
        let after = match spec.after.given() {
            Some(name) => Some(self.after(&name.text, name.span)?),
            None => None,
        };
        let max_retries =
            spec.max_retries.given().map(|count| u32::try_from(count.value).unwrap_or(u32::MAX));
        Some(RulePlan { when: when??, action: action?, after, max_retries, message: message? })
    }

    fn refuse_rule_misfits(&mut self, spec: &RuleSpec, action: Option<RuleAction>) {
        let checks = [
            ("after", spec.after.given().map(|name| name.span), RuleAction::Retry, "retry"),
            ("max_retries", spec.max_retries.given().map(|count| count.span), RuleAction::Retry, "retry"),
            ("message", spec.message.given().map(|text| text.0.span), RuleAction::Fail, "fail"),
        ];
        for (key, span, wants, word) in checks {
            if let (Some(span), Some(action)) = (span, action)
                && action != wants
            {
                let message = format!("`{key}` goes with `do: {word}`");
                self.findings.push(
                    Diagnostic::error(Code::KeyConflict, message)
                        .at(span, "")
                        .help("leave it out, or change `do`"),
                );
            }
        }
    }

    /// `after` may only name an earlier step that gives values and nothing else: running it again must be harmless.
    fn after(&mut self, name: &str, span: Span) -> Option<usize> {
        let names = |specs: &[StepSpec]| {
            specs
                .iter()
                .filter_map(|step| step.name.given().map(|name| name.text.clone()))
                .collect::<Vec<_>>()
        };
        let position =
            self.before.all.iter().position(|step| step.name.given().is_some_and(|known| known.text == name));
        let finding = match position {
            None => {
                let known = names(self.before.all);
                let guess = nearest(name, known.iter().map(String::as_str))
                    .map(|word| format!("did you mean `{word}`?"));
                Diagnostic::error(Code::BadStep, format!("there is no step `{name}`"))
                    .at(span, guess.unwrap_or_default())
                    .help(match names(&self.before.all[..self.before.index]).as_slice() {
                        [] => "no step comes before this one".to_owned(),
                        earlier => {
                            format!("earlier steps: {}", quoted_list(earlier.iter().map(String::as_str)))
                        }
                    })
            }
            Some(at) if at >= self.before.index => {
                Diagnostic::error(Code::BadStep, format!("step `{name}` does not come before this one"))
                    .at(span, "")
                    .help("`after` names an earlier step")
            }
            Some(at) => {
                let step = &self.before.all[at];
                let unfit = [
                    ("records", step.records.is_absent()),
                    ("write", step.write.is_absent()),
                    ("paginate", step.paginate.is_absent()),
                ];
                match unfit.iter().find(|(_, absent)| !absent) {
                    None => return Some(at),
                    Some((key, _)) => Diagnostic::error(
                        Code::BadStep,
                        format!("step `{name}` cannot be run again: it has `{key}`"),
                    )
                    .at(span, "")
                    .help("`after` names an earlier step without `records`, `write` and `paginate`"),
                }
            }
        };
        self.findings.push(finding);
        None
    }

    fn paginate(&mut self, spec: &StepSpec, request: Option<&RequestPlan>) -> Option<Option<PaginatePlan>> {
        match &spec.paginate {
            Field::Absent => Some(None),
            Field::Bad => None,
            Field::Given(paginate) => {
                PaginatePlan::build(paginate, request, &self.before.scope, self.findings).map(Some)
            }
        }
    }

    fn records(&mut self, spec: &StepSpec) -> Option<Option<Arc<RecordsPlan>>> {
        let (text, default) = match &spec.records {
            Field::Absent => return Some(None),
            Field::Bad => return None,
            Field::Given(RecordsSpec::Path(path)) => (&path.0, None),
            Field::Given(RecordsSpec::Table(table)) => (&table.jsonpath.given()?.0, table.default.given()),
        };
        if let Some(default) = default
            && default.0.to_json() != serde_json::json!([])
        {
            let finding = Diagnostic::error(Code::BadValue, "the default of `records` can only be `[]`")
                .at(default.0.span, "");
            self.findings.push(finding.help("`default: []` means: nothing there is no records"));
        }
        let path = Written::path(text).map_err(|finding| self.findings.push(finding)).ok()?;
        Some(Some(Arc::new(RecordsPlan { path, may_be_missing: default.is_some() })))
    }

    fn reuse_for(&mut self, spec: &StepSpec) -> Option<Option<Written<Template>>> {
        let own = super::with_extracts_of(spec, self.before.index, &self.before.scope);
        let written = self.template(spec.reuse_for.given(), &own, Room::After)?;
        if let Some(literal) =
            written.as_ref().and_then(|written| Some((written.item.literal()?, written.text.span)))
            && crate::spec::value::parse_period(literal.0).is_none()
        {
            let finding =
                Diagnostic::error(Code::BadValue, format!("`{}` is not a length of time", literal.0))
                    .at(literal.1, "");
            self.findings.push(finding.help("write `50m`, or compute it: `\"{{ expires_in - 300 }}s\"`"));
        }
        Some(written)
    }

    fn refuse_misfits(&mut self, spec: &StepSpec) {
        if !spec.write.is_absent() && spec.records.is_absent() {
            let finding =
                Diagnostic::error(Code::KeyConflict, "this step has `write`, but no `records` to write");
            self.findings.push(finding.at(spec.span_of_name(), "").help("add `records: $.PATH`"));
        }
        if !spec.reuse_for.is_absent() && (!spec.records.is_absent() || !spec.paginate.is_absent()) {
            let finding = Diagnostic::error(
                Code::KeyConflict,
                "`reuse_for` keeps extracted values; a step with `records` or `paginate` cannot be reused",
            );
            self.findings.push(finding.at(spec.span_of_name(), "").help("leave `reuse_for` out"));
        }
    }
}

fn retry(spec: Option<&RetrySpec>) -> RetrySettings {
    let defaults = RetrySettings::default();
    let Some(spec) = spec else { return defaults };
    RetrySettings {
        max_retries: spec
            .max_retries
            .given()
            .map_or(defaults.max_retries, |count| u32::try_from(count.value).unwrap_or(u32::MAX)),
        first: spec.first.given().map_or(defaults.first, |period| period.value),
        cap: spec.cap.given().map_or(defaults.cap, |period| period.value),
        give_up_after: spec.give_up_after.given().map(|period| period.value),
        longest_wait: spec.longest_wait.given().map_or(defaults.longest_wait, |period| period.value),
        idempotent: spec.idempotent.given().copied(),
    }
}

impl StepSpec {
    /// Where its name stands, or else the step itself.
    fn span_of_name(&self) -> Span {
        self.name.given().map_or(self.span, |name| name.span)
    }
}
