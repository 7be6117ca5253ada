//! What requests cost, as far as that is known before a run.

use super::known::Known;
use super::source;
use super::stand_in::StandIns;
use crate::diagnostic::Diagnostic;
use crate::paging::Cursor;
use crate::plan::Plan;
use crate::plan::context::Context;
use crate::plan::request::CreditsPlan;
use crate::run::render::Rendering;
use crate::secret::Redactor;

/// What one request costs; where only a run knows it, as it is written.
pub(super) fn credits(
    known: &Known<'_>,
    plan: &Plan,
    index: usize,
    stand_ins: &StandIns,
) -> Result<Option<String>, Box<Diagnostic>> {
    let step = &plan.steps[index];
    let cursor = step.paginate.as_ref().map(|paginate| Cursor::first(&paginate.rules));
    let stage = known.of_step(index, cursor.as_ref());
    if let Some(written) = step.request.credits.as_ref().and_then(CreditsPlan::template)
        && let Ok(value) = stage.value(written)
        && stand_ins.are_in(&value.to_string())
    {
        let value = value.to_string();
        // What is computed with a stand-in is no number either.
        let passed_through = stand_ins.parts(&value).len() == 1;
        return Ok(Some(if passed_through { stand_ins.shown(&value) } else { source(written) }));
    }
    let redactor = Redactor::default();
    let rendering = Rendering { step, context: &stage, cursor: cursor.as_ref(), redactor: &redactor };
    Ok(rendering.credits()?.map(|credits| credits.to_string()))
}
