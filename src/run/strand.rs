//! One strand of a run: the pipeline itself, or one item of a loop. It goes through its nodes one after the other.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use minijinja::value::Value;

use super::answer::{Answer, ResponseView};
use super::event::Event;
use super::failure::{self, Stop};
use super::journal::place::{Place, SavedInside, SavedPlace, StepPlace};
use super::page_loop::{PageLoop, Sink, Tally};
use super::render::{Rendering, page_names};
use super::rounds;
use super::services::Services;
use super::stopping::Stopping;
use super::variables::Variables;
use super::watermarks::Round;
use crate::diagnostic::{Code, Diagnostic};
use crate::http::Request;
use crate::paging::Cursor;
use crate::plan::auth::KeptUse;
use crate::plan::block::{Block, GroupPlan, Node, StepId};
use crate::plan::step::StepPlan;

/// A step and the status of its answer; no status: none came.
type LastAnswer = (StepId, Option<u16>);

/// A strand of a run.
pub(super) struct Strand<'r, 'a> {
    pub(super) services: &'r Services<'a>,
    pub(super) variables: Rc<Variables>,
    pub(super) stopping: Rc<Stopping>,
    /// The nodes and items that lead to it, from the pipeline inwards: its output has its place in the whole by them.
    pub(super) path: Arc<[u64]>,
    /// The step at which it resumed, until a page of it has landed.
    unproven: Cell<Option<StepId>>,
    answered: Rc<Cell<Option<LastAnswer>>>,
}

impl<'r, 'a> Strand<'r, 'a> {
    /// The pipeline itself.
    pub(super) fn of_pipeline(services: &'r Services<'a>, variables: &Rc<Variables>) -> Self {
        Self {
            services,
            variables: Rc::clone(variables),
            stopping: Rc::clone(&services.stopping),
            path: Arc::default(),
            unproven: Cell::default(),
            answered: Rc::default(),
        }
    }

    /// One item of a loop.
    pub(super) fn of_item(
        &self,
        variables: Rc<Variables>,
        stopping: &Rc<Stopping>,
        path: Arc<[u64]>,
    ) -> Self {
        Self {
            services: self.services,
            variables,
            stopping: Rc::clone(stopping),
            path,
            unproven: Cell::default(),
            answered: Rc::default(),
        }
    }

    /// The same strand as seen from the strand around it in which some variables are.
    pub(super) fn at_home_of(&self, variables: Rc<Variables>) -> Self {
        Self {
            services: self.services,
            variables,
            stopping: Rc::clone(&self.stopping),
            path: Arc::clone(&self.path),
            unproven: Cell::default(),
            answered: Rc::clone(&self.answered),
        }
    }

    /// Runs all nodes, or those that an interrupted run had left.
    pub(super) async fn run(
        &self,
        block: &'a Block,
        place: &Rc<Place>,
        saved: Option<&SavedPlace>,
    ) -> Result<(), Stop> {
        if let Some(saved) = saved {
            self.variables.restore(&saved.variables);
            for step in &saved.variables.run_again {
                self.give_values(*step).await?;
            }
        }
        self.block(block, place, saved, &self.path).await
    }

