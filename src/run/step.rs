//! One step, page by page.

use std::sync::Arc;

use super::answer::Answer;
use super::engine::Run;
use super::event::Event;
use super::exchange::Verdict;
use super::extraction::{not_json, nothing_at};
use super::failure::{self, Stop};
use super::page_facts::Asked;
use super::progress::Here;
use crate::diagnostic::{Code, Diagnostic};
use crate::paging::{Cursor, Ended, Next, PageFacts, advance};
use crate::plan::paginate::{NextPlan, PaginatePlan};
use crate::plan::step::StepPlan;
use crate::record::{Batch, Found};

/// What a step has done so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pages: u64,
    records: u64,
    /// The page before, to notice one that repeats.
    pub(super) previous: Option<Batch>,
}

/// A page as it was read.
#[derive(Debug)]
pub(super) struct PageRead {
    pub(super) facts: PageFacts,
    pub(super) batch: Batch,
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
        self.begin_state(index)?;
        for target in &step.write {
            self.targets.want(*target);
        }
        self.tell(&Event::StepStarted { step: step.name.clone() });
        let tally = match (&step.paginate, &step.records) {
            (None, None) => {
                self.give_values(index).await?;
                self.complete_state(index, None)?;
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

    pub(super) fn is_wanted(&self, step: &StepPlan) -> Result<bool, Diagnostic> {
        let Some(when) = &step.when else { return Ok(true) };
        when.truth(&self.context(step, None, None)).map_err(|error| failure::evaluation(&step.name, &error))
    }

    /// Goes on with a step where a dead run stopped.
    pub(super) async fn rest_of_step(&mut self, index: usize) -> Result<(), Stop> {
        let place = self.progress.resumed_place().unwrap_or_default();
        let name = self.plan.steps[index].name.clone();
        self.tell(&Event::StepStarted { step: name.clone() });
        let tally = Tally { pages: place.pages, records: place.records, previous: None };
        let tally = self.pages_from(index, place.cursor, tally).await?;
        self.tell(&Event::StepFinished { step: name, records: tally.records, pages: tally.pages });
        Ok(())
    }

    async fn pages(&mut self, index: usize) -> Result<Tally, Stop> {
        let paginate = self.plan.steps[index].paginate.as_ref();
        let cursor = paginate.map(|paginate| Cursor::first(&paginate.rules));
        self.pages_from(index, cursor, Tally::default()).await
    }

    async fn pages_from(
        &mut self,
        index: usize,
        mut cursor: Option<Cursor>,
        mut tally: Tally,
    ) -> Result<Tally, Stop> {
        loop {
            let (verdict, answer) = self.exchange(index, cursor.as_ref()).await?;
            self.note_clock(index, &answer);
            let page = self.page(index, &verdict, &answer, cursor.as_ref(), tally.previous.as_ref())?;
            // What follows is decided before anything is written: a page that contradicts itself lands nowhere.
            let next = match &cursor {
                Some(here) => self.next(index, &page.facts, &answer, here)?,
                None => None,
            };
            let changes = self.changes(index, &answer, page.batch.clone())?;
            // What can still fail comes before the page is written: a checkpoint stands between two pages.
            self.keep_in_mind(index, &page.batch, &answer, next.is_none())?;
            self.progress.writes();
            self.write(index, &changes).await?;
            self.count(index, &page, &answer, cursor.as_ref(), &mut tally);
            cursor = next;
            if cursor.is_none() {
                self.prefetch.clear();
                return Ok(tally);
            }
            let here =
                Here { step: index, cursor: cursor.clone(), pages: tally.pages, records: tally.records };
            self.progress.page_is_written(here, page.batch.byte_len() as u64);
            self.check_limits()?;
            self.checkpoint_if_due().await?;
        }
    }

    /// Notes what the page means for what the step keeps; if that fails, the page counts for nothing.
    fn keep_in_mind(
        &mut self,
        index: usize,
        batch: &Batch,
        answer: &Arc<Answer>,
        is_last: bool,
    ) -> Result<(), Stop> {
        let before = self.marks.seen();
        let mut noted = self.look_at(index, batch).map_err(Stop::from);
        if is_last && noted.is_ok() {
            noted = self.complete_state(index, Some(answer));
        }
        if noted.is_err() {
            self.marks.restore(&before);
        }
        noted
    }

    pub(super) fn page(
        &mut self,
        index: usize,
        verdict: &Verdict,
        answer: &Arc<Answer>,
        cursor: Option<&Cursor>,
        previous: Option<&Batch>,
    ) -> Result<PageRead, Stop> {
        let ended = match verdict {
            Verdict::Accept => None,
            Verdict::Stop => Some(Ended::Stop),
            Verdict::Empty => Some(Ended::Empty),
            Verdict::Skip => Some(Ended::Skip),
        };
        if matches!(verdict, Verdict::Empty | Verdict::Skip) {
            if matches!(verdict, Verdict::Skip) {
                self.skipped(index, cursor, answer);
            }
            return Ok(PageRead { facts: PageFacts { ended, ..PageFacts::default() }, batch: nothing() });
        }
        let taken = self.take(index, answer, cursor);
        let batch = taken.and_then(|()| self.records(index, answer));
        let batch = batch.map_err(|finding| self.about_answer(finding, index, answer))?;
        let same_as_previous = previous.is_some_and(|previous| same(previous, &batch));
        let records = batch.len() as u64;
        let mut facts = PageFacts { records, ended, same_as_previous, ..PageFacts::default() };
        self.ask_page(index, answer, cursor, &mut facts)
            .map_err(|finding| self.about_answer(finding, index, answer))?;
        Ok(PageRead { facts, batch })
    }

    pub(super) fn count(
        &mut self,
        index: usize,
        page: &PageRead,
        answer: &Answer,
        cursor: Option<&Cursor>,
        tally: &mut Tally,
    ) {
        let records = page.facts.records;
        tally.pages += 1;
        tally.records += records;
        tally.previous = Some(page.batch.clone());
        self.figures.pages += 1;
        self.figures.records += records;
        let (step, number) = (self.plan.steps[index].name.clone(), cursor.map_or(1, |cursor| cursor.page));
        self.tell(&Event::Page { step, page: number, records, bytes: answer.response.body.len() as u64 });
    }

    fn about_answer(&self, finding: Diagnostic, index: usize, answer: &Arc<Answer>) -> Diagnostic {
        let noted = self.noted(finding, answer);
        self.hinted(noted, &self.plan.steps[index], answer)
    }

    /// Notes an answer that a rule drops: the run cannot be complete without it.
    pub(super) fn skipped(&mut self, index: usize, cursor: Option<&Cursor>, answer: &Arc<Answer>) {
        let step = &self.plan.steps[index];
        let what = cursor.map_or("the answer".to_owned(), |cursor| format!("page {}", cursor.page));
        let message = format!("{what} was skipped by a rule");
        let finding = failure::at(Code::Incomplete, &step.name, &message, step.span);
        let finding = self.about_answer(finding, index, answer);
        self.incomplete.push(finding);
    }

    fn records(&self, index: usize, answer: &Answer) -> Result<Batch, Diagnostic> {
        let step = &self.plan.steps[index];
        let Some(records) = &step.records else { return Ok(nothing()) };
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

    async fn write(&mut self, index: usize, changes: &[Batch]) -> Result<(), Stop> {
        let changes: Vec<Batch> = changes.iter().filter(|batch| !batch.is_empty()).cloned().collect();
        if changes.is_empty() {
            return Ok(());
        }
        let bytes = changes.iter().map(Batch::byte_len).sum();
        let rooms = self.targets.room(&self.plan.steps[index].write, bytes).await?;
        self.targets.put(&changes, rooms);
        Ok(())
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
    pub(super) fn next(
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
            Next::Complete => {
                let doubt = doubt_of_only_page(paginate, facts, answer, &here);
                self.notes.extend(doubt.map(|doubt| format!("{}: {doubt}", step.name)));
                Ok(None)
            }
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

/// A misspelt `next` looks like a service with one page: worth a word, since only the author can tell.
fn doubt_of_only_page(
    paginate: &PaginatePlan,
    facts: &PageFacts,
    answer: &Answer,
    here: &Cursor,
) -> Option<String> {
    let Some(NextPlan::Path(path)) = &paginate.next else { return None };
    let asked = here.page == 1 && facts.ended.is_none() && facts.records > 0 && paginate.more.is_none();
    let nothing =
        || answer.page().is_ok_and(|page| page.find(&path.item).is_ok_and(|found| found.is_empty()));
    (asked && nothing())
        .then(|| format!("one page only, since its answer has nothing at `{}`", path.item.source()))
}

/// Whether two pages hold the same records, byte for byte; two empty ones, the same text.
fn same(previous: &Batch, batch: &Batch) -> bool {
    if batch.is_empty() {
        return previous.is_empty() && !batch.text().is_empty() && previous.text() == batch.text();
    }
    previous.len() == batch.len() && previous.iter().eq(batch.iter())
}

fn nothing() -> Batch {
    Batch::new(bytes::Bytes::new(), Arc::default())
}
