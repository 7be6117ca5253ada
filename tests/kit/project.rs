//! A project in a folder of its own, and the real program in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What stands for Zoho's own address in the connection.
const ACCOUNTS_URL: &str = r#""{{ connection.accounts_urls | pick(connection.data_center) }}""#;

pub(crate) struct Project(tempfile::TempDir);

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Project {
    /// Nothing is in it.
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// `pipelines/` and `connections/` as they are shipped.
    pub(crate) fn shipped() -> Self {
        let project = Self::empty();
        for folder in ["pipelines", "connections"] {
            project.folder(folder);
            for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
                let from = entry.unwrap().path();
                std::fs::copy(&from, project.path(folder).join(from.file_name().unwrap())).unwrap();
            }
        }
        project
    }

    /// Leads the connection to another server than Zoho's.
    pub(crate) fn lead_to(&self, url: &str) {
        let file = "connections/zoho.yaml";
        let text = self.read(file);
        assert!(text.contains(ACCOUNTS_URL));
        self.write(file, &text.replace(ACCOUNTS_URL, url));
    }

    pub(crate) fn folder(&self, name: &str) {
        std::fs::create_dir_all(self.path(name)).unwrap();
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// All files, by their paths.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path.strip_prefix(self.0.path()).unwrap().display().to_string());
                }
            }
        }
        files.sort();
        files
    }

    pub(crate) fn river(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// The same command several times at once.
    pub(crate) fn at_once(&self, count: usize, arguments: &[&str]) -> Vec<Ran> {
        let children: Vec<_> = (0..count).map(|_| self.command(arguments).spawn().unwrap()).collect();
        children.into_iter().map(|child| Ran::of(child.wait_with_output().unwrap())).collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_river"));
        command.args(arguments).current_dir(self.0.path()).env_clear();
        command.env("NO_PROXY", "127.0.0.1");
        for name in ["CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"] {
            command.env(format!("ZOHO_{name}"), format!("1000.{name}.of-the-test"));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}
