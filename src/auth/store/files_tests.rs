use std::time::Duration;

use super::super::Entry;
use super::super::fixture::{fresh, id, locked, read, store, write};
use super::*;

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
