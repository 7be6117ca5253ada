//! What will happen, decided before anything happens.
//!
//! Names are resolved, templates and paths compiled, all findings collected. No I/O: `river check` stops here and
//! `run` has no "unknown step" branch.

pub mod auth;
pub mod block;
pub mod clear_secret;
pub mod connection;
pub mod context;
mod dead_path;
pub mod extract;
pub mod need;
pub mod paginate;
pub mod paging;
pub mod params;
pub mod request;
pub mod retry;
pub mod scope;
pub mod source;
pub mod state;
pub mod step;
pub mod target;
pub mod value;
pub mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use auth::{AuthPlan, AuthUse, KeptUse};
use block::{Block, StepId};
use connection::{ConnectionFiles, ConnectionPlan, Connections};
use need::ValueUse;
use params::Param;
use scope::{ConnectionNames, Extracted, Meaning, Scope, VariableUse};
use step::StepPlan;
use target::{TargetPlan, Targets};

use crate::diagnostic::{Code, Diagnostic, Findings, Span};
use crate::secret::Environment;
use crate::spec::extract::ExtractSpec;
use crate::spec::pipeline::PipelineSpec;
use crate::spec::step::StepSpec;
use crate::spec::table::SpecField;

/// A pipeline, ready to run.
#[derive(Debug)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// The folder to which all relative paths of the pipeline belong.
    pub root: PathBuf,
    /// Its params with their values.
    pub params: Vec<Param>,
    /// The connections it uses.
    pub connections: Vec<ConnectionPlan>,
    /// How requests prove who asks.
    pub auths: Vec<AuthPlan>,
    /// Its steps, in the order of the file.
    pub steps: Vec<StepPlan>,
    /// In which order they run.
    pub block: Block,
    /// Where records land.
    pub targets: Vec<TargetPlan>,
    /// Secrets that stand in the pipeline as plain text: warned of, and masked in everything that is shown.
    pub clear_secrets: Vec<String>,
    /// Environment variables that templates read.
    pub environment: Vec<VariableUse>,
    /// How much one run may do.
    pub limits: Limits,
    /// Whether a template reads `run.from` or what earlier runs left.
    pub reads_from: bool,
    /// Whether a template reads `run.to`.
    pub reads_to: bool,
}

/// How much one run may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// For how long.
    pub run_time: Option<Duration>,
    /// How many records.
    pub records: Option<u64>,
    /// How many bytes of answers.
    pub bytes: Option<u64>,
    /// Where they stand.
    pub span: Option<Span>,
}

impl Limits {
    fn of(spec: &PipelineSpec) -> Self {
        let Some(limits) = spec.limits.given() else { return Self::default() };
        Self {
            run_time: limits.run_time.given().map(|period| period.value),
            records: limits.records.given().map(|count| count.value),
            bytes: limits.bytes.given().map(|count| count.value),
            span: Some(limits.span),
        }
    }
}

impl Plan {
    /// A step of the plan.
    pub fn step(&self, id: StepId) -> &StepPlan {
        &self.steps[id.index()]
    }

    /// Makes all targets begin empty, whatever they hold: everything is read anew.
    pub fn read_anew(&mut self) {
        self.targets.iter_mut().for_each(|target| target.kind.begin_empty());
    }
}

/// A plan and what is questionable about it.
#[derive(Debug)]
pub struct Checked {
    /// The plan.
    pub plan: Plan,
    /// Warnings.
    pub warnings: Findings,
}

/// Everything a plan is made of.
#[derive(Debug)]
pub struct Input<'a> {
    /// The pipeline.
    pub pipeline: &'a PipelineSpec,
    /// The connections it names.
    pub connections: &'a ConnectionFiles,
    /// What `-p` sets, in order.
    pub params: &'a [(String, String)],
    /// The environment, `.env` included.
    pub environment: &'a Environment,
    /// The folder to which relative paths belong.
    pub root: PathBuf,
    /// The folder below which outputs land: the root, or the sandbox's own.
    pub output_root: PathBuf,
    /// Whether params must all have values now (a run), or may still get them (a check).
    pub complete: bool,
}

/// Makes the plan, adding to the findings of the reading. Err: all findings, at least one of them an error.
pub fn build(input: &Input<'_>, mut findings: Findings) -> Result<Checked, Findings> {
    let plan = Planner::new(input, &mut findings).plan();
    match plan {
        Some(plan) if !findings.has_errors() => Ok(Checked { plan, warnings: findings }),
        _ => Err(findings),
    }
}

struct Planner<'a> {
    input: &'a Input<'a>,
    findings: &'a mut Findings,
    connections: Connections,
    meaning: Meaning,
    /// What steps read of which connection.
    uses: Vec<(usize, ValueUse)>,
}

