//! Showing a run to a person. It consumes events and outcomes, and holds no logic of its own.

mod human;
mod log;
mod progress;
mod story;

pub use human::summary;
pub use log::Log;
pub use progress::Progress;
pub use story::story;

use crate::run::event::{Event, Listener};

/// Tells several listeners.
#[derive(Default)]
pub struct Listeners(pub Vec<Box<dyn Listener>>);

impl Listener for Listeners {
    fn hear(&mut self, event: &Event) {
        self.0.iter_mut().for_each(|listener| listener.hear(event));
    }
}

impl std::fmt::Debug for Listeners {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} listeners", self.0.len())
    }
}
