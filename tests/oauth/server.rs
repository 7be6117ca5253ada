//! A server that runs as long as the test that needs it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use serde_json::Value;

use crate::requirement::found;

/// How long a server may take to listen, or to end; each needs about a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server of `tests/oauth/oidc` or `tests/oauth/django`. It ends when this is dropped, or with the test's process.
pub(crate) struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    /// What it prints to standard error; shown when its test fails.
    log: File,
    described: Value,
}

/// A client that is registered at a server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    /// None: it is public, or proves itself with a key.
    pub(crate) secret: Option<String>,
}

/// The private key of a client, in PEM, and the name that the server knows it by.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) pem: String,
}

impl Server {
    /// oidc-provider. What `environment` may set is in `tests/oauth/oidc/settings.mjs`.
    pub(crate) fn oidc(environment: &[(&str, &str)]) -> Option<Self> {
        let is_there = tools().join("node/node_modules/oidc-provider").exists() && node().exists();
        let command = || script(&node(), "oidc/server.mjs");
        found("oauth", "oidc-provider", is_there).then(|| Self::start(command(), environment))
    }

    /// django-oauth-toolkit. What `environment` may set is said in `tests/oauth/django/server.py`.
    pub(crate) fn django(environment: &[(&str, &str)]) -> Option<Self> {
        let program = tools().join("python/bin/python");
        let command = || script(&program, "django/server.py");
        found("oauth", "django-oauth-toolkit", program.exists()).then(|| Self::start(command(), environment))
    }

    fn start(mut command: Command, environment: &[(&str, &str)]) -> Self {
        let mut log = tempfile::tempfile().unwrap();
        let mut child = command
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().unwrap())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = lines(child.stdout.take().unwrap());
        let Ok(line) = stdout.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("it does not listen:\n{}", read_again(&mut log));
        };
        Self { child, stdin, stdout, log, described: serde_json::from_str(&line).unwrap() }
    }

    /// A value that the server told when it listened: `token_url`, `issuer`, …
    pub(crate) fn value(&self, name: &str) -> &str {
        self.described[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {}", self.described))
    }

    /// The account that can sign in: its name and its password.
    pub(crate) fn account(&self) -> (&str, &str) {
        let account = &self.described["account"];
        (account["username"].as_str().unwrap(), account["password"].as_str().unwrap())
    }

    pub(crate) fn client(&self, name: &str) -> Client {
        let client = &self.described["clients"][name];
        let text = |key| client[key].as_str().map(str::to_owned);
        Client { id: text("client_id").unwrap(), secret: text("client_secret") }
    }

    /// The key of the client `jwt` for `algorithm`: `RS256` or `ES256`.
    pub(crate) fn key(&self, algorithm: &str) -> Key {
        let key = &self.described["clients"]["jwt"]["keys"][algorithm];
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        Key { id: text("key_id"), pem: text("private_key") }
    }

    /// Whether it ends by itself once nobody holds its input.
    pub(crate) fn stop(&mut self) -> bool {
        self.stdin = None;
        let ends = self.stdout.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Disconnected);
        if !ends {
            let _ = self.child.kill();
        }
        self.child.wait().is_ok_and(|status| ends && status.success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            eprintln!("what the server printed:\n{}", read_again(&mut self.log));
        }
    }
}

/// What `tests/oauth/oidc/assertion.mjs` signs: that `client` is who it says, to `audience`.
pub(crate) fn assertion(client: &Client, audience: &str, algorithm: &str, key: &Key) -> String {
    let mut child = script(&node(), "oidc/assertion.mjs")
        .args([&client.id, audience, algorithm, &key.id])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(key.pem.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// A program that runs a script of `tests/oauth`.
pub(crate) fn script(program: &Path, name: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(scripts().join(name));
    command
}

pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oauth")
}

/// The Node that all scripts run on.
pub(crate) fn node() -> PathBuf {
    tools().join("node/node")
}

/// Where `scripts/fetch-oauth` puts what it fetches.
pub(crate) fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/oauth")
}

/// The lines as they come; it disconnects with the last.
fn lines(stdout: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

fn read_again(log: &mut File) -> String {
    let mut text = String::new();
    log.rewind().unwrap();
    let _ = log.read_to_string(&mut text);
    text
}
