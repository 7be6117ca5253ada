//! River in a process of its own, in a project of its own.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything here takes, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often something is looked at that nobody tells.
const GLANCE: Duration = Duration::from_millis(5);

/// Waits until something is so.
pub(crate) fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::sleep(GLANCE);
    }
}

/// A project in a folder of its own.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Project {
    pub(crate) fn new(environment: Vec<(&'static str, String)>) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), environment }
    }

    /// The same with more in the environment of its runs.
    pub(crate) fn with(mut self, more: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.environment.extend(more);
        self
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn pipeline(&self, name: &str, text: &str) {
        std::fs::write(self.path(&format!("{name}.yaml")), text).unwrap();
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        self.start_with(arguments, |_| ())
    }

    /// Starts river; its standard error is read, unless somebody else has it.
    pub(crate) fn start_with(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_river"));
        command.args(arguments).current_dir(self.root()).env_clear().envs(self.environment.clone());
        // So that it takes no 10 s where it can be asked for.
        command.env("RIVER_FAULT_HURRY", "10").env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().expect("river starts");
        drop(command);
        let heard = Arc::default();
        let out = child.stdout.take().map(|stream| read(stream, Arc::default()));
        let err = child.stderr.take().map(|stream| read(stream, Arc::clone(&heard)));
        Running { child, out, err, heard }
    }

    /// What is visible: the text of the file, and the ids in the table.
    pub(crate) fn landed(&self) -> (String, Vec<i64>) {
        let lines = std::fs::read_to_string(self.path("out/lines.csv")).unwrap_or_default();
        let rows = self.path("out/rows.db");
        if !rows.exists() {
            return (lines, vec![]);
        }
        let database = Connection::open(rows).unwrap();
        let ids = database.prepare("SELECT id FROM items ORDER BY rowid").and_then(|mut statement| {
            statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()
        });
        (lines, ids.unwrap())
    }

    /// Whether a file stands ready beside the one that it will replace.
    pub(crate) fn has_hidden_file(&self, name: &str) -> bool {
        let files = std::fs::read_dir(self.path("out")).unwrap().flatten();
        let mut names = files.map(|file| file.file_name().to_string_lossy().into_owned());
        names.any(|file| file.starts_with(&format!(".{name}.")))
    }
}

/// A run on its way; it does not outlive its test.
pub(crate) struct Running {
    child: Child,
    out: Option<JoinHandle<String>>,
    err: Option<JoinHandle<String>>,
    /// Standard error so far.
    heard: Arc<Mutex<String>>,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    exit: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Running {
    /// Sends SIGINT.
    pub(crate) fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// Sends SIGINT again and again: signals that come together count as one.
    pub(crate) fn interrupt_until_ended(&mut self) {
        let pid = Pid::from_child(&self.child);
        soon("it ends", || {
            let _ = kill_process(pid, Signal::INT);
            self.child.try_wait().unwrap().is_some()
        });
    }

    /// Waits until it says something on standard error.
    pub(crate) fn hear(&self, text: &str) {
        soon(text, || self.heard.lock().unwrap_or_else(PoisonError::into_inner).contains(text));
    }

    /// Whether it has opened a file with this name.
    pub(crate) fn has_open(&self, name: &str) -> bool {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).into_iter().flatten().flatten();
        let mut files = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
        files.any(|file| file.ends_with(name))
    }

    /// Waits for its end, not for ever.
    pub(crate) fn finish(mut self) -> Ended {
        let mut status = None;
        soon("it ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let text = |reader: Option<JoinHandle<String>>| reader.map(|reader| reader.join().unwrap());
        let (out, err) = (text(self.out.take()), text(self.err.take()));
        let exit = status.and_then(|status| status.code());
        Ended { exit, out: out.unwrap_or_default(), err: err.unwrap_or_default() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    #[track_caller]
    pub(crate) fn expect(self, exit: i32) -> Self {
        assert_eq!(self.exit, Some(exit), "{}", self.err);
        self
    }
}

fn read(mut stream: impl Read + Send + 'static, heard: Arc<Mutex<String>>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]);
            heard.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        }
        heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    })
}