impl<'a> Planner<'a> {
    fn new(input: &'a Input<'a>, findings: &'a mut Findings) -> Self {
        Self {
            input,
            findings,
            connections: Connections::default(),
            meaning: Meaning::default(),
            uses: vec![],
        }
    }

    fn plan(mut self) -> Option<Plan> {
        let spec = self.input.pipeline;
        let params = params::params(
            &spec.params,
            self.input.params,
            self.input.environment,
            self.input.complete,
            self.findings,
        );
        clear_secret::warn(spec, self.findings);
        let mut scope = Scope { params: params.as_ref().map(|list| names_of(list)), ..Scope::default() };
        if let Some(named) = spec.params.given() {
            // A param that has no value yet is still a name.
            let names = scope.params.get_or_insert_default();
            for (key, _) in &named.0 {
                names.entry(key.name.clone()).or_insert(false);
            }
        }
        let connection = match &spec.connection {
            SpecField::Given(used) => {
                let (index, names) = self.connections.resolve(used, self.input.connections, self.findings);
                scope.connection = Some(names);
                index
            }
            SpecField::Malformed => {
                scope.connection = Some(ConnectionNames::default());
                None
            }
            SpecField::Absent => None,
        };
        let params_only = Scope { params: scope.params.clone(), ..Scope::default() };
        let settings = target::Settings {
            root: &self.input.output_root,
            params: params.as_deref().unwrap_or_default(),
            scope: params_only,
            complete: self.input.complete,
            confined: self.input.root != self.input.output_root,
        };
        let mut targets = Targets::new(spec, settings, self.findings);
        let steps = self.steps(spec, &scope, connection, &mut targets);
        let targets = targets.finish(self.findings);
        for step in steps.iter().flatten() {
            self.refuse_replacing_by_part(step, &targets);
        }
        let (params, steps) = (params?, steps?);
        need::mark(&mut self.connections.list, self.uses);
        for connection in &self.connections.list {
            self.meaning.environment.extend(connection.environment());
        }
        for auth in &self.connections.auths {
            self.meaning.environment.extend(auth.environment());
        }
        Some(Plan {
            name: spec.name.given()?.text.clone(),
            root: self.input.root.clone(),
            params,
            connections: self.connections.list,
            auths: self.connections.auths,
            block: Block::flat(steps.len()),
            steps,
            targets,
            clear_secrets: clear_secret::of_pipeline(spec).into_iter().map(|secret| secret.value).collect(),
            environment: self.meaning.environment,
            limits: Limits::of(spec),
            reads_from: !self.meaning.state.is_empty() || self.meaning.run.iter().any(|name| name == "from"),
            reads_to: self.meaning.run.iter().any(|name| name == "to"),
        })
    }

    fn steps(
        &mut self,
        spec: &PipelineSpec,
        outer: &Scope,
        connection: Option<usize>,
        targets: &mut Targets<'_>,
    ) -> Option<Vec<StepPlan>> {
        let specs = spec.steps.given()?;
        if specs.is_empty() {
            let finding = Diagnostic::error(Code::MissingKey, "the pipeline has no steps").at(spec.span, "");
            self.findings.push(finding.help("add at least one step with a `name` and a `request`"));
        }
        self.refuse_equal_names(specs);
        let mut scope = Scope { extracted: extracted_names(specs), ..outer.clone() };
        let mut plans = Vec::new();
        let mut whole = true;
        for (index, step) in specs.iter().enumerate() {
            let (connection, names) = self.connection_of(step, connection, outer);
            (scope.step, scope.connection) = (index, names);
            scope.state = state_names(step);
            let write = targets.of_step(step, self.findings);
            let before = step::Before { all: specs, index, scope: &scope, connection };
            let built = step::build(step, &before, write, self.findings);
            self.meaning.add(&built.meaning);
            let uses = built.meaning.connection.clone().into_iter();
            self.uses.extend(
                connection.into_iter().flat_map(|index| uses.clone().map(move |found| (index, found))),
            );
            match built.plan {
                Some(mut plan) => {
                    plan.auth = self.auth_of(step, &plan, &built.meaning.connection);
                    scope.note_secrets(
                        index,
                        plan.extract.iter().filter(|extract| extract.secret).map(|extract| &extract.key.name),
                    );
                    plans.push(plan);
                }
                None => whole = false,
            }
        }
        self.warn_of_unused(specs);
        whole.then_some(plans)
    }

    /// What reads only what is new must not replace what is old by it.
    fn refuse_replacing_by_part(&mut self, step: &StepPlan, targets: &[TargetPlan]) {
        let reads_state = !step.request.meaning().state.is_empty();
        let replaced = step
            .write
            .iter()
            .map(|index| &targets[*index])
            .find(|target| target.kind.place().is_some() && target.kind.mode().replaces());
        if let (true, Some(target)) = (reads_state, replaced) {
            let message = format!(
                "step `{}` reads only what is new, and would replace all of target `{}` by it",
                step.name, target.name
            );
            let finding = Diagnostic::error(Code::KeyConflict, message).at(step.span, "");
            self.findings.push(
                finding.help("give the target `mode: merge` and a `key`, or `mode: append`; or do not read `state` in the request"),
            );
        }
    }

