use super::super::fixture::{fresh, id, locked, read, store, write};
use super::*;

/// The bytes of an entry that is the next of `a`, as its writer leaves them before the rename.
fn next(store: &std::sync::Arc<TokenStore>, token: &str) -> Vec<u8> {
    let path = store.path(&id('a'), "json");
    let before = fs::read(&path).ok();
    write(store, &id('a'), token);
    let bytes = fs::read(&path).unwrap();
    match before {
        Some(before) => fs::write(&path, before).unwrap(),
        None => fs::remove_file(&path).unwrap(),
    }
    bytes
}

fn leave(store: &TokenStore, bytes: &[u8]) {
    drop(privacy::create(&store.path(&id('a'), "tmp")).unwrap());
    fs::write(store.path(&id('a'), "tmp"), bytes).unwrap();
}

#[test]
fn a_whole_entry_is_put_in_place() {
    for (room, there) in [(0, true), (0, false), (1_000, true), (1_000, false)] {
        let (_folder, store) = store();
        if there {
            write(&store, &id('a'), "old");
        }
        let bytes = next(&store, "new");
        leave(&store, &[bytes.as_slice(), &vec![0; room]].concat());
        drop(locked(&store, &id('a')));
        assert_eq!(read(&store, &id('a')).fresh, fresh("new"));
        assert_eq!(fs::read(store.path(&id('a'), "json")).unwrap(), bytes);
        assert!(!store.path(&id('a'), "tmp").exists());
    }
}

#[test]
fn who_waited_for_the_lock_finds_it_too() {
    let (_folder, store) = store();
    let bytes = next(&store, "new");
    leave(&store, &bytes);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let held = runtime.block_on(store.lock(&id('a'))).unwrap();
    assert_eq!(held.read().entry.unwrap().fresh, fresh("new"));
}

#[test]
fn what_is_not_whole_not_newer_or_not_of_this_entry_is_left_alone() {
    let (_folder, store) = store();
    write(&store, &id('a'), "older");
    let older = fs::read(store.path(&id('a'), "json")).unwrap();
    write(&store, &id('a'), "old");
    let bytes = next(&store, "new");
    let mut changed = bytes.clone();
    let place = changed.windows(3).position(|part| part == b"new").unwrap();
    changed[place] = b'm';
    write(&store, &id('b'), "other");
    let other = fs::read(store.path(&id('b'), "json")).unwrap();
    for bad in [&bytes[..bytes.len() / 2], &[0; 100], b"", &changed, &other, &older] {
        leave(&store, bad);
        drop(locked(&store, &id('a')));
        assert_eq!(read(&store, &id('a')).fresh, fresh("old"), "{}", String::from_utf8_lossy(bad));
        fs::remove_file(store.path(&id('a'), "tmp")).unwrap();
    }
}

#[test]
fn an_entry_of_a_newer_river_stays() {
    let (_folder, store) = store();
    let bytes = next(&store, "new");
    leave(&store, &bytes);
    let path = store.path(&id('a'), "json");
    drop(privacy::create(&path).unwrap());
    fs::write(&path, b"{\"version\":9}").unwrap();
    drop(locked(&store, &id('a')));
    assert_eq!(fs::read(&path).unwrap(), b"{\"version\":9}");
}
