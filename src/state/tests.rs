use std::fs;

use tempfile::TempDir;

use super::*;

const NOW: &str = "2026-11-23T12:00:00Z";

fn new_run(id: &str) -> NewRun {
    let text = |text: &str| text.to_owned();
    NewRun {
        id: text(id),
        key: text("k"),
        pipeline: text("leads"),
        fingerprint: text("f"),
        started_at: text(NOW),
        folders: vec!["/tmp/out".into()],
    }
}

fn watermark(value: &str) -> Watermark {
    let text = |text: &str| text.to_owned();
    let key =
        WatermarkKey { pipeline: text("leads"), step: text("pull"), name: text("since"), per: text("null") };
    Watermark { key, kind: text("datetime"), value: text(value) }
}

#[test]
fn a_run_goes_from_begin_to_end() {
    let folder = TempDir::new().unwrap();
    let mut state = State::open(folder.path()).unwrap();
    state.begin(&new_run("r1")).unwrap();
    state.checkpoint("r1", "{\"page\":3}", &[], NOW).unwrap();
    drop(state);

    let mut state = State::open(folder.path()).unwrap();
    let open = state.open_runs().unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].run, new_run("r1"));
    assert_eq!((open[0].phase, open[0].checkpoint.as_deref()), (Phase::Running, Some("{\"page\":3}")));
    let decided = Decided {
        pending: None,
        landings: vec!["one".to_owned(), "two".to_owned()],
        watermarks: vec![watermark("2026-01-02T03:04:05+05:30")],
    };
    state.decide("r1", &decided, NOW).unwrap();
    let landing = |position, text: &str| (position, text.to_owned());
    assert_eq!(state.landings("r1").unwrap(), [landing(0, "one"), landing(1, "two")]);
    state.land("r1", 0).unwrap();
    assert_eq!(state.landings("r1").unwrap(), [landing(1, "two")]);
    assert_eq!(state.watermark(&watermark("").key).unwrap(), Some(decided.watermarks[0].clone()));
    let row = state.run("r1").unwrap().unwrap();
    assert_eq!((row.phase, row.checkpoint), (Phase::Decided, None));
    state.end("r1", "complete", NOW).unwrap();
    assert!(state.open_runs().unwrap().is_empty());
    assert!(state.landings("r1").unwrap().is_empty());
}

#[test]
fn a_decision_is_all_or_nothing() {
    let folder = TempDir::new().unwrap();
    let mut state = State::open(folder.path()).unwrap();
    let decided =
        Decided { pending: None, landings: vec!["one".to_owned()], watermarks: vec![watermark("x")] };
    assert!(state.decide("nobody", &decided, NOW).is_err());
    assert!(state.watermarks(None).unwrap().is_empty());
}

#[test]
fn watermarks_are_set_listed_and_forgotten() {
    let folder = TempDir::new().unwrap();
    let mut state = State::open(folder.path()).unwrap();
    let mut other = watermark("b");
    other.key.step = "deleted".to_owned();
    let set = |state: &mut State, set: Vec<Watermark>| {
        assert!(state.revise(&Revision { set, ..Revision::default() }, NOW).unwrap());
    };
    set(&mut state, vec![watermark("a"), other.clone()]);
    set(&mut state, vec![watermark("c")]);
    let values = |state: &State, pipeline| -> Vec<String> {
        state.watermarks(pipeline).unwrap().into_iter().map(|kept| kept.watermark.value).collect()
    };
    assert_eq!(values(&state, None), ["b", "c"]);
    assert_eq!(values(&state, Some("other")), [""; 0]);
    let forgotten = vec![other.key];
    assert!(state.revise(&Revision { forgotten, ..Revision::default() }, NOW).unwrap());
    assert_eq!(values(&state, Some("leads")), ["c"]);
}

#[test]
fn nothing_is_revised_under_a_run_that_may_live() {
    let folder = TempDir::new().unwrap();
    let mut state = State::open(folder.path()).unwrap();
    state.begin(&new_run("r1")).unwrap();
    state.checkpoint("r1", "{}", &[], NOW).unwrap();
    let about = |pipeline: &str, dead: &[&str]| Revision {
        pipelines: [pipeline.to_owned()].into(),
        dead: dead.iter().map(|&id| id.to_owned()).collect(),
        set: vec![watermark("a")],
        ..Revision::default()
    };
    assert!(!state.revise(&about("leads", &[]), NOW).unwrap());
    assert!(!state.revise(&about("leads", &["r0"]), NOW).unwrap());
    assert!(state.watermarks(None).unwrap().is_empty());
    assert!(state.revise(&about("others", &[]), NOW).unwrap());
    assert!(state.run("r1").unwrap().unwrap().checkpoint.is_some());
    assert!(state.revise(&about("leads", &["r1"]), NOW).unwrap());
    assert_eq!(state.watermarks(None).unwrap()[0].updated_at, NOW);
    // The run is still there: whoever goes on removes its files.
    assert_eq!(state.run("r1").unwrap().unwrap().checkpoint, None);
    assert_eq!(state.open_runs().unwrap().len(), 1);
}

#[test]
fn ended_runs_are_forgotten_in_the_end() {
    let folder = TempDir::new().unwrap();
    let mut state = State::open(folder.path()).unwrap();
    state.connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    for number in 0..1_003 {
        let id = format!("r{number}");
        state.begin(&new_run(&id)).unwrap();
        state.end(&id, "complete", NOW).unwrap();
    }
    assert_eq!(state.run("r2").unwrap(), None);
    assert!(state.run("r3").unwrap().is_some());
}