    fn connection_of(
        &mut self,
        step: &StepSpec,
        outer: Option<usize>,
        scope: &Scope,
    ) -> (Option<usize>, Option<ConnectionNames>) {
        match &step.connection {
            SpecField::Given(used) => {
                let (index, names) = self.connections.resolve(used, self.input.connections, self.findings);
                (index, Some(names))
            }
            SpecField::Absent => (outer, scope.connection.clone()),
            SpecField::Malformed => (None, Some(ConnectionNames::default())),
        }
    }

    /// How a step proves who asks: as its request says, else as its connection does.
    fn auth_of(&mut self, spec: &StepSpec, plan: &StepPlan, reads: &[ValueUse]) -> Option<AuthUse> {
        let own = spec.request.given().map(|request| &request.auth)?;
        let auth = match own {
            SpecField::Given(auth) => self.connections.own_auth(auth, plan.connection, self.findings)?,
            SpecField::Absent => self.connections.list[plan.connection?].auth?,
            SpecField::Malformed => return None,
        };
        let header = self.connections.auths[auth].own_header();
        let sets = |name: &str| plan.request.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if header.is_some_and(|header| sets(&header)) {
            return None;
        }
        let connection = plan.connection.map(|index| &self.connections.list[index]);
        let is_late = |name: &str| connection.is_some_and(|connection| connection.is_late(name));
        let late = |found: &&ValueUse| found.name.as_ref().is_some_and(|name| is_late(name));
        let computed = |found: &ValueUse| found.provided_for && found.name.as_deref() == Some("base_url");
        let kept = match reads.iter().filter(late).map(computed).min() {
            None => KeptUse::None,
            Some(true) => KeptUse::Perhaps,
            Some(false) => KeptUse::Read,
        };
        let found = &mut self.connections.auths[auth];
        found.mark_used();
        self.uses.extend(
            plan.connection
                .into_iter()
                .flat_map(|index| found.uses().into_iter().map(move |found| (index, found))),
        );
        Some(AuthUse { auth, kept })
    }

    fn refuse_equal_names(&mut self, specs: &[StepSpec]) {
        for (index, step) in specs.iter().enumerate() {
            let Some(name) = step.name.given() else { continue };
            let earlier = specs[..index]
                .iter()
                .filter_map(|other| other.name.given())
                .find(|other| other.text == name.text);
            if let Some(earlier) = earlier {
                self.findings.push(
                    Diagnostic::error(Code::NameConflict, format!("two steps are called `{}`", name.text))
                        .at(name.span, "again here")
                        .at(earlier.span, "first here")
                        .help("give one of them another name"),
                );
            }
        }
    }

    /// Where something is malformed, what would use a name may be what is missing.
    fn warn_of_unused(&mut self, specs: &[StepSpec]) {
        if self.findings.has_errors() {
            return;
        }
        let used: BTreeSet<&str> = self.meaning.extracted.iter().map(String::as_str).collect();
        let keys = specs.iter().filter_map(|step| step.extract.given()).flat_map(|named| &named.0);
        for (key, value) in
            keys.filter(|(key, value)| value.given().is_some() && !used.contains(key.name.as_str()))
        {
            let _ = value;
            let finding = Diagnostic::warning(
                Code::Unused,
                format!("`{}` is extracted, but nothing uses it", key.name),
            );
            self.findings.push(finding.at(key.span, "").help("remove it, or use it in a later step"));
        }
    }
}

/// Every name that some step extracts, with what is known of it before the steps are compiled.
fn extracted_names(specs: &[StepSpec]) -> BTreeMap<String, Vec<Extracted>> {
    let mut names: BTreeMap<String, Vec<Extracted>> = BTreeMap::new();
    for (index, step) in specs.iter().enumerate() {
        let step_name = step.name.given().map(|name| name.text.clone()).unwrap_or_default();
        for (key, value) in step.extract.given().iter().flat_map(|named| &named.0) {
            let secret = value.given().is_some_and(ExtractSpec::is_declared_secret);
            let maybe = !step.when.is_absent();
            let extracted = Extracted { step: index, step_name: step_name.clone(), secret, maybe };
            names.entry(key.name.clone()).or_default().push(extracted);
        }
    }
    names
}

/// The names of what a step keeps between runs.
fn state_names(step: &StepSpec) -> Vec<String> {
    let named = step.state.given().into_iter().flat_map(|named| &named.0);
    named.map(|(key, _)| key.name.clone()).collect()
}

fn names_of(params: &[Param]) -> BTreeMap<String, bool> {
    params.iter().map(|param| (param.name.clone(), param.secret)).collect()
}
