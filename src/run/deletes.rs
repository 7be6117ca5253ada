//! Which records of a page are new, and which say that one goes.

use std::ops::Range;
use std::sync::Arc;

use super::answer::Answer;
use super::engine::Run;
use super::extraction::not_json;
use super::failure;
use crate::diagnostic::Diagnostic;
use crate::record::{Batch, Change, JsonView};

impl Run<'_> {
    /// The records of a page by what they mean, as `delete_when` says.
    pub(super) fn changes(
        &self,
        index: usize,
        answer: &Arc<Answer>,
        batch: Batch,
    ) -> Result<Vec<Batch>, Diagnostic> {
        let step = &self.plan.steps[index];
        let Some(condition) = step.delete_when.as_ref().filter(|_| !batch.is_empty()) else {
            return Ok(vec![batch]);
        };
        let truth = |record| {
            let context = self.values.context(step.connection, [("record", record)]);
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
        Ok(vec![part(puts), part(deletes).meaning(Change::Delete)])
    }
}
