//! One step, compiled: everything about it is known but the values.

use std::sync::Arc;

use super::auth::AuthUse;
use super::block::StepId;
use super::dead_path;
use super::extract::{self, ExtractPlan};
use super::paginate::PaginatePlan;
use super::request::RequestPlan;
use super::retry::RetrySettings;
use super::scope::{Meaning, Room, Scope};
use super::state::{self, StatePlan};
use super::written::Written;
use crate::diagnostic::{Code, Diagnostic, Findings, Span, nearest, quoted_list};
use crate::expr::jsonpath::JsonPath;
use crate::expr::{Expression, Template};
use crate::spec::request::Method;
use crate::spec::step::{ExpectSpec, RecordsSpec, RetrySpec, RuleAction, RuleSpec, StepSpec};
use crate::spec::table::Malformed;
use crate::spec::value::{ExpressionText, TemplateText, parse_period};

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
    /// How it proves who asks.
    pub auth: Option<AuthUse>,
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
    /// What is kept between runs.
    pub state: Vec<StatePlan>,
    /// Which records go by their key.
    pub delete_when: Option<Written<Expression>>,
    /// For how long the extracted values hold.
    pub reuse_for: Option<Written<Template>>,
    /// The steps whose values the request needs.
    pub needs: Vec<StepId>,
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
    /// The step that is run again before a retry.
    pub after: Option<StepId>,
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
    pub scope: &'a Scope,
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
    let plan = builder.step(spec, write).ok();
    Built { plan, meaning: builder.meaning }
}

struct Builder<'a> {
    before: &'a Before<'a>,
    findings: &'a mut Findings,
    meaning: Meaning,
}

