//! One run of the program, bounded in time.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::case::{Clock, SignalName};
use super::limits;
use super::person::Person;
use super::virtual_clock;

/// A user without rights, for what may not be written or read.
pub(crate) const NOBODY: u32 = 65_534;

/// How to run.
pub(crate) struct Run {
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) folder: PathBuf,
    pub(crate) clock: Clock,
    pub(crate) as_nobody: bool,
    pub(crate) stdout_closed_after: Option<usize>,
    /// How far a virtual clock is when it starts.
    pub(crate) seconds_later: u64,
    /// A file that is its standard input.
    pub(crate) stdin: Option<PathBuf>,
    /// Who is at its standard input, if no file is.
    pub(crate) person: Option<Person>,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; none if a signal ended it.
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// A process that runs, and the means to signal it.
pub(crate) struct Running {
    child: Child,
    stdout: thread::JoinHandle<Vec<u8>>,
    stderr: thread::JoinHandle<Vec<u8>>,
}

impl Run {
    /// A run of the real program in a folder.
    pub(crate) fn new(folder: PathBuf, arguments: &[&str]) -> Self {
        Self {
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            environment: vec![],
            folder,
            clock: Clock::Real,
            as_nobody: false,
            stdout_closed_after: None,
            seconds_later: 0,
            stdin: None,
            person: None,
        }
    }

    /// Runs to the end.
    pub(crate) fn finish(&self) -> Result<Ended, String> {
        self.start()?.wait()
    }

    /// Starts it, with nothing in its environment but what was said.
    pub(crate) fn start(&self) -> Result<Running, String> {
        let mut command = self.command()?;
        let mut child = command.spawn().map_err(|error| format!("cannot start river: {error}"))?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let stderr = child.stderr.take().ok_or("no stderr")?;
        let most_lines = self.stdout_closed_after;
        let attended = self.person.clone().zip(child.stdin.take());
        let folder = self.folder.clone();
        Ok(Running {
            child,
            stdout: thread::spawn(move || read_lines(stdout, most_lines)),
            stderr: thread::spawn(move || match attended {
                Some((person, stdin)) => person.attend(stderr, stdin, &folder),
                None => read_lines(stderr, None),
            }),
        })
    }

    fn command(&self) -> Result<Command, String> {
        let program: OsString = match self.clock {
            Clock::Real => env!("CARGO_BIN_EXE_river").into(),
            Clock::Virtual => std::env::current_exe().map_err(|error| error.to_string())?.into(),
        };
        let mut command = Command::new(program);
        command.args(&self.arguments).current_dir(&self.folder).env_clear();
        command.env("NO_PROXY", "127.0.0.1,localhost");
        command.envs(self.environment.iter().cloned());
        if self.clock == Clock::Virtual {
            command.env(virtual_clock::VARIABLE, self.seconds_later.to_string());
        }
        if self.as_nobody && rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let stdin = match &self.stdin {
            Some(path) => std::fs::File::open(path).map_err(|error| error.to_string())?.into(),
            None if self.person.is_some() => Stdio::piped(),
            None => Stdio::null(),
        };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }
}

impl Running {
    /// Sends a signal.
    pub(crate) fn signal(&self, signal: SignalName) -> Result<(), String> {
        let signal = match signal {
            SignalName::Int => Signal::INT,
            SignalName::Term => Signal::TERM,
            SignalName::Hup => Signal::HUP,
        };
        kill_process(Pid::from_child(&self.child), signal).map_err(|error| format!("cannot signal: {error}"))
    }

    /// Sends a signal again and again until the process has ended; signals that come together count as one.
    pub(crate) fn signal_until_ended(&mut self, signal: SignalName) -> Result<(), String> {
        let pause = Duration::from_millis(10);
        for _ in 0..limits::RUN.as_millis() / pause.as_millis() {
            if self.child.try_wait().map_err(|error| error.to_string())?.is_some() {
                return Ok(());
            }
            self.signal(signal)?;
            thread::sleep(pause);
        }
        Err("it does not end".to_owned())
    }

    /// Waits for the end; kills it when that takes too long.
    pub(crate) fn wait(mut self) -> Result<Ended, String> {
        let (done, ended) = mpsc::channel::<()>();
        let pid = Pid::from_child(&self.child);
        let watch = thread::spawn(move || {
            let too_long = ended.recv_timeout(limits::RUN).is_err();
            if too_long {
                let _ = kill_process(pid, Signal::KILL);
            }
            too_long
        });
        let stdout = self.stdout.join().map_err(|_| "reading stdout panicked")?;
        let stderr = self.stderr.join().map_err(|_| "reading stderr panicked")?;
        let status = self.child.wait().map_err(|error| error.to_string())?;
        let _ = done.send(());
        if watch.join().unwrap_or(true) {
            let seen = String::from_utf8_lossy(&stderr).into_owned();
            return Err(format!("killed after {:?}; stderr so far:\n{seen}", limits::RUN));
        }
        Ok(Ended { exit: status.code(), stdout, stderr })
    }
}

/// Reads to the end, or so many lines and then closes.
fn read_lines(from: impl Read, most: Option<usize>) -> Vec<u8> {
    let mut from = BufReader::new(from);
    let mut all = Vec::new();
    match most {
        None => drop(from.read_to_end(&mut all)),
        Some(most) => (0..most).for_each(|_| drop(from.read_until(b'\n', &mut all))),
    }
    all
}
