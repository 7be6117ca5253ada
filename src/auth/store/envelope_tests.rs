use proptest::prelude::*;

use super::*;
use crate::secret::Secret;

const TEXT: &str = r#"{"a":1,"token":"sekret"}"#;

fn store_key(seed: u8) -> StoreKey {
    StoreKey::from_bytes([seed; 32])
}

fn key_file(seed: u8) -> Protection {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, [seed; 32]).unwrap();
    Protection::key_file(&path, "KEY", true).unwrap()
}

fn passphrase(text: &str) -> Protection {
    Protection::passphrase(Secret::from(text)).unwrap()
}

fn close(protection: &Protection, name: &str) -> Vec<u8> {
    Closing { key: &store_key(1), protection, name: name.to_owned() }.close(TEXT.to_owned()).unwrap()
}

fn open(bytes: &[u8], protection: &Protection, name: &str) -> Result<String, Unreadable> {
    let text = Closing { key: &store_key(1), protection, name: name.to_owned() }.open(bytes)?;
    Ok(String::from_utf8(text).unwrap())
}

#[test]
fn what_is_closed_is_opened() {
    for protection in [Protection::plain(), key_file(1), passphrase("correct horse")] {
        let bytes = close(&protection, "a");
        assert_eq!(open(&bytes, &protection, "a"), Ok(TEXT.to_owned()));
        let is_plain = protection.scheme().is_none();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.contains("sekret"), is_plain, "{text}");
        assert!(text.starts_with(if is_plain { r#"{"version":1,"# } else { r#"{"version":2,"# }), "{text}");
    }
}

/// Nobody learns whether a value is the same as before.
#[test]
fn no_two_encryptions_are_the_same() {
    let protection = key_file(1);
    assert_ne!(close(&protection, "a"), close(&protection, "a"));
}

#[test]
fn what_was_plain_is_read_with_a_key_too() {
    assert_eq!(open(&close(&Protection::plain(), "a"), &key_file(1), "a"), Ok(TEXT.to_owned()));
}

#[test]
fn without_the_right_key_nothing_is_read() {
    let with_file = close(&key_file(1), "a");
    let with_passphrase = close(&passphrase("correct horse"), "a");
    let file = Err(Unreadable::Encrypted(Scheme::KeyFile));
    let phrase = Err(Unreadable::Encrypted(Scheme::Passphrase));
    let cases = [
        (&with_file, Protection::plain(), &file),
        (&with_file, key_file(2), &file),
        (&with_file, passphrase("correct horse"), &file),
        (&with_passphrase, Protection::plain(), &phrase),
        (&with_passphrase, key_file(1), &phrase),
        (&with_passphrase, passphrase("correct hors"), &phrase),
    ];
    for (bytes, protection, expected) in cases {
        assert_eq!(open(bytes, &protection, "a"), *expected, "{protection:?}");
    }
}

#[test]
fn under_another_name_or_in_another_store_nothing_is_believed() {
    let changed = Err(Unreadable::Damaged("it was changed, or sealed with another key"));
    for protection in [Protection::plain(), key_file(1)] {
        let bytes = close(&protection, "a");
        assert_eq!(open(&bytes, &protection, "b"), changed);
        let elsewhere = Closing { key: &store_key(2), protection: &protection, name: "a".to_owned() };
        assert_eq!(
            elsewhere.open(&bytes),
            Err(Unreadable::Damaged("it was changed, or sealed with another key"))
        );
    }
}

/// Who has the key of the seals, but not that of the encryption, cannot give an entry another name either.
#[test]
fn the_encryption_is_bound_to_the_name() {
    let (key, protection) = (store_key(1), key_file(1));
    let closing = |name: &str| Closing { key: &key, protection: &protection, name: name.to_owned() };
    let text = closing("a").encrypt(TEXT.as_bytes().to_vec(), Scheme::KeyFile).unwrap();
    assert!(closing("a").decrypt(text.as_bytes()).is_ok());
    assert_eq!(closing("b").decrypt(text.as_bytes()), Err(Unreadable::Encrypted(Scheme::KeyFile)));
}

#[test]
fn what_is_no_envelope_is_said() {
    let whole = String::from_utf8(close(&Protection::plain(), "a")).unwrap();
    let cut = Unreadable::Damaged("it is not whole, or no entry of the store");
    let changed = Unreadable::Damaged("it was changed, or sealed with another key");
    let cases = [
        (String::new(), Unreadable::Damaged("it is empty")),
        ("\0\0\0\0".to_owned(), cut),
        ("{}".to_owned(), cut),
        ("[1]".to_owned(), cut),
        (whole[..whole.len() - 2].to_owned(), cut),
        (format!("{whole}{whole}"), cut),
        (format!("{whole}\0\0\0"), cut),
        (whole.replace("\"version\":1", "\"version\":3"), Unreadable::Newer(3)),
        (whole.replace("\"version\":1", "\"version\":2"), changed),
        (whole.replace("\"version\":1", "\"version\":0"), changed),
        (whole.replace("\"a\":1", "\"a\":2"), changed),
        (r#"{"version":4,"anything":[]}"#.to_owned(), Unreadable::Newer(4)),
    ];
    for (bytes, expected) in cases {
        assert_eq!(open(bytes.as_bytes(), &Protection::plain(), "a"), Err(expected), "{bytes}");
    }
}

proptest! {
    #[test]
    fn a_damaged_envelope_is_whole_or_reported(
        encrypted in any::<bool>(),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u32,
        truncate in any::<bool>(),
    ) {
        let protection = if encrypted { key_file(1) } else { Protection::plain() };
        let mut bytes = close(&protection, "a");
        let place = place.index(bytes.len());
        if truncate {
            bytes.truncate(place);
        } else {
            bytes[place] ^= 1 << bit;
        }
        if let Ok(read) = open(&bytes, &protection, "a") {
            prop_assert_eq!(read, TEXT);
        }
    }
}

#[test]
fn what_lies_in_clear_is_known_without_a_key() {
    assert!(is_in_clear(br#"{"version":1,"seal":"","entry":{}}"#));
    assert!(!is_in_clear(br#"{"version":2,"seal":"","entry":{}}"#));
    assert!(!is_in_clear(b"cut off"));
}
