//! Where a run is: a tree of places that strands move, and the same as a checkpoint keeps it.
//!
//! A place is moved in the instant in which what it tells of happens: a page has landed and the cursor stands behind it,
//! an item is open and the next one is another. A checkpoint reads the whole tree in one instant.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::items::{ItemsFile, SavedItems};
use crate::paging::Cursor;
use crate::plan::Plan;
use crate::plan::block::{Block, Node};
use crate::run::last_page::LastPage;
use crate::run::variables::{SavedVariables, Variables};

/// Where the work on a block stands.
#[derive(Debug)]
pub(in crate::run) struct Place {
    /// The node that runs, or comes next.
    node: Cell<usize>,
    inside: RefCell<Inside>,
    /// The values of the strand, if the block is all of it; a group's are those of the strand around it.
    variables: Option<Rc<Variables>>,
}

/// Where a node stands.
#[derive(Debug, Default)]
enum Inside {
    /// It has not begun, or what it did leaves nothing that lasts.
    #[default]
    NotBegun,
    Step(StepPlace),
    Group(Rc<Place>),
    Each(Rc<EachPlace>),
}

/// A place between two pages of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::run) struct StepPlace {
    /// The page that comes next.
    pub(in crate::run) cursor: Cursor,
    /// Pages so far.
    pub(in crate::run) pages: u64,
    /// Records so far.
    pub(in crate::run) records: u64,
    /// The page before.
    pub(in crate::run) last_page: LastPage,
}

/// Where a loop stands. Items begin in their order: those before `next` that are not open are done.
#[derive(Debug)]
pub(in crate::run) struct EachPlace {
    items: ItemsFile,
    next: Cell<u64>,
    open: RefCell<BTreeMap<u64, OpenItem>>,
}

#[derive(Debug)]
struct OpenItem {
    /// Where its line begins in the list.
    at: u64,
    place: ItemPlace,
}

#[derive(Debug)]
enum ItemPlace {
    /// It is worked on.
    Here(Rc<Place>),
    /// It waits for its turn, where an interrupted run had left it.
    Waiting(SavedPlace),
}

impl ItemPlace {
    fn saved(&self, plan: &Plan) -> Option<SavedPlace> {
        match self {
            Self::Here(place) => place.saved(plan),
            Self::Waiting(saved) => Some(saved.clone()),
        }
    }
}

/// A place as a checkpoint keeps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::run) struct SavedPlace {
    pub(in crate::run) node: usize,
    #[serde(default, skip_serializing_if = "is_empty")]
    pub(in crate::run) variables: SavedVariables,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::run) inside: Option<SavedInside>,
}

/// What is inside a node, as a checkpoint keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::run) enum SavedInside {
    Step(StepPlace),
    Group(Box<SavedPlace>),
    Each(SavedEach),
}

/// Where a loop stood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::run) struct SavedEach {
    pub(in crate::run) items: SavedItems,
    pub(in crate::run) next: u64,
    /// Where the line of the next item begins in the list.
    pub(in crate::run) at: u64,
    pub(in crate::run) open: BTreeMap<u64, SavedItem>,
}

/// Where an item stood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::run) struct SavedItem {
    pub(in crate::run) at: u64,
    pub(in crate::run) place: SavedPlace,
}

impl SavedInside {
    /// Where a step stood.
    pub(in crate::run) fn step(&self) -> Option<&StepPlace> {
        match self {
            Self::Step(place) => Some(place),
            Self::Group(_) | Self::Each(_) => None,
        }
    }

    /// Where a group stood.
    pub(in crate::run) fn group(&self) -> Option<&SavedPlace> {
        match self {
            Self::Group(place) => Some(place),
            Self::Step(_) | Self::Each(_) => None,
        }
    }

    /// Where a loop stood.
    pub(in crate::run) fn each(&self) -> Option<&SavedEach> {
        match self {
            Self::Each(place) => Some(place),
            Self::Step(_) | Self::Group(_) => None,
        }
    }
}

fn is_empty(variables: &SavedVariables) -> bool {
    *variables == SavedVariables::default()
}

impl Place {
    /// At the beginning of a strand.
    pub(in crate::run) fn of_strand(variables: &Rc<Variables>) -> Rc<Self> {
        Self::new(0, Some(Rc::clone(variables)))
    }

    /// At the beginning of a group.
    pub(in crate::run) fn of_group() -> Rc<Self> {
        Self::new(0, None)
    }

    fn new(node: usize, variables: Option<Rc<Variables>>) -> Rc<Self> {
        Rc::new(Self { node: Cell::new(node), inside: RefCell::default(), variables })
    }

    /// Puts it where an interrupted run stopped, but for what is inside a group or a loop: those put themselves there.
    pub(in crate::run) fn resume(&self, saved: &SavedPlace) {
        self.node.set(saved.node);
        let inside = match &saved.inside {
            Some(SavedInside::Step(step)) => Inside::Step(step.clone()),
            Some(SavedInside::Group(_) | SavedInside::Each(_)) | None => Inside::NotBegun,
        };
        self.inside.replace(inside);
    }

