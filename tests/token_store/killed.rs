//! A writer that dies at each point of a write: this test binary starts itself again as the writer.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use minijinja::value::Value;
use river::auth::store::{Entry, EntryId, Fresh, Locked, Subject, TokenStore, WritePoint};
use river::http::Request;

use crate::project::mode;

/// The state folder of the writer; read by this test only.
const STATE: &str = "RIVER_TEST_STORE";
const POINT: &str = "RIVER_TEST_KILL_AT";

fn open(state: &Path) -> (Arc<TokenStore>, EntryId) {
    let (store, troubles) = TokenStore::open(state).unwrap();
    assert!(troubles.is_empty(), "{troubles:?}");
    let request = Request::new(http::Method::POST, "https://a.example/token".parse().unwrap());
    let id = store.entry(&Subject { request: &request, extract: &[], context: &Value::from(()) });
    (Arc::new(store), id)
}

fn fresh(token: &str) -> Fresh {
    let received = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    // Long enough for more than one block of a disk.
    let token = token.repeat(5_000).into();
    Fresh { received, expires: None, values: [("token".to_owned(), token)].into_iter().collect() }
}

fn lock(store: &Arc<TokenStore>, id: &EntryId) -> Locked {
    store.try_lock(id).unwrap().expect("the kernel has released the lock of the dead")
}

fn read(store: &TokenStore, id: &EntryId) -> Option<Entry> {
    let reading = store.read(id);
    assert!(reading.trouble.is_none(), "{reading:?}");
    reading.entry
}

/// The writer: does nothing unless it is asked for.
#[test]
fn writer() {
    let (Ok(state), Ok(point)) = (std::env::var(STATE), std::env::var(POINT)) else { return };
    let deadly = WritePoint::ALL[point.parse::<usize>().unwrap()];
    let (store, id) = open(Path::new(&state));
    let die = |point| {
        if point == deadly {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
        }
    };
    lock(&store, &id).write(fresh("new"), &die).unwrap();
}

fn killed_at(state: &Path, point: usize) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::writer"]).env(STATE, state).env(POINT, point.to_string());
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.signal(), Some(9), "{:?}: {status}", WritePoint::ALL[point]);
}

#[test]
fn at_no_point_the_last_values_are_lost() {
    for (index, point) in WritePoint::ALL.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join(".river");
        let (store, id) = open(&state);
        lock(&store, &id).write(fresh("old"), &|_| {}).unwrap();
        killed_at(&state, index);
        let is_new = matches!(point, WritePoint::Renamed | WritePoint::FolderSynced);
        let entry = read(&store, &id).expect("an entry");
        assert_eq!(entry.fresh, fresh(if is_new { "new" } else { "old" }), "{point:?}");
        assert_eq!(mode(&state.join("tokens").join(format!("{}.json", id.as_str()))), 0o600);
        // What is left behind hinders nobody, and is gone after the next write.
        let generation = lock(&store, &id).write(fresh("next"), &|_| {}).unwrap();
        assert_eq!(generation, entry.generation + 1);
        assert_eq!(read(&store, &id).unwrap().fresh, fresh("next"));
        assert!(!state.join("tokens").join(format!("{}.tmp", id.as_str())).exists());
    }
}

#[test]
fn the_first_write_leaves_nothing_or_all() {
    for (index, point) in WritePoint::ALL.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join(".river");
        killed_at(&state, index);
        let (store, id) = open(&state);
        let is_new = matches!(point, WritePoint::Renamed | WritePoint::FolderSynced);
        assert_eq!(read(&store, &id).map(|entry| entry.fresh), is_new.then(|| fresh("new")), "{point:?}");
    }
}
