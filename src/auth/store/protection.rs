//! Encryption of what is kept: optional, with a key file or a passphrase that lie outside of the project.
//!
//! Whoever gets at a copy of the project's folder alone (a backup, a disk that was thrown away) then reads no token.
//! Whoever runs as the same user reads the key as river does: against that nothing here helps. It must not read the
//! environment: what was set is given to it.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::pbkdf2;
use serde::{Deserialize, Serialize};

use super::key::StoreKey;
use super::key_file::{self, ProtectionError};
use super::privacy;
use crate::secret::Secret;

/// The size of a key, as of AES-256.
pub(super) const KEY: usize = 32;

/// The rounds of PBKDF2-HMAC-SHA256: what OWASP's Password Storage Cheat Sheet asks for. Another number would be another
/// version of an entry.
const ROUNDS: NonZeroU32 = NonZeroU32::new(600_000).unwrap();

/// How what is kept lies on the disk. A clone shares the derived key: it is derived once a process.
#[derive(Clone, Default)]
pub struct Protection(Option<Arc<Guard>>);

/// A protection, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProtectionKind {
    /// Files that only their owner may read.
    Plain,
    /// Encrypted with a key file.
    KeyFile(String),
    /// Encrypted with a key that is derived from a passphrase.
    Passphrase,
}

impl ProtectionKind {
    /// Whether what is kept is encrypted.
    pub fn encrypts(&self) -> bool {
        match self {
            Self::KeyFile(_) | Self::Passphrase => true,
            Self::Plain => false,
        }
    }
}

/// With what an entry is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// A key file.
    KeyFile,
    /// A passphrase.
    Passphrase,
}

/// What the key is made of, and the key, once it was made.
struct Guard {
    source: Source,
    /// By salt: a project has one store, the sandbox's beside it another.
    derived: Mutex<BTreeMap<[u8; KEY], Arc<RandomizedNonceKey>>>,
}

enum Source {
    KeyFile { shown: String, key: StoreKey },
    Passphrase(Secret),
}

impl Protection {
    /// Files that only their owner may read.
    pub fn plain() -> Self {
        Self::default()
    }

    /// Encryption with the key in a file: 32 random bytes, or these in hexadecimal or base64. Only a file of this
    /// user or of root is accepted that nobody else can get at; messages call it `shown`; `is_guarded` says that its folder is guarded by
    /// somebody else already, as systemd guards the credentials of a service.
    pub fn key_file(path: &Path, shown: &str, is_guarded: bool) -> Result<Self, ProtectionError> {
        let key = key_file::read(path, shown, is_guarded)?;
        Ok(Self::of(Source::KeyFile { shown: shown.to_owned(), key: StoreKey::from_bytes(key) }))
    }

    /// Encryption with a key that is derived from a passphrase.
    pub fn passphrase(passphrase: Secret) -> Result<Self, ProtectionError> {
        if passphrase.expose().is_empty() {
            return Err(ProtectionError::EmptyPassphrase);
        }
        Ok(Self::of(Source::Passphrase(passphrase)))
    }

    /// What it is, in words.
    pub fn kind(&self) -> ProtectionKind {
        match self.0.as_ref().map(|guard| &guard.source) {
            None => ProtectionKind::Plain,
            Some(Source::KeyFile { shown, .. }) => ProtectionKind::KeyFile(shown.clone()),
            Some(Source::Passphrase(_)) => ProtectionKind::Passphrase,
        }
    }

    pub(super) fn scheme(&self) -> Option<Scheme> {
        self.0.as_ref().map(|guard| match guard.source {
            Source::KeyFile { .. } => Scheme::KeyFile,
            Source::Passphrase(_) => Scheme::Passphrase,
        })
    }

    /// The key for a store; its salt makes it another one for each store.
    pub(super) fn cipher(&self, store: &StoreKey) -> Option<Arc<RandomizedNonceKey>> {
        let guard = self.0.as_ref()?;
        let salt = store.salt();
        let mut derived = guard.derived.lock().unwrap_or_else(PoisonError::into_inner);
        let cipher = derived.entry(salt).or_insert_with(|| Arc::new(guard.source.derive(&salt)));
        Some(Arc::clone(cipher))
    }

    fn of(source: Source) -> Self {
        Self(Some(Arc::new(Guard { source, derived: Mutex::default() })))
    }
}

impl Source {
    fn derive(&self, salt: &[u8; KEY]) -> RandomizedNonceKey {
        let key = match self {
            Self::KeyFile { key, .. } => key.encryption_key(salt),
            Self::Passphrase(passphrase) => {
                let mut key = [0; KEY];
                let passphrase = passphrase.expose().as_bytes();
                pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt, passphrase, &mut key);
                key
            }
        };
        RandomizedNonceKey::new(&AES_256_GCM, &key).expect("a key of 32 bytes is one of AES-256")
    }
}

impl fmt::Debug for Protection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(formatter)
    }
}

impl fmt::Display for ProtectionKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => write!(formatter, "plain file, mode {:04o}", privacy::FILE),
            Self::KeyFile(shown) => write!(formatter, "encrypted with the key file `{shown}`"),
            Self::Passphrase => formatter.write_str("encrypted with a passphrase"),
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::KeyFile => "key file",
            Self::Passphrase => "passphrase",
        })
    }
}

#[cfg(test)]
#[path = "protection_tests.rs"]
mod tests;
