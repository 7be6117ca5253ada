//! Log lines on standard error, every one of them redacted.

use std::io::Write;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use super::args::{Arguments, LogFormat};
use super::terminal::{Output, Terminal};
use crate::secret::{RedactingWriter, Redactor};

/// Where log lines go. Warnings are always shown, unless a live line shows them; `-v` adds requests, `-vv` everything.
pub(super) fn subscriber(
    arguments: &Arguments,
    terminal: &Terminal,
    redactor: &Redactor,
) -> Box<dyn tracing::Subscriber + Send + Sync> {
    let quiet = arguments.command.is_quiet();
    let level = match arguments.verbose {
        0 if quiet => Level::ERROR,
        0 if terminal.interactive => Level::ERROR,
        0 => Level::WARN,
        1 => Level::INFO,
        _ => Level::DEBUG,
    };
    let writer = RedactedError { err: terminal.err.clone(), redactor: redactor.clone() };
    let lines = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(writer)
        .with_target(false)
        .with_ansi(false);
    // Not what the HTTP client says of its sockets.
    let ours = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level);
    match arguments.log_format {
        LogFormat::Text => Box::new(lines.without_time().finish().with(ours)),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).finish().with(ours)),
    }
}

struct RedactedError {
    err: Output,
    redactor: Redactor,
}

impl<'w> MakeWriter<'w> for RedactedError {
    type Writer = Box<dyn Write + 'w>;

    fn make_writer(&'w self) -> Self::Writer {
        Box::new(RedactingWriter::new(self.err.clone(), self.redactor.clone()))
    }
}
