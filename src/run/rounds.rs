//! Looking up what earlier runs left for steps that are about to read.

use minijinja::value::Value;

use super::failure::{self, Stop};
use super::inputs::Inputs;
use super::journal::entry::{RunEntry, about_state};
use super::services::Services;
use super::variables::Variables;
use super::watermarks::{self, Begin, Left};
use super::world::World;
use crate::diagnostic::Diagnostic;
use crate::plan::Plan;
use crate::plan::block::StepId;
use crate::plan::state::StatePlan;
use crate::plan::step::StepPlan;

/// Where it is looked up, and what templates see.
pub(super) struct Source<'s> {
    pub(super) plan: &'s Plan,
    pub(super) world: &'s World,
    pub(super) inputs: &'s Inputs,
    pub(super) entry: Option<&'s RunEntry>,
}

impl<'s> Source<'s> {
    /// That of a run at work.
    pub(super) fn of(services: &'s Services<'_>) -> Self {
        let entry = services.journal.entry();
        Self { plan: services.plan, world: services.world, inputs: &services.inputs, entry }
    }

    fn context(&self, step: &StepPlan, variables: &Variables) -> Value {
        variables.context(self.inputs, step.connection, [])
    }
}

/// What earlier runs left for steps, and what an interrupted one had seen.
pub(super) async fn look_up(
    source: &Source<'_>,
    variables: &Variables,
    steps: &[StepId],
) -> Result<Vec<Begin>, Stop> {
    let mut keys = Vec::new();
    for id in steps {
        keys.push(watermarks::keys(source.plan, *id, |state| per(source, *id, state, variables))?);
    }
    let all: Vec<_> = keys.concat();
    let mut left = match source.entry {
        Some(entry) if !all.is_empty() => entry.watermarks(all).await.map_err(|error| about_state(&error))?,
        _ => vec![Left::default(); all.len()],
    }
    .into_iter();

    let mut begins = Vec::new();
    for (id, keys) in steps.iter().zip(keys) {
        let left = left.by_ref().take(keys.len()).map(|left| Left {
            former: left.former.filter(|_| !source.world.full_refresh),
            pending: left.pending,
        });
        let left: Vec<Left> = left.collect();
        let step = source.plan.step(*id);
        let from = source.world.window.from.as_deref();
        let names = watermarks::names(step, &left, from, |state| initial(source, step, state, variables))?;
        begins.push(Begin { step: *id, keys, left, names });
    }
    Ok(begins)
}

fn per(
    source: &Source<'_>,
    id: StepId,
    state: &StatePlan,
    variables: &Variables,
) -> Result<Value, Diagnostic> {
    let step = source.plan.step(id);
    match &state.per {
        None => Ok(Value::from(())),
        Some(per) => per
            .value(&source.context(step, variables))
            .map_err(|error| failure::evaluation(&step.name, &error)),
    }
}

fn initial(
    source: &Source<'_>,
    step: &StepPlan,
    state: &StatePlan,
    variables: &Variables,
) -> Result<Value, Diagnostic> {
    match &state.initial_value {
        None => Ok(Value::from(())),
        Some(initial) => initial
            .value(&source.context(step, variables))
            .map_err(|error| failure::evaluation(&step.name, &error)),
    }
}
