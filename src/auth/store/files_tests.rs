use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Map, json};

use super::*;

fn store() -> (tempfile::TempDir, Arc<TokenStore>) {
    let folder = tempfile::tempdir().unwrap();
    let (store, troubles) = TokenStore::open(&folder.path().join(".river")).unwrap();
    assert!(troubles.is_empty(), "{troubles:?}");
    (folder, Arc::new(store))
}

fn id(digit: char) -> EntryId {
    EntryId::parse(&digit.to_string().repeat(64)).unwrap()
}

fn fresh(token: &str) -> Fresh {
    let received = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let values: Map<_, _> = [("token".to_owned(), json!(token))].into_iter().collect();
    Fresh { received, expires: Some(received + Duration::from_secs(60)), values }
}

fn locked(store: &Arc<TokenStore>, id: &EntryId) -> Locked {
    store.try_lock(id).unwrap().expect("nobody holds it")
}

fn write(store: &Arc<TokenStore>, id: &EntryId, token: &str) -> u64 {
    locked(store, id).write(fresh(token), &|_| {}).unwrap()
}

fn read(store: &TokenStore, id: &EntryId) -> Entry {
    let reading = store.read(id);
    assert!(reading.trouble.is_none(), "{reading:?}");
    reading.entry.expect("an entry")
}

#[test]
fn what_is_written_is_read() {
    let (_folder, store) = store();
    assert!(store.read(&id('a')).entry.is_none());
    assert_eq!(write(&store, &id('a'), "one"), 1);
    assert_eq!(write(&store, &id('a'), "two"), 2);
    assert_eq!(write(&store, &id('b'), "other"), 1);
    assert_eq!(read(&store, &id('a')), Entry { generation: 2, fresh: fresh("two") });
    assert_eq!(read(&store, &id('b')), Entry { generation: 1, fresh: fresh("other") });
}

#[test]
fn an_entry_under_another_name_is_not_believed() {
    let (_folder, store) = store();
    write(&store, &id('a'), "one");
    std::fs::copy(store.path(&id('a'), "json"), store.path(&id('b'), "json")).unwrap();
    let reading = store.read(&id('b'));
    assert!(reading.entry.is_none());
    assert!(matches!(reading.trouble, Some(StoreError::Damaged { .. })), "{reading:?}");
}

#[test]
fn a_lock_is_exclusive_until_it_is_dropped() {
    let (_folder, store) = store();
    let held = locked(&store, &id('a'));
    assert!(store.try_lock(&id('a')).unwrap().is_none());
    assert!(store.try_lock(&id('b')).unwrap().is_some());
    drop(held);
    assert!(store.try_lock(&id('a')).unwrap().is_some());
}

#[tokio::test(flavor = "current_thread")]
async fn a_wait_for_a_lock_can_be_given_up() {
    let (_folder, store) = store();
    let held = locked(&store, &id('a'));
    let given_up = tokio::time::timeout(Duration::from_millis(1), store.lock(&id('a'))).await;
    assert!(given_up.is_err());
    drop(held);
    let patience = Duration::from_secs(60);
    assert!(tokio::time::timeout(patience, store.lock(&id('a'))).await.unwrap().is_ok());
}

#[test]
fn a_write_tells_every_point_in_order() {
    let (_folder, store) = store();
    let seen = RefCell::new(vec![]);
    locked(&store, &id('a')).write(fresh("one"), &|point| seen.borrow_mut().push(point)).unwrap();
    assert_eq!(seen.into_inner(), WritePoint::ALL);
}

#[test]
fn a_reader_sees_the_last_entry_until_the_new_one_is_there() {
    let (_folder, store) = store();
    write(&store, &id('a'), "old");
    let held = locked(&store, &id('a'));
    let look = |point| {
        let expected =
            if matches!(point, WritePoint::Renamed | WritePoint::FolderSynced) { "new" } else { "old" };
        assert_eq!(read(&store, &id('a')).fresh, fresh(expected), "{point:?}");
    };
    held.write(fresh("new"), &look).unwrap();
}

