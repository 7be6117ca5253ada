//! A project in a folder of its own, and the service it asks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use river_sandbox::wire::{Reply, Server, WireRequest};

/// Longer than anything here takes, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) const SECRET: &str = "client-secret-5f1c";

/// A pipeline: a token, then one request with it.
pub(crate) const PIPELINE: &str = r#"
name: NAME
steps:
  - name: token
    request:
      method: POST
      url: "{{ env.SERVICE }}/token"
      form: { secret: "{{ env.CLIENT_SECRET }}" }
    expect:
      - that: response.json.access_token is defined
        message: no token
    extract:
      access_token: { jsonpath: $.access_token, secret: true }
      account: $.account
      expires_in: $.expires_in
    reuse_for: "{{ expires_in }}s"
  - name: items
    request:
      url: "{{ env.SERVICE }}/items/{{ account }}"
      headers: { Authorization: "Bearer {{ access_token }}" }
    rules:
      - when: response.status == 401
        do: retry
        after: token
        max_retries: 1
    records: $.items
    write: items
targets:
  items: { kind: jsonl, path: out/NAME.jsonl, mode: replace }
"#;

/// More than 2^53: no float holds it.
pub(crate) const ACCOUNT: u64 = 9_007_199_254_740_993;

/// A project, and a service that counts.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    pub(crate) service: Service,
}

/// A service that gives tokens, and items to who has the newest one.
pub(crate) struct Service {
    server: Server,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    tokens: AtomicU64,
    refused: AtomicU64,
    life: AtomicU64,
    bad: Mutex<bool>,
    gate: Mutex<Option<Gate>>,
}

/// Tells that a token request is there, and holds its answer back.
pub(crate) struct Gate {
    pub(crate) arrived: std::sync::mpsc::Sender<()>,
    pub(crate) answer: std::sync::mpsc::Receiver<()>,
}

impl Service {
    fn start() -> Self {
        let state = Arc::new(State { life: AtomicU64::new(3600), ..State::default() });
        let answering = Arc::clone(&state);
        let server = Server::start(0, move |request| answering.answer(&request)).unwrap();
        Self { server, state }
    }

    /// How many token requests there were.
    pub(crate) fn tokens(&self) -> u64 {
        self.state.tokens.load(Ordering::SeqCst)
    }

    /// How many requests came with another token than the newest.
    pub(crate) fn refused(&self) -> u64 {
        self.state.refused.load(Ordering::SeqCst)
    }

    /// Tokens live so many seconds from now on.
    pub(crate) fn life(&self, seconds: u64) {
        self.state.life.store(seconds, Ordering::SeqCst);
    }

    /// From now on answers to token requests hold no token.
    pub(crate) fn give_no_tokens(&self, bad: bool) {
        *self.state.bad.lock().unwrap() = bad;
    }

    /// No token given so far is accepted any more.
    pub(crate) fn revoke(&self) {
        self.state.tokens.fetch_add(1000, Ordering::SeqCst);
    }

    /// The next token request waits at this gate.
    pub(crate) fn gate(&self, gate: Gate) {
        *self.state.gate.lock().unwrap() = Some(gate);
    }
}

impl State {
    fn answer(&self, request: &WireRequest) -> Reply {
        if request.path == "/token" {
            return self.token();
        }
        let newest = format!("Bearer {}", token(self.tokens.load(Ordering::SeqCst)));
        if request.path == format!("/items/{ACCOUNT}") && request.header("authorization") == Some(&newest) {
            return Reply::json(200, &serde_json::json!({ "items": [{ "id": 1 }] }));
        }
        self.refused.fetch_add(1, Ordering::SeqCst);
        Reply::json(401, &serde_json::json!({ "error": "bad token" }))
    }

    fn token(&self) -> Reply {
        let number = self.tokens.fetch_add(1, Ordering::SeqCst) + 1;
        let gate = self.gate.lock().unwrap().take();
        if let Some(gate) = gate {
            gate.arrived.send(()).unwrap();
            // A dropped sender opens the gate as well.
            let _ = gate.answer.recv();
        }
        if *self.bad.lock().unwrap() {
            return Reply::json(200, &serde_json::json!({ "error": "invalid" }));
        }
        let life = self.life.load(Ordering::SeqCst);
        Reply::json(
            200,
            &serde_json::json!({ "access_token": token(number), "account": ACCOUNT, "expires_in": life }),
        )
    }
}

fn token(number: u64) -> String {
    format!("access-token-{number}-e77a")
}

impl Project {
    /// With the pipelines `one` and `two`, whose token requests are the same.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Self { folder, service: Service::start() };
        project.pipeline("one", PIPELINE);
        project.pipeline(
            "two",
            &PIPELINE.replace("name: token\n", "name: other\n").replace("after: token", "after: other"),
        );
        project
    }

    pub(crate) fn pipeline(&self, name: &str, text: &str) {
        std::fs::write(self.path(&format!("{name}.yaml")), text.replace("NAME", name)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `river run NAME`, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.river(&["run"]);
        let environment: BTreeMap<&str, String> =
            [("SERVICE", self.service.server.base_url()), ("CLIENT_SECRET", SECRET.to_owned())].into();
        command.args(arguments).env_clear().envs(environment).stdin(Stdio::null());
        command
    }

    /// `river`, not started yet.
    pub(crate) fn river(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_river"));
        command.args(arguments).current_dir(self.folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments).spawn().unwrap())
    }

    /// Runs to a good end.
    pub(crate) fn run_well(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert!(ran.succeeded, "{}", ran.err);
        ran
    }

    /// The files of the store with one ending.
    pub(crate) fn stored(&self, ending: &str) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path(".river/tokens")) else { return vec![] };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|found| found == ending)).collect()
    }

    /// The only entry of the store.
    pub(crate) fn entry(&self) -> PathBuf {
        let mut entries = self.stored("json");
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.remove(0)
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) succeeded: bool,
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Waits for a process, not for ever.
pub(crate) fn finish(mut child: std::process::Child) -> Ran {
    let started = Instant::now();
    let killer = child.id();
    let (sender, receiver) = std::sync::mpsc::channel();
    let watch = std::thread::spawn(move || {
        if receiver.recv_timeout(PATIENCE).is_err() {
            signal(killer, "KILL");
        }
    });
    let mut texts = [String::new(), String::new()];
    let err = child.stderr.take();
    let reader = std::thread::spawn(move || read(err));
    texts[0] = read(child.stdout.take());
    texts[1] = reader.join().unwrap();
    let status = child.wait().unwrap();
    let _ = sender.send(());
    watch.join().unwrap();
    assert!(started.elapsed() < PATIENCE, "it hangs: {texts:?}");
    let [out, err] = texts;
    Ran { succeeded: status.success(), code: status.code(), out, err }
}

fn read(stream: Option<impl std::io::Read>) -> String {
    let mut text = String::new();
    if let Some(mut stream) = stream {
        stream.read_to_string(&mut text).unwrap();
    }
    text
}

/// Sends a signal to a process that this test started.
pub(crate) fn signal(process: u32, name: &str) {
    let sent: Output = Command::new("kill").args([format!("-{name}"), process.to_string()]).output().unwrap();
    assert!(sent.status.success() || name == "KILL", "{sent:?}");
}

/// The mode of a file or folder.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
