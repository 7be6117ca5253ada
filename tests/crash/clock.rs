//! River with a clock that is wrong: the test binary starts itself for this.

use std::future::Future;
use std::io::IsTerminal;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use river::cli::{Output, Terminal};
use river::diagnostic::Style;
use river::run::Clock;

/// By how many seconds the clock is ahead, or behind.
pub(crate) const OFFSET: &str = "RIVER_TEST_CLOCK_OFFSET";

/// Is river, if the environment asks for it.
pub(crate) fn run_if_asked() -> Option<ExitCode> {
    let offset = std::env::var(OFFSET).ok()?.parse().ok()?;
    let terminal = move || Terminal {
        out: Output::new(std::io::stdout()),
        err: Output::new(std::io::stderr()),
        environment: std::env::vars().collect(),
        folder: std::env::current_dir().unwrap_or_default(),
        interactive: std::io::stderr().is_terminal(),
        style: Style::Plain,
        clock: Some(Arc::new(WrongClock(offset))),
    };
    Some(river::cli::run_with(std::env::args_os(), terminal).into())
}

struct WrongClock(i64);

impl Clock for WrongClock {
    fn now(&self) -> SystemTime {
        let by = Duration::from_secs(self.0.unsigned_abs());
        if self.0 < 0 { SystemTime::now() - by } else { SystemTime::now() + by }
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(time))
    }
}
