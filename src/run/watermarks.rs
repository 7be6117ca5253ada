//! What the steps of a run keep for the next one: what earlier runs left, and what this one has seen so far.
//!
//! A *mark* is one value under one key. Whoever reads it opens a *round*; a mark holds for the next run once all its
//! rounds are complete. Nothing of a mark is read before a wait and written after it: a page gives a [`Delta`], which is
//! merged with what is there in the instant in which the page lands.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::SystemTime;

use minijinja::value::Value;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::failure;
use super::watermark::{self, Pick, Unfit};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::expr::{describe, mapping, scalar_text};
use crate::plan::Plan;
use crate::plan::block::StepId;
use crate::plan::state::{FieldPath, StatePlan, StateSource};
use crate::plan::step::StepPlan;
use crate::record::{Batch, Scalar, field};
use crate::state::{PendingWatermark, Watermark, WatermarkKey};

/// All marks that strands of this run work on.
#[derive(Debug, Default)]
pub(super) struct Watermarks {
    marks: RefCell<BTreeMap<WatermarkKey, Mark>>,
}

#[derive(Debug)]
struct Mark {
    /// The step, and the place in its state.
    step: StepId,
    place: usize,
    /// What the last complete run left.
    former: Option<String>,
    seen: Seen,
    /// How many rounds work on it.
    rounds: u32,
    /// How often it has changed, and which of these changes is stored.
    changed: u64,
    stored: u64,
}

/// What a run has seen of one value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Seen {
    /// The value that counts so far, as it was received.
    best: Option<String>,
    /// The server's clock at the first answer, in seconds since 1970.
    first_answer: Option<i64>,
    /// Whether all rounds so far are complete.
    is_complete: bool,
    /// Whether a round was given up: the mark cannot hold any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_broken: bool,
}

/// What a step works on, and what its templates see of it.
#[derive(Debug, Default)]
pub(super) struct Round {
    keys: Vec<WatermarkKey>,
    names: Value,
}

/// What earlier runs left of a mark, and what an interrupted one had seen, as it was stored.
#[derive(Debug, Clone, Default)]
pub(super) struct Left {
    pub(super) former: Option<String>,
    pub(super) pending: Option<String>,
}

/// What is to be stored of marks that have changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// What is stored.
    pub(super) pending: Vec<PendingWatermark>,
    versions: Vec<(WatermarkKey, u64)>,
}

/// What a page means for the marks of its step, in the order of the step's state.
#[derive(Debug)]
pub(super) struct Delta {
    marks: Vec<MarkDelta>,
    is_last: bool,
}

#[derive(Debug, Default)]
struct MarkDelta {
    best: Best,
    first_answer: Option<i64>,
}

#[derive(Debug, Default)]
enum Best {
    /// The page says nothing about it.
    #[default]
    Unchanged,
    /// The best of the page's records.
    OfPage(String),
    /// It becomes this, whatever it was.
    Becomes(Option<String>),
}

/// Marks as they are after a page; nothing of it can fail any more.
#[derive(Debug)]
pub(super) struct Merged(Vec<(WatermarkKey, Seen)>);

/// The keys of a step's marks. `per` evaluates what a mark is kept per.
pub(super) fn keys(
    plan: &Plan,
    id: StepId,
    per: impl Fn(&StatePlan) -> Result<Value, Diagnostic>,
) -> Result<Vec<WatermarkKey>, Diagnostic> {
    let step = plan.step(id);
    let key = |state: &StatePlan| {
        let per = serde_json::to_string(&per(state)?).unwrap_or_default();
        let (pipeline, name) = (plan.name.clone(), state.name.clone());
        Ok(WatermarkKey { pipeline, step: step.name.clone(), name, per })
    };
    step.state.iter().map(key).collect()
}

