//! What a case's folder says.
//!
//! `case.yaml` (this file's structs) may be left out; everything else in the folder is the project, but for
//! `server.yaml` (the script of the fake server), and what is expected: `stderr.txt`, `stdout.txt`, `requests.txt` and the
//! folder `files` (absent: nothing). A name that starts with `dot_` stands for one that starts with a dot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::person::Person;

/// Names in a case's folder that are not part of the project.
pub(crate) const RESERVED: [&str; 6] =
    ["case.yaml", "server.yaml", "stderr.txt", "stdout.txt", "requests.txt", "files"];

/// A case's folder.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
}

/// `case.yaml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// What the case holds, where its name does not say it.
    #[serde(rename = "about")]
    pub(crate) _about: String,
    /// The command line; `{base}` stands for the fake server's URL.
    pub(crate) args: Option<Vec<String>>,
    /// Commands that are run before, with their exit codes; what they print is not compared.
    pub(crate) earlier: Vec<Earlier>,
    /// A target whose lock another process holds, below the project.
    pub(crate) locked: Option<PathBuf>,
    /// Whether another process holds the locks of the runs that earlier commands left.
    pub(crate) runs_locked: bool,
    /// The exit code; by default 0 in `ok`, 1 in `fail`, 3 in `check`.
    pub(crate) exit: Option<i32>,
    /// The environment. Null takes a variable away that the harness sets.
    pub(crate) env: BTreeMap<String, Option<String>>,
    /// The folder, below the project, in which the command is started.
    pub(crate) folder: Option<PathBuf>,
    /// Files of this repository that the project has too.
    pub(crate) copy: Vec<PathBuf>,
    /// Files that are there before the run; they must be as they were after it, unless `files` says otherwise.
    pub(crate) files_before: BTreeMap<PathBuf, String>,
    /// Databases that are there before the run, by the statements that make them.
    pub(crate) databases_before: BTreeMap<PathBuf, String>,
    /// Compressed files that are there before the run: by `gzip` or `zstd`, as the name ends.
    pub(crate) compressed_before: BTreeMap<PathBuf, String>,
    /// Files of the project in which `{base}` and `{other}` become the fake servers' URLs.
    pub(crate) fill: Vec<PathBuf>,
    /// Empty folders that are there before the run.
    pub(crate) folders_before: Vec<PathBuf>,
    /// Paths whose permissions are changed before the run; it is then done by a user with no special rights.
    pub(crate) modes: BTreeMap<PathBuf, Mode>,
    /// Which time the run sees.
    pub(crate) clock: Clock,
    /// Lengths of time in messages are compared too; only sensible with a virtual clock.
    pub(crate) exact_times: bool,
    /// A signal that the run gets.
    pub(crate) signal: Option<Signal>,
    /// How many seconds after its beginning a virtual clock stands when the command starts; earlier commands start at it.
    pub(crate) seconds_later: u64,
    /// The file that is standard input, below the project.
    pub(crate) stdin: Option<PathBuf>,
    /// A person who is asked for consent.
    pub(crate) person: Option<Person>,
    /// Standard output is closed after so many lines were read.
    pub(crate) stdout_closed_after: Option<usize>,
    /// A sandbox apart from the run, whose values are in the environment.
    pub(crate) sandbox: Option<SandboxSettings>,
    /// Large files that are compared by their size and hash.
    pub(crate) digest: Vec<PathBuf>,
    /// Requests that the script does not know are part of the case.
    pub(crate) unmatched: bool,
    /// How the requests that came are compared.
    pub(crate) requests: Requests,
    /// Parts of the texts that two runs need not share, as regular expressions; each becomes `…`.
    pub(crate) varying: Vec<String>,
}

/// A command that is run before.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Earlier {
    /// Its command line; by default that of the case.
    pub(crate) args: Option<Vec<String>>,
    /// Its exit code.
    pub(crate) exit: i32,
    /// The file that is its standard input, below the project.
    #[serde(default)]
    pub(crate) stdin: Option<PathBuf>,
    /// Where what it prints on standard output goes, below the project.
    pub(crate) output: Option<PathBuf>,
    /// Files that are gone after it.
    #[serde(default)]
    pub(crate) then_remove: Vec<PathBuf>,
    /// What every kept token is written over with after it: their names are random.
    #[serde(default)]
    pub(crate) then_overwrite_tokens: Option<String>,
    /// Environment variables that it has besides.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, Option<String>>,
    /// Statements on the state's database after it.
    pub(crate) then_in_state: Option<String>,
    /// Files that change after it: `from` becomes `to`.
    #[serde(default)]
    pub(crate) then_edit: BTreeMap<PathBuf, Edit>,
}

/// A change of a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// A text in it,
    pub(crate) from: String,
    /// and what takes its place.
    pub(crate) to: String,
}

/// Permissions in octal, as `chmod` takes them.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Mode(String);

/// Which time a run sees.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Clock {
    /// The machine's.
    #[default]
    Real,
    /// One that begins at a fixed moment and on which waits pass at once.
    Virtual,
}

/// How the requests that came are compared.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Requests {
    /// As they came.
    #[default]
    InOrder,
    /// In the order of the alphabet, since chance decides about theirs.
    InAnyOrder,
    /// Not at all: how many there are depends on chance.
    Vary,
}

/// A signal for a run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signal {
    /// It is sent when the fake server has received so many requests.
    pub(crate) after_request: usize,
    /// Which.
    pub(crate) send: SignalName,
    /// It is sent again until the run has ended.
    #[serde(default)]
    pub(crate) again: bool,
}

/// A signal that asks to stop.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum SignalName {
    Int,
    Term,
    Hup,
}

/// A sandbox.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SandboxSettings {
    pub(crate) leads: u64,
    #[serde(default)]
    pub(crate) faults: Vec<String>,
}

impl Case {
    /// What its `case.yaml` says.
    pub(crate) fn settings(&self) -> Result<Settings, String> {
        match self.read("case.yaml") {
            None => Ok(Settings::default()),
            Some(text) => serde_yaml::from_str(&text).map_err(|error| format!("case.yaml: {error}")),
        }
    }

    /// A text file of its folder.
    pub(crate) fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.join(name)).ok()
    }

    /// What its folder's folder says of its exit code and arguments.
    pub(crate) fn default_exit(&self) -> i32 {
        match self.kind() {
            "ok" => 0,
            "check" => 3,
            _ => 1,
        }
    }

    pub(crate) fn default_arguments(&self) -> Vec<String> {
        let command = if self.kind() == "check" { "check" } else { "run" };
        [command, "pipeline.yaml"].map(str::to_owned).into()
    }

    fn kind(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }
}

impl Mode {
    /// As a number.
    pub(crate) fn bits(&self) -> Result<u32, String> {
        u32::from_str_radix(&self.0, 8).map_err(|error| format!("mode `{}`: {error}", self.0))
    }
}

/// `dot_env` → `.env`, in every part of a path.
pub(crate) fn with_dots(path: &Path) -> PathBuf {
    path.iter()
        .map(|part| match part.to_string_lossy().strip_prefix("dot_") {
            Some(rest) => format!(".{rest}").into(),
            None => part.to_owned(),
        })
        .collect()
}

/// `.env` → `dot_env`, in every part of a path.
pub(crate) fn without_dots(path: &Path) -> PathBuf {
    path.iter()
        .map(|part| match part.to_string_lossy().strip_prefix('.') {
            Some(rest) => format!("dot_{rest}").into(),
            None => part.to_owned(),
        })
        .collect()
}
