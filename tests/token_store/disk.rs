//! A disk that is full or read-only: found before a request is sent that may use up a token.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::SystemTime;

use river::auth::store::{Fresh, Protection, StoreError, TokenStore};

/// A file system in memory; it ends with this value.
pub(crate) struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    /// None: this user may not mount.
    pub(crate) fn mount(folder: &'a Path) -> Option<Self> {
        mount(&["-t", "tmpfs", "-o", "size=256k", "tmpfs"], folder).then_some(Self(folder))
    }

    /// Only so much fits any more.
    pub(crate) fn leave(&self, bytes: usize) {
        let mut filling = std::fs::File::create(self.0.join("filling")).unwrap();
        while filling.write_all(&[0; 4096]).is_ok() {}
        let length = filling.metadata().unwrap().len();
        filling.set_len(length - bytes as u64).unwrap();
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).stderr(Stdio::null()).status();
    }
}

fn mount(options: &[&str], folder: &Path) -> bool {
    let status = Command::new("mount").args(options).arg(folder).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn fresh(token: &str) -> Fresh {
    let values = [("refresh_token".to_owned(), token.into())].into_iter().collect();
    Fresh { received: SystemTime::UNIX_EPOCH, expires: None, values }
}

#[test]
fn a_disk_without_room_is_found_by_reserving() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(folder.path()) else { return };
    let store = Arc::new(TokenStore::open(folder.path(), Protection::plain()).unwrap().0);
    let id = store.sign_in_entry(&[("client_id", "a")]);
    let held = store.try_lock(&id).unwrap().unwrap();
    held.write(fresh("one"), &|_| {}).unwrap();
    disk.leave(40 * 1024);
    let Err(refused) = held.reserve() else { panic!("there is no room") };
    assert!(refused.to_string().contains("No space left on device"), "{refused}");
    assert_eq!(refused.help(), "make room on the disk");
    assert!(refused.forbids_writing());
    assert_eq!(left(folder.path(), "tmp"), 0, "it would take the room that is left");
    assert_eq!(store.read(&id).entry.unwrap().fresh, fresh("one"));
    // With room it holds, also when others then take all the rest.
    disk.leave(80 * 1024);
    held.reserve().unwrap();
    disk.leave(0);
    held.write(fresh("two"), &|_| {}).unwrap();
    assert_eq!(store.read(&id).entry.unwrap().fresh, fresh("two"));
}

#[test]
fn a_disk_that_is_read_only_is_found_by_reserving() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(folder.path()) else { return };
    let store = Arc::new(TokenStore::open(folder.path(), Protection::plain()).unwrap().0);
    let id = store.sign_in_entry(&[("client_id", "a")]);
    store.try_lock(&id).unwrap().unwrap().write(fresh("one"), &|_| {}).unwrap();
    assert!(mount(&["-o", "remount,ro"], disk.0));
    let held = store.try_lock(&id).unwrap().unwrap();
    let Err(refused) = held.reserve() else { panic!("nothing can be written") };
    assert!(refused.to_string().contains("Read-only file system"), "{refused}");
    assert!(refused.help().contains("only where river may write"), "{}", refused.help());
    assert_eq!(held.read().entry.unwrap().fresh, fresh("one"));
    assert!(matches!(held.remove(), Err(StoreError::Io { doing: "remove", .. })));
}

fn left(folder: &Path, ending: &str) -> usize {
    let entries = std::fs::read_dir(folder.join("tokens")).unwrap();
    entries
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|found| found == ending))
        .count()
}