/// What the templates of a step see as `state`. `from` is what the command line wants in the place of what earlier runs
/// left; `initial` evaluates what a mark is before there is anything.
pub(super) fn names(
    step: &StepPlan,
    left: &[Left],
    from: Option<&str>,
    initial: impl Fn(&StatePlan) -> Result<Value, Diagnostic>,
) -> Result<Value, Diagnostic> {
    let value = |(state, left): (&StatePlan, &Left)| {
        let value = match (from, &left.former) {
            (Some(from), _) => from_command_line(from, step, state)?,
            (None, Some(text)) => stored(text, step, state)?,
            (None, None) => initial(state)?,
        };
        Ok((state.name.clone(), value))
    };
    let names: Vec<_> = step.state.iter().zip(left).map(value).collect::<Result<_, Diagnostic>>()?;
    Ok(mapping(names))
}

/// What a step begins to read with.
#[derive(Debug, Clone)]
pub(super) struct Begin {
    pub(super) step: StepId,
    pub(super) keys: Vec<WatermarkKey>,
    /// In the order of the keys.
    pub(super) left: Vec<Left>,
    /// What its templates see.
    pub(super) names: Value,
}

impl Begin {
    /// The same for a run that has seen nothing yet.
    pub(super) fn without_pending(mut self) -> Self {
        self.left.iter_mut().for_each(|left| left.pending = None);
        self
    }
}

impl Watermarks {
    /// Opens a round, to fold on where an interrupted run stopped. `reads`: the step is about to read; otherwise what an
    /// interrupted run had completed stays complete until it does.
    pub(super) fn open(&self, begin: Begin, reads: bool) -> Round {
        let mut marks = self.marks.borrow_mut();
        for (place, (key, left)) in begin.keys.iter().zip(begin.left).enumerate() {
            let mark = marks.entry(key.clone()).or_insert_with(|| {
                let seen = left.pending.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
                let step = begin.step;
                Mark { step, place, former: left.former, seen, rounds: 0, changed: 0, stored: 0 }
            });
            mark.rounds += 1;
            mark.seen.is_complete &= !reads;
        }
        Round { keys: begin.keys, names: begin.names }
    }

    /// Works out what is known before a step's first request.
    pub(super) fn begin(&self, step: &StepPlan, round: &Round, context: &Value) -> Result<(), Diagnostic> {
        for (state, key) in step.state.iter().zip(&round.keys) {
            let Some(written) = state.source.through() else { continue };
            let value = written.value(context).map_err(|error| failure::evaluation(&step.name, &error))?;
            let best = text_of(&value, step, state, written.text.span)?;
            self.change(key, |seen| seen.best = best);
        }
        Ok(())
    }

    /// What a page means for the marks of its step: only the page is looked at.
    pub(super) fn delta(
        step: &StepPlan,
        batch: &Batch,
        answer: &Answer,
        last: Option<&Value>,
    ) -> Result<Delta, Diagnostic> {
        let first_answer = clock_at_first_byte(answer);
        let of_mark = |state: &StatePlan| {
            let best = match &state.source {
                StateSource::Max(path) | StateSource::Min(path) | StateSource::Last(path) => {
                    let best = best_of(batch, None, state, path);
                    best.map_err(|problem| problem.about(step, state, path))?
                        .map_or(Best::Unchanged, Best::OfPage)
                }
                StateSource::Through(_) => Best::Unchanged,
                StateSource::Expression(written) => match last {
                    None => Best::Unchanged,
                    Some(context) => {
                        let value = match written.value(context) {
                            Err(error) if error.undefined => Value::from(()),
                            value => value.map_err(|error| failure::evaluation(&step.name, &error))?,
                        };
                        Best::Becomes(text_of(&value, step, state, written.text.span)?)
                    }
                },
            };
            Ok(MarkDelta { best, first_answer })
        };
        let marks = step.state.iter().map(of_mark).collect::<Result<_, Diagnostic>>()?;
        Ok(Delta { marks, is_last: last.is_some() })
    }

