//! What a page says: its records, and what follows it. Nothing is changed here but what the step extracts.

use std::sync::Arc;

use super::answer::Answer;
use super::exchange::Verdict;
use super::extraction::{not_json, nothing_at};
use super::failure::{self, Stop};
use super::last_page::LastPage;
use super::page_facts::Asked;
use super::strand::Strand;
use crate::diagnostic::{Code, Diagnostic};
use crate::paging::{Cursor, Ended, Next, PageFacts, advance};
use crate::plan::block::StepId;
use crate::plan::paginate::PaginatePlan;
use crate::plan::step::StepPlan;
use crate::record::Batch;

/// A page as it was read.
#[derive(Debug)]
pub(super) struct PageRead {
    pub(super) batch: Batch,
    pub(super) records: u64,
    /// The page after it; none at the end.
    pub(super) next: Option<Cursor>,
    /// The answer was dropped by a rule.
    pub(super) skipped: Option<Diagnostic>,
    /// Why the step will not be complete after this page.
    pub(super) incomplete: Option<Diagnostic>,
    /// What a reader of the summary should know.
    pub(super) note: Option<String>,
}

/// A page that is about to be read.
pub(super) struct Reading<'p, 'r, 'a> {
    pub(super) strand: &'p Strand<'r, 'a>,
    pub(super) id: StepId,
    pub(super) answer: &'p Arc<Answer>,
    pub(super) cursor: Option<&'p Cursor>,
    pub(super) last_page: &'p LastPage,
}

impl Reading<'_, '_, '_> {
    /// Reads the page. What follows is decided before anything is written: a page that contradicts itself lands nowhere.
    pub(super) fn page(&self, verdict: Verdict) -> Result<PageRead, Stop> {
        let mut page = PageRead {
            batch: Batch::new(bytes::Bytes::new(), Arc::default()),
            records: 0,
            next: None,
            skipped: None,
            incomplete: None,
            note: None,
        };
        let ended = match verdict {
            Verdict::Accept => None,
            Verdict::Stop => Some(Ended::Stop),
            Verdict::Empty => Some(Ended::Empty),
            Verdict::Skip => {
                page.skipped = Some(skipped(self.strand, self.step(), self.cursor, self.answer));
                Some(Ended::Skip)
            }
        };
        let facts = if verdict.has_records() {
            let facts = self.records(ended, &mut page);
            facts.map_err(|finding| self.strand.about_answer(finding, self.step(), self.answer))?
        } else {
            PageFacts { ended, ..PageFacts::default() }
        };
        if let Some(cursor) = self.cursor {
            self.follow(&facts, cursor, &mut page)?;
        }
        Ok(page)
    }

    fn step(&self) -> &StepPlan {
        self.strand.services.plan.step(self.id)
    }

    /// Takes what the step extracts, its records, and what the page says about the next one.
    fn records(&self, ended: Option<Ended>, page: &mut PageRead) -> Result<PageFacts, Diagnostic> {
        self.strand.take(self.id, self.answer, self.cursor)?;
        page.batch = self.batch()?;
        page.records = page.batch.len() as u64;
        let same_as_previous = self.last_page.is(&page.batch);
        let mut facts = PageFacts { records: page.records, ended, same_as_previous, ..PageFacts::default() };
        let step = self.step();
        if let Some((paginate, cursor)) = step.paginate.as_ref().zip(self.cursor) {
            let context = self.strand.context(self.id, Some(self.answer), Some(cursor));
            Asked { step, paginate, answer: self.answer, context: &context }.fill(&mut facts)?;
        }
        Ok(facts)
    }

    fn batch(&self) -> Result<Batch, Diagnostic> {
        let step = self.step();
        let Some(records) = &step.records else { return Ok(Batch::new(bytes::Bytes::new(), Arc::default())) };
        let page =
            self.answer.page().map_err(|error| not_json(&step.name, &error, records.path.text.span))?;
        if page.found().is_missing() && !records.may_be_missing {
            let finding = nothing_at(&step.name, "`records`", &records.path, Some(page));
            return Err(finding
                .help("if nothing there means no records, write `records: { jsonpath: …, default: [] }`"));
        }
        Ok(page.batch())
    }

    /// Decides what follows.
    fn follow(&self, facts: &PageFacts, here: &Cursor, page: &mut PageRead) -> Result<(), Stop> {
        let step = self.step();
        let Some(paginate) = &step.paginate else { return Ok(()) };
        let mut here = here.clone();
        if here.page == 1 {
            here.remember_url(self.answer.response.url.as_str());
        }
        match advance(&paginate.rules, facts, &here) {
            Next::Request(cursor) => page.next = Some(cursor),
            Next::Complete => {
                let doubt = doubt_of_only_page(paginate, facts, self.answer, &here);
                page.note = doubt.map(|doubt| format!("{}: {doubt}", step.name));
            }
            Next::Incomplete(reason) => {
                let finding = failure::at(Code::Incomplete, &step.name, &reason.to_string(), paginate.span);
                page.incomplete = Some(finding.help(reason.help()));
            }
            Next::Error(error) => {
                let finding = failure::at(Code::BadPaging, &step.name, &error.to_string(), paginate.span)
                    .help(error.help());
                return Err(self.strand.noted(finding, self.answer).into());
            }
        }
        Ok(())
    }
}

impl Verdict {
    /// Whether the answer is looked at for records.
    fn has_records(self) -> bool {
        match self {
            Self::Accept | Self::Stop => true,
            Self::Empty | Self::Skip => false,
        }
    }
}

/// An answer that a rule drops: the run cannot be complete without it.
pub(super) fn skipped(
    strand: &Strand<'_, '_>,
    step: &StepPlan,
    cursor: Option<&Cursor>,
    answer: &Answer,
) -> Diagnostic {
    let what = cursor.map_or("the answer".to_owned(), |cursor| format!("page {}", cursor.page));
    let message = format!("{what} was skipped by a rule");
    let finding = failure::at(Code::Incomplete, &step.name, &message, step.span);
    strand.about_answer(finding, step, answer)
}

/// A misspelt `next` looks like a service with one page: worth a word, since only the author can tell.
fn doubt_of_only_page(
    paginate: &PaginatePlan,
    facts: &PageFacts,
    answer: &Answer,
    here: &Cursor,
) -> Option<String> {
    let path = paginate.next.as_ref()?.path()?;
    let asked = here.page == 1 && facts.ended.is_none() && facts.records > 0 && paginate.more.is_none();
    let nothing =
        || answer.page().is_ok_and(|page| page.find(&path.item).is_ok_and(|found| found.is_empty()));
    (asked && nothing())
        .then(|| format!("one page only, since its answer has nothing at `{}`", path.item.source()))
}