#[test]
fn a_leftover_of_a_dead_writer_is_replaced() {
    let (_folder, store) = store();
    std::fs::write(store.path(&id('a'), "tmp"), b"half").unwrap();
    write(&store, &id('a'), "one");
    assert_eq!(read(&store, &id('a')).fresh, fresh("one"));
    assert!(!store.path(&id('a'), "tmp").exists());
}

#[test]
fn what_may_not_be_replaced_is_not() {
    let (_folder, store) = store();
    let path = store.path(&id('a'), "json");
    let newer = b"{\"version\":9}";
    std::fs::write(&path, newer).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let refused = locked(&store, &id('a')).write(fresh("one"), &|_| {});
    assert!(matches!(refused, Err(StoreError::Newer { found: 9, .. })), "{refused:?}");
    assert_eq!(std::fs::read(&path).unwrap(), newer);
}

#[test]
fn too_much_is_not_stored() {
    let (_folder, store) = store();
    write(&store, &id('a'), "one");
    let much = "x".repeat(usize::try_from(LARGEST).unwrap());
    let refused = locked(&store, &id('a')).write(fresh(&much), &|_| {});
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })), "{refused:?}");
    assert_eq!(read(&store, &id('a')).fresh, fresh("one"));
}

#[test]
fn what_ended_long_ago_is_removed() {
    let (_folder, store) = store();
    let day = Duration::from_secs(24 * 3600);
    write(&store, &id('a'), "old");
    write(&store, &id('b'), "held");
    let _held = locked(&store, &id('b'));
    let long_ago = SystemTime::now() - 3 * day;
    for digit in ['a', 'b'] {
        let lock = std::fs::File::options().write(true).open(store.path(&id(digit), "lock")).unwrap();
        lock.set_modified(long_ago).unwrap();
    }
    let later = fresh("new").received + 2 * day;
    let newest = Fresh { received: later, expires: Some(later + day), ..fresh("new") };
    locked(&store, &id('c')).write(newest, &|_| {}).unwrap();
    let there = |digit, ending| store.path(&id(digit), ending).exists();
    assert!(!there('a', "json") && !there('a', "lock"));
    assert!(there('b', "json") && there('b', "lock"), "it is held");
    assert!(there('c', "json"));
}

#[test]
fn a_lock_that_was_removed_is_made_anew() {
    let (_folder, store) = store();
    let gone = locked(&store, &id('a'));
    std::fs::remove_file(store.path(&id('a'), "lock")).unwrap();
    let held = locked(&store, &id('a'));
    drop(gone);
    assert!(store.try_lock(&id('a')).unwrap().is_none());
    drop(held);
}

#[test]
fn files_are_shown_from_the_state_folder_on() {
    let cases = [
        ("/home/a/p/.river/tokens/x.json", ".river/tokens/x.json"),
        ("/home/.river/p/.river/sandbox/key", ".river/sandbox/key"),
        ("/tmp/x", "/tmp/x"),
    ];
    for (path, expected) in cases {
        assert_eq!(shown(Path::new(path)), expected);
    }
}

#[test]
fn errors_help() {
    let shown = || "x".to_owned();
    let all = [
        StoreError::Damaged { shown: shown(), found: "it is empty" },
        StoreError::Newer { shown: shown(), found: 2, known: 1 },
        StoreError::NotOurs { shown: shown(), found: 1, own: 2 },
        StoreError::io("read", "x", std::io::ErrorKind::ReadOnlyFilesystem.into()),
    ];
    let texts: Vec<String> = all.iter().map(|error| format!("{error}; {}", error.help())).collect();
    assert_eq!(
        texts,
        [
            "the kept values in `x` are damaged: it is empty; the values are asked for again, and the damaged file is kept as `….damaged`",
            "`x` was written by a newer river: its version is 2, this river knows 1; use the newer river, or remove `x`",
            "`x` belongs to another user: its owner is user 1, river runs as user 2; run river as the owner, or give it to this user: `chown -R \"$USER\" x`",
            "cannot read `x`: read-only filesystem or storage medium; values are kept between runs only where river may write the project's `.river` folder",
        ]
    );
}
