//! A project in a folder of its own, the service it reads, and the runs of it.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use river::fault_point::{CHECKPOINT_MS, KILL, RECORD, STOP};
use rusqlite::{Connection, OptionalExtension};
use rustix::process::{Pid, Signal, kill_process};

use crate::clock;
use crate::content::{self, Content};
use crate::service::{self, Service};
use crate::variant::Variant;

/// Longer than anything here takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The name of the pipeline.
pub(crate) const PIPELINE: &str = "pull";

/// A project with one pipeline.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    pub(crate) variant: Variant,
}

/// What a run is started with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    /// Arguments after `run`; none: the pipeline's name.
    pub(crate) arguments: Vec<&'static str>,
    /// The point at which it kills itself.
    pub(crate) kill: Option<String>,
    /// The point at which it stops until it is let go on.
    pub(crate) stop: Option<String>,
    /// Where it records its points.
    pub(crate) record: Option<PathBuf>,
    pub(crate) checkpoint_ms: Option<u64>,
    /// By how much its clock is wrong, in seconds.
    pub(crate) clock: Option<i64>,
}

/// A run on its way; it does not outlive its test.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn new(child: Child) -> Self {
        Self(child)
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn has_ended(&mut self) -> Result<bool, String> {
        Ok(self.0.try_wait().map_err(|error| error.to_string())?.is_some())
    }

    pub(crate) fn send(&self, signal: Signal) -> Result<(), String> {
        let pid = i32::try_from(self.id()).ok().and_then(Pid::from_raw).ok_or("no process")?;
        kill_process(pid, signal).map_err(|error| error.to_string())
    }

    /// Waits until it has stopped at its point.
    pub(crate) fn wait_until_stopped(&mut self) -> Result<(), String> {
        let started = Instant::now();
        loop {
            let status = fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap_or_default();
            // The state comes after the name, which is in brackets.
            if status.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T')) {
                return Ok(());
            }
            if started.elapsed() > PATIENCE || self.has_ended()? {
                return Err("it did not stop".to_owned());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn kill(&mut self) {
        // One that is over already cannot be killed, which is seen by how it ended.
        let _ = self.0.kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        let _ = self.0.wait();
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) err: String,
    pub(crate) took: Duration,
}

/// What is visible, and how far it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visible {
    pub(crate) targets: Vec<Content>,
    pub(crate) watermark: Option<String>,
}

impl Project {
    pub(crate) fn new(variant: Variant) -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a folder"), variant };
        project.write(&format!("{PIPELINE}.yaml"), &variant.pipeline(PIPELINE));
        project
    }

    /// The same as it is now, in another folder.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self { folder: tempfile::tempdir().expect("a folder"), variant: self.variant };
        let mut command = Command::new("cp");
        command.arg("-a").arg(format!("{}/.", self.root().display())).arg(copy.root());
        assert!(command.status().expect("cp").success());
        copy
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    pub(crate) fn start(&self, service: &Service, wishes: &Wishes) -> Running {
        let program = match wishes.clock {
            None => PathBuf::from(env!("CARGO_BIN_EXE_river")),
            Some(_) => std::env::current_exe().expect("this program"),
        };
        let mut command = Command::new(program);
        command.env_clear().env("BASE", service.base_url()).env("CLIENT_SECRET", "client-secret-5f1c");
        let own = [
            (KILL, wishes.kill.clone()),
            (STOP, wishes.stop.clone()),
            (RECORD, wishes.record.as_ref().map(|path| path.display().to_string())),
            (CHECKPOINT_MS, wishes.checkpoint_ms.map(|ms| ms.to_string())),
            (clock::OFFSET, wishes.clock.map(|offset| offset.to_string())),
        ];
        command.envs(own.into_iter().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(self.root()).arg("run");
        match wishes.arguments.as_slice() {
            [] => command.arg(PIPELINE),
            arguments => command.args(arguments),
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Running(command.spawn().expect("river starts"))
    }

    pub(crate) fn run(&self, service: &Service, wishes: &Wishes) -> Result<Ran, String> {
        finish(self.start(service, wishes), Instant::now())
    }

    /// Runs to a good end.
    pub(crate) fn run_well(&self, service: &Service, wishes: &Wishes) -> Result<Ran, String> {
        let ran = self.run(service, wishes)?;
        ran.expect(0)
    }

    /// What is visible.
    pub(crate) fn visible(&self) -> Result<Visible, String> {
        let contents = self.variant.targets.iter().map(|(_, place)| content::read(self.root(), *place));
        Ok(Visible { targets: contents.collect::<Result<_, _>>()?, watermark: self.watermark()? })
    }

    pub(crate) fn watermark(&self) -> Result<Option<String>, String> {
        let sql = "SELECT value FROM watermark WHERE pipeline = 'pull'";
        self.query(sql)
    }

    fn query(&self, sql: &str) -> Result<Option<String>, String> {
        let path = self.path(".river/state.db");
        if !path.exists() {
            return Ok(None);
        }
        let asked = Connection::open(path).and_then(|state| {
            state.busy_timeout(Duration::from_secs(10))?;
            state.query_row(sql, [], |row| row.get(0)).optional()
        });
        asked.map_err(|error| format!("the state: {error}"))
    }

    /// Nothing lost, nothing doubled, nothing left behind, and the watermark where it belongs.
    pub(crate) fn check_complete(&self, rounds: u64) -> Result<(), String> {
        let visible = self.visible()?;
        for content in &visible.targets {
            let (lost, doubled) = content::lost_and_doubled(&self.variant, rounds, content);
            if (lost, doubled) != (0, 0) {
                return Err(format!("{lost} lost, {doubled} doubled: {content:#?}"));
            }
        }
        if visible.watermark != Some(service::watermark(rounds)) {
            return Err(format!("the watermark is {:?}", visible.watermark));
        }
        let left = content::leftovers(self.root());
        if !left.is_empty() {
            return Err(format!("left behind: {left:?}"));
        }
        match self.query("SELECT phase || ' ' || id FROM run WHERE phase <> 'ended'")? {
            None => Ok(()),
            Some(run) => Err(format!("a run has not ended: {run:?}")),
        }
    }
}

impl Ran {
    pub(crate) fn expect(self, code: i32) -> Result<Self, String> {
        if self.code == Some(code) {
            return Ok(self);
        }
        Err(format!(
            "exit code {code} expected, found {:?}, signal {:?}:\n{}",
            self.code, self.signal, self.err
        ))
    }

    pub(crate) fn says(&self, text: &str) -> Result<(), String> {
        if self.err.contains(text) { Ok(()) } else { Err(format!("it does not say `{text}`:\n{}", self.err)) }
    }

    pub(crate) fn was_killed(&self) -> bool {
        self.signal == Some(9)
    }
}

/// Waits for a run, not for ever.
pub(crate) fn finish(mut running: Running, started: Instant) -> Result<Ran, String> {
    let child = &mut running.0;
    let stderr = child.stderr.take();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(mut stderr) = stderr {
            let _ = std::io::Read::read_to_string(&mut stderr, &mut text);
        }
        text
    });
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("it hangs: {}", reader.join().unwrap_or_default()));
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let err = reader.join().unwrap_or_default();
    Ok(Ran { code: status.code(), signal: status.signal(), err, took: started.elapsed() })
}
