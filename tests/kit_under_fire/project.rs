//! The kits as they are shipped, in a folder of their own, and runs of them on a clock on which waits pass at once.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use river_sandbox::Sandbox;
use rustix::process::{Pid, Signal, kill_process};

use super::storm::Storm;
use super::{Pull, virtual_clock};

/// What stands for Zoho's own address in the connection.
const ACCOUNTS_URL: &str = r#""{{ connection.accounts_urls | pick(connection.data_center) }}""#;
/// How long the kit that asks for its token by itself keeps one; the connection halves what is too short.
const RESERVE: &str = "expires_in - 300";
/// Longer than any run takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Project {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) err: String,
}

impl Project {
    /// A project whose connection leads to a sandbox, and an environment with its credentials. Of tokens that do not
    /// live as long as Zoho's nothing is held in reserve.
    pub(crate) fn leading_to(sandbox: &Sandbox, storm: Storm) -> Self {
        let reserve = if storm.has_short_lived_tokens() { "expires_in" } else { RESERVE };
        let folder = tempfile::tempdir().unwrap();
        for name in ["pipelines", "connections"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap() {
                let from = entry.unwrap().path();
                let to = folder.path().join(name).join(from.file_name().unwrap());
                let text = std::fs::read_to_string(from).unwrap();
                let text = text.replace(ACCOUNTS_URL, &sandbox.base_url()).replace(RESERVE, reserve);
                std::fs::write(to, text).unwrap();
            }
        }
        let values = sandbox.connection().into_iter();
        let environment =
            values.map(|value| (format!("ZOHO_{}", value.key.to_uppercase()), value.value)).collect();
        Self { folder, environment }
    }

    pub(crate) fn river(&self, pull: Pull) -> Ran {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["run", pull.kit]).args(pull.arguments).current_dir(self.folder.path()).env_clear();
        command.env("NO_PROXY", "127.0.0.1").env(virtual_clock::VARIABLE, "1");
        command.envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let pid = Pid::from_child(&child);
        let (ended, end) = mpsc::channel::<()>();
        let watch = thread::spawn(move || {
            if end.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        let output = child.wait_with_output().unwrap();
        drop(ended);
        watch.join().unwrap();
        Ran { code: output.status.code().unwrap_or(-1), err: String::from_utf8(output.stderr).unwrap() }
    }

    /// The ids of what has landed, in the order of the file.
    pub(crate) fn landed(&self, pull: Pull) -> Vec<String> {
        let file: PathBuf = self.folder.path().join(format!("out/{}.jsonl", pull.file));
        let text = std::fs::read_to_string(&file).unwrap();
        let id = |line: &str| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            record["id"].as_str().unwrap().to_owned()
        };
        text.lines().map(id).collect()
    }
}

impl Ran {
    /// A figure of the summary, such as `25 credits`.
    pub(crate) fn figure(&self, noun: &str) -> u64 {
        let plural = format!("{noun}s");
        let parts = self.err.lines().flat_map(|line| line.split(", ").flat_map(|part| part.split("; ")));
        let mut figures = parts.filter_map(|part| {
            let (number, word) = part.split_once(' ')?;
            if word == noun || word == plural { number.replace(',', "").parse().ok() } else { None }
        });
        figures.next().unwrap_or_else(|| panic!("no {plural} in {}", self.err))
    }

    /// What it said and what the sandbox was asked, for whoever has to find out why.
    pub(crate) fn told(&self, sandbox: &Sandbox) -> String {
        let line = |request: river_sandbox::RecordedRequest| {
            format!("{} {}: {:?}\n", request.method, request.path_and_query, request.status)
        };
        format!("{}\n{}", self.err, sandbox.requests().into_iter().map(line).collect::<String>())
    }
}
