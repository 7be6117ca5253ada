//! Which rule decides about a response: a pure choice from conditions and counts.

use minijinja::value::Value;

use crate::http::{BuiltIn, Outcome, built_in};
use crate::plan::step::{RulePlan, StepPlan};
use crate::plan::written::EvaluationError;
use crate::spec::step::RuleAction;

/// How often each rule of a step was used for one page request.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    rules: Vec<u32>,
    /// Retries in all.
    pub total: u32,
    /// Retries that the step's own `retry` limits count.
    pub limited: u32,
}

/// What to do with a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Go on with it.
    Accept,
    /// No records; paging ends.
    Empty,
    /// Paging ends after it.
    Stop,
    /// Drop it; the run is incomplete.
    Skip,
    /// Try again by this rule.
    RetryByRule(usize),
    /// Try again by the built-in rules.
    RetryBuiltIn,
    /// The step fails by this rule.
    FailByRule(usize),
    /// The step fails: the status is not accepted.
    FailBuiltIn,
}

impl Decision {
    /// Whether the step fails.
    pub(super) fn fails(self) -> bool {
        match self {
            Self::FailByRule(_) | Self::FailBuiltIn => true,
            Self::Accept
            | Self::Empty
            | Self::Stop
            | Self::Skip
            | Self::RetryByRule(_)
            | Self::RetryBuiltIn => false,
        }
    }
}

impl Counts {
    /// Notes one retry by a rule of the author.
    pub(super) fn used(&mut self, rule: usize, limited_by_rule: bool) {
        if self.rules.len() <= rule {
            self.rules.resize(rule + 1, 0);
        }
        self.rules[rule] += 1;
        self.total += 1;
        self.limited += u32::from(!limited_by_rule);
    }

    /// Notes one retry by the built-in rules.
    pub(super) fn used_built_in(&mut self) {
        self.total += 1;
        self.limited += 1;
    }

    fn is_used_up(&self, index: usize, rule: &RulePlan, max_retries: u32) -> bool {
        let used = self.rules.get(index).copied().unwrap_or(0);
        match rule.max_retries {
            Some(most) => used >= most,
            None => self.limited >= max_retries,
        }
    }
}

/// The first rule that matches decides; a retry rule that is used up no longer matches. A path that is undefined is no
/// match; any other failure of a condition is an error.
pub(super) fn decide(
    step: &StepPlan,
    context: &Value,
    outcome: Outcome,
    idempotent: bool,
    counts: &Counts,
) -> Result<Decision, EvaluationError> {
    for (index, rule) in step.rules.iter().enumerate() {
        if rule.action.retries() && counts.is_used_up(index, rule, step.retry.max_retries) {
            continue;
        }
        match rule.when.truth(context) {
            Ok(true) => return Ok(by_rule(index, rule.action)),
            Ok(false) => {}
            Err(error) if error.undefined => {}
            Err(error) => return Err(error),
        }
    }
    Ok(match built_in(outcome, idempotent) {
        BuiltIn::Ok => Decision::Accept,
        BuiltIn::Retry => Decision::RetryBuiltIn,
        BuiltIn::Fail => Decision::FailBuiltIn,
    })
}

fn by_rule(index: usize, action: RuleAction) -> Decision {
    match action {
        RuleAction::Ok => Decision::Accept,
        RuleAction::Empty => Decision::Empty,
        RuleAction::Retry => Decision::RetryByRule(index),
        RuleAction::Skip => Decision::Skip,
        RuleAction::Stop => Decision::Stop,
        RuleAction::Fail => Decision::FailByRule(index),
    }
}
