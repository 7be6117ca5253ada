//! The file with the key that encrypts a store: 32 random bytes that lie outside of the project.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use base64::Engine;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::protection::KEY;

/// More than any spelling of a key.
const LARGEST: u64 = 1024;

/// Why a protection cannot be used. Nothing of a key or passphrase is in it.
#[derive(Debug, thiserror::Error)]
pub enum ProtectionError {
    /// Nothing to derive a key from.
    #[error("the passphrase of the token store is empty")]
    EmptyPassphrase,
    /// The system does not give the file.
    #[error("cannot read the key file `{shown}`: {source}")]
    Unreadable {
        /// The file.
        shown: String,
        /// Why not.
        source: io::Error,
    },
    /// A folder, a pipe or a device.
    #[error("the key file `{shown}` is not a file")]
    NoFile {
        /// The path.
        shown: String,
    },
    /// Others may read it, so that they may have.
    #[error(
        "other users can get at the key file `{shown}`: its mode is {mode:04o}, only 0600 or less is accepted"
    )]
    Open {
        /// The file.
        shown: String,
        /// Its mode.
        mode: u32,
    },
    /// Somebody else chose the key.
    #[error("the key file `{shown}` belongs to user {found}: only this user's, {own}, or root's is accepted")]
    NotOurs {
        /// The file.
        shown: String,
        /// Its owner.
        found: u32,
        /// The user that runs river.
        own: u32,
    },
    /// It holds no key.
    #[error(
        "`{shown}` holds no key: it has {found} bytes, which are neither 32 nor 32 in hexadecimal or base64"
    )]
    NoKey {
        /// The file.
        shown: String,
        /// Its size.
        found: usize,
    },
}

/// Reads a key. `is_guarded`: who may read the file is the matter of somebody else.
pub(super) fn read(path: &Path, shown: &str, is_guarded: bool) -> Result<[u8; KEY], ProtectionError> {
    let shown = || shown.to_owned();
    let unreadable = |source| ProtectionError::Unreadable { shown: shown(), source };
    // A pipe would block.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(ProtectionError::NoFile { shown: shown() });
    }
    let file = File::open(path).map_err(unreadable)?;
    if !is_guarded {
        check_private(&file.metadata().map_err(unreadable)?, &shown())?;
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).map_err(unreadable)?;
    key_in(&bytes).ok_or_else(|| ProtectionError::NoKey { shown: shown(), found: bytes.len() })
}

impl ProtectionError {
    /// What helps.
    pub fn help(&self) -> String {
        match self {
            Self::EmptyPassphrase => "give one, or none: `unset RIVER_STORE_PASSPHRASE`".to_owned(),
            Self::Unreadable { shown, source } if source.kind() == io::ErrorKind::NotFound => {
                format!(
                    "name the right file, or make a first key: `(umask 077 && head -c 32 /dev/urandom > {shown})`"
                )
            }
            Self::Unreadable { .. } | Self::NoFile { .. } => {
                "`RIVER_STORE_KEY_FILE` is the path of a file that this user can read".to_owned()
            }
            Self::Open { shown, .. } => {
                format!("`chmod 600 {shown}`; if others use this machine, make a new key and sign in anew")
            }
            Self::NotOurs { shown, .. } => {
                format!("`chown \"$USER\" {shown}`, if you know where it comes from")
            }
            Self::NoKey { .. } => {
                "make a new key in a new file: `(umask 077 && head -c 32 /dev/urandom > KEY)`".to_owned()
            }
        }
    }
}

/// A key as its bytes, or written in hexadecimal or base64, with or without padding.
fn key_in(bytes: &[u8]) -> Option<[u8; KEY]> {
    if let Ok(key) = bytes.try_into() {
        return Some(key);
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    hexadecimal(text).or_else(|| [STANDARD, URL_SAFE].iter().find_map(|alphabet| base64(text, alphabet)))
}

fn hexadecimal(text: &str) -> Option<[u8; KEY]> {
    if text.len() != 2 * KEY || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; KEY];
    for (byte, place) in key.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(place..place + 2)?, 16).ok()?;
    }
    Some(key)
}

fn base64(text: &str, alphabet: &Alphabet) -> Option<[u8; KEY]> {
    let any = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, any).decode(text).ok()?.try_into().ok()
}

#[cfg(unix)]
fn check_private(metadata: &std::fs::Metadata, shown: &str) -> Result<(), ProtectionError> {
    use std::os::unix::fs::MetadataExt;
    let (found, own) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if found != own && found != 0 {
        return Err(ProtectionError::NotOurs { shown: shown.to_owned(), found, own });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(ProtectionError::Open { shown: shown.to_owned(), mode });
    }
    Ok(())
}

/// Here a user's files are the user's own by the rights of the folder they are in.
#[cfg(not(unix))]
fn check_private(_: &std::fs::Metadata, _: &str) -> Result<(), ProtectionError> {
    Ok(())
}

#[cfg(test)]
#[path = "key_file_tests.rs"]
mod tests;
