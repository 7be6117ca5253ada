//! The state of a run's steps: what earlier runs left, what this one has seen, and what the next one starts from.

use std::time::SystemTime;

use minijinja::value::Value;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::engine::Run;
use super::failure::{self, Stop};
use super::watermark::{self, Pick, Unfit};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::expr::{describe, mapping, scalar_text};
use crate::plan::Plan;
use crate::plan::state::{FieldPath, StatePlan, StateSource};
use crate::plan::step::StepPlan;
use crate::record::{Batch, Scalar, field};
use crate::state::{Watermark, WatermarkKey};

/// All values that the steps of a run keep.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    list: Vec<Mark>,
}

/// One of them.
#[derive(Debug, Clone)]
struct Mark {
    /// The step, and the place in its state.
    step: usize,
    place: usize,
    key: WatermarkKey,
    /// What the last complete run left.
    former: Option<String>,
    /// What templates see.
    shown: Value,
    seen: Seen,
}

/// What the steps of a run begin with.
#[derive(Debug)]
pub(super) struct Begin<'a> {
    /// What the last complete runs left, in the order of the keys.
    pub(super) former: Vec<Option<String>>,
    /// What the command line wants in their place.
    pub(super) from: Option<&'a str>,
}

/// What a run has seen of one value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// The value that counts so far, as it was received.
    best: Option<String>,
    /// The server's clock at the first answer of the step, in seconds since 1970.
    first_answer: Option<i64>,
    /// Whether the step is complete.
    is_complete: bool,
}

impl Marks {
    /// The keys of all of them; their values are looked up by whoever has the state.
    pub(super) fn new(
        plan: &Plan,
        per: impl Fn(&StepPlan, &StatePlan) -> Result<Value, Diagnostic>,
    ) -> Result<Self, Diagnostic> {
        let mut list = Vec::new();
        for (step, step_plan) in plan.steps.iter().enumerate() {
            for (place, state) in step_plan.state.iter().enumerate() {
                let per = per(step_plan, state)?;
                let per = serde_json::to_string(&per).unwrap_or_default();
                let (pipeline, name) = (plan.name.clone(), state.name.clone());
                let key = WatermarkKey { pipeline, step: step_plan.name.clone(), name, per };
                let seen = Seen::default();
                list.push(Mark { step, place, key, former: None, shown: Value::from(()), seen });
            }
        }
        Ok(Self { list })
    }

    pub(super) fn keys(&self) -> Vec<WatermarkKey> {
        self.list.iter().map(|mark| mark.key.clone()).collect()
    }

    /// Takes over what the last complete run left, in the order of the keys, and works out what templates see.
    pub(super) fn begin(
        &mut self,
        plan: &Plan,
        begin: Begin<'_>,
        initial: impl Fn(&StepPlan, &StatePlan) -> Result<Value, Diagnostic>,
    ) -> Result<(), Diagnostic> {
        for (mark, former) in self.list.iter_mut().zip(begin.former) {
            let step = &plan.steps[mark.step];
            let state = &step.state[mark.place];
            mark.former = former;
            if let Some(from) = begin.from {
                watermark::Value::read(from, state.kind).map_err(|unfit| {
                    let message = format!("`--from` cannot stand for `state.{}`: {unfit}", state.name);
                    failure::at(Code::BadWatermark, &step.name, &message, state.span)
                        .help("give a value of its type: `--from 2024-01-01T00:00:00Z`")
                })?;
                mark.shown = shown(from);
                continue;
            }
            mark.shown = match &mark.former {
                Some(text) => shown(&start_of(text, state).map_err(|unfit| {
                    let message = format!("the stored `state.{}` cannot be used: {unfit}", state.name);
                    failure::at(Code::BadWatermark, &step.name, &message, state.span)
                        .help("set it to a value of its type, or forget it: `river state reset`")
                })?),
                None => initial(step, state)?,
            };
        }
        Ok(())
    }

    /// What the templates of a step see as `state`.
    pub(super) fn names(&self, plan: &Plan, step: usize) -> Option<Value> {
        let of_step = self.list.iter().filter(|mark| mark.step == step);
        let names: Vec<(String, Value)> = of_step
            .map(|mark| (plan.steps[step].state[mark.place].name.clone(), mark.shown.clone()))
            .collect();
        (!names.is_empty()).then(|| mapping(names))
    }

