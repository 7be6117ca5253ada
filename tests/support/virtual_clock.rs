//! River in a process of its own, but with a clock on which waits pass at once.
//!
//! The test binary starts itself for this: arguments, environment, pipes and signals are then those of the real program.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::IsTerminal;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use river::cli::{Output, Terminal};
use river::diagnostic::Style;
use river::run::Clock;

/// The variable that asks for it; its value says how many seconds after its beginning it stands.
pub(crate) const VARIABLE: &str = "RIVER_TEST_VIRTUAL_CLOCK";

/// 2026-01-01T00:00:00Z.
const BEGINNING: Duration = Duration::from_secs(1_767_225_600);

/// Is river, if the environment asks for it.
pub(crate) fn run_if_asked() -> Option<ExitCode> {
    std::env::var_os(VARIABLE)?;
    Some(river::cli::run_with(std::env::args_os(), terminal).into())
}

fn terminal() -> Terminal {
    let later = std::env::var(VARIABLE).ok().and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
    let start = SystemTime::UNIX_EPOCH + BEGINNING + Duration::from_secs(later);
    let environment: BTreeMap<String, String> =
        std::env::vars().filter(|(name, _)| name != VARIABLE).collect();
    Terminal {
        out: Output::new(std::io::stdout()),
        err: Output::new(std::io::stderr()),
        environment,
        folder: std::env::current_dir().unwrap_or_default(),
        interactive: std::io::stderr().is_terminal(),
        style: Style::Plain,
        clock: Some(Arc::new(VirtualClock(Mutex::new(start)))),
    }
}

struct VirtualClock(Mutex<SystemTime>);

impl Clock for VirtualClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += time;
        Box::pin(std::future::ready(()))
    }
}
