//! One step, page by page.

use std::sync::Arc;

use super::answer::Answer;
use super::engine::Run;
use super::event::Event;
use super::exchange::Verdict;
use super::extraction::{not_json, nothing_at};
use super::failure::{self, Stop};
use super::page_facts::Asked;
use crate::diagnostic::{Code, Diagnostic};
use crate::paging::{Cursor, Ended, Next, PageFacts, advance};
use crate::plan::step::StepPlan;
use crate::record::{Batch, Found};

/// A target takes at most this much at once.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// What a step has done so far.
#[derive(Debug, Default)]
struct Tally {
    pages: u64,
    records: u64,
    /// The page before, to notice one that repeats.
    previous: Option<Batch>,
}

impl Run<'_> {
    /// Runs a step to its end.
    pub(super) async fn step(&mut self, index: usize) -> Result<(), Stop> {
        let step = &self.plan.steps[index];
        if !self.is_wanted(step)? {
            self.figures.skipped += 1;
            self.tell(&Event::StepSkipped { step: step.name.clone() });
            return Ok(());
        }
        self.figures.steps += 1;
        self.tell(&Event::StepStarted { step: step.name.clone() });
        let tally = match (&step.paginate, &step.records) {
            (None, None) => {
                self.give_values(index).await?;
                Tally::default()
            }
            _ => self.pages(index).await?,
        };
        self.tell(&Event::StepFinished {
            step: self.plan.steps[index].name.clone(),
            records: tally.records,
            pages: tally.pages,
        });
        Ok(())
    }

    fn is_wanted(&self, step: &StepPlan) -> Result<bool, Diagnostic> {
        let Some(when) = &step.when else { return Ok(true) };
        when.truth(&self.context(step, None, None)).map_err(|error| failure::evaluation(&step.name, &error))
    }

    async fn pages(&mut self, index: usize) -> Result<Tally, Stop> {
        let mut tally = Tally::default();
        let mut cursor =
            self.plan.steps[index].paginate.as_ref().map(|paginate| Cursor::first(&paginate.rules));
        loop {
            let (verdict, answer) = self.exchange(index, cursor.as_ref()).await?;
            let page = self.page(index, verdict, &answer, cursor.as_ref(), &mut tally).await?;
            let Some(here) = cursor else { return Ok(tally) };
            cursor = self.next(index, &page, &answer, &here)?;
            if cursor.is_none() {
                self.prefetch.clear();
                return Ok(tally);
            }
        }
    }

    /// Reads one page and hands its records on.
    async fn page(
        &mut self,
        index: usize,
        verdict: Verdict,
        answer: &Arc<Answer>,
        cursor: Option<&Cursor>,
        tally: &mut Tally,
    ) -> Result<PageFacts, Stop> {
        let number = cursor.map_or(1, |cursor| cursor.page);
        let mut facts = PageFacts::default();
        match verdict {
            Verdict::Empty => facts.ended = Some(Ended::Empty),
            Verdict::Skip => {
                facts.ended = Some(Ended::Skip);
                self.skipped(index, number, answer);
            }
            Verdict::Accept | Verdict::Stop => {
                let taken = self.take(index, answer, cursor);
                let batch = taken.and_then(|()| self.records(index, answer));
                let batch = batch.map_err(|finding| self.about_answer(finding, index, answer))?;
                facts.ended = matches!(verdict, Verdict::Stop).then_some(Ended::Stop);
                facts.records = batch.len() as u64;
                facts.same_as_previous =
                    tally.previous.as_ref().is_some_and(|previous| same(previous, &batch));
                self.ask_page(index, answer, cursor, &mut facts)
                    .map_err(|finding| self.about_answer(finding, index, answer))?;
                self.write(index, &batch, &facts).await?;
                tally.previous = Some(batch);
            }
        }
        tally.pages += 1;
        tally.records += facts.records;
        self.figures.pages += 1;
        self.figures.records += facts.records;
        let step = self.plan.steps[index].name.clone();
        self.tell(&Event::Page {
            step,
            page: number,
            records: facts.records,
            bytes: answer.response.body.len() as u64,
        });
        Ok(facts)
    }

    fn about_answer(&self, finding: Diagnostic, index: usize, answer: &Arc<Answer>) -> Diagnostic {
        let noted = self.noted(finding, answer);
        self.hinted(noted, &self.plan.steps[index], answer)
    }

    fn skipped(&mut self, index: usize, number: u64, answer: &Arc<Answer>) {
        let step = &self.plan.steps[index];
        let finding = failure::at(
            Code::Incomplete,
            &step.name,
            &format!("page {number} was skipped by a rule"),
            step.span,
        );
        let finding = self.about_answer(finding, index, answer);
        self.incomplete.push(finding);
    }

    fn records(&self, index: usize, answer: &Answer) -> Result<Batch, Diagnostic> {
        let step = &self.plan.steps[index];
        let Some(records) = &step.records else { return Ok(Batch::new(bytes::Bytes::new(), Arc::default())) };
        let page = answer.page().map_err(|error| not_json(&step.name, &error, records.path.text.span))?;
        match page.found() {
            Found::Missing if !records.may_be_missing => {
                let finding = nothing_at(&step.name, "`records`", &records.path, Some(page));
                Err(finding
                    .help("if nothing there means no records, write `records: { jsonpath: …, default: [] }`"))
            }
            _ => Ok(page.batch()),
        }
    }

    async fn write(&mut self, index: usize, batch: &Batch, facts: &PageFacts) -> Result<(), Stop> {
        if batch.is_empty() || (facts.same_as_previous && !self.allows_repeat(index)) {
            return Ok(());
        }
        for target in &self.plan.steps[index].write {
            for part in batch.clone().split(BATCH_BYTES) {
                self.targets.write(*target, part).await?;
            }
        }
        Ok(())
    }

    fn allows_repeat(&self, index: usize) -> bool {
        self.plan.steps[index].paginate.as_ref().is_none_or(|paginate| paginate.rules.allow_repeat)
    }

    fn ask_page(
        &self,
        index: usize,
        answer: &Arc<Answer>,
        cursor: Option<&Cursor>,
        facts: &mut PageFacts,
    ) -> Result<(), Diagnostic> {
        let step = &self.plan.steps[index];
        let Some((paginate, cursor)) = step.paginate.as_ref().zip(cursor) else { return Ok(()) };
        let context = self.context(step, Some(answer), Some(cursor));
        Asked { step, paginate, answer, context: &context }.fill(facts)
    }

    /// The cursor of the next page; none at the end.
    fn next(
        &mut self,
        index: usize,
        facts: &PageFacts,
        answer: &Arc<Answer>,
        here: &Cursor,
    ) -> Result<Option<Cursor>, Stop> {
        let step = &self.plan.steps[index];
        let Some(paginate) = &step.paginate else { return Ok(None) };
        let mut here = here.clone();
        if here.page == 1 {
            here.remember_url(answer.response.url.as_str());
        }
        match advance(&paginate.rules, facts, &here) {
            Next::Request(cursor) => Ok(Some(cursor)),
            Next::Complete => Ok(None),
            Next::Incomplete(reason) => {
                let finding = failure::at(Code::Incomplete, &step.name, &reason.to_string(), paginate.span)
                    .help(reason.help());
                self.incomplete.push(finding);
                Ok(None)
            }
            Next::Error(error) => {
                let finding = failure::at(Code::BadPaging, &step.name, &error.to_string(), paginate.span)
                    .help(error.help());
                Err(self.noted(finding, answer).into())
            }
        }
    }
}

/// Whether two pages hold the same records, byte for byte.
fn same(previous: &Batch, batch: &Batch) -> bool {
    !batch.is_empty() && previous.len() == batch.len() && previous.iter().eq(batch.iter())
}