    /// The node that runs, or comes next.
    pub(in crate::run) fn node(&self) -> usize {
        self.node.get()
    }

    /// The step of the node that runs stands here now.
    pub(in crate::run) fn step_is_at(&self, step: StepPlace) {
        self.inside.replace(Inside::Step(step));
    }

    /// The node that runs is a group.
    pub(in crate::run) fn enter_group(&self, place: &Rc<Self>) {
        self.inside.replace(Inside::Group(Rc::clone(place)));
    }

    /// The node that runs is a loop.
    pub(in crate::run) fn enter_each(&self, place: &Rc<EachPlace>) {
        self.inside.replace(Inside::Each(Rc::clone(place)));
    }

    /// The node is done.
    pub(in crate::run) fn is_done_with(&self, node: usize) {
        if node >= self.node.get() {
            self.node.set(node + 1);
            self.inside.replace(Inside::NotBegun);
        }
    }

    /// Where the step of the node that runs stands, if that is a step with pages that landed.
    pub(in crate::run) fn step_place(&self) -> Option<StepPlace> {
        match &*self.inside.borrow() {
            Inside::Step(step) => Some(step.clone()),
            Inside::NotBegun | Inside::Group(_) | Inside::Each(_) => None,
        }
    }

    /// The place as a checkpoint keeps it; none: something of it is not the same in JSON.
    pub(in crate::run) fn saved(&self, plan: &Plan) -> Option<SavedPlace> {
        let variables = match &self.variables {
            Some(variables) => variables.saved(plan)?,
            None => SavedVariables::default(),
        };
        let inside = match &*self.inside.borrow() {
            Inside::NotBegun => None,
            Inside::Step(step) => Some(SavedInside::Step(step.clone())),
            Inside::Group(place) => Some(SavedInside::Group(Box::new(place.saved(plan)?))),
            Inside::Each(place) => Some(SavedInside::Each(place.saved(plan)?)),
        };
        Some(SavedPlace { node: self.node.get(), variables, inside })
    }
}

impl EachPlace {
    /// A loop over a list, whose next item has that ordinal.
    pub(in crate::run) fn new(items: ItemsFile, next: u64) -> Rc<Self> {
        Rc::new(Self { items, next: Cell::new(next), open: RefCell::default() })
    }

    /// The list.
    pub(in crate::run) fn items(&self) -> &ItemsFile {
        &self.items
    }

    /// An item is open, and the next one is another: one instant.
    pub(in crate::run) fn enter(&self, ordinal: u64, at: u64, place: &Rc<Place>) {
        self.open.borrow_mut().insert(ordinal, OpenItem { at, place: ItemPlace::Here(Rc::clone(place)) });
        self.next.set(self.next.get().max(ordinal + 1));
    }

    /// An item that an interrupted run had open waits for its turn.
    pub(in crate::run) fn keep_open(&self, ordinal: u64, at: u64, saved: SavedPlace) {
        self.open.borrow_mut().insert(ordinal, OpenItem { at, place: ItemPlace::Waiting(saved) });
    }

    /// An item is done, or left out.
    pub(in crate::run) fn leave(&self, ordinal: u64) {
        self.open.borrow_mut().remove(&ordinal);
    }

    fn saved(&self, plan: &Plan) -> Option<SavedEach> {
        let open = self.open.borrow();
        let item = |(ordinal, item): (&u64, &OpenItem)| {
            Some((*ordinal, SavedItem { at: item.at, place: item.place.saved(plan)? }))
        };
        Some(SavedEach {
            items: self.items.saved()?,
            next: self.next.get(),
            at: self.items.position(),
            open: open.iter().map(item).collect::<Option<_>>()?,
        })
    }
}

impl SavedPlace {
    /// Where it is, for people.
    pub(in crate::run) fn describe(&self, plan: &Plan) -> String {
        self.describe_in(plan, &plan.block).unwrap_or_else(|| "all steps are done".to_owned())
    }

    fn describe_in(&self, plan: &Plan, block: &Block) -> Option<String> {
        let node = block.0.get(self.node)?;
        let inside = self.inside.as_ref();
        Some(match node {
            Node::Step(id) => {
                let step = format!("step `{}`", plan.step(*id).name);
                let page = inside.and_then(SavedInside::step).map(|place| place.cursor.page);
                page.map_or_else(|| step.clone(), |page| format!("page {page} of {step}"))
            }
            Node::Group(group) => inside
                .and_then(SavedInside::group)
                .and_then(|place| place.describe_in(plan, &group.block))
                .unwrap_or_else(|| format!("group `{}`", group.name)),
            Node::Each(each) => {
                let name = format!("loop `{}`", each.name);
                let first = |place: &SavedEach| place.open.keys().next().map_or(place.next, |open| *open);
                let item = inside.and_then(SavedInside::each).map(|place| first(place) + 1);
                item.map_or_else(|| name.clone(), |item| format!("item {item} of {name}"))
            }
        })
    }
}
