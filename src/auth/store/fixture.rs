//! A store in a folder of its own, for the tests of this module.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, json};

use super::{Entry, EntryId, Fresh, Locked, Protection, TokenStore};

pub(super) fn store() -> (tempfile::TempDir, Arc<TokenStore>) {
    let folder = tempfile::tempdir().unwrap();
    let (store, troubles) = TokenStore::open(&folder.path().join(".river"), Protection::plain()).unwrap();
    assert!(troubles.is_empty(), "{troubles:?}");
    (folder, Arc::new(store))
}

pub(super) fn id(digit: char) -> EntryId {
    EntryId::parse(&digit.to_string().repeat(64)).unwrap()
}

pub(super) fn fresh(token: &str) -> Fresh {
    let received = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let values: Map<_, _> = [("token".to_owned(), json!(token))].into_iter().collect();
    Fresh { received, expires: Some(received + Duration::from_secs(60)), values }
}

pub(super) fn locked(store: &Arc<TokenStore>, id: &EntryId) -> Locked {
    store.try_lock(id).unwrap().expect("nobody holds it")
}

pub(super) fn write(store: &Arc<TokenStore>, id: &EntryId, token: &str) -> u64 {
    locked(store, id).write(fresh(token), &|_| {}).unwrap()
}

pub(super) fn read(store: &TokenStore, id: &EntryId) -> Entry {
    let reading = store.read(id);
    assert!(reading.trouble.is_none(), "{reading:?}");
    reading.entry.expect("an entry")
}
