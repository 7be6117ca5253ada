//! The real river in a project of its own, and a person who follows what it says.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// How long a command may take; each needs about a second.
const PATIENCE: Duration = Duration::from_secs(40);

/// All records, five a page.
const PULL: &str = "name: pull
connection: shop
steps:
  - name: records
    request: { url: /records, query: { per_page: 5 } }
    paginate: { kind: page, into: query.page, more: response.json.more }
    records: $.records
";

/// A project with the connection `shop`.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    /// What must never be printed.
    secrets: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) exit: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Project {
    pub(crate) fn new(connection: &str) -> Self {
        let project =
            Self { folder: tempfile::tempdir().unwrap(), secrets: Vec::new(), environment: Vec::new() };
        fs::create_dir(project.path("connections")).unwrap();
        fs::write(project.path("pull.yaml"), PULL).unwrap();
        project.connect(connection);
        project
    }

    /// The same with a variable of the environment, whose value must never be printed.
    pub(crate) fn with_secret(mut self, name: &'static str, value: &str) -> Self {
        self.secrets.push(value.to_owned());
        self.environment.push((name, value.to_owned()));
        self
    }

    /// The same with a variable that may be seen.
    pub(crate) fn with_variable(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Writes the connection anew.
    pub(crate) fn connect(&self, connection: &str) {
        fs::write(self.path("connections/shop.yaml"), connection).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command to its end.
    pub(crate) fn river(&self, arguments: &[&str]) -> Ended {
        self.river_reading(arguments, "")
    }

    /// The same with something on its standard input.
    pub(crate) fn river_reading(&self, arguments: &[&str], input: &str) -> Ended {
        let mut running = self.start(arguments);
        running.paste(input);
        running.end()
    }

    /// Starts a command that waits for a person.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running<'_> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_river"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("NO_PROXY", "127.0.0.1,localhost")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (out, err) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Running { project: self, child, out, err, said: String::new(), deadline: Instant::now() + PATIENCE }
    }

    /// Pulls all records; how many came.
    pub(crate) fn pulls(&self) -> usize {
        let ended = self.river(&["run", "pull.yaml"]);
        assert_eq!(ended.exit, Some(0), "{ended:?}");
        ended.out.lines().count()
    }

    /// The entries of the store, each of which only its owner may read.
    pub(crate) fn entries(&self) -> Vec<PathBuf> {
        let Ok(folder) = fs::read_dir(self.path(".river/tokens")) else { return Vec::new() };
        let files = folder.map(|file| file.unwrap().path());
        let entries: Vec<_> =
            files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
        for entry in &entries {
            assert_eq!(
                fs::metadata(entry).unwrap().permissions().mode() & 0o777,
                0o600,
                "{}",
                entry.display()
            );
        }
        entries
    }

    /// What is kept of the one sign-in.
    pub(crate) fn kept(&self) -> serde_json::Value {
        let entries = self.entries();
        let [entry] = entries.as_slice() else { panic!("{entries:?}") };
        serde_json::from_slice(&fs::read(entry).unwrap()).unwrap()
    }

    /// A value that is kept of it.
    pub(crate) fn kept_text(&self, name: &str) -> String {
        let kept = self.kept();
        let found = kept["entry"]["values"][name].as_str();
        found.unwrap_or_else(|| panic!("no `{name}`: {kept}")).to_owned()
    }
}

/// A command that has not ended.
pub(crate) struct Running<'p> {
    project: &'p Project,
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
    said: String,
    deadline: Instant,
}

impl Running<'_> {
    /// The first address that it says from here on.
    pub(crate) fn address(&mut self) -> String {
        self.indented("  http")
    }

    /// The first line that it says from here on, and that begins so; without the space around it.
    pub(crate) fn indented(&mut self, start: &str) -> String {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.err.recv_timeout(left) else {
                panic!("it never says `{start}`:\n{}", self.said)
            };
            self.said.push_str(&line);
            self.said.push('\n');
            if line.starts_with(start) {
                return line.trim().to_owned();
            }
        }
    }

    /// What a person types or pastes; nothing more comes.
    pub(crate) fn paste(&mut self, text: &str) {
        // It may not want to read.
        let _ = self.child.stdin.take().unwrap().write_all(text.as_bytes());
    }

    /// Waits until it ends. No secret may be in what it said.
    pub(crate) fn end(mut self) -> Ended {
        let out = self.rest(|running| &running.out);
        let rest = self.rest(|running| &running.err);
        let exit = self.child.wait().unwrap().code();
        let ended = Ended { exit, out, err: std::mem::take(&mut self.said) + &rest };
        for secret in self.project.secrets.iter().cloned().chain(self.project.tokens()) {
            assert!(!ended.out.contains(&secret) && !ended.err.contains(&secret), "{secret} in {ended:?}");
        }
        ended
    }

    fn rest(&self, stream: impl Fn(&Self) -> &Receiver<String>) -> String {
        let mut text = String::new();
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            match stream(self).recv_timeout(left) {
                Ok(line) => text = text + &line + "\n",
                Err(mpsc::RecvTimeoutError::Disconnected) => return text,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("it does not end:\n{}\n{text}", self.said),
            }
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Project {
    /// Every token that is kept.
    fn tokens(&self) -> Vec<String> {
        let texts = self.entries().into_iter().filter_map(|entry| fs::read(entry).ok());
        let values = texts.filter_map(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
        let tokens = values.flat_map(|value| {
            ["access_token", "refresh_token"]
                .map(|name| value["entry"]["values"][name].as_str().unwrap_or_default().to_owned())
        });
        tokens.filter(|token| !token.is_empty()).collect()
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

/// Where pictures of our own pages are kept, for people to look at.
pub(crate) fn screenshot(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/oauth/screenshots");
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}
