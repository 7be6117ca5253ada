use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use tempfile::TempDir;

use super::edit::{Change, Refused, change, open_runs};
use super::entry::{landing_lock, run_lock};
use crate::state::{Decided, Holder, Lock, NewRun, State, Watermark, WatermarkKey};
use crate::target::Prepared;
use crate::target::staging::PreparedFile;

const NOW: &str = "1970-01-01T00:00:00Z";

fn begin(state: &mut State, id: &str, key: &str, folder: &Path) {
    let text = |text: &str| text.to_owned();
    state
        .begin(&NewRun {
            id: text(id),
            key: text(key),
            pipeline: text("leads"),
            fingerprint: text("f"),
            started_at: text(NOW),
            folders: vec![folder.to_owned()],
        })
        .unwrap();
}

fn watermark(value: &str) -> Watermark {
    let text = |text: &str| text.to_owned();
    let key =
        WatermarkKey { pipeline: text("leads"), step: text("pull"), name: text("since"), per: text("null") };
    Watermark { key, kind: text("string"), value: text(value) }
}

/// A run that died between its decision and its results.
fn decide(state: &mut State, folder: &Path) -> PreparedFile {
    begin(state, "r1", "k", folder);
    let file = PreparedFile {
        temporary: folder.join(".leads.jsonl.r1.river-tmp"),
        destination: folder.join("leads.jsonl"),
        shown: "leads.jsonl".to_owned(),
        created_folder: false,
        length: 2,
        identity: None,
    };
    fs::write(&file.temporary, "1\n").unwrap();
    let destination = Some(file.destination.clone());
    let prepared = Prepared { files: vec![file.clone()], destination, ..Prepared::default() };
    let landings = vec![serde_json::to_string(&prepared).unwrap()];
    state.decide("r1", &Decided { landings, pending: None, watermarks: vec![watermark("a")] }, NOW).unwrap();
    file
}

fn about_leads() -> Change {
    Change { pipelines: ["leads".to_owned()].into(), ..Change::default() }
}

#[test]
fn a_decision_is_put_in_place_before_it_is_forgotten() {
    let folder = TempDir::new().unwrap();
    let mut state = State::open(&folder.path().join(".river")).unwrap();
    let file = decide(&mut state, folder.path());
    let whole = Change { forgotten: vec![watermark("").key], forgets_decisions: true, ..about_leads() };
    let notes = change(&mut state, &whole, UNIX_EPOCH).unwrap();
    assert_eq!(notes, ["finished what run r1 had decided: its results are in place"]);
    assert_eq!(fs::read_to_string(&file.destination).unwrap(), "1\n");
    assert!(state.watermarks(None).unwrap().is_empty());
    assert!(state.open_runs().unwrap().is_empty());
}

#[test]
fn a_decision_whose_files_are_gone_is_forgotten_and_that_is_said() {
    let folder = TempDir::new().unwrap();
    let mut state = State::open(&folder.path().join(".river")).unwrap();
    let file = decide(&mut state, folder.path());
    fs::remove_file(&file.temporary).unwrap();
    let notes = change(&mut state, &Change { forgets_decisions: true, ..about_leads() }, UNIX_EPOCH).unwrap();
    assert!(
        notes[0].starts_with("run r1 had decided what lands, but that cannot be put in place ("),
        "{notes:?}"
    );
    assert!(state.open_runs().unwrap().is_empty());
    assert!(!file.destination.exists());
}

#[test]
fn other_changes_leave_a_decision_to_the_next_run() {
    let folder = TempDir::new().unwrap();
    let mut state = State::open(&folder.path().join(".river")).unwrap();
    let file = decide(&mut state, folder.path());
    let set = Change { set: vec![watermark("b")], ..about_leads() };
    assert_eq!(change(&mut state, &set, UNIX_EPOCH).unwrap(), [""; 0]);
    assert!(file.temporary.exists());
    assert_eq!(state.landings("r1").unwrap().len(), 1);
    assert_eq!(state.watermark(&watermark("").key).unwrap(), Some(watermark("b")));
}

#[test]
fn nothing_changes_while_one_of_several_runs_is_alive() {
    let folder = TempDir::new().unwrap();
    let mut state = State::open(&folder.path().join(".river")).unwrap();
    begin(&mut state, "dead", "k1", folder.path());
    begin(&mut state, "alive", "k2", folder.path());
    let left = folder.path().join(".leads.jsonl.dead.river-tmp");
    fs::write(&left, "1\n").unwrap();
    let holder = Holder { pid: 7, run: "alive".to_owned(), started_at: NOW.to_owned(), briefly: false };
    let lock = Lock::try_take(state.folder(), &run_lock("k2"), &holder).unwrap().unwrap();
    let alive: Vec<bool> =
        open_runs(&state, None, UNIX_EPOCH).unwrap().iter().map(|run| run.is_alive).collect();
    assert_eq!(alive, [false, true]);
    let set = Change { set: vec![watermark("b")], ..about_leads() };
    assert!(matches!(change(&mut state, &set, UNIX_EPOCH), Err(Refused::Locked(_))));
    assert!(left.exists());
    assert!(state.watermarks(None).unwrap().is_empty());
    drop(lock);
    let notes = change(&mut state, &set, UNIX_EPOCH).unwrap();
    assert_eq!(notes, ["removed what run dead had left unfinished"]);
    assert!(!left.exists());
}

#[test]
fn a_decision_waits_for_the_lock_of_its_target() {
    let folder = TempDir::new().unwrap();
    let mut state = State::open(&folder.path().join(".river")).unwrap();
    let file = decide(&mut state, folder.path());
    let text = state.landings("r1").unwrap().remove(0).1;
    let prepared: Prepared = serde_json::from_str(&text).unwrap();
    let name = landing_lock(&prepared).expect("the decision names its target");
    let holder = Holder { pid: 7, run: "other".to_owned(), started_at: NOW.to_owned(), briefly: false };
    let lock = Lock::try_take(state.folder(), &name, &holder).unwrap().unwrap();
    let all = Change { forgets_decisions: true, ..about_leads() };
    assert!(matches!(change(&mut state, &all, UNIX_EPOCH), Err(Refused::Locked(_))));
    assert!(file.temporary.exists());
    drop(lock);
    change(&mut state, &all, UNIX_EPOCH).unwrap();
    assert!(file.destination.exists() && !file.temporary.exists());
}
