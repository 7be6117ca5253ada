use std::cell::RefCell;
use std::os::unix::fs::PermissionsExt;

use super::super::fixture::{fresh, id, locked, read, store, write};
use super::super::{Protection, TokenStore};
use super::*;
use crate::secret::Secret;

#[test]
fn a_write_tells_every_point_in_order() {
    let (_folder, store) = store();
    let seen = RefCell::new(vec![]);
    locked(&store, &id('a')).write(fresh("one"), &|point| seen.borrow_mut().push(point)).unwrap();
    assert_eq!(seen.into_inner(), WritePoint::PLAIN);
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
fn what_is_reserved_takes_the_values() {
    let (_folder, store) = store();
    write(&store, &id('a'), "old");
    let temporary = store.path(&id('a'), "tmp");
    let held = locked(&store, &id('a'));
    let seen = RefCell::new(vec![]);
    let look = |point| seen.borrow_mut().push(point);
    held.reserve_telling(&look).unwrap();
    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap());
    let reserved = inode(&temporary);
    assert_eq!(fs::metadata(&temporary).unwrap().len(), 64 * 1024);
    assert_eq!(fs::metadata(&temporary).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(read(&store, &id('a')).fresh, fresh("old"));
    held.reserve().unwrap();
    assert_eq!(held.write(fresh("new"), &look).unwrap(), 2);
    assert_eq!(seen.into_inner(), WritePoint::RESERVED);
    assert_eq!(inode(&held.path()), reserved, "it is the same file");
    assert_eq!(read(&store, &id('a')).fresh, fresh("new"));
    assert!(!temporary.exists());
}

#[test]
fn more_than_was_reserved_is_written_too() {
    let (_folder, store) = store();
    let held = locked(&store, &id('a'));
    held.reserve().unwrap();
    let much = "x".repeat(100_000);
    held.write(fresh(&much), &|_| {}).unwrap();
    assert_eq!(read(&store, &id('a')).fresh, fresh(&much));
}

#[test]
fn values_are_written_even_if_what_was_reserved_is_gone() {
    let (_folder, store) = store();
    let held = locked(&store, &id('a'));
    held.reserve().unwrap();
    fs::remove_file(store.path(&id('a'), "tmp")).unwrap();
    held.write(fresh("one"), &|_| {}).unwrap();
    assert_eq!(read(&store, &id('a')).fresh, fresh("one"));
}

#[test]
fn what_is_reserved_and_not_used_goes_with_the_lock() {
    let (_folder, store) = store();
    let held = locked(&store, &id('a'));
    held.reserve().unwrap();
    assert!(store.path(&id('a'), "tmp").exists());
    drop(held);
    assert!(!store.path(&id('a'), "tmp").exists());
}

/// Before the request that would use up a token.
#[test]
fn what_cannot_be_written_is_found_by_reserving() {
    let (_folder, store) = store();
    let entry = store.path(&id('a'), "json");
    fs::write(&entry, b"{\"version\":9}").unwrap();
    fs::set_permissions(&entry, fs::Permissions::from_mode(0o600)).unwrap();
    let refused = locked(&store, &id('a')).reserve();
    assert!(matches!(refused, Err(StoreError::Newer { found: 9, .. })), "{refused:?}");
    assert!(!store.path(&id('a'), "tmp").exists());
    // Root can write in a folder that is read-only, but not over another folder.
    fs::create_dir_all(store.path(&id('b'), "tmp").join("in the way")).unwrap();
    let refused = locked(&store, &id('b')).reserve();
    assert!(matches!(refused, Err(StoreError::Io { doing: "write", .. })), "{refused:?}");
}

#[test]
fn a_damaged_entry_is_put_aside_by_reserving() {
    let (_folder, store) = store();
    write(&store, &id('a'), "one");
    fs::write(store.path(&id('a'), "json"), b"half").unwrap();
    let held = locked(&store, &id('a'));
    held.reserve().unwrap();
    assert_eq!(fs::read(store.path(&id('a'), "damaged")).unwrap(), b"half");
    assert_eq!(held.write(fresh("two"), &|_| {}).unwrap(), 1);
}

#[test]
fn what_is_removed_is_gone_with_all_that_belongs_to_it() {
    let (_folder, store) = store();
    write(&store, &id('a'), "one");
    write(&store, &id('b'), "other");
    fs::write(store.path(&id('a'), "damaged"), b"half").unwrap();
    let held = locked(&store, &id('a'));
    held.reserve().unwrap();
    assert!(held.remove().unwrap());
    for ending in ["json", "damaged", "tmp"] {
        assert!(!store.path(&id('a'), ending).exists(), "{ending}");
    }
    assert!(!held.remove().unwrap(), "there is none any more");
    assert!(store.try_lock(&id('a')).unwrap().is_none(), "the lock is still held");
    assert_eq!(held.write(fresh("two"), &|_| {}).unwrap(), 1);
    assert_eq!(read(&store, &id('b')).fresh, fresh("other"));
}

#[test]
fn what_cannot_be_read_can_be_removed_unless_it_is_not_ours() {
    let (_folder, store) = store();
    let entry = store.path(&id('a'), "json");
    for (bad, goes) in [(&b"half"[..], true), (b"{\"version\":9}", false)] {
        fs::write(&entry, bad).unwrap();
        fs::set_permissions(&entry, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(locked(&store, &id('a')).remove().is_ok(), goes);
        assert_eq!(entry.exists(), !goes);
    }
}

/// A store of the same folder, as another process opens it.
fn opened_with(folder: &tempfile::TempDir, protection: Protection) -> Arc<TokenStore> {
    Arc::new(TokenStore::open(&folder.path().join(".river"), protection).unwrap().0)
}

fn passphrase(text: &str) -> Protection {
    Protection::passphrase(Secret::from(text)).unwrap()
}

#[test]
fn what_was_plain_is_encrypted_by_the_next_write() {
    let (folder, plain) = store();
    write(&plain, &id('a'), "sekret-one");
    let encrypting = opened_with(&folder, passphrase("correct horse"));
    let text = || fs::read_to_string(plain.path(&id('a'), "json")).unwrap();
    assert_eq!(read(&encrypting, &id('a')).fresh, fresh("sekret-one"));
    assert!(text().contains("sekret-one"));
    let held = locked(&encrypting, &id('a'));
    held.reserve().unwrap();
    assert_eq!(held.write(fresh("sekret-two"), &|_| {}).unwrap(), 2);
    assert!(!text().contains("sekret"), "{}", text());
    assert_eq!(read(&encrypting, &id('a')).fresh, fresh("sekret-two"));
}

#[test]
fn without_the_key_nothing_is_written_over() {
    let (folder, plain) = store();
    write(&opened_with(&folder, passphrase("correct horse")), &id('a'), "one");
    let path = plain.path(&id('a'), "json");
    let whole = fs::read(&path).unwrap();
    let cases = [
        (Protection::plain(), "a passphrase, and river was given none"),
        (passphrase("another"), "another passphrase than river was given"),
    ];
    for (protection, why) in cases {
        let store = opened_with(&folder, protection);
        let trouble = store.read(&id('a')).trouble.expect("it cannot be read");
        assert!(trouble.to_string().ends_with(&format!("is encrypted with {why}")), "{trouble}");
        assert!(trouble.help().starts_with("set `RIVER_STORE_PASSPHRASE` as it was; if that is lost"));
        let held = locked(&store, &id('a'));
        assert!(matches!(held.reserve(), Err(StoreError::Encrypted { .. })));
        assert!(matches!(held.write(fresh("two"), &|_| {}), Err(StoreError::Encrypted { .. })));
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
    // Who lost it can still sign out.
    assert!(locked(&plain, &id('a')).remove().unwrap());
}
