//! What earlier versions of river left in `.river`, frozen in `tests/fixtures/state/`: this version reads all of it.
//!
//! A folder there holds a project as its runs left it: one that has ended, three that were stopped between two pages, and
//! one that had decided what lands. `FREEZE=NAME cargo test --test cases -- frozen_state` writes such a folder by this
//! version. Databases are kept as their statements; everything else is as it was written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::Value;

use super::case::{Clock, with_dots, without_dots};
use super::database_text::{dump, restore};
use super::process::{Ended, Run};
use super::project::{repository, tree};
use super::readable::readable;
use super::server::FakeServer;

/// The runs that were stopped between two pages.
const STOPPED: [&str; 3] = ["replaced", "appended", "merged"];

/// Names in a frozen folder that are not part of the project.
const RESERVED: [&str; 2] = ["server.yaml", "expected"];

/// A version of the tables that no river writes yet.
const NEWER: i64 = 1_000_000;

/// When the runs go on: not so late that what was stopped is too old.
const LATER: u64 = 3600;

pub(crate) fn trials() -> Vec<Trial> {
    if let Some(name) = std::env::var_os("FREEZE") {
        return vec![Trial::test("frozen_state/write", move || Ok(write(&frozen_states().join(name))?))];
    }
    let is_there = || {
        let folder = frozen_states().join(env!("CARGO_PKG_VERSION"));
        let how = "`FREEZE=VERSION cargo test --test cases -- frozen_state` writes it, see CONTRIBUTING";
        if folder.is_dir() { Ok(()) } else { Err(format!("{} is not there: {how}", folder.display()).into()) }
    };
    let folders = fs::read_dir(frozen_states()).into_iter().flatten().flatten();
    let folders = folders.map(|entry| entry.path()).filter(|path| path.join("expected").is_dir());
    let all: Vec<Frozen> = folders.map(Frozen).collect();
    let each = all.into_iter().flat_map(Frozen::trials);
    each.chain([Trial::test("frozen_state/this_version_is_frozen", is_there)]).collect()
}

fn frozen_states() -> PathBuf {
    repository().join("tests/fixtures/state")
}

/// A frozen folder.
#[derive(Debug, Clone)]
struct Frozen(PathBuf);

impl Frozen {
    fn trials(self) -> Vec<Trial> {
        let trial = |what: &str, test: fn(&Self) -> Result<(), String>| {
            let frozen = self.clone();
            Trial::test(format!("frozen_state/{}/{what}", self.name()), move || Ok(test(&frozen)?))
        };
        let mut trials = vec![
            trial("is_shown", Self::is_shown),
            trial("decision_lands_by_its_own_run", |frozen| frozen.decision_lands("decided", 1)),
            trial("decision_lands_by_another_run", |frozen| frozen.decision_lands("ended", 0)),
            trial("ended_goes_on_behind_its_watermarks", Self::ended_goes_on),
            trial("is_refused_if_it_were_newer", Self::is_refused_if_it_were_newer),
        ];
        for name in STOPPED {
            let frozen = self.clone();
            let title = format!("frozen_state/{}/{name}_goes_on", self.name());
            trials.push(Trial::test(title, move || Ok(frozen.goes_on(name)?)));
        }
        trials
    }