#[test]
fn what_is_not_a_whole_state_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    drop(State::open(folder.path()).unwrap());
    let whole = fs::read(&path).unwrap();
    let version = |version: i64| {
        let folder = TempDir::new().unwrap();
        let state = State::open(folder.path()).unwrap();
        state.connection.pragma_update(None, "user_version", version).unwrap();
        drop(state);
        fs::read(folder.path().join("state.db")).unwrap()
    };
    let foreign = {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("x.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        fs::read(path).unwrap()
    };
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("empty", vec![], "is damaged: it is empty"),
        (
            "garbage",
            b"not a database, though long enough to be looked at as one, is it not".repeat(20),
            "is damaged: it is not a database",
        ),
        ("truncated", whole[..whole.len() / 2].to_vec(), "is damaged: "),
        ("newer", version(3), "was written by a newer river: its version is 3, this river knows 2"),
        ("no version", version(0), "is damaged: it says that its version is 0"),
        ("foreign", foreign, "is a database of another program"),
    ];
    for (name, bytes, message) in cases {
        fs::write(&path, &bytes).unwrap();
        let error = State::open(folder.path()).err().unwrap_or_else(|| panic!("{name} is accepted"));
        assert!(error.to_string().contains(message), "{name}: {error}");
        assert!(!error.help().is_empty());
        assert_eq!(fs::read(&path).unwrap(), bytes, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("deep/.river");
    drop(State::open(&state).unwrap());
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    assert_eq!(mode(&state.join("state.db")), 0o600);
    let mut left: Vec<_> = fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [".gitignore", "locks", "state.db"]);
}

#[test]
fn a_lock_is_held_by_one_and_says_by_whom() {
    let folder = TempDir::new().unwrap();
    let holder = Holder { pid: 7, run: "r1".to_owned(), started_at: NOW.to_owned(), briefly: false };
    let other = Holder { pid: 8, run: "r2".to_owned(), ..holder.clone() };
    assert_eq!(Lock::holder(folder.path(), "a").unwrap(), None);
    let held = Lock::try_take(folder.path(), "a", &holder).unwrap().unwrap();
    assert_eq!(Lock::holder(folder.path(), "a").unwrap(), Some(Some(holder.clone())));
    assert_eq!(Lock::try_take(folder.path(), "a", &other).unwrap().unwrap_err(), Some(holder));
    assert!(Lock::try_take(folder.path(), "b", &other).unwrap().is_ok());
    drop(held);
    assert!(Lock::try_take(folder.path(), "a", &other).unwrap().is_ok());
}

#[test]
fn what_died_while_it_was_made_is_removed() {
    let folder = TempDir::new().unwrap();
    let unfinished = folder.path().join("state.db.new.1");
    fs::write(&unfinished, "of one that died").unwrap();
    drop(State::open(folder.path()).unwrap());
    assert!(!unfinished.exists());
}

#[test]
fn an_older_state_becomes_the_newest_and_keeps_what_it_holds() {
    let folder = TempDir::new().unwrap();
    let older = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    older.execute_batch(super::schema::FIRST).unwrap();
    older.pragma_update(None, "application_id", super::schema::APPLICATION_ID).unwrap();
    older.pragma_update(None, "user_version", 1).unwrap();
    older
        .execute_batch(
            "INSERT INTO watermark VALUES ('leads', 'pull', 'since', 'null', 'string', 'a', NULL, '2026-01-01T00:00:00Z');
             INSERT INTO run (id, key, pipeline, fingerprint, phase, started_at, touched_at, folders, checkpoint)
             VALUES ('r1', 'k', 'leads', 'f', 'running', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', '[]', '{}')",
        )
        .unwrap();
    drop(older);
    for _again in 0..2 {
        let mut state = State::open(folder.path()).unwrap();
        assert_eq!(state.watermarks(None).unwrap()[0].watermark.value, "a");
        let key = watermark("a").key;
        let seen = PendingWatermark { key: key.clone(), seen: "{}".into(), holds: Some(watermark("b")) };
        state.checkpoint("r1", "{}", &[seen], NOW).unwrap();
        assert_eq!(state.pending_watermark("r1", &key).unwrap().as_deref(), Some("{}"));
    }
}

#[test]
fn what_a_run_has_seen_holds_once_it_decides() {
    let folder = TempDir::new().unwrap();
    let mut state = State::open(folder.path()).unwrap();
    let pending = |name: &str, holds: Option<&str>| {
        let mut mark = watermark(holds.unwrap_or_default());
        mark.key.name = name.to_owned();
        PendingWatermark { key: mark.key.clone(), seen: "{}".into(), holds: holds.map(|_| mark) }
    };
    let values = |state: &State| -> Vec<(String, String)> {
        let all = state.watermarks(None).unwrap().into_iter().map(|kept| kept.watermark);
        all.map(|mark| (mark.key.name, mark.value)).collect()
    };
    for (id, takes) in [("r1", false), ("r2", true)] {
        state.begin(&new_run(id)).unwrap();
        state.checkpoint(id, "{}", &[pending("a", Some("1")), pending("b", None)], NOW).unwrap();
        // What changed after the last checkpoint counts: `a` was broken since, `c` is complete.
        let changed = vec![pending("a", None), pending("c", Some("3"))];
        let decided = Decided { pending: takes.then_some(changed), ..Decided::default() };
        state.decide(id, &decided, NOW).unwrap();
        assert_eq!(state.pending_watermark(id, &pending("a", None).key).unwrap(), None, "{id}");
    }
    assert_eq!(values(&state), [("c".to_owned(), "3".to_owned())]);

    // A run that ends without a decision leaves nothing of what it saw.
    state.begin(&new_run("r3")).unwrap();
    state.checkpoint("r3", "{}", &[pending("d", Some("4"))], NOW).unwrap();
    state.end("r3", "abandoned", NOW).unwrap();
    assert_eq!(values(&state), [("c".to_owned(), "3".to_owned())]);
}
