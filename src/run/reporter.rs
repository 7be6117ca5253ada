//! What a run tells and counts: events for whoever listens, figures, notes, and why it will not be complete.

use std::cell::RefCell;

use super::event::{Event, Listener};
use super::outcome::Figures;
use crate::diagnostic::Diagnostic;

/// What all strands of a run tell and count.
pub(super) struct Reporter<'a> {
    listener: RefCell<&'a mut dyn Listener>,
    figures: RefCell<Figures>,
    /// What a reader of the summary should know.
    notes: RefCell<Vec<String>>,
    /// Why the run will not be complete.
    incomplete: RefCell<Vec<Diagnostic>>,
}

impl<'a> Reporter<'a> {
    /// Begins with what was spent already.
    pub(super) fn new(listener: &'a mut dyn Listener, figures: Figures, notes: Vec<String>) -> Self {
        Self {
            listener: RefCell::new(listener),
            figures: RefCell::new(figures),
            notes: RefCell::new(notes),
            incomplete: RefCell::default(),
        }
    }

    /// Tells whoever listens.
    pub(super) fn tell(&self, event: &Event) {
        self.listener.borrow_mut().hear(event);
    }

    /// Counts something.
    pub(super) fn count(&self, count: impl FnOnce(&mut Figures)) {
        count(&mut self.figures.borrow_mut());
    }

    /// What was counted so far.
    pub(super) fn figures(&self) -> Figures {
        self.figures.borrow().clone()
    }

    /// Notes something for the summary.
    pub(super) fn note(&self, note: String) {
        self.notes.borrow_mut().push(note);
    }

    /// The notes, which are taken.
    pub(super) fn take_notes(&self) -> Vec<String> {
        self.notes.take()
    }

    /// Notes why the run will not be complete.
    pub(super) fn is_incomplete(&self, why: Diagnostic) {
        self.incomplete.borrow_mut().push(why);
    }

    /// Whether nothing is known to be missing.
    pub(super) fn is_complete(&self) -> bool {
        self.incomplete.borrow().is_empty()
    }

    /// What is missing, which is taken.
    pub(super) fn take_incomplete(&self) -> Vec<Diagnostic> {
        self.incomplete.take()
    }
}

impl std::fmt::Debug for Reporter<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Reporter").field("figures", &self.figures).finish_non_exhaustive()
    }
}
