//! A loop that a version left unfinished, frozen in `tests/fixtures/loops/`: this version goes on with it.
//!
//! No pipeline can ask for a loop yet, so that the program's own frozen states hold none. `FREEZE=NAME cargo test --lib
//! frozen` writes a folder by this version.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::project::Wishes;
use super::scheduler::{runtime, service};
use super::service::Asked;
use super::{Choices, History, Project, Service};
use crate::plan::block::OnItemError;
use crate::run::outcome::Ending;

#[path = "../../../tests/support/database_text.rs"]
mod database_text;

/// The item that is left out.
const FAILING: u64 = 1;

fn wishes() -> Wishes {
    Wishes { items: 5, concurrency: 3, on_error: OnItemError::Skip, nested: true, ..Wishes::default() }
}

fn pages() -> Service {
    Service { failing: Some(FAILING), ..service(&[4, 3, 5, 4, 2]) }
}

fn frozen_loops() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/loops")
}

#[test]
fn a_loop_that_was_frozen_goes_on() {
    let runtime = runtime();
    let _entered = runtime.enter();
    if let Some(name) = std::env::var_os("FREEZE") {
        return write(&frozen_loops().join(name));
    }
    let folders: Vec<PathBuf> =
        fs::read_dir(frozen_loops()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!folders.is_empty());
    for folder in folders {
        goes_on(&folder);
    }
}

fn goes_on(folder: &Path) {
    for seed in 0..20 {
        let project = Project::new(&wishes());
        thaw(folder, &project);
        let (asked, choices) = (Asked::new(pages()), &mut Choices::seed(seed));
        let (kill_at, interrupt_at) = (None, None);
        let history =
            History { project: &project, asked, choices, kills: 0, kill_at, interrupt_at, told: vec![] };
        let story = history.play();

        let told = || format!("{}, seed {seed}: {story:#?}", folder.display());
        let Ending::Incomplete(missing) = &story.outcome.ending else { panic!("{}", told()) };
        assert_eq!(missing.len(), 1, "{}", told());
        assert!(story.outcome.notes.iter().any(|note| note.starts_with("goes on where run")), "{}", told());
        assert_eq!(story.lines, Some(pages().lines(Some(FAILING))), "{}", told());
        let kept: Vec<&str> = story.watermarks.iter().map(|(per, _)| per.as_str()).collect();
        assert_eq!(kept, ["0", "2", "3", "4"], "{}", told());
        assert_eq!(project.leftovers(), Vec::<String>::new(), "{}", told());
        // What had landed was not asked for again: the first page of the first item.
        assert!(!story.told.iter().any(|what| what.ends_with("/items/0 page=1")), "{}", told());
    }
}

/// Freezes a run that was killed with several items open, one of them left out.
fn write(folder: &Path) {
    assert!(!folder.exists(), "{} is there; a version that was released stays as it is", folder.display());
    for seed in 0..1000 {
        let project = Project::new(&wishes());
        let (asked, choices) = (Asked::new(pages()), &mut Choices::seed(seed));
        let kill_at = Some(60 + usize::try_from(seed % 40).unwrap());
        let history = History {
            project: &project,
            asked,
            choices,
            kills: 1,
            kill_at,
            interrupt_at: None,
            told: vec![],
        };
        if history.first_process() && holds_enough(&project) {
            return freeze(&project, folder);
        }
    }
    panic!("no history is as it should be");
}

/// Whether the checkpoint has an item that was left out and two that are between pages, and void segments.
fn holds_enough(project: &Project) -> bool {
    let state = crate::state::State::open_if_there(&project.state()).unwrap().unwrap();
    let Some(text) = state.open_runs().unwrap().pop().and_then(|row| row.checkpoint) else { return false };
    let checkpoint: serde_json::Value = serde_json::from_str(&text).unwrap();
    let open = checkpoint["place"]["inside"]["each"]["open"].as_object().cloned().unwrap_or_default();
    let between_pages = open.values().filter(|item| item.to_string().contains("last_page")).count();
    let files = tree(project.root());
    let has_void = |(path, bytes): (&PathBuf, &Vec<u8>)| {
        path.to_string_lossy().ends_with(".segments.jsonl") && String::from_utf8_lossy(bytes).contains("void")
    };
    checkpoint["missing"]["count"] == 1
        && between_pages >= 2
        && files.iter().filter(|file| has_void(*file)).count() == 2
}

fn freeze(project: &Project, folder: &Path) {
    for (path, bytes) in tree(project.root()) {
        let inside = path.strip_prefix(".river").unwrap_or(&path);
        if inside.starts_with("locks") || inside == Path::new(".gitignore") {
            continue;
        }
        let (to, bytes) = if inside == Path::new("state.db") {
            let text = database_text::dump(&project.root().join(&path), project.root()).unwrap();
            (folder.join("state.db.sql"), text.into_bytes())
        } else {
            (folder.join(inside), bytes)
        };
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, bytes).unwrap();
    }
}

fn thaw(folder: &Path, project: &Project) {
    for (path, bytes) in tree(folder) {
        let to = project.state().join(&path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        if path.extension().is_some_and(|extension| extension == "sql") {
            let text = String::from_utf8(bytes).unwrap();
            database_text::restore(&text, &to.with_extension(""), project.root()).unwrap();
        } else {
            fs::write(to, bytes).unwrap();
        }
    }
}

/// All files below a folder, by their paths in it.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}
