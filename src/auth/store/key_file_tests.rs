use std::os::unix::fs::PermissionsExt;

use super::*;

fn said(path: &Path, is_guarded: bool) -> String {
    let shown = path.file_name().unwrap().to_string_lossy();
    match read(path, &shown, is_guarded) {
        Ok(_) => "a key".to_owned(),
        Err(error) => format!("{error}; {}", error.help()),
    }
}

fn file(folder: &Path, name: &str, bytes: &[u8], mode: u32) -> std::path::PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn a_key_is_read_in_every_spelling() {
    let key: [u8; KEY] = std::array::from_fn(|place| u8::try_from(place * 7 % 256).unwrap() | 0xc0);
    let hexadecimal = key.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let padded = base64::engine::general_purpose::STANDARD.encode(key);
    let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key);
    assert_ne!(padded.trim_end_matches('='), url_safe);
    let spellings = [
        key.to_vec(),
        hexadecimal.clone().into_bytes(),
        format!("{}\n", hexadecimal.to_uppercase()).into_bytes(),
        padded.clone().into_bytes(),
        format!("{padded}\r\n").into_bytes(),
        padded.trim_end_matches('=').as_bytes().to_vec(),
        url_safe.into_bytes(),
    ];
    for spelling in spellings {
        assert_eq!(key_in(&spelling), Some(key), "{}", String::from_utf8_lossy(&spelling));
    }
    assert_eq!(hexadecimal.len(), 64);
    for none in [&b""[..], &[1; 31], &[1; 33], b"passphrase", &[b'g'; 64], &[b'A'; 42]] {
        assert_eq!(key_in(none), None, "{}", String::from_utf8_lossy(none));
    }
}

#[test]
fn what_is_no_key_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let new_key = "make a new key in a new file: `(umask 077 && head -c 32 /dev/urandom > KEY)`";
    assert_eq!(
        said(&folder.join("gone"), false),
        "cannot read the key file `gone`: No such file or directory (os error 2); name the right file, or make a first key: `(umask 077 && head -c 32 /dev/urandom > gone)`"
    );
    assert_eq!(
        said(&file(folder, "short", b"1234567", 0o600), false),
        format!(
            "`short` holds no key: it has 7 bytes, which are neither 32 nor 32 in hexadecimal or base64; {new_key}"
        )
    );
    assert_eq!(
        said(&file(folder, "open", &[7; 32], 0o640), false),
        "other users can get at the key file `open`: its mode is 0640, only 0600 or less is accepted; `chmod 600 open`; if others use this machine, make a new key and sign in anew"
    );
    assert_eq!(
        said(folder, false),
        format!(
            "the key file `{}` is not a file; `RIVER_STORE_KEY_FILE` is the path of a file that this user can read",
            folder.file_name().unwrap().to_string_lossy()
        )
    );
    assert_eq!(said(&file(folder, "private", &[7; 32], 0o400), false), "a key");
    assert_eq!(said(&file(folder, "guarded", &[7; 32], 0o440), true), "a key");
}

#[test]
fn the_key_file_of_another_user_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "theirs", &[7; 32], 0o600);
    if std::os::unix::fs::chown(&path, Some(65534), None).is_err() {
        return; // only root can give a file away
    }
    let own = rustix::process::geteuid().as_raw();
    assert_eq!(
        said(&path, false),
        format!(
            "the key file `theirs` belongs to user 65534: only this user's, {own}, or root's is accepted; `chown \"$USER\" theirs`, if you know where it comes from"
        )
    );
}
