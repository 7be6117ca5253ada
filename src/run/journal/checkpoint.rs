//! How far a run got: everything that another process needs to resume it.
//!
//! Secrets are never in it: steps that give them are run again.

use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};

use super::place::SavedPlace;
use crate::plan::Plan;
use crate::plan::step::StepPlan;
use crate::run::outcome::Figures;
use crate::target::Receipt;

/// The version of what is written here. A run does not resume from another one.
const VERSION: u32 = 2;

/// A place in a run, with what was durable there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::run) struct Checkpoint {
    version: u32,
    /// Where it is, for who has no plan at hand.
    pub(in crate::run) shown: String,
    /// Where each strand is.
    pub(in crate::run) place: SavedPlace,
    /// What the run did so far.
    pub(in crate::run) figures: Figures,
    /// Target by target, in the order of the plan.
    pub(in crate::run) targets: Vec<SavedTarget>,
    /// What was left out.
    #[serde(default, skip_serializing_if = "Missing::is_nothing")]
    pub(in crate::run) missing: Missing,
}

/// What a target held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct SavedTarget {
    /// Whether a step that writes to it ran.
    pub(in crate::run) wanted: bool,
    /// How far it was durable.
    pub(in crate::run) receipt: Receipt,
}

/// Items of loops that were left out: the run will not be complete.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct Missing {
    /// How many.
    pub(in crate::run) count: u64,
    /// The first of them, with the reason.
    pub(in crate::run) first: Vec<String>,
}

/// How many of the items that were left out are named.
const MOST_NAMED: usize = 100;

impl Missing {
    /// Notes one more.
    pub(in crate::run) fn add(&mut self, why: String) {
        self.count += 1;
        if self.first.len() < MOST_NAMED {
            self.first.push(why);
        }
    }

    /// Whether nothing was left out.
    pub(in crate::run) fn is_nothing(&self) -> bool {
        self.count == 0
    }
}

/// A checkpoint that cannot be resumed from.
#[derive(Debug, thiserror::Error)]
pub(in crate::run) enum Unreadable {
    /// It is none.
    #[error("its checkpoint cannot be read: {0}")]
    Damaged(#[from] serde_json::Error),
    /// Another version of river wrote it.
    #[error("its checkpoint is of another version of river")]
    OtherVersion,
}

impl Checkpoint {
    pub(in crate::run) fn new(plan: &Plan, place: SavedPlace, figures: Figures, missing: Missing) -> Self {
        let shown = place.describe(plan);
        Self { version: VERSION, shown, place, figures, targets: vec![], missing }
    }

    pub(in crate::run) fn to_text(&self) -> String {
        serde_json::json!(self).to_string()
    }

    pub(in crate::run) fn from_text(text: &str) -> Result<Self, Unreadable> {
        /// What every version has had.
        #[derive(Deserialize)]
        struct Any {
            #[serde(default)]
            version: u32,
        }
        let any: Any = serde_json::from_str(text)?;
        if any.version == VERSION { Ok(serde_json::from_str(text)?) } else { Err(Unreadable::OtherVersion) }
    }
}

/// Whether another process could resume a run of this plan: nothing of it was shown already, and what its steps of
/// records give is no secret.
pub(in crate::run) fn can_resume(plan: &Plan) -> bool {
    let gives_secret = |step: &StepPlan| step.extract.iter().any(|extract| extract.secret);
    let mut with_pages = plan.steps.iter().filter(|step| step.has_pages());
    let shows = plan.targets.iter().any(|target| target.kind.is_printed());
    !shows && !with_pages.any(gives_secret)
}

/// Whether a step is run again by a run that resumes behind it: what it gives is secret, or holds for a time only.
pub(in crate::run) fn is_run_again(step: &StepPlan) -> bool {
    !step.has_pages() && (step.reuse_for.is_some() || step.extract.iter().any(|extract| extract.secret))
}

/// A value that JSON keeps as it is.
pub(in crate::run) fn saved(value: &Value) -> Option<serde_json::Value> {
    let json = serde_json::to_value(value).ok()?;
    (Value::from(Serde(&json)) == *value).then_some(json)
}

/// A saved value.
pub(in crate::run) fn restored(json: &serde_json::Value) -> Value {
    Value::from(Serde(json))
}
