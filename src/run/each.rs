//! A loop: its items are strands of their own, some of them at a time.
//!
//! The driver awaits the set of open items and nothing else. A lock that is handed to an item which nobody polls would
//! hang the run for ever; so everything an item needs is done within its own strand.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use minijinja::value::{Value, ValueKind};

use super::failure::{self, Stop};
use super::journal::items::{ItemsError, ItemsFile};
use super::journal::place::{EachPlace, Place, SavedEach, SavedPlace};
use super::stopping::Stopping;
use super::strand::Strand;
use super::variables::Variables;
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::describe;
use crate::plan::block::EachPlan;

/// A loop at work.
struct Driver<'l, 'r, 'a> {
    strand: &'l Strand<'r, 'a>,
    each: &'a EachPlan,
    /// The nodes and items that lead to the loop.
    path: &'l [u64],
    place: Rc<EachPlace>,
    stopping: Rc<Stopping>,
    /// Items that an interrupted run had open: they come first.
    waiting: VecDeque<(u64, u64, SavedPlace)>,
    next: u64,
}

/// An item that has ended, however it did.
struct Ended {
    ordinal: u64,
    how: std::thread::Result<Result<(), Stop>>,
}

impl<'a> Strand<'_, 'a> {
    /// Runs a block once for each item of a list.
    pub(super) async fn each(
        &self,
        each: &'a EachPlan,
        place: &Rc<Place>,
        saved: Option<&SavedEach>,
        path: &[u64],
    ) -> Result<(), Stop> {
        let items = self.items(each, saved, path)?;
        let next = saved.map_or(0, |saved| saved.next);
        let open = saved.into_iter().flat_map(|saved| &saved.open);
        let mut driver = Driver {
            strand: self,
            each,
            path,
            place: EachPlace::new(items, next),
            stopping: self.stopping.of_loop(),
            waiting: open.map(|(ordinal, item)| (*ordinal, item.at, item.place.clone())).collect(),
            next,
        };
        driver.reenter();
        place.enter_each(&driver.place);
        driver.run().await?;
        // Only now: a run that resumes a loop that has failed reads the list again.
        self.services.journal.unneeded(driver.place.items().path());
        Ok(())
    }

    /// The items: written down before the first begins, or read again.
    fn items(&self, each: &'a EachPlan, saved: Option<&SavedEach>, path: &[u64]) -> Result<ItemsFile, Stop> {
        let stage = self.services.journal.stage();
        if let (Some(saved), Some(stage)) = (saved, stage) {
            let resumed = ItemsFile::resume(stage, saved.items.clone(), saved.at);
            return resumed.map_err(|error| Stop::CannotResume(Box::new(about_items(each, &error))));
        }
        let items = self.evaluate(each)?;
        match stage.filter(|_| !each.is_secret) {
            Some(stage) => {
                let place = path.iter().map(u64::to_string).collect::<Vec<_>>().join("-");
                let written = ItemsFile::write(stage, &place, items);
                Ok(written.map_err(|error| about_items(each, &error))?)
            }
            None => Ok(ItemsFile::in_memory(items)),
        }
    }

    fn evaluate(&self, each: &EachPlan) -> Result<Vec<Value>, Diagnostic> {
        let context = self.variables.context(&self.services.inputs, None, []);
        let value = each.items.value(&context).map_err(|error| failure::evaluation(&each.name, &error))?;
        let is_list = matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
        match value.try_iter() {
            Ok(items) if is_list => Ok(items.collect()),
            _ => {
                let message = format!("`in` is {}, not a list", describe(&value));
                Err(failure::at(Code::Evaluation, &each.name, &message, each.items.text.span))
            }
        }
    }
}

impl<'l> Driver<'l, '_, '_> {
    /// Items that an interrupted run had open are open from the start, whenever they get their turn: a checkpoint in
    /// between must not take them for done.
    fn reenter(&self) {
        for (ordinal, at, saved) in &self.waiting {
            self.place.keep_open(*ordinal, *at, saved.clone());
        }
    }

    async fn run(&mut self) -> Result<(), Stop> {
        let mut open = FuturesUnordered::new();
        let mut first_error = None;
        let mut panic = None;
        loop {
            let may_start = first_error.is_none() && panic.is_none() && self.stopping.check().is_ok();
            if may_start && open.len() < usize::from(self.each.concurrency.get()) {
                match self.start() {
                    Ok(Some(item)) => {
                        open.push(item);
                        continue;
                    }
                    Ok(None) => {}
                    Err(stop) => drop(first_error.get_or_insert(stop)),
                }
            }
            // All open items come to their end, whatever happened: what they had in flight lands or is known not to.
            let Some(ended) = open.next().await else { break };
            match ended.how {
                Ok(Ok(())) => self.place.leave(ended.ordinal),
                Ok(Err(stop)) => {
                    if !stop.is_elsewhere() {
                        first_error.get_or_insert(stop);
                    }
                    self.stopping.end();
                }
                Err(payload) => {
                    panic.get_or_insert(payload);
                    self.stopping.end();
                }
            }
        }
        if let Some(payload) = panic {
            std::panic::resume_unwind(payload);
        }
        match first_error {
            Some(stop) => Err(stop),
            None => self.strand.stopping.check(),
        }
    }