    fn block<'s>(
        &'s self,
        block: &'a Block,
        place: &'s Rc<Place>,
        saved: Option<&'s SavedPlace>,
        path: &'s [u64],
    ) -> LocalBoxFuture<'s, Result<(), Stop>> {
        async move {
            if let Some(saved) = saved {
                place.resume(saved);
            }
            let first = saved.map_or(0, |saved| saved.node);
            for (index, node) in block.0.iter().enumerate().skip(first) {
                let inside =
                    saved.filter(|saved| saved.node == index).and_then(|saved| saved.inside.as_ref());
                let here = [path, &[index as u64]].concat();
                match node {
                    Node::Step(id) => {
                        self.unproven.set(saved.filter(|saved| saved.node == index).map(|_| *id));
                        let resumed = inside.and_then(SavedInside::step);
                        self.step(*id, StepAt { place, node: index, path: here }, resumed).await?;
                    }
                    Node::Group(group) => {
                        let resumed = inside.and_then(SavedInside::group);
                        self.group(group, place, resumed, &here).await?;
                    }
                    Node::Each(each) => {
                        let resumed = inside.and_then(SavedInside::each);
                        self.each(each, place, resumed, &here).await?;
                    }
                }
                place.is_done_with(index);
                if index + 1 < block.0.len() {
                    self.checkpoint_after(node).await?;
                }
            }
            Ok(())
        }
        .boxed_local()
    }

    async fn group(
        &self,
        group: &'a GroupPlan,
        place: &Rc<Place>,
        saved: Option<&SavedPlace>,
        path: &[u64],
    ) -> Result<(), Stop> {
        // One that was entered is gone on with, whatever its condition says now.
        if saved.is_none()
            && let Some(when) = &group.when
        {
            let context = self.variables.context(&self.services.inputs, None, []);
            let runs = when.truth(&context).map_err(|error| failure::evaluation(&group.name, &error))?;
            if !runs {
                self.services.reporter.count(|figures| figures.skipped += group.block.steps().len() as u64);
                return Ok(());
            }
        }
        let inside = Place::of_group();
        if let Some(saved) = saved {
            inside.resume(saved);
        }
        place.enter_group(&inside);
        self.block(&group.block, &inside, saved, path).await
    }

    async fn step(&self, id: StepId, at: StepAt<'_>, resumed: Option<&StepPlace>) -> Result<(), Stop> {
        let step = self.services.plan.step(id);
        if !step.has_pages() {
            return self.step_without_pages(id).await;
        }
        if resumed.is_none() && !self.begins(id)? {
            return Ok(());
        }
        let round = self.round(id).await?;
        if resumed.is_none() {
            self.services.watermarks.begin(step, &round, &self.context(id, None, None))?;
        }
        step.write.iter().for_each(|target| self.services.targets.want(*target));
        self.services.reporter.tell(&Event::StepStarted { step: step.name.clone() });
        let origin = self.services.targets.keeps_order().then(|| Arc::from(at.path));
        let sink = Sink::Targets { place: at.place, node: at.node, origin };
        let pages = PageLoop::new(self, id, round, sink);
        let pages = match resumed {
            Some(place) => pages.resume(place.clone()),
            None => pages,
        };
        let tally = pages.run().await?;
        self.finished(step, tally);
        Ok(())
    }

    /// A step that only gives values, from its condition to its end.
    pub(super) async fn step_without_pages(&self, id: StepId) -> Result<(), Stop> {
        let step = self.services.plan.step(id);
        if !self.begins(id)? {
            return Ok(());
        }
        let round = self.round(id).await?;
        self.services.watermarks.begin(step, &round, &self.context(id, None, None))?;
        step.write.iter().for_each(|target| self.services.targets.want(*target));
        self.services.reporter.tell(&Event::StepStarted { step: step.name.clone() });
        self.give_values(id).await?;
        self.services.watermarks.complete(&round);
        self.finished(step, Tally::default());
        Ok(())
    }

    fn finished(&self, step: &StepPlan, tally: Tally) {
        let (records, pages) = (tally.records, tally.pages);
        self.services.reporter.tell(&Event::StepFinished { step: step.name.clone(), records, pages });
    }

    /// Whether a step runs, which is counted.
    pub(super) fn begins(&self, id: StepId) -> Result<bool, Diagnostic> {
        let step = self.services.plan.step(id);
        let runs = match &step.when {
            None => true,
            Some(when) => {
                let truth = when.truth(&self.context(id, None, None));
                truth.map_err(|error| failure::evaluation(&step.name, &error))?
            }
        };
        self.services.reporter.count(|figures| if runs { figures.steps += 1 } else { figures.skipped += 1 });
        if !runs {
            self.services.reporter.tell(&Event::StepSkipped { step: step.name.clone() });
        }
        Ok(runs)
    }

    /// What a step keeps for the next run; of a step in a loop it is looked up when the step begins.
    pub(super) async fn round(&self, id: StepId) -> Result<Rc<Round>, Stop> {
        if let Some(round) = self.variables.home_of(id).round(id) {
            return Ok(round);
        }
        let begin = rounds::look_up(&rounds::Source::of(self.services), &self.variables, &[id]).await?;
        let round = begin.into_iter().next().map(|begin| self.services.watermarks.open(begin, true));
        let round = Rc::new(round.unwrap_or_default());
        self.variables.enter_round(id, &round);
        Ok(round)
    }

    /// Steps of records leave something durable; others are over in no time. Within a loop the next page is soon enough.
    async fn checkpoint_after(&self, node: &Node) -> Result<(), Stop> {
        let leaves_something = match node {
            Node::Step(id) => self.services.plan.step(*id).has_pages(),
            Node::Group(_) | Node::Each(_) => true,
        };
        match (leaves_something, self.path.is_empty()) {
            (false, _) => Ok(()),
            (true, true) => self.services.journal.checkpoint(self.services).await,
            (true, false) => self.services.journal.checkpoint_if_due(self.services).await,
        }
    }

    /// An answer came, or none.
    pub(super) fn answered(&self, step: StepId, status: Option<u16>) {
        self.answered.set(Some((step, status)));
    }

    /// A page has landed: where the strand resumed was right.
    pub(super) fn has_landed(&self) {
        self.unproven.set(None);
    }

    /// Whether the strand failed because the service did not accept where it resumed: a cursor that has expired, say.
    /// What says that the service or the credentials are at fault would not be better from the start.
    pub(super) fn was_refused_where_it_resumed(&self) -> bool {
        let transient = |status| matches!(status, 401 | 402 | 403 | 407 | 408 | 425 | 429 | 500..);
        let Some((step, Some(status))) = self.answered.get() else { return false };
        self.unproven.get() == Some(step) && !transient(status)
    }

    /// The names a step sees, with some of its own.
    pub(super) fn context(&self, id: StepId, answer: Option<&Arc<Answer>>, cursor: Option<&Cursor>) -> Value {
        let step = self.services.plan.step(id);
        let response = answer.map(|answer| ("response", ResponseView::value(answer)));
        let page = step
            .paginate
            .as_ref()
            .zip(cursor)
            .map(|(paginate, cursor)| ("page", page_names(paginate, cursor)));
        let round = self.variables.home_of(id).round(id);
        let state = round.and_then(|round| round.names()).map(|names| ("state", names));
        let own = response.into_iter().chain(page).chain(state);
        self.variables.context(&self.services.inputs, step.connection, own)
    }

    /// Renders the request of a step.
    pub(super) fn render(&self, id: StepId, cursor: Option<&Cursor>) -> Result<Request, Diagnostic> {
        let (step, redactor) = (self.services.plan.step(id), &self.services.redactor);
        let context = self.context(id, None, cursor);
        let request = Rendering { step, context: &context, cursor, redactor }.request()?;
        match &self.services.world.only_origin {
            Some(only) if request.url.origin().ascii_serialization() != *only => Err(outside(step, &request)),
            _ => Ok(request),
        }
    }

    /// Renders a request, and signs in before where it cannot be rendered without what a sign-in brings.
    pub(super) async fn render_signed_in(
        &self,
        id: StepId,
        cursor: Option<&Cursor>,
    ) -> Result<Request, Stop> {
        let Some(used) = self.services.plan.step(id).auth else { return Ok(self.render(id, cursor)?) };
        match used.kept {
            KeptUse::None => return Ok(self.render(id, cursor)?),
            KeptUse::Perhaps => {
                if let Ok(request) = self.render(id, cursor) {
                    return Ok(request);
                }
            }
            KeptUse::Read => {}
        }
        self.services.sign_ins.sign_in(used.auth).await?;
        Ok(self.render(id, cursor)?)
    }

    /// What a request costs by what its author says; known before it is sent.
    pub(super) fn price(&self, id: StepId, cursor: Option<&Cursor>) -> Result<Option<u64>, Diagnostic> {
        let (step, redactor) = (self.services.plan.step(id), &self.services.redactor);
        let context = self.context(id, None, cursor);
        Rendering { step, context: &context, cursor, redactor }.credits()
    }
}

/// Where a step stands: its node, the place that it moves, and the nodes and items that lead to it.
struct StepAt<'s> {
    place: &'s Place,
    node: usize,
    path: Vec<u64>,
}

/// A rehearsal does not reach a real service.
fn outside(step: &StepPlan, request: &Request) -> Diagnostic {
    let origin = request.url.origin().ascii_serialization();
    let message = format!("`--sandbox` asks the stand-in only, this request goes to `{origin}`");
    failure::at(Code::BadRequest, &step.name, &message, step.request.url.text.span)
        .help("take the address from connection `zoho`, whose values the stand-in replaces; or run without `--sandbox`")
}