impl Builder<'_> {
    fn step(&mut self, spec: &StepSpec, write: Vec<usize>) -> Result<StepPlan, Malformed> {
        let when = self.condition(spec.when.given(), Room::Before);
        let request = spec
            .request
            .required()
            .and_then(|request| RequestPlan::build(request, self.before.scope, self.findings));
        if let Ok(request) = &request {
            self.meaning.add(&request.meaning());
        }
        let expect = self.each(spec.expect.given(), Self::expect);
        let extract = self.extract(spec);
        let rules = self.each(spec.rules.given(), Self::rule);
        let paginate = self.paginate(spec, request.as_ref().ok());
        let records = self.records(spec);
        let delete_when = self.condition(spec.delete_when.given(), Room::Record);
        let reuse_for = self.reuse_for(spec);
        let used = request.as_ref().map(RequestPlan::meaning).unwrap_or_default();
        let state = state::build(spec, self.before.scope, &used, &mut self.meaning, self.findings);
        self.refuse_misfits(spec);
        if let (Ok(Some(records)), Ok(extract), Ok(paginate)) = (&records, &extract, &paginate) {
            dead_path::warn(records, extract, paginate.as_ref(), self.findings);
        }
        let name = spec.name.required()?;
        let request = request?;
        let needs = request.meaning().steps.into_iter().map(StepId::at).collect();
        Ok(StepPlan {
            name: name.text.clone(),
            span: name.span,
            connection: self.before.connection,
            when: when?,
            request,
            auth: None,
            expect: expect?,
            extract: extract?,
            rules: rules?,
            retry: retry(spec.retry.given()),
            paginate: paginate?,
            records: records?,
            write,
            state: state?,
            delete_when: delete_when?,
            reuse_for: reuse_for?,
            needs,
        })
    }

    fn each<S, P>(
        &mut self,
        specs: Option<&Vec<S>>,
        build: fn(&mut Self, &S) -> Result<P, Malformed>,
    ) -> Result<Vec<P>, Malformed> {
        let built: Vec<_> = specs.into_iter().flatten().map(|spec| build(self, spec)).collect();
        built.into_iter().collect()
    }

    fn condition(
        &mut self,
        text: Option<&ExpressionText>,
        room: Room,
    ) -> Result<Option<Written<Expression>>, Malformed> {
        let Some(ExpressionText(text)) = text else { return Ok(None) };
        let written = Written::expression(text, self.findings)?;
        let meaning = self.before.scope.check(written.item.uses(), text, room, self.findings);
        self.meaning.add(&meaning);
        Ok(Some(written))
    }

    fn template(
        &mut self,
        text: &TemplateText,
        room: Room,
    ) -> Result<(Written<Template>, Meaning), Malformed> {
        let written = Written::template(&text.0, self.findings)?;
        let meaning = self.before.scope.check(written.item.uses(), &text.0, room, self.findings);
        self.meaning.add(&meaning);
        Ok((written, meaning))
    }

    /// A message is read by people and lands in logs: no secret belongs there.
    fn message(&mut self, text: Option<&TemplateText>) -> Result<Option<Written<Template>>, Malformed> {
        let Some(text) = text else { return Ok(None) };
        let (written, meaning) = self.template(text, Room::Response)?;
        if meaning.secret {
            let finding = Diagnostic::error(Code::BadValue, "a secret cannot be part of a message");
            self.findings.push(finding.at(written.text.span, "").help("name what is wrong without it"));
        }
        Ok(Some(written))
    }

    fn expect(&mut self, spec: &ExpectSpec) -> Result<ExpectPlan, Malformed> {
        let that = self.condition(spec.that.given(), Room::Response);
        let message = self.message(spec.message.given());
        Ok(ExpectPlan { that: that?.ok_or(Malformed)?, message: message? })
    }

    fn extract(&mut self, spec: &StepSpec) -> Result<Vec<ExtractPlan>, Malformed> {
        let entries = spec.extract.optional()?.into_iter().flat_map(|named| &named.0);
        let built: Vec<_> = entries
            .map(|(key, value)| extract::build(key, value.required()?, self.before.scope, self.findings))
            .collect();
        built.iter().flatten().for_each(|extract| self.meaning.add(&extract.meaning));
        built.into_iter().collect()
    }

    fn rule(&mut self, spec: &RuleSpec) -> Result<RulePlan, Malformed> {
        let when = self.condition(spec.when.given(), Room::Response);
        let message = self.message(spec.message.given());
        let action = spec.action.required().copied();
        self.refuse_rule_misfits(spec, action.ok());
        let after = spec.after.optional()?.map(|name| self.after(&name.text, name.span)).transpose()?;
        let max_retries =
            spec.max_retries.given().map(|count| u32::try_from(count.value).unwrap_or(u32::MAX));
        Ok(RulePlan { when: when?.ok_or(Malformed)?, action: action?, after, max_retries, message: message? })
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
    fn after(&mut self, name: &str, span: Span) -> Result<StepId, Malformed> {
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
                    None => return Ok(StepId::at(at)),
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
        Err(Malformed)
    }

    fn paginate(
        &mut self,
        spec: &StepSpec,
        request: Option<&RequestPlan>,
    ) -> Result<Option<PaginatePlan>, Malformed> {
        let Some(paginate) = spec.paginate.optional()? else { return Ok(None) };
        let plan = PaginatePlan::build(paginate, request, self.before.scope, self.findings)?;
        self.meaning.add(&plan.meaning);
        Ok(Some(plan))
    }

    fn records(&mut self, spec: &StepSpec) -> Result<Option<Arc<RecordsPlan>>, Malformed> {
        let (text, default) = match spec.records.optional()? {
            None => return Ok(None),
            Some(RecordsSpec::Path(path)) => (&path.0, None),
            Some(RecordsSpec::Table(table)) => (&table.jsonpath.required()?.0, table.default.given()),
        };
        if let Some(default) = default
            && default.0.to_json() != serde_json::json!([])
        {
            let finding = Diagnostic::error(Code::BadValue, "the default of `records` can only be `[]`")
                .at(default.0.span, "");
            self.findings.push(finding.help("`default: []` means: nothing there is no records"));
        }
        let path = Written::path(text, self.findings)?;
        Ok(Some(Arc::new(RecordsPlan { path, may_be_missing: default.is_some() })))
    }

    fn reuse_for(&mut self, spec: &StepSpec) -> Result<Option<Written<Template>>, Malformed> {
        let text = spec.reuse_for.given();
        let written =
            text.map(|text| self.template(text, Room::After)).transpose()?.map(|(written, _)| written);
        if let Some(written) = &written
            && let Some(literal) = written.item.literal()
            && parse_period(literal).is_none()
        {
            let finding = Diagnostic::error(Code::BadValue, format!("`{literal}` is not a length of time"))
                .at(written.text.span, "");
            self.findings.push(finding.help("write `50m`, or compute it: `\"{{ expires_in - 300 }}s\"`"));
        }
        Ok(written)
    }

    fn refuse_misfits(&mut self, spec: &StepSpec) {
        if !spec.write.is_absent() && spec.records.is_absent() {
            let finding =
                Diagnostic::error(Code::KeyConflict, "this step has `write`, but no `records` to write");
            self.findings.push(finding.at(spec.span_of_name(), "").help("add `records: $.PATH`"));
        }
        if let Some(condition) = spec.delete_when.given()
            && (spec.records.is_absent() || spec.write.is_absent())
        {
            let lacks = if spec.records.is_absent() { "records" } else { "write" };
            let message = format!("this step has `delete_when`, but no `{lacks}`");
            let finding = Diagnostic::error(Code::KeyConflict, message).at(condition.0.span, "");
            self.findings.push(finding.help("it says which `records` a target of `write` deletes by key"));
        }
        if let Some(paginate) = spec.paginate.given()
            && paginate.kind.given().is_some_and(|kind| kind.is_counted())
            && spec.records.is_absent()
            && paginate.more.is_absent()
            && paginate.stop_when.is_absent()
        {
            let finding = Diagnostic::error(Code::MissingKey, "nothing says when these pages end")
                .at(paginate.span, "");
            self.findings.push(
                finding.help("add `records`, so that an empty page ends them, or `more` or `stop_when`"),
            );
        }
        self.refuse_wasted_requests(spec);
        if !spec.reuse_for.is_absent() && (!spec.records.is_absent() || !spec.paginate.is_absent()) {
            let finding = Diagnostic::error(
                Code::KeyConflict,
                "`reuse_for` keeps extracted values; a step with `records` or `paginate` cannot be reused",
            );
            self.findings.push(finding.at(spec.span_of_name(), "").help("leave `reuse_for` out"));
        }
    }

    /// Requests past the last page are sent and thrown away: they must do no harm.
    fn refuse_wasted_requests(&mut self, spec: &StepSpec) {
        let Some(count) = spec.paginate.given().and_then(|paginate| paginate.prefetch.given()) else {
            return;
        };
        let method =
            spec.request.given().and_then(|request| request.method.given()).copied().unwrap_or(Method::Get);
        let declared = spec.retry.given().and_then(|retry| retry.idempotent.given()).copied();
        if declared.unwrap_or_else(|| method.to_http().is_idempotent()) {
            return;
        }
        let message =
            format!("`prefetch` sends requests that may be thrown away, here a {}", method.to_http());
        let finding = Diagnostic::error(Code::KeyConflict, message).at(count.span, "");
        self.findings.push(
            finding
                .help("if that does no harm, say `retry: { idempotent: true }`; else leave `prefetch` out"),
        );
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

impl StepPlan {
    /// Whether it has pages or records: such a step runs once. Any other only gives values, and can run again.
    pub fn has_pages(&self) -> bool {
        self.paginate.is_some() || self.records.is_some()
    }
}

impl StepSpec {
    /// Where its name stands, or else the step itself.
    fn span_of_name(&self) -> Span {
        self.name.given().map_or(self.span, |name| name.span)
    }
}
