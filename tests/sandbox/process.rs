//! The process that serves, bounded in time.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Longer than anything here takes, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A `river sandbox` that runs; it is killed when it is dropped, or after a while.
pub(crate) struct Served {
    child: Child,
    out: BufReader<ChildStdout>,
    /// Its end tells the watch that there is nothing to watch any more.
    _watched: mpsc::Sender<()>,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Served {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = command(&std::env::temp_dir()).arg("sandbox").args(arguments).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let watched = watch(&child);
        Self { child, out, _watched: watched }
    }

    /// The line of `--json`.
    pub(crate) fn ready(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// All that it prints, with the line that has these words.
    pub(crate) fn text_up_to(&mut self, words: &str) -> String {
        let mut text = String::new();
        while !text.contains(words) {
            text += &self.line();
        }
        text.trim_end().to_owned()
    }

    /// Asks it to stop.
    pub(crate) fn end(mut self, signal: Signal) -> Ended {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let mut out = String::new();
        self.out.read_to_string(&mut out).unwrap();
        Ended { code: self.child.wait().unwrap().code(), out, err }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.out.read_line(&mut line).unwrap(), 0, "it ended");
        line
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs river to its end.
pub(crate) fn river(folder: &Path, arguments: &[&str]) -> Ended {
    let child = command(folder).args(arguments).spawn().unwrap();
    let _watched = watch(&child);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The real pipeline and connection, changed and with a `.env` as the sandbox told.
pub(crate) fn project_that_does_as_it_says(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["pipelines/zoho_leads.yaml", "connections/zoho.yaml"] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(repository.join(name), path).unwrap();
    }
    let lines = |word: &str| {
        let found = text.lines().map(str::trim).filter(|line| line.starts_with(word));
        found.collect::<Vec<_>>().join("\n")
    };
    std::fs::write(folder.path().join(".env"), lines("ZOHO_")).unwrap();
    let path = folder.path().join("connections/zoho.yaml");
    let connection = std::fs::read_to_string(&path).unwrap();
    let own = connection.lines().find(|line| line.starts_with("accounts_url:")).unwrap();
    std::fs::write(&path, connection.replacen(own, &lines("accounts_url:"), 1)).unwrap();
    folder
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_river"));
    command.env_clear().env("NO_PROXY", "127.0.0.1,localhost").current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Kills a process that is still there after a while.
fn watch(child: &Child) -> mpsc::Sender<()> {
    let pid = Pid::from_child(child);
    let (watched, end) = mpsc::channel();
    thread::spawn(move || {
        if end.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = kill_process(pid, Signal::KILL);
        }
    });
    watched
}
