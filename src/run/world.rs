//! What a run gets from outside: time, chance, the environment, standard output, the wish to stop. Tests give their own.

use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::interrupt::Interrupt;
use crate::auth::source::{Ask, Places};
use crate::auth::store::Protection;
use crate::http::TransportSettings;
use crate::secret::{Environment, Redactor};

/// Time, as a run sees it.
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> SystemTime;

    /// Waits. Sockets have their own, real, time.
    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        #[expect(clippy::disallowed_methods, reason = "this is the machine's clock")]
        SystemTime::now()
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        #[expect(clippy::disallowed_methods, reason = "this is the machine's clock")]
        Box::pin(tokio::time::sleep(time))
    }
}

/// Everything from outside.
pub struct World {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// A number in `0..1` at each call, for jitter.
    pub random: Box<dyn Fn() -> f64 + Send + Sync>,
    /// The environment, `.env` included.
    pub environment: Environment,
    /// Asks a person for a secret that is `from: prompt`.
    pub ask: Box<Ask>,
    /// Makes a handle on standard output for a target.
    pub stdout: Box<dyn Fn() -> Box<dyn Write + Send> + Send + Sync>,
    /// The only origin that may be asked, as `scheme://host:port`: a rehearsal never reaches a real service.
    pub only_origin: Option<String>,
    /// How requests reach the network.
    pub transport: TransportSettings,
    /// Where the project keeps what outlives a run; none: nothing does.
    pub state: Option<PathBuf>,
    /// How what is kept of sign-ins lies on the disk.
    pub protection: Protection,
    /// The wish to stop.
    pub interrupt: Interrupt,
    /// A hash of the pipeline's text: a run goes on with a dead one only if nothing has changed.
    pub fingerprint: String,
    /// What to do when another run holds a lock.
    pub overlap: Overlap,
    /// Whether to start over, whatever a dead run left.
    pub restart: bool,
    /// Whether to read everything anew, whatever earlier runs left.
    pub full_refresh: bool,
    /// Which part of the data is meant, if not what is new.
    pub window: Window,
}

/// A part of the data, as `--from` and `--to` give it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Window {
    /// In the place of what earlier runs left: `state.*` and `run.from`.
    pub from: Option<String>,
    /// `run.to`. What is kept for the next run stays as it is then.
    pub to: Option<String>,
}

/// What a run does when another one holds a lock that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// It ends at once, and that is no failure.
    Skip,
    /// It waits, for so long at most, and then fails.
    Wait(Duration),
    /// It fails at once.
    Fail,
}

impl World {
    /// Where values of connections are looked for.
    pub(super) fn places<'a>(&'a self, root: &'a Path, redactor: &'a Redactor) -> Places<'a> {
        Places { environment: &self.environment, root, ask: &*self.ask, redactor }
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("World").finish_non_exhaustive()
    }
}