    /// The marks as they are after a page, from what they are now. The last check that can fail.
    pub(super) fn merged(
        &self,
        step: &StepPlan,
        round: &Round,
        delta: Delta,
        batch: &Batch,
    ) -> Result<Merged, Diagnostic> {
        let marks = self.marks.borrow();
        let mut merged = Vec::with_capacity(delta.marks.len());
        for ((state, key), change) in step.state.iter().zip(&round.keys).zip(delta.marks) {
            let Some(mark) = marks.get(key) else { continue };
            let mut seen = mark.seen.clone();
            match change.best {
                Best::Unchanged => {}
                Best::Becomes(best) => seen.best = best,
                Best::OfPage(best) => seen.best = Some(better(seen.best, best, step, state, batch)?),
            }
            seen.first_answer = [seen.first_answer, change.first_answer].into_iter().flatten().min();
            seen.is_complete = delta.is_last && mark.rounds == 1 && !seen.is_broken;
            merged.push((key.clone(), seen));
        }
        Ok(Merged(merged))
    }

    /// Takes over what was merged.
    pub(super) fn apply(&self, merged: Merged) {
        for (key, seen) in merged.0 {
            self.change(&key, |known| *known = seen);
        }
    }

    /// A step without pages has come to its end.
    pub(super) fn complete(&self, round: &Round) {
        for key in &round.keys {
            let rounds = self.marks.borrow().get(key).map_or(0, |mark| mark.rounds);
            self.change(key, |seen| seen.is_complete = rounds == 1 && !seen.is_broken);
        }
    }

    /// Closes a round. One that is given up breaks its marks: they cannot hold for the next run.
    pub(super) fn close(&self, round: &Round, is_given_up: bool) {
        let mut marks = self.marks.borrow_mut();
        for key in &round.keys {
            let Some(mark) = marks.get_mut(key) else { continue };
            mark.rounds -= 1;
            if is_given_up {
                mark.seen.is_broken = true;
                mark.seen.is_complete = false;
                mark.changed += 1;
            }
        }
    }

    /// What has changed since it was stored last.
    pub(super) fn changes(&self, plan: &Plan) -> Changes {
        let mut changes = Changes::default();
        for (key, mark) in self.marks.borrow().iter().filter(|(_, mark)| mark.changed > mark.stored) {
            let final_value = if mark.seen.is_complete { mark.watermark(key, plan) } else { None };
            let seen = serde_json::json!(mark.seen).to_string();
            changes.pending.push(PendingWatermark { key: key.clone(), seen, holds: final_value });
            changes.versions.push((key.clone(), mark.changed));
        }
        changes
    }

    /// Changes are stored. Marks that nobody works on any more need not stay in memory.
    pub(super) fn are_stored(&self, changes: &Changes) {
        let mut marks = self.marks.borrow_mut();
        for (key, version) in &changes.versions {
            if let Some(mark) = marks.get_mut(key) {
                mark.stored = mark.stored.max(*version);
                if mark.rounds == 0 && mark.stored == mark.changed {
                    marks.remove(key);
                }
            }
        }
    }

    /// The watermarks that hold once the run is decided, of those in memory. Those of steps that did not run stay as they
    /// are; of a step that lands in part only those whose records came in rising order count.
    pub(super) fn decided(&self, plan: &Plan, partial_step: Option<StepId>) -> Vec<Watermark> {
        let marks = self.marks.borrow();
        let counts = |(_, mark): &(&WatermarkKey, &Mark)| {
            let in_part = || partial_step == Some(mark.step) && mark.plan(plan).is_ascending;
            mark.seen.is_complete || in_part()
        };
        marks.iter().filter(counts).filter_map(|(key, mark)| mark.watermark(key, plan)).collect()
    }

    fn change(&self, key: &WatermarkKey, change: impl FnOnce(&mut Seen)) {
        if let Some(mark) = self.marks.borrow_mut().get_mut(key) {
            change(&mut mark.seen);
            mark.changed += 1;
        }
    }
}

impl Round {
    /// What the templates of the step see as `state`; none: it keeps nothing.
    pub(super) fn names(&self) -> Option<Value> {
        (!self.keys.is_empty()).then(|| self.names.clone())
    }
}

