use super::super::Fresh;
use super::super::fixture::{fresh, id, locked, read, store, write};
use super::*;

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

/// A sign-in has no end of its own: it is removed by who signs out.
#[test]
fn what_has_no_end_is_never_removed() {
    let (_folder, store) = store();
    locked(&store, &id('a')).write(Fresh { expires: None, ..fresh("for ever") }, &|_| {}).unwrap();
    let lock = std::fs::File::options().write(true).open(store.path(&id('a'), "lock")).unwrap();
    lock.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let much_later = fresh("new").received + Duration::from_secs(100 * 365 * 24 * 3600);
    locked(&store, &id('b')).write(Fresh { received: much_later, ..fresh("new") }, &|_| {}).unwrap();
    assert_eq!(read(&store, &id('a')).generation, 1);
}
