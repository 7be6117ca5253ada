//! A writer that dies at each point of a write: this test binary starts itself again as the writer.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use minijinja::value::Value;
use river::auth::store::{Entry, EntryId, Fresh, Locked, Protection, Subject, TokenStore, WritePoint};
use river::http::Request;

use crate::project::mode;

/// The state folder of the writer; read by this test only.
const STATE: &str = "RIVER_TEST_STORE";
/// Whether it reserves first.
const RESERVES: &str = "RIVER_TEST_RESERVES";
const POINT: &str = "RIVER_TEST_KILL_AT";

/// How an entry is written, and at which of its points the writer dies.
#[derive(Debug, Clone, Copy)]
struct Death {
    reserves: bool,
    index: usize,
}

impl Death {
    fn all() -> impl Iterator<Item = Self> {
        [false, true]
            .into_iter()
            .flat_map(|reserves| (0..points(reserves).len()).map(move |index| Self { reserves, index }))
    }

    fn point(self) -> WritePoint {
        points(self.reserves)[self.index]
    }
}

fn points(reserves: bool) -> &'static [WritePoint] {
    if reserves { &WritePoint::RESERVED } else { &WritePoint::PLAIN }
}

fn open(state: &Path) -> (Arc<TokenStore>, EntryId) {
    let (store, troubles) = TokenStore::open(state, Protection::plain()).unwrap();
    assert!(troubles.is_empty(), "{troubles:?}");
    let request = Request::new(http::Method::POST, "https://a.example/token".parse().unwrap());
    let id =
        store.entry(&Subject { request: &request, extract: &[], context: &Value::from(()), proof: None });
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
    let reserves = std::env::var_os(RESERVES).is_some();
    let deadly = Death { reserves, index: point.parse().unwrap() }.point();
    let (store, id) = open(Path::new(&state));
    let die = |point| {
        if point == deadly {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
        }
    };
    let held = lock(&store, &id);
    if reserves {
        held.reserve_telling(&die).unwrap();
    }
    held.write(fresh("new"), &die).unwrap();
}

fn killed_at(state: &Path, death: Death) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::writer"]).env(STATE, state).env(POINT, death.index.to_string());
    if death.reserves {
        command.env(RESERVES, "yes");
    }
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.signal(), Some(9), "{death:?}: {status}");
}

#[test]
fn at_no_point_the_last_values_are_lost() {
    for death in Death::all() {
        let point = death.point();
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join(".river");
        let (store, id) = open(&state);
        lock(&store, &id).write(fresh("old"), &|_| {}).unwrap();
        killed_at(&state, death);
        let is_new = matches!(point, WritePoint::Renamed | WritePoint::FolderSynced);
        let entry = read(&store, &id).expect("an entry");
        assert_eq!(entry.fresh, fresh(if is_new { "new" } else { "old" }), "{death:?}");
        assert_eq!(mode(&state.join("tokens").join(format!("{}.json", id.as_str()))), 0o600);
        // What was written to its last byte is there for who locks the entry next.
        let held = lock(&store, &id);
        let is_whole = matches!(point, WritePoint::Written | WritePoint::Cut | WritePoint::Synced);
        let entry = held.read().entry.expect("an entry");
        assert_eq!(entry.fresh, fresh(if is_new || is_whole { "new" } else { "old" }), "{death:?}");
        // What is left behind hinders nobody, and is gone after the next write.
        let generation = held.write(fresh("next"), &|_| {}).unwrap();
        drop(held);
        assert_eq!(generation, entry.generation + 1);
        assert_eq!(read(&store, &id).unwrap().fresh, fresh("next"));
        assert!(!state.join("tokens").join(format!("{}.tmp", id.as_str())).exists());
    }
}

#[test]
fn the_first_write_leaves_nothing_or_all() {
    for death in Death::all() {
        let point = death.point();
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join(".river");
        killed_at(&state, death);
        let (store, id) = open(&state);
        let is_new = matches!(point, WritePoint::Renamed | WritePoint::FolderSynced);
        assert_eq!(read(&store, &id).map(|entry| entry.fresh), is_new.then(|| fresh("new")), "{death:?}");
    }
}