    /// The next item as a strand; none: there are no more. That it is open and that the next one is another is one
    /// instant.
    fn start(&mut self) -> Result<Option<LocalBoxFuture<'l, Ended>>, Stop> {
        let (ordinal, at, value, saved) = if let Some((ordinal, at, saved)) = self.waiting.pop_front() {
            (ordinal, at, self.place.items().at(at).map_err(|error| self.lost(&error))?, Some(saved))
        } else {
            let Some((at, value)) = self.place.items().next().map_err(|error| self.lost(&error))? else {
                return Ok(None);
            };
            self.next += 1;
            (self.next - 1, at, value, None)
        };
        let item = Item {
            strand: self.strand,
            each: self.each,
            path: [self.path, &[ordinal]].concat().into(),
            place: Rc::clone(&self.place),
            stopping: Rc::clone(&self.stopping),
            ordinal,
            at,
            value,
        };
        let (variables, own) = item.enter();
        let how = AssertUnwindSafe(async move { item.run(variables, own, saved).await }).catch_unwind();
        Ok(Some(how.map(move |how| Ended { ordinal, how }).boxed_local()))
    }

    fn lost(&self, error: &ItemsError) -> Stop {
        Stop::CannotResume(Box::new(about_items(self.each, error)))
    }
}

/// The finding about a list of items that cannot be written down or read again.
fn about_items(each: &EachPlan, error: &ItemsError) -> Diagnostic {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let message = format!("loop `{}`: {error}{cause}", each.name);
    Diagnostic::error(Code::BadState, message)
        .help("see whether `.river` at the project's root can be written")
}

/// One item of a loop.
struct Item<'l, 'r, 'a> {
    strand: &'l Strand<'r, 'a>,
    each: &'a EachPlan,
    path: Arc<[u64]>,
    place: Rc<EachPlace>,
    stopping: Rc<Stopping>,
    ordinal: u64,
    /// Where its line begins in the list.
    at: u64,
    value: Value,
}

impl Item<'_, '_, '_> {
    /// Opens the item at its beginning.
    fn enter(&self) -> (Rc<Variables>, Rc<Place>) {
        let named = (self.each.item.clone(), self.value.clone());
        let variables = Variables::of_item(&self.strand.variables, named, self.each.block.steps());
        let place = Place::of_strand(&variables);
        self.place.enter(self.ordinal, self.at, &place);
        (variables, place)
    }

    async fn run(
        self,
        mut variables: Rc<Variables>,
        mut place: Rc<Place>,
        mut saved: Option<SavedPlace>,
    ) -> Result<(), Stop> {
        loop {
            let path = Arc::clone(&self.path);
            let strand = self.strand.of_item(Rc::clone(&variables), &self.stopping, path);
            let ended = strand.run(&self.each.block, &place, saved.as_ref()).await;
            let Err(stop) = ended else {
                self.close(&variables, false);
                return Ok(());
            };
            // Each cursor proves itself: the others are good as they are.
            if stop.is_failure() && strand.was_refused_where_it_resumed() {
                self.take_back(&variables);
                saved = None;
                (variables, place) = self.enter();
                continue;
            }
            return match stop.blames_the_answer().filter(|_| self.each.on_error.goes_on()) {
                Some(finding) => {
                    self.leave_out(&variables, finding);
                    Ok(())
                }
                None => Err(stop.within(&self.name())),
            };
        }
    }

    /// The item's records go, and what it has seen: it begins again, or is left out.
    fn take_back(&self, variables: &Variables) {
        self.strand.services.targets.void(&self.path);
        self.close(variables, false);
    }

    fn leave_out(&self, variables: &Variables, finding: &Diagnostic) {
        self.strand.services.targets.void(&self.path);
        self.close(variables, true);
        let why = self.strand.services.redactor.redact(&finding.message).into_owned();
        self.strand.services.journal.left_out(format!("{}: {why}", self.name()));
    }

    fn close(&self, variables: &Variables, is_given_up: bool) {
        for round in variables.take_rounds() {
            self.strand.services.watermarks.close(&round, is_given_up);
        }
    }

    fn name(&self) -> String {
        let (number, count) = (self.ordinal + 1, self.place.items().count());
        format!("item {number} of {count} of loop `{}`", self.each.name)
    }
}