impl Mark {
    fn plan<'a>(&self, plan: &'a Plan) -> &'a StatePlan {
        &plan.step(self.step).state[self.place]
    }

    /// What is stored: never further than the server's clock when the step began, never back behind what is there.
    fn watermark(&self, key: &WatermarkKey, plan: &Plan) -> Option<Watermark> {
        let plan = self.plan(plan);
        let best = self.seen.best.as_ref()?;
        // What could not be read was refused when it was seen.
        let mut value = watermark::Value::read(best, plan.kind).ok()?;
        let pick = pick_of(&plan.source);
        if let Some(seconds) = self.seen.first_answer.filter(|_| pick.is_greatest()) {
            let moment = jiff::Timestamp::from_second(seconds).ok()?;
            value = value.at_most(SystemTime::from(moment));
        }
        let former = self.former.as_ref().and_then(|text| watermark::Value::read(text, plan.kind).ok());
        if let Some(former) = former {
            value = former.pick(value.clone(), pick).unwrap_or(value);
        }
        let (kind, value) = (plan.kind.word().to_owned(), value.text().to_owned());
        Some(Watermark { key: key.clone(), kind, value })
    }
}

fn pick_of(source: &StateSource) -> Pick {
    match source {
        StateSource::Max(_) => Pick::Max,
        StateSource::Min(_) => Pick::Min,
        StateSource::Last(_) | StateSource::Expression(_) | StateSource::Through(_) => Pick::Last,
    }
}

fn from_command_line(from: &str, step: &StepPlan, state: &StatePlan) -> Result<Value, Diagnostic> {
    watermark::Value::read(from, state.kind).map_err(|unfit| {
        let message = format!("`--from` cannot stand for `state.{}`: {unfit}", state.name);
        failure::at(Code::BadWatermark, &step.name, &message, state.span)
            .help("give a value of its type: `--from 2024-01-01T00:00:00Z`")
    })?;
    Ok(shown(from))
}

fn stored(text: &str, step: &StepPlan, state: &StatePlan) -> Result<Value, Diagnostic> {
    let start = start_of(text, state).map_err(|unfit| {
        let message = format!("the stored `state.{}` cannot be used: {unfit}", state.name);
        failure::at(Code::BadWatermark, &step.name, &message, state.span)
            .help("set it to a value of its type, or forget it: `river state reset`")
    })?;
    Ok(shown(&start))
}

/// What the server's clock showed at least when it began to work on an answer: `Date` is of its end, and what changed
/// while the answer was worked out is not in it.
fn clock_at_first_byte(answer: &Answer) -> Option<i64> {
    let response = &answer.response;
    let date = response.header("date").and_then(|date| httpdate::parse_http_date(date).ok())?;
    let took = response.elapsed.as_secs() + u64::from(response.elapsed.subsec_nanos() > 0);
    let date = jiff::Timestamp::try_from(date).ok()?;
    Some(date.as_second().saturating_sub_unsigned(took))
}

/// The better of what was known and the best of a page.
fn better(
    known: Option<String>,
    of_page: String,
    step: &StepPlan,
    state: &StatePlan,
    batch: &Batch,
) -> Result<String, Diagnostic> {
    let Some(known) = known else { return Ok(of_page) };
    let read = |text: &str| watermark::Value::read(text, state.kind);
    let picked = read(&known).and_then(|one| one.pick(read(&of_page)?, pick_of(&state.source)));
    match (picked, state.source.path()) {
        (Ok(picked), _) => Ok(picked.text().to_owned()),
        (Err(_), None) => Ok(of_page),
        // Which record it is: they are looked at again, one after the other.
        (Err(_), Some(path)) => {
            let best = best_of(batch, Some(known), state, path);
            Ok(best.map_err(|problem| problem.about(step, state, path))?.unwrap_or(of_page))
        }
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
            Self::NotScalar { .. } | Self::Unfit { .. } => {
                finding.help("choose a field that every record has in one form, or another `type`")
            }
        }
    }
}

fn best_of(
    batch: &Batch,
    best: Option<String>,
    state: &StatePlan,
    path: &FieldPath,
) -> Result<Option<String>, Problem> {
    let pick = pick_of(&state.source);
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
