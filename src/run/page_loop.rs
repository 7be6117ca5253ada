//! The pages of a step, one after the other: the only page loop there is.

use std::rc::Rc;
use std::sync::Arc;

use super::answer::Answer;
use super::event::Event;
use super::exchange::Exchange;
use super::failure::Stop;
use super::journal::place::{Place, StepPlace};
use super::last_page::LastPage;
use super::page::{PageRead, Reading};
use super::prefetch::Prefetch;
use super::preview::sample::Sampling;
use super::strand::Strand;
use super::targets::Rooms;
use super::watermarks::{Delta, Merged, Round, Watermarks};
use crate::diagnostic::Diagnostic;
use crate::paging::Cursor;
use crate::plan::block::StepId;
use crate::plan::step::StepPlan;
use crate::record::Batch;
use crate::target::Origin;

/// A step that reads its pages.
pub(super) struct PageLoop<'l, 'r, 'a> {
    pub(super) strand: &'l Strand<'r, 'a>,
    pub(super) id: StepId,
    pub(super) step: &'a StepPlan,
    /// What the step keeps for the next run.
    pub(super) round: Rc<Round>,
    pub(super) cursor: Option<Cursor>,
    pub(super) tally: Tally,
    pub(super) last_page: LastPage,
    pub(super) ahead: Prefetch,
    pub(super) sink: Sink<'l>,
}

/// Where the records of a step go.
pub(super) enum Sink<'l> {
    /// To the targets of the step. Where it stands is noted here, with its place among the nodes of the block.
    Targets { place: &'l Place, node: usize, origin: Option<Arc<[u64]>> },
    /// To somebody who looks at the first of them.
    Sample(&'l mut Sampling),
}

/// What a step has done so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) pages: u64,
    pub(super) records: u64,
}

impl<'l, 'r, 'a> PageLoop<'l, 'r, 'a> {
    /// At the first page.
    pub(super) fn new(strand: &'l Strand<'r, 'a>, id: StepId, round: Rc<Round>, sink: Sink<'l>) -> Self {
        let step = strand.services.plan.step(id);
        Self {
            strand,
            id,
            step,
            round,
            cursor: step.paginate.as_ref().map(|paginate| Cursor::first(&paginate.rules)),
            tally: Tally::default(),
            last_page: LastPage::None,
            ahead: Prefetch::default(),
            sink,
        }
    }

    /// At the page at which an interrupted run stopped.
    pub(super) fn resume(mut self, place: StepPlace) -> Self {
        self.cursor = Some(place.cursor);
        self.tally = Tally { pages: place.pages, records: place.records };
        self.last_page = place.last_page;
        self
    }

    /// Reads pages until the last one has landed.
    pub(super) async fn run(mut self) -> Result<Tally, Stop> {
        loop {
            let exchange = Exchange::new(self.strand, self.id, self.cursor.as_ref(), &mut self.ahead);
            let (verdict, answer) = exchange.answer().await?;
            let reading = Reading {
                strand: self.strand,
                id: self.id,
                answer: &answer,
                cursor: self.cursor.as_ref(),
                last_page: &self.last_page,
            };
            let page = reading.page(verdict)?;
            let parts = self.strand.parts(self.id, &answer, page.batch.clone())?;
            let delta = self.delta(&page, &answer)?;

            // The last wait. From here on the page lands in one instant: whoever writes down how far the run is sees all
            // of it or nothing.
            let rooms = self.room(&parts).await?;
            let merged =
                self.strand.services.watermarks.merged(self.step, &self.round, delta, &page.batch)?;
            if self.land(page, parts, rooms, merged, &answer) {
                self.ahead.clear();
                return Ok(self.tally);
            }
            self.breathe().await?;
        }
    }

    fn delta(&self, page: &PageRead, answer: &Arc<Answer>) -> Result<Delta, Diagnostic> {
        let last = match (&self.sink, &page.next) {
            (Sink::Targets { .. }, None) if !self.step.state.is_empty() => {
                Some(self.strand.context(self.id, Some(answer), None))
            }
            (Sink::Targets { .. } | Sink::Sample(_), _) => None,
        };
        Watermarks::delta(self.step, &page.batch, answer, last.as_ref())
    }

    /// Room for a page: once for all its parts, since two strands that each hold a part of it would wait for each other.
    async fn room(&self, parts: &[Batch]) -> Result<Rooms, Stop> {
        let bytes = parts.iter().map(Batch::byte_len).sum();
        match self.sink {
            Sink::Sample(_) => Ok(Rooms::default()),
            Sink::Targets { .. } if parts.is_empty() => Ok(Rooms::default()),
            Sink::Targets { .. } => {
                let rooms = self.strand.services.targets.room(&self.step.write, bytes);
                Ok(self.strand.stopping.or_stop_soon(rooms).await??)
            }
        }
    }

    /// Hands the page over, and notes what it means. Nothing of this can fail. True: it was the last one.
    fn land(
        &mut self,
        page: PageRead,
        parts: Vec<Batch>,
        rooms: Rooms,
        merged: Merged,
        answer: &Answer,
    ) -> bool {
        let services = self.strand.services;
        services.watermarks.apply(merged);
        self.tally.pages += 1;
        self.tally.records += page.records;
        let number = self.cursor.as_ref().map_or(1, |cursor| cursor.page);
        services.reporter.count(|figures| {
            figures.pages += 1;
            figures.records += page.records;
        });
        services.reporter.tell(&Event::Page {
            step: self.step.name.clone(),
            page: number,
            records: page.records,
            bytes: answer.response.body.len() as u64,
        });
        page.note.into_iter().for_each(|note| services.reporter.note(note));
        page.skipped.into_iter().for_each(|why| services.reporter.is_incomplete(why));

        self.cursor.clone_from(&page.next);
        self.last_page = LastPage::Records(page.batch.clone());
        self.strand.has_landed();
        match &mut self.sink {
            Sink::Sample(sampling) => {
                let incomplete = sampling.take(&page.batch, page.next.is_none(), page.incomplete);
                if let Some(why) = incomplete {
                    services.reporter.is_incomplete(why);
                }
                sampling.has_enough() || self.cursor.is_none()
            }
            Sink::Targets { place, node, origin } => {
                page.incomplete.into_iter().for_each(|why| services.reporter.is_incomplete(why));
                services.journal.landed(page.batch.byte_len() as u64);
                let origin = origin.clone().map(|path| Origin { path, page: number });
                services.targets.put(parts, origin, rooms);
                match page.next {
                    None => place.is_done_with(*node),
                    Some(cursor) => place.step_is_at(StepPlace {
                        cursor,
                        pages: self.tally.pages,
                        records: self.tally.records,
                        last_page: self.last_page.clone(),
                    }),
                }
                self.cursor.is_none()
            }
        }
    }

    /// Between two pages: limits, and a checkpoint if it is time.
    async fn breathe(&self) -> Result<(), Stop> {
        let services = self.strand.services;
        match self.sink {
            Sink::Sample(_) => Ok(()),
            Sink::Targets { .. } => {
                services.limits.check(&services.reporter)?;
                services.journal.checkpoint_if_due(services).await
            }
        }
    }
}
