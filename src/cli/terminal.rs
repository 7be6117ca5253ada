//! Where a command prints, and what it was started with. Only this folder and `report` print.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::diagnostic::{Diagnostic, Sources, Style, render};
use crate::run::Clock;

/// What a command gets from the outside.
pub struct Terminal {
    /// Standard output.
    pub out: Output,
    /// Standard error.
    pub err: Output,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// The folder in which the command was started.
    pub folder: PathBuf,
    /// Whether standard error is a person's terminal.
    pub interactive: bool,
    /// Whether findings are coloured.
    pub style: Style,
    /// Time for waits, if not the machine's.
    pub clock: Option<Arc<dyn Clock>>,
}

impl Terminal {
    /// Prints findings to standard error, an empty line after each.
    pub(super) fn findings(&mut self, findings: &[Diagnostic], sources: &Sources) -> io::Result<()> {
        for finding in findings {
            writeln!(self.err, "{}\n", render(finding, sources, self.style))?;
        }
        Ok(())
    }
}

/// A stream that several owners write to.
#[derive(Clone)]
pub struct Output(Arc<Mutex<dyn Write + Send>>);

impl Output {
    /// Writes to this.
    pub fn new(inner: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(inner)))
    }

    /// The same for messages, which must not decide how a command ends: that nobody can read them is nobody's business.
    pub(super) fn for_messages(self) -> Self {
        Self::new(Messages(self))
    }
}

/// Writes for as long as somebody reads.
struct Messages(Output);

impl Write for Messages {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        match self.0.write(text) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(_) => Ok(text.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(text)
    }

    fn write_all(&mut self, text: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Output")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pipe whose reader has gone.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _text: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn messages_that_nobody_reads_are_no_error() {
        let mut messages = Output::new(Closed).for_messages();
        assert!(writeln!(messages, "what went wrong").is_ok() && messages.flush().is_ok());
        assert!(writeln!(Output::new(Closed), "a record").is_err());
    }
}
