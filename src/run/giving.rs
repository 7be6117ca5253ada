//! Steps that give values and nothing else: asked once, checked, taken over, and run again when their values are no longer
//! good.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use minijinja::value::Value;

use super::answer::Answer;
use super::engine::Run;
use super::event::Event;
use super::exchange::Verdict;
use super::extraction::Extraction;
use super::failure::{self, Stop};
use crate::diagnostic::{Code, Diagnostic};
use crate::paging::Cursor;
use crate::plan::step::StepPlan;
use crate::spec::value::parse_period;

impl Run<'_> {
    pub(super) async fn renew_expired(&mut self, index: usize) -> Result<(), Stop> {
        for need in self.plan.steps[index].needs.clone() {
            if self.values.is_expired(need, self.world.clock.now()) {
                self.renew(need, "its values are no longer good".to_owned()).await?;
            }
        }
        Ok(())
    }

    /// Runs a step again that gives values and nothing else.
    pub(super) fn renew(
        &mut self,
        index: usize,
        why: String,
    ) -> Pin<Box<dyn Future<Output = Result<(), Stop>> + '_>> {
        Box::pin(async move {
            let step = self.plan.steps[index].name.clone();
            self.prefetch.clear();
            self.tell(&Event::Renewing { step, why });
            self.give_values(index).await
        })
    }

    /// Runs a step without records, unless its values are kept from an earlier run.
    pub(super) async fn give_values(&mut self, index: usize) -> Result<(), Stop> {
        match self.plan.steps[index].reuse_for {
            None => self.ask_for_values(index).await.map(drop),
            Some(_) => self.reuse_values(index).await,
        }
    }

    /// Runs a step without records: asks once, checks, and takes over what it extracts. False: the answer was dropped.
    pub(super) async fn ask_for_values(&mut self, index: usize) -> Result<bool, Stop> {
        let (verdict, answer) = self.exchange(index, None).await?;
        let step = &self.plan.steps[index];
        if matches!(verdict, Verdict::Empty | Verdict::Skip) {
            if matches!(verdict, Verdict::Skip) {
                self.skipped(index, None, &answer);
            }
            return Ok(false);
        }
        self.take(index, &answer, None).map_err(|finding| {
            let noted = self.noted(finding, &answer);
            Stop::from(self.hinted(noted, step, &answer))
        })?;
        Ok(true)
    }

    /// Checks what `expect` demands and stores what the step extracts.
    pub(super) fn take(
        &mut self,
        index: usize,
        answer: &Arc<Answer>,
        cursor: Option<&Cursor>,
    ) -> Result<(), Diagnostic> {
        let step = &self.plan.steps[index];
        let context = self.context(step, Some(answer), cursor);
        for expect in &step.expect {
            let holds = match expect.that.truth(&context) {
                Ok(holds) => holds,
                Err(error) if error.undefined => false,
                Err(error) => return Err(failure::evaluation(&step.name, &error)),
            };
            if !holds {
                let otherwise = || format!("this does not hold: `{}`", expect.that.text.value);
                let message =
                    expect.message.as_ref().map_or_else(otherwise, |message| message.item.message(&context));
                return Err(failure::at(Code::Unexpected, &step.name, &message, expect.that.text.span));
            }
        }
        let extraction = Extraction { step, answer, context: &context, redactor: &self.redactor };
        let values = extraction.values()?;
        if values.is_empty() {
            return Ok(());
        }
        let expires = self.end_of(step, &values, self.world.clock.now())?;
        self.values.store(index, values, expires);
        Ok(())
    }

    /// When values that came at a time stop being good, by what the step says; none: not in this run.
    pub(super) fn end_of(
        &self,
        step: &StepPlan,
        values: &[(String, Value)],
        received: SystemTime,
    ) -> Result<Option<SystemTime>, Diagnostic> {
        let Some(written) = &step.reuse_for else { return Ok(None) };
        let names = self.values.context_with(step.connection, values);
        let text = written.rendered(&names).map_err(|error| failure::evaluation(&step.name, &error))?;
        let period = parse_period(&text).ok_or_else(|| {
            failure::at(Code::Evaluation, &step.name, &format!("`reuse_for` is `{text}`, which is not a length of time"), written.text.span)
                .help("it becomes a number with its unit: `\"{{ expires_in - 300 }}s\"`; a negative time means that the values are too short-lived")
        })?;
        Ok(received.checked_add(period))
    }
}
