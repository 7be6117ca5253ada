//! Which records of a page are new, and which say that one goes.

use std::ops::Range;
use std::sync::Arc;

use super::answer::Answer;
use super::extraction::not_json;
use super::failure;
use super::strand::Strand;
use crate::diagnostic::Diagnostic;
use crate::plan::block::StepId;
use crate::record::{Batch, Change, JsonView};

impl Strand<'_, '_> {
    /// The records of a page by what they mean, as `delete_when` says; no part is empty.
    pub(super) fn parts(
        &self,
        id: StepId,
        answer: &Arc<Answer>,
        batch: Batch,
    ) -> Result<Vec<Batch>, Diagnostic> {
        let step = self.services.plan.step(id);
        if batch.is_empty() {
            return Ok(vec![]);
        }
        let Some(condition) = &step.delete_when else { return Ok(vec![batch]) };
        let truth = |record| {
            let context =
                self.variables.context(&self.services.inputs, step.connection, [("record", record)]);
            condition.truth(&context).map_err(|error| failure::evaluation(&step.name, &error))
        };
        if condition.item.uses().is_empty() {
            let goes = truth(minijinja::Value::UNDEFINED)?;
            return Ok(vec![if goes { batch.meaning(Change::Delete) } else { batch }]);
        }
        let page = answer.page().map_err(|error| not_json(&step.name, &error, condition.text.span))?;
        let (mut puts, mut deletes) = (Vec::new(), Vec::new());
        for range in batch.ranges() {
            let goes = truth(JsonView::record(Arc::clone(page), range.clone()))?;
            if goes { &mut deletes } else { &mut puts }.push(range.clone());
        }
        let part = |ranges: Vec<Range<usize>>| Batch::new(batch.text().clone(), ranges.into());
        let parts = [part(puts), part(deletes).meaning(Change::Delete)];
        Ok(parts.into_iter().filter(|part| !part.is_empty()).collect())
    }
}
