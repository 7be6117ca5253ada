//! What all strands of a run share.
//!
//! Everything is used by `&self`; what changes is in cells that nobody holds across an await. What stands between two
//! awaits is one instant for all strands.

use std::rc::Rc;

use super::inputs::Inputs;
use super::journal::Journal;
use super::limits::RunLimits;
use super::reporter::Reporter;
use super::sign_in::SignIns;
use super::stopping::Stopping;
use super::store::Store;
use super::targets::Targets;
use super::watermarks::Watermarks;
use super::world::World;
use crate::plan::Plan;
use crate::secret::Redactor;

/// What all strands of a run share.
#[derive(Debug)]
pub(super) struct Services<'a> {
    pub(super) plan: &'a Plan,
    pub(super) world: &'a World,
    pub(super) redactor: Redactor,
    /// Params, the environment, connections.
    pub(super) inputs: Rc<Inputs>,
    /// Events, figures, notes.
    pub(super) reporter: Rc<Reporter<'a>>,
    /// The wish to stop.
    pub(super) stopping: Rc<Stopping>,
    /// Values that are kept between runs.
    pub(super) store: Rc<Store<'a>>,
    /// What proves who asks.
    pub(super) sign_ins: SignIns<'a>,
    pub(super) targets: Targets,
    /// What its steps keep for the next run.
    pub(super) watermarks: Watermarks,
    /// How much one run may do.
    pub(super) limits: RunLimits<'a>,
    /// What another process needs to resume it.
    pub(super) journal: Journal<'a>,
}
