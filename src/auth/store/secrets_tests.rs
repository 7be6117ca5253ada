use std::os::unix::fs::PermissionsExt;

use super::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn name(text: &str) -> SecretName {
    SecretName::parse(text).unwrap()
}

fn open(state: &Path) -> SecretStore {
    let (store, troubles) = SecretStore::open(state, Protection::plain()).unwrap();
    assert!(troubles.is_empty(), "{troubles:?}");
    store
}

fn value(store: &SecretStore, text: &str) -> Option<String> {
    let kept = store.read(&name(text));
    assert!(kept.trouble.is_none(), "{kept:?}");
    kept.value.map(|value| value.expose().to_owned())
}

#[test]
fn names_are_those_of_variables() {
    for text in ["A", "_", "a_B9", &"x".repeat(200)] {
        assert_eq!(SecretName::parse(text).unwrap().as_str(), text);
    }
    for text in ["", "9A", "A B", "A=b", "../A", "A.json", "\u{c4}", &"x".repeat(201)] {
        assert_eq!(SecretName::parse(text), None, "{text}");
    }
}

#[test]
fn what_is_set_is_read_until_it_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert_eq!(value(&store, "A"), None);
    for text in ["one", "\u{1f600} \"two\"\nlines", " "] {
        store.set(&name("A"), &Secret::from(text), NOW).unwrap();
        assert_eq!(value(&store, "A").as_deref(), Some(text));
    }
    store.set(&name("B"), &Secret::from("b"), NOW).unwrap();
    assert_eq!(SecretStore::names(folder.path()).unwrap(), [name("A"), name("B")]);
    assert!(store.remove(&name("A")).unwrap());
    assert!(!store.remove(&name("A")).unwrap());
    assert_eq!(SecretStore::names(folder.path()).unwrap(), [name("B")]);
    let left: Vec<_> = fs::read_dir(folder.path().join("secrets")).unwrap().flatten().collect();
    assert_eq!(left.len(), 2, "a file and its lock: {left:?}");
}

#[test]
fn looking_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join(".river");
    assert_eq!(SecretStore::names(&state).unwrap(), []);
    assert!(!state.exists());
}

#[test]
fn files_are_private() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).set(&name("A"), &Secret::from("one"), NOW).unwrap();
    let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode("secrets"), mode("secrets/A.json"), mode("key")], [0o700, 0o600, 0o600]);
}

/// A secret is no entry of a sign-in, and no other secret, even if somebody gives its file the name.
#[test]
fn a_file_with_another_name_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.set(&name("A"), &Secret::from("one"), NOW).unwrap();
    let from = folder.path().join("secrets/A.json");
    fs::copy(&from, folder.path().join("secrets/B.json")).unwrap();
    assert!(matches!(store.read(&name("B")).trouble, Some(StoreError::Damaged { .. })));
    let (tokens, _) = TokenStore::open(folder.path(), Protection::plain()).unwrap();
    fs::copy(&from, folder.path().join("tokens/A.json")).unwrap();
    assert!(matches!(tokens.read(&name("A").0).trouble, Some(StoreError::Damaged { .. })));
}
