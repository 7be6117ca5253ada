use super::*;

fn store_key(seed: u8) -> StoreKey {
    StoreKey::from_bytes([seed; KEY])
}

#[test]
fn a_key_is_derived_once_a_store() {
    let protection = Protection::passphrase(Secret::from("correct horse")).unwrap();
    let first = protection.clone().cipher(&store_key(1)).unwrap();
    assert!(Arc::ptr_eq(&first, &protection.cipher(&store_key(1)).unwrap()));
    assert!(!Arc::ptr_eq(&first, &protection.cipher(&store_key(2)).unwrap()));
}

#[test]
fn stores_differ_in_their_salt() {
    assert_ne!(store_key(1).salt(), store_key(2).salt());
    let key = store_key(3);
    assert_ne!(key.encryption_key(&store_key(1).salt()), key.encryption_key(&store_key(2).salt()));
    assert_ne!(key.encryption_key(&[0; KEY]), store_key(4).encryption_key(&[0; KEY]));
}

#[test]
fn an_empty_passphrase_is_none() {
    let error = Protection::passphrase(Secret::from("")).unwrap_err();
    assert_eq!(error.to_string(), "the passphrase of the token store is empty");
    assert_eq!(error.help(), "give one, or none: `unset RIVER_STORE_PASSPHRASE`");
}

#[test]
fn a_protection_says_what_it_is_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, [b'k'; KEY]).unwrap();
    let cases = [
        (Protection::plain(), "plain file, mode 0600".to_owned()),
        (Protection::key_file(&path, "KEY", true).unwrap(), "encrypted with the key file `KEY`".to_owned()),
        (Protection::passphrase(Secret::from("kkkk")).unwrap(), "encrypted with a passphrase".to_owned()),
    ];
    for (protection, text) in cases {
        assert_eq!(protection.kind().to_string(), text);
        assert!(!format!("{protection:?}").contains("kkkk"));
    }
}
