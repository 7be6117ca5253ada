//! What requests cost by what their author says, and what a run has spent. Nothing is read from answers.

use super::engine::Run;
use super::failure;
use super::render::Rendering;
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::{describe, scalar_text};
use crate::paging::Cursor;
use crate::plan::Plan;
use crate::plan::request::CreditsPlan;
use crate::plan::step::StepPlan;

/// Whether some step says what its requests cost.
pub(super) fn priced(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| step.request.credits.is_some())
}

impl Run<'_> {
    /// What a request costs by what its author says; known before it is sent.
    pub(super) fn price(&self, step: &StepPlan, cursor: Option<&Cursor>) -> Result<Option<u64>, Diagnostic> {
        let context = self.context(step, None, cursor);
        Rendering { step, context: &context, cursor, redactor: &self.redactor }.credits()
    }

    /// An answer was paid for, whatever it says; nobody knows of a request that got none.
    pub(super) fn spend(&mut self, credits: Option<u64>) {
        if let (Some(spent), Some(credits)) = (&mut self.figures.credits, credits) {
            *spent = spent.saturating_add(credits);
        }
    }
}

impl Rendering<'_> {
    /// What the request costs in API credits, if its author says so.
    pub(super) fn credits(&self) -> Result<Option<u64>, Diagnostic> {
        let written = match &self.step.request.credits {
            None => return Ok(None),
            Some(CreditsPlan::Number(number)) => return Ok(Some(*number)),
            Some(CreditsPlan::Template(written, _)) => written,
        };
        let value =
            self.context.value(written).map_err(|error| failure::evaluation(&self.step.name, &error))?;
        let number = scalar_text(&value).and_then(|text| text.parse().ok());
        number.map(Some).ok_or_else(|| {
            let found =
                scalar_text(&value).map_or_else(|| describe(&value).to_owned(), |text| format!("`{text}`"));
            let message = format!("`credits` is {found}, which is not a whole number");
            failure::at(Code::Evaluation, &self.step.name, &message, written.text.span)
                .help("it becomes the number of API credits that one request costs: 0, 1, 2, …")
        })
    }
}
