//! `from: prompt` at a terminal: the real program, and a person who types.
#![cfg(unix)]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use river_sandbox::wire::{Reply, Server, WireRequest};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

const PIPELINE: &str = r#"
name: demo
connection: shop
steps:
  - name: one
    request: { url: /one, headers: { X-Key: "{{ connection.key }}" } }
  - name: two
    request: { url: /two, headers: { X-Key: "{{ connection.key }}" } }
"#;

const QUESTION: &str = "`key` of connection `shop` (the key of the admin page): ";

/// A run of river at a terminal of its own.
struct Session {
    _folder: tempfile::TempDir,
    _server: Server,
    river: Child,
    person: File,
    terminal: OwnedFd,
    shown: String,
    keys: Arc<Mutex<Vec<String>>>,
}

impl Session {
    fn start() -> Self {
        let keys = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&keys);
        let server = Server::start(0, move |request: WireRequest| {
            seen.lock().unwrap().push(request.header("x-key").unwrap_or_default().to_owned());
            Reply::json(200, &serde_json::json!({}))
        });
        let server = server.unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pipeline.yaml"), PIPELINE).unwrap();
        fs::create_dir(folder.path().join("connections")).unwrap();
        let connection = format!(
            "base_url: {}\nkey: {{ from: prompt, description: the key of the admin page }}\n",
            server.base_url()
        );
        fs::write(folder.path().join("connections/shop.yaml"), connection).unwrap();
        let (person, terminal) = pair();
        let river = Command::new(env!("CARGO_BIN_EXE_river"))
            .args(["run", "pipeline.yaml"])
            .current_dir(folder.path())
            .env_clear()
            .env("NO_PROXY", "127.0.0.1")
            .env("TERM", "dumb")
            .stdin(Stdio::from(terminal.try_clone().unwrap()))
            .stdout(Stdio::null())
            .stderr(Stdio::from(terminal.try_clone().unwrap()))
            .spawn()
            .unwrap();
        Self {
            _folder: folder,
            _server: server,
            river,
            person: File::from(person),
            terminal,
            shown: String::new(),
            keys,
        }
    }

    /// Reads what the terminal shows until this is there.
    fn see(&mut self, text: &str) {
        let mut bytes = [0; 1024];
        while !self.shown.contains(text) {
            let length = self.person.read(&mut bytes).unwrap();
            self.shown.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
    }

    fn type_keys(&mut self, keys: &str) {
        self.person.write_all(keys.as_bytes()).unwrap();
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.terminal).unwrap().local_modes.contains(LocalModes::ECHO | LocalModes::ISIG)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.river.kill();
        let _ = self.river.wait();
    }
}

/// A terminal: the end at which a person sits, and that of a program.
fn pair() -> (OwnedFd, OwnedFd) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let terminal = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    (person, terminal)
}

#[test]
fn what_is_typed_is_used_and_not_shown() {
    let mut session = Session::start();
    session.see(QUESTION);
    assert!(!session.echoes());
    session.type_keys("canary-typex\u{7f}d\r");
    session.see("demo: complete");
    assert_eq!(session.river.wait().unwrap().code(), Some(0), "{}", session.shown);
    assert_eq!(*session.keys.lock().unwrap(), ["canary-typed", "canary-typed"]);
    assert_eq!(session.shown.matches(QUESTION).count(), 1, "{}", session.shown);
    assert!(!session.shown.contains("canary"), "{}", session.shown);
    assert!(session.echoes(), "the terminal is not as it was");
}

#[test]
fn control_c_ends_it() {
    let mut session = Session::start();
    session.see(QUESTION);
    session.type_keys("canary\u{3}");
    session.see("nothing was requested");
    assert_eq!(session.river.wait().unwrap().code(), Some(3), "{}", session.shown);
    assert!(
        session.shown.contains("the question was not answered: connection `shop` needs `key`"),
        "{}",
        session.shown
    );
    assert!(session.keys.lock().unwrap().is_empty());
    assert!(session.echoes(), "the terminal is not as it was");
}