    /// The version that wrote it, and more after a dash where that says not enough.
    fn name(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Whether runs resume where those of this folder stopped: another version may understand a pipeline differently,
    /// and starts over.
    fn is_resumed(&self) -> bool {
        self.name() == env!("CARGO_PKG_VERSION")
    }

    fn expected(&self, path: impl AsRef<Path>) -> Result<String, String> {
        let path = self.0.join("expected").join(path);
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn is_shown(&self) -> Result<(), String> {
        let project = Project::of(self)?;
        let ended = project.river(&["state", "show", "--format", "json"], LATER, None)?;
        let mut shown = ended.json()?;
        let mut expected: Value = parse(&self.expected("show.json")?)?;
        for run in shown["runs"].as_array_mut().into_iter().flatten() {
            let can_resume = run["phase"] == "running" && self.is_resumed();
            if can_resume && !run["goes_on_at"].is_string() {
                return Err(format!("it does not say where a run goes on: {run}"));
            }
            run["goes_on_at"].take();
        }
        for run in expected["runs"].as_array_mut().into_iter().flatten() {
            run["goes_on_at"].take();
        }
        same("what `river state show` says", &expected.to_string(), &shown.to_string())
    }

    /// A run that was stopped is finished, and leaves what an unbroken one would have left.
    fn goes_on(&self, name: &str) -> Result<(), String> {
        let project = Project::of(self)?;
        let server = self.server(&project)?;
        let run = project.stopped_run(name)?;
        let ended = project.river(&["run", name], LATER, Some(&server))?.expect(0)?;
        if !ended.err().contains(&run) {
            return Err(format!("it says nothing of run {run}:\n{}", ended.err()));
        }
        if self.is_resumed() {
            let expected = self.expected(Path::new(name).join("requests.txt"))?;
            same("requests", &expected, &request_lines(&server.requests()))?;
        } else if !ended.err().contains("starts over") {
            return Err(format!("it does not say that it starts over:\n{}", ended.err()));
        }
        self.compare(name, &project)?;
        let left = project.leftovers(&run);
        if left.is_empty() { Ok(()) } else { Err(format!("left behind: {left:?}")) }
    }

    fn decision_lands(&self, pipeline: &str, exit: i32) -> Result<(), String> {
        let project = Project::of(self)?;
        let refuses = "- { on: GET /decided, status: 404 }\n";
        let text = refuses.to_owned() + &read(&self.0.join("server.yaml"))?;
        let server = FakeServer::start(&text, &self.0, project.root())?;
        project.river(&["run", pipeline], LATER, Some(&server))?.expect(exit)?;
        self.compare("decided", &project)
    }

    fn ended_goes_on(&self) -> Result<(), String> {
        let project = Project::of(self)?;
        let server = self.server(&project)?;
        project.river(&["run", "ended"], LATER, Some(&server))?.expect(0)?;
        same("requests", &self.expected("ended/requests.txt")?, &request_lines(&server.requests()))?;
        self.compare("ended", &project)
    }

    /// A newer river may have left anything here: nothing is read, and nothing is changed.
    fn is_refused_if_it_were_newer(&self) -> Result<(), String> {
        let project = Project::of(self)?;
        let server = self.server(&project)?;
        let database = rusqlite::Connection::open(project.root().join(".river/state.db"));
        let newer = database.and_then(|database| database.pragma_update(None, "user_version", NEWER));
        newer.map_err(|error| error.to_string())?;
        let before = project.tree();
        let since = ["state", "set", "appended", "items.since", "5"];
        for arguments in [&["run", "appended"][..], &["state", "show"], &["state", "reset", "ended"], &since]
        {
            let ended = project.river(arguments, LATER, Some(&server))?.expect(1)?;
            if !ended.err().contains("newer river") {
                return Err(format!("{arguments:?} does not say why:\n{}", ended.err()));
            }
            same("requests", "", &server.requests())?;
            if project.tree() != before {
                return Err(format!("{arguments:?} changed something"));
            }
        }
        Ok(())
    }

    fn server(&self, project: &Project) -> Result<FakeServer, String> {
        FakeServer::start(&read(&self.0.join("server.yaml"))?, &self.0, project.root())
    }

    fn compare(&self, name: &str, project: &Project) -> Result<(), String> {
        let folder = Path::new("expected").join(name);
        let expected = tree(&self.0.join(&folder));
        let expected = expected.into_iter().filter(|(path, _)| path != Path::new("requests.txt"));
        let expected: BTreeMap<PathBuf, String> =
            expected.map(|(path, bytes)| (path, text(&bytes))).collect();
        let found = project.results(name)?;
        same(&format!("the results of `{name}`"), &format!("{expected:#?}"), &format!("{found:#?}"))
    }
}

/// A project in a folder of its own.
struct Project(tempfile::TempDir);

impl Project {
    fn empty() -> Result<Self, String> {
        // Databases hold the path that the program sees.
        let parent = std::env::temp_dir().canonicalize().map_err(|error| error.to_string())?;
        let folder = tempfile::Builder::new().prefix("river-frozen-").tempdir_in(parent);
        folder.map(Self).map_err(|error| error.to_string())
    }

    /// As it was when it was frozen.
    fn of(frozen: &Frozen) -> Result<Self, String> {
        let project = Self::empty()?;
        for (path, bytes) in tree(&frozen.0) {
            let first = path.iter().next().unwrap_or_default().to_string_lossy().into_owned();
            if !RESERVED.contains(&first.as_str()) {
                project.write(&with_dots(&path), &bytes)?;
            }
        }
        Ok(project)
    }

    /// The same as it is now, in another folder.
    fn copy(&self) -> Result<Self, String> {
        let copy = Self::empty()?;
        for (path, bytes) in self.frozen()? {
            copy.write(&with_dots(&path), &bytes)?;
        }
        Ok(copy)
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), String> {
        let file = self.root().join(path);
        file.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| error.to_string())?;
        if path.extension().is_some_and(|extension| extension == "sql") {
            let text = String::from_utf8_lossy(bytes);
            let restored = restore(&text, &file.with_extension(""), self.root());
            return restored.map_err(|error| format!("{}: {error}", path.display()));
        }
        fs::write(file, bytes).map_err(|error| error.to_string())
    }

    /// Its files as they are frozen. Locks are the kernel's, and what is said of them is of no use to anybody else.
    fn frozen(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>, String> {
        let mut frozen = BTreeMap::new();
        for (path, bytes) in self.tree() {
            if bytes.starts_with(b"SQLite format 3\0") {
                let text = dump(&self.root().join(&path), self.root()).map_err(|error| error.to_string())?;
                frozen.insert(without_dots(&path.with_extension("db.sql")), text.into_bytes());
            } else {
                frozen.insert(without_dots(&path), bytes);
            }
        }
        Ok(frozen)
    }

    /// All files, but for locks.
    fn tree(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut tree = tree(self.root());
        tree.retain(|path, _| !path.starts_with(".river/locks") && path != Path::new(".river/.gitignore"));
        tree
    }

    /// Runs river, so long after the beginning of its clock.
    fn river(
        &self,
        arguments: &[&str],
        seconds_later: u64,
        server: Option<&FakeServer>,
    ) -> Result<Ended, String> {
        let mut run = Run::new(self.root().to_owned(), arguments);
        run.clock = Clock::Virtual;
        run.seconds_later = seconds_later;
        run.environment.extend(server.map(|server| ("BASE".to_owned(), server.base_url())));
        run.finish()
    }

    /// What a pipeline left for others: its outputs as text, and its watermarks.
    fn results(&self, name: &str) -> Result<BTreeMap<PathBuf, String>, String> {
        let mut results = BTreeMap::new();
        for (path, bytes) in tree(&self.root().join("out")) {
            let first = path.iter().next().unwrap_or_default().to_string_lossy().into_owned();
            if first.split('.').next() == Some(name) {
                results.insert(path, text(&readable(bytes)));
            }
        }
        let watermarks = self.river(&["state", "export", name], LATER, None)?.expect(0)?;
        results.insert("watermarks.json".into(), text(&watermarks.stdout));
        Ok(results)
    }

    /// The run of a pipeline that has not ended.
    fn stopped_run(&self, pipeline: &str) -> Result<String, String> {
        let database = rusqlite::Connection::open(self.root().join(".river/state.db"));
        let sql = "SELECT id FROM run WHERE pipeline = ?1 AND phase <> 'ended'";
        let found = database.and_then(|database| database.query_row(sql, [pipeline], |row| row.get(0)));
        found.map_err(|error| format!("{pipeline}: {error}"))
    }

    /// Files that carry the id of a run, or are of it.
    fn leftovers(&self, run: &str) -> Vec<PathBuf> {
        let files = self.tree().into_keys();
        files.filter(|path| path.to_string_lossy().contains(run)).collect()
    }
}

impl Ended {
    fn expect(self, exit: i32) -> Result<Self, String> {
        if self.exit == Some(exit) {
            return Ok(self);
        }
        Err(format!("exit code {exit} expected, found {:?}; stderr:\n{}", self.exit, self.err()))
    }

    fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    fn json(&self) -> Result<Value, String> {
        parse(&String::from_utf8_lossy(&self.stdout))
    }
}

/// Freezes what this version leaves. A folder that is there stays: other versions are held to it.
fn write(folder: &Path) -> Result<(), String> {
    if folder.exists() {
        return Err(format!("{} is there; a version that was released stays as it is", folder.display()));
    }
    let source = frozen_states().join("project");
    let whole = read(&source.join("server.yaml"))?;
    let broken = read(&source.join("broken.yaml"))? + &whole;
    let (project, unbroken) = stopped_and_unbroken(&source, &whole, &broken)?;

    let shown = project.river(&["state", "show", "--format", "json"], LATER, None)?.expect(0)?;
    check_phases(&shown.json()?)?;
    let mut frozen = project.frozen()?;
    frozen.insert("server.yaml".into(), whole.clone().into_bytes());
    frozen.insert("expected/show.json".into(), shown.stdout);

    for name in STOPPED.into_iter().chain(["ended"]) {
        let server = FakeServer::start(&whole, &source, unbroken.root())?;
        expect_results(&mut frozen, name, &unbroken, &server)?;
        let resumed = project.copy()?;
        let server = FakeServer::start(&whole, &source, resumed.root())?;
        resumed.river(&["run", name], LATER, Some(&server))?.expect(0)?;
        let requests = request_lines(&server.requests());
        frozen.insert(Path::new("expected").join(name).join("requests.txt"), requests.into_bytes());
    }
    // The same answers without what is in the way of the landing.
    let answers = broken.replace("makes_folder: out/decided.jsonl, ", "");
    let server = FakeServer::start(&answers, &source, unbroken.root())?;
    expect_results(&mut frozen, "decided", &unbroken, &server)?;

    for (path, bytes) in frozen {
        let path = folder.join(path);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&path, bytes))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// A project whose runs did not come to their end, and one in which they have not begun.
fn stopped_and_unbroken(source: &Path, whole: &str, broken: &str) -> Result<(Project, Project), String> {
    let project = Project::empty()?;
    for (path, bytes) in tree(&source.join("pipelines")) {
        project.write(&Path::new("pipelines").join(path), &bytes)?;
    }

    // Runs that end, so that there is something to go on behind.
    let server = FakeServer::start(whole, source, project.root())?;
    for (name, at) in ["ended", "appended", "merged", "decided"].into_iter().zip(0..) {
        project.river(&["run", name], at * 60, Some(&server))?.expect(0)?;
    }
    fs::remove_file(project.root().join("out/decided.jsonl")).map_err(|error| error.to_string())?;
    let unbroken = project.copy()?;

    // Runs that do not. The last one decides what lands: any run after it would put that in place.
    let server = FakeServer::start(broken, source, project.root())?;
    for (name, at) in STOPPED.into_iter().zip(5..) {
        project.river(&["run", name], at * 60, Some(&server))?.expect(1)?;
    }
    project.river(&["run", "decided"], 600, Some(&server))?.expect(7)?;
    fs::remove_dir(project.root().join("out/decided.jsonl")).map_err(|error| error.to_string())?;
    Ok((project, unbroken))
}

/// Runs a pipeline unbroken, and keeps what it leaves as what is expected.
fn expect_results(
    frozen: &mut BTreeMap<PathBuf, Vec<u8>>,
    name: &str,
    unbroken: &Project,
    server: &FakeServer,
) -> Result<(), String> {
    unbroken.river(&["run", name], LATER, Some(server))?.expect(0)?;
    for (path, text) in unbroken.results(name)? {
        frozen.insert(Path::new("expected").join(name).join(path), text.into_bytes());
    }
    Ok(())
}

/// Whether the runs stand where the tests want them.
fn check_phases(shown: &Value) -> Result<(), String> {
    let of_run = |run: &Value| {
        let text = |key: &str| run[key].as_str().unwrap_or_default().to_owned();
        (text("pipeline"), text("phase"), run["goes_on_at"].is_string())
    };
    let found: Vec<_> = shown["runs"].as_array().into_iter().flatten().map(of_run).collect();
    let stopped = STOPPED.map(|name| (name.to_owned(), "running".to_owned(), true));
    let decided = ("decided".to_owned(), "decided".to_owned(), false);
    let expected: Vec<_> = stopped.into_iter().chain([decided]).collect();
    same("where the runs stand", &format!("{expected:#?}"), &format!("{found:#?}"))
}

/// The requests without their headers and bodies.
fn request_lines(requests: &str) -> String {
    requests.lines().filter(|line| !line.starts_with(' ')).flat_map(|line| [line, "\n"]).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))
}

fn same(what: &str, expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    Err(format!("{what}\n{}", super::diff::lines(expected, found)))
}