    /// What this run has seen so far, for a checkpoint.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.list.iter().map(|mark| mark.seen.clone()).collect()
    }

    /// Goes on with what a dead run has seen.
    pub(super) fn restore(&mut self, seen: &[Seen]) {
        for (mark, seen) in self.list.iter_mut().zip(seen) {
            mark.seen = seen.clone();
        }
    }

    /// Looks at the records of a page.
    fn look(&mut self, step: usize, plan: &StepPlan, batch: &Batch) -> Result<(), Diagnostic> {
        for mark in self.list.iter_mut().filter(|mark| mark.step == step) {
            let state = &plan.state[mark.place];
            let (pick, path) = match &state.source {
                StateSource::Max(path) => (Pick::Max, path),
                StateSource::Min(path) => (Pick::Min, path),
                StateSource::Last(path) => (Pick::Last, path),
                StateSource::Expression(_) | StateSource::Through(_) => continue,
            };
            let best = best_of(batch, mark.seen.best.take(), state, pick, path);
            mark.seen.best = best.map_err(|problem| problem.about(plan, state, path))?;
        }
        Ok(())
    }

    /// The watermarks that hold once the run is decided. Those of steps that did not run stay as they are; of a step that
    /// lands in part only those whose records came in rising order count.
    pub(super) fn decided(&self, plan: &Plan, partial_step: Option<usize>) -> Vec<Watermark> {
        let marks = self.list.iter().map(|mark| (mark, &plan.steps[mark.step].state[mark.place]));
        let counts = |(mark, state): &(&Mark, &StatePlan)| {
            mark.seen.is_complete || (partial_step == Some(mark.step) && state.is_ascending)
        };
        marks.filter(counts).filter_map(|(mark, state)| mark.watermark(state)).collect()
    }
}

impl Mark {
    /// What is stored: never further than the server's clock when the step began, never back behind what is there.
    fn watermark(&self, plan: &StatePlan) -> Option<Watermark> {
        let best = self.seen.best.as_ref()?;
        // What could not be read was refused when it was seen.
        let mut value = watermark::Value::read(best, plan.kind).ok()?;
        let pick = match &plan.source {
            StateSource::Max(_) => Pick::Max,
            StateSource::Min(_) => Pick::Min,
            StateSource::Last(_) | StateSource::Expression(_) | StateSource::Through(_) => Pick::Last,
        };
        if let (Pick::Max, Some(seconds)) = (pick, self.seen.first_answer) {
            let moment = jiff::Timestamp::from_second(seconds).ok()?;
            value = value.at_most(SystemTime::from(moment));
        }
        let former = self.former.as_ref().and_then(|text| watermark::Value::read(text, plan.kind).ok());
        if let Some(former) = former {
            value = former.pick(value.clone(), pick).unwrap_or(value);
        }
        let (kind, value) = (plan.kind.word().to_owned(), value.text().to_owned());
        Some(Watermark { key: self.key.clone(), kind, value })
    }
}

/// Where the next run begins to read.
fn start_of(text: &str, plan: &StatePlan) -> Result<String, Unfit> {
    let value = watermark::Value::read(text, plan.kind)?;
    let value = match plan.lookback {
        Some(by) => value.earlier(by),
        None => value,
    };
    Ok(value.text().to_owned())
}

/// Texts are passed on as texts: a long number must not lose digits.
fn shown(text: &str) -> Value {
    Value::from(text)
}

/// Why a record's value does not count.
enum Problem {
    Missing { record: usize },
    NotScalar { record: usize, found: &'static str },
    Unfit { record: usize, unfit: Unfit },
}

impl Problem {
    fn about(&self, step: &StepPlan, state: &StatePlan, path: &FieldPath) -> Diagnostic {
        let (path_text, name) = (&path.text.value, &state.name);
        let (record, what) = match self {
            Self::Missing { record } => {
                (record, format!(" has no value at `{path_text}`, which `state.{name}` needs"))
            }
            Self::NotScalar { record, found } => (
                record,
                format!(" has {found} at `{path_text}`, where `state.{name}` needs a text or a number"),
            ),
            Self::Unfit { record, unfit } => (record, format!(", as `state.{name}` sees it: {unfit}")),
        };
        let message = format!("record {} of the page{what}", record + 1);
        let finding = failure::at(Code::BadWatermark, &step.name, &message, path.text.span);
        match self {
            Self::Missing { .. } => finding
                .help("look at the path; if records without it need not count, add `on_missing: ignore`"),
            _ => finding.help("choose a field that every record has in one form, or another `type`"),
        }
    }
}

fn best_of(
    batch: &Batch,
    best: Option<String>,
    state: &StatePlan,
    pick: Pick,
    path: &FieldPath,
) -> Result<Option<String>, Problem> {
    let read = |text: &str, record| {
        watermark::Value::read(text, state.kind).map_err(|unfit| Problem::Unfit { record, unfit })
    };
    let mut best = best.map(|text| read(&text, 0)).transpose()?;
    for (record, text) in batch.iter().enumerate() {
        let found = match field(text, &path.names) {
            Scalar::Text(found) => found,
            Scalar::Missing if state.ignores_missing => continue,
            Scalar::Missing => return Err(Problem::Missing { record }),
            Scalar::Other(found) => return Err(Problem::NotScalar { record, found }),
        };
        if best.as_ref().is_some_and(|best| best.text() == found || best.surely_beats(&found, pick)) {
            continue;
        }
        let value = read(&found, record)?;
        best = Some(match best {
            None => value,
            Some(best) => best.pick(value, pick).map_err(|unfit| Problem::Unfit { record, unfit })?,
        });
    }
    Ok(best.map(|value| value.text().to_owned()))
}

impl Run<'_> {
    /// Looks at the records of a page for what the step keeps.
    pub(super) fn look_at(&mut self, index: usize, batch: &Batch) -> Result<(), Diagnostic> {
        self.marks.look(index, &self.plan.steps[index], batch)
    }

