//! How far a run got: everything that another process needs to go on.
//!
//! Secrets are never in it: steps that give them are run again.

use std::collections::BTreeMap;

use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};

use super::marks::Seen;
use super::outcome::Figures;
use crate::paging::Cursor;
use crate::plan::Plan;
use crate::plan::step::StepPlan;
use crate::plan::target::TargetKind;
use crate::target::Receipt;

/// A place in a run, with what was durable there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// The step that goes on, or begins.
    pub(super) step: usize,
    /// The page that it asks for next; none: it has not begun.
    pub(super) cursor: Option<Cursor>,
    /// Its pages so far.
    pub(super) pages: u64,
    /// Its records so far.
    pub(super) records: u64,
    /// What the run did so far.
    pub(super) figures: Figures,
    /// Target by target, in the order of the plan.
    pub(super) targets: Vec<SavedTarget>,
    /// What steps extracted, by name.
    pub(super) extracted: BTreeMap<String, serde_json::Value>,
    /// What the steps have seen of what they keep.
    pub(super) seen: Vec<Seen>,
    /// Where it is, for who has no plan at hand.
    #[serde(default)]
    pub(super) place: String,
}

/// What a target held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedTarget {
    /// Whether a step that writes to it ran.
    pub(super) wanted: bool,
    /// How far it was durable.
    pub(super) receipt: Receipt,
}

impl Checkpoint {
    pub(super) fn to_text(&self) -> String {
        serde_json::json!(self).to_string()
    }

    pub(super) fn from_text(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// Where it is, for people.
    pub(super) fn place(&self, plan: &Plan) -> String {
        let name = plan.steps.get(self.step).map_or("the end", |step| step.name.as_str());
        match &self.cursor {
            Some(cursor) => format!("page {} of step `{name}`", cursor.page),
            None if self.step >= plan.steps.len() => "all steps are done".to_owned(),
            None => format!("step `{name}`"),
        }
    }
}

/// Whether another process could go on with a run of this plan: nothing of it was shown already, and what its steps of
/// records give is no secret.
pub(super) fn can_resume(plan: &Plan) -> bool {
    let gives_secret = |step: &&StepPlan| step.extract.iter().any(|extract| extract.secret);
    let mut of_records = plan.steps.iter().filter(|step| step.paginate.is_some() || step.records.is_some());
    let shows = plan.targets.iter().any(|target| target.kind == TargetKind::Stdout);
    !shows && !of_records.any(|step| gives_secret(&step))
}

/// Whether a step is run again by a run that goes on behind it: what it gives is secret, or holds for a time only.
pub(super) fn is_run_again(step: &StepPlan) -> bool {
    let gives_only_values = step.paginate.is_none() && step.records.is_none();
    gives_only_values && (step.reuse_for.is_some() || step.extract.iter().any(|extract| extract.secret))
}

/// A value that JSON keeps as it is.
pub(super) fn saved(value: &Value) -> Option<serde_json::Value> {
    let json = serde_json::to_value(value).ok()?;
    (Value::from(Serde(&json)) == *value).then_some(json)
}

/// A saved value.
pub(super) fn restored(json: &serde_json::Value) -> Value {
    Value::from(Serde(json))
}
