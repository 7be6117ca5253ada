//! What requests cost by what their author says, and what a run has spent. Nothing is read from answers.

use http::StatusCode;

use super::failure;
use super::render::Rendering;
use super::reporter::Reporter;
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::{describe, scalar_text};
use crate::http::{Response, SendError};
use crate::plan::Plan;
use crate::plan::request::CreditsPlan;

/// Whether some step says what its requests cost.
pub(super) fn priced(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| step.request.credits.is_some())
}

/// Counts what a request has cost, now that it is known what became of it; one that was sent before its turn was counted
/// then.
pub(super) fn settle(
    reporter: &Reporter<'_>,
    credits: Option<u64>,
    sent: &Result<Response, SendError>,
    in_turn: bool,
) -> Option<u64> {
    let is_free = !may_have_cost(sent);
    match (is_free, in_turn) {
        (false, true) => spend(reporter, credits),
        (true, false) => take_back(reporter, credits),
        (false, false) | (true, true) => {}
    }
    if is_free { credits.map(|_| 0) } else { credits }
}

/// Counts what a request costs.
pub(super) fn spend(reporter: &Reporter<'_>, credits: Option<u64>) {
    reporter.count(|figures| {
        if let (Some(spent), Some(credits)) = (&mut figures.credits, credits) {
            *spent = spent.saturating_add(credits);
        }
    });
}

fn take_back(reporter: &Reporter<'_>, credits: Option<u64>) {
    reporter.count(|figures| {
        if let (Some(spent), Some(credits)) = (&mut figures.credits, credits) {
            *spent = spent.saturating_sub(credits);
        }
    });
}

/// Whether what became of a request may have cost something: it was looked at, or may have been. Who is turned away at
/// the door, since it is not known who asks or too much was asked, has cost nothing.
fn may_have_cost(sent: &Result<Response, SendError>) -> bool {
    match sent {
        Ok(response) => !matches!(response.status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS),
        Err(error) => !error.reached().surely_not(),
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
