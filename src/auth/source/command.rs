//! A program that prints a value.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::{SourceError, text};
use crate::http::excerpt;
use crate::plan::source::command_line;
use crate::secret::{Redactor, Secret};

/// How long it may take.
pub(super) const TIME: Duration = Duration::from_secs(30);

/// How often it is looked after while it runs: processes cannot be waited for with a limit.
const GLANCE: Duration = Duration::from_millis(5);

/// How long the end of what it said is waited for once it has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The most characters of what it says that a message shows.
const LONGEST: usize = 300;

/// A program with its arguments. No shell reads them.
#[derive(Debug)]
pub(super) struct Command<'a> {
    /// The program, then its arguments.
    pub words: &'a [String],
    /// The folder in which it runs.
    pub folder: &'a Path,
    /// Masks what it says when it fails.
    pub redactor: &'a Redactor,
}

impl Command<'_> {
    /// What it prints. It is killed when it takes longer than `time`.
    pub(super) fn output(&self, time: Duration) -> Result<Secret, SourceError> {
        let ends = Instant::now() + time;
        let mut child = self.start()?;
        let printed = read(child.stdout.take(), Rest::Refuse);
        let said = read(child.stderr.take(), Rest::Drop);
        let status = wait(&mut child, ends);
        // A process that it has left behind may hold the pipe open for ever.
        let bytes = printed.recv_timeout(ends.saturating_duration_since(Instant::now()).max(GLANCE));
        match (status, bytes) {
            // One that prints too much is broken off, and fails of that.
            (_, Ok(bytes)) if bytes.len() > text::MOST => self.value(bytes),
            (Some(status), _) if !status.success() => Err(self.failed(status, &said)),
            (Some(_), Ok(bytes)) => self.value(bytes),
            _ => Err(SourceError::TooSlow { command: self.shown(), time, said: self.excerpt(&said) }),
        }
    }

    fn value(&self, bytes: Vec<u8>) -> Result<Secret, SourceError> {
        text::value(bytes, &format!("what `{}` printed", self.shown()))
    }

    fn failed(&self, status: ExitStatus, said: &Receiver<Vec<u8>>) -> SourceError {
        let status = status.to_string().replace(": ", " ");
        SourceError::Failed { command: self.shown(), status, said: self.excerpt(said) }
    }

    fn start(&self) -> Result<Child, SourceError> {
        let (program, arguments) =
            self.words.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        let mut command = std::process::Command::new(program);
        command.args(arguments).current_dir(self.folder);
        // What opens the store is none of its business.
        command.env_remove("RIVER_STORE_PASSPHRASE");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => SourceError::NoProgram(program.to_owned()),
            _ => SourceError::NotStarted { command: self.shown(), source },
        })
    }

    fn shown(&self) -> String {
        command_line(self.words)
    }

    fn excerpt(&self, said: &Receiver<Vec<u8>>) -> String {
        let said = said.recv_timeout(LAST_WORDS).unwrap_or_default();
        if said.is_empty() { String::new() } else { excerpt::of(&said, "text/plain", LONGEST, self.redactor) }
    }
}

/// What becomes of more than a value may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// The pipe is closed.
    Refuse,
    /// It is read and forgotten, so that the program can go on.
    Drop,
}

/// Reads while the program runs, so that it never waits for a reader.
fn read(pipe: Option<impl Read + Send + 'static>, rest: Rest) -> Receiver<Vec<u8>> {
    let (done, receiver) = mpsc::channel();
    thread::spawn(move || {
        let Some(mut pipe) = pipe else { return };
        let mut bytes = Vec::new();
        let _ = (&mut pipe).take(text::MOST as u64 + 1).read_to_end(&mut bytes);
        let _ = done.send(bytes);
        match rest {
            Rest::Refuse => {}
            Rest::Drop => drop(io::copy(&mut pipe, &mut io::sink())),
        }
    });
    receiver
}

/// None: it took too long, and is killed.
fn wait(child: &mut Child, ends: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < ends => thread::sleep(GLANCE),
            Ok(None) | Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}