    /// Notes what the server's clock showed at least when it began to work on a step's first answer: `Date` is of its
    /// end, and what changed while the answer was worked out is not in it.
    pub(super) fn note_clock(&mut self, index: usize, answer: &Answer) {
        let response = &answer.response;
        let date = response.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
        let took = response.elapsed.as_secs() + u64::from(response.elapsed.subsec_nanos() > 0);
        let seconds = date
            .and_then(|date| jiff::Timestamp::try_from(date).ok())
            .map(|date| date.as_second().saturating_sub_unsigned(took));
        for mark in self.marks.list.iter_mut().filter(|mark| mark.step == index) {
            mark.seen.first_answer = mark.seen.first_answer.or(seconds);
        }
    }

    /// Works out what is known before a step's first request.
    pub(super) fn begin_state(&mut self, index: usize) -> Result<(), Diagnostic> {
        let step = &self.plan.steps[index];
        let context = self.context(step, None, None);
        for mark in self.marks.list.iter_mut().filter(|mark| mark.step == index) {
            let state = &step.state[mark.place];
            if let StateSource::Through(written) = &state.source {
                let value =
                    written.value(&context).map_err(|error| failure::evaluation(&step.name, &error))?;
                mark.seen.best = text_of(&value, step, state, written.text.span)?;
            }
        }
        Ok(())
    }

    /// A step has come to its end: what it keeps holds, if the run is decided.
    pub(super) fn complete_state(
        &mut self,
        index: usize,
        answer: Option<&std::sync::Arc<Answer>>,
    ) -> Result<(), Stop> {
        let step = &self.plan.steps[index];
        if step.state.is_empty() {
            return Ok(());
        }
        let context = self.context(step, answer, None);
        for mark in self.marks.list.iter_mut().filter(|mark| mark.step == index) {
            mark.seen.is_complete = true;
            let state = &step.state[mark.place];
            let (StateSource::Expression(written), Some(_)) = (&state.source, answer) else { continue };
            let value = match written.value(&context) {
                Err(error) if error.undefined => Value::from(()),
                value => value.map_err(|error| failure::evaluation(&step.name, &error))?,
            };
            mark.seen.best = text_of(&value, step, state, written.text.span)?;
        }
        Ok(())
    }

    /// The names of `state` that a step sees.
    pub(super) fn state_names(&self, step: &StepPlan) -> Option<Value> {
        let index = self.plan.steps.iter().position(|known| std::ptr::eq(known, step))?;
        self.marks.names(self.plan, index)
    }
}

/// A computed value as text; none leaves what is stored.
fn text_of(
    value: &Value,
    step: &StepPlan,
    state: &StatePlan,
    span: Span,
) -> Result<Option<String>, Diagnostic> {
    if value.is_none() || value.is_undefined() {
        return Ok(None);
    }
    let bad = |problem: String| {
        let message = format!("`state.{}` becomes {problem}", state.name);
        failure::at(Code::BadWatermark, &step.name, &message, span)
            .help("compute a text, a number, or a date and time, as `type` says")
    };
    let text = scalar_text(value).ok_or_else(|| bad(describe(value).to_owned()))?;
    watermark::Value::read(&text, state.kind).map_err(|unfit| bad(unfit.to_string()))?;
    Ok(Some(text))
}
