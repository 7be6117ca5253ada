//! The order of the steps: a tree of blocks over one flat list.
//!
//! [`Plan::steps`](super::Plan::steps) holds all steps in the order of the file. Blocks say which of them run one after
//! the other, which belong together, and which run once for each item of a list. The steps of a block are next to each
//! other in the list, those of blocks within it included.

use std::num::NonZeroU16;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::written::Written;
use crate::expr::Expression;

/// A step, by its place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

impl StepId {
    /// The step at an index of the list.
    ///
    /// # Panics
    /// When there are 2³² steps and more; a pipeline's text cannot hold so many.
    pub fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("a pipeline has fewer than 2^32 steps"))
    }

    /// Its index in the list.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Nodes that run one after the other.
#[derive(Debug, Default)]
pub struct Block(pub Vec<Node>);

/// A part of a block.
#[derive(Debug)]
pub enum Node {
    /// One step.
    Step(StepId),
    /// Steps that run or are skipped together.
    Group(GroupPlan),
    /// Steps that run once for each item of a list.
    Each(EachPlan),
}

/// Steps that run or are skipped together.
#[derive(Debug)]
pub struct GroupPlan {
    /// Its name.
    pub name: String,
    /// Whether they run; asked once, before the first of them.
    pub when: Option<Written<Expression>>,
    /// The steps.
    pub block: Block,
}

/// Steps that run once for each item of a list.
#[derive(Debug)]
pub struct EachPlan {
    /// Its name.
    pub name: String,
    /// The list; evaluated once.
    pub items: Written<Expression>,
    /// Whether items are secret: then they are not written down, and the run cannot be resumed.
    pub is_secret: bool,
    /// The name by which the steps see their item.
    pub item: String,
    /// How many items may be worked on at a time. Each loop has its own: one that is shared with a loop inside would
    /// wait for itself.
    pub concurrency: NonZeroU16,
    /// The steps.
    pub block: Block,
    /// What becomes of the run when an item fails.
    pub on_error: OnItemError,
}

/// What becomes of the run when an item of a loop fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnItemError {
    /// It fails.
    Fail,
    /// The item is left out, with all that it had got; the run goes on, and ends incomplete.
    Skip,
}

impl OnItemError {
    /// Whether the other items go on.
    pub fn goes_on(self) -> bool {
        match self {
            Self::Fail => false,
            Self::Skip => true,
        }
    }
}

impl Block {
    /// A block of steps without groups or loops.
    pub fn flat(steps: usize) -> Self {
        Self((0..steps).map(|index| Node::Step(StepId::at(index))).collect())
    }

    /// Whether there is a loop in it.
    pub fn has_loops(&self) -> bool {
        self.0.iter().any(|node| match node {
            Node::Step(_) => false,
            Node::Group(group) => group.block.has_loops(),
            Node::Each(_) => true,
        })
    }

    /// The steps that run at most once: those outside loops.
    pub fn steps_outside_loops(&self) -> Vec<StepId> {
        let of_node = |node: &Node| match node {
            Node::Step(id) => vec![*id],
            Node::Group(group) => group.block.steps_outside_loops(),
            Node::Each(_) => vec![],
        };
        self.0.iter().flat_map(of_node).collect()
    }

    /// The first step and the one after the last, by their numbers.
    pub fn steps(&self) -> Range<u32> {
        let mut ranges = self.0.iter().map(Node::steps).filter(|range| !range.is_empty());
        let Some(first) = ranges.next() else { return 0..0 };
        ranges.fold(first, |all, range| all.start.min(range.start)..all.end.max(range.end))
    }
}

impl Node {
    fn steps(&self) -> Range<u32> {
        match self {
            Self::Step(id) => id.0..id.0 + 1,
            Self::Group(group) => group.block.steps(),
            Self::Each(each) => each.block.steps(),
        }
    }
}
