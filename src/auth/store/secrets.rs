//! Secrets that somebody gave river to keep: one file a name, in the same form as the entries of sign-ins.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::entry::Fresh;
use super::error::StoreError;
use super::files::{TokenStore, shown};
use super::key::EntryId;
use super::protection::{Protection, ProtectionKind};
use crate::secret::Secret;

/// Where they are, below the state.
const FOLDER: &str = "secrets";

/// Under which name an entry holds the secret.
const VALUE: &str = "value";

/// The longest name: it has to fit a file's, with its ending.
const LONGEST: usize = 200;

/// The secrets kept for a project.
#[derive(Debug)]
pub struct SecretStore(Arc<TokenStore>);

/// The name of a secret, as a variable of the environment has one: `[A-Za-z_][A-Za-z0-9_]*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretName(EntryId);

/// What reading a secret brings.
#[derive(Debug)]
pub struct KeptSecret {
    /// The secret, if there is one that can be read.
    pub value: Option<Secret>,
    /// What its owner should know.
    pub trouble: Option<StoreError>,
}

impl SecretName {
    /// None: it is no name.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = text.bytes();
        let begins = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
        let is_name = begins && bytes.all(|next| next.is_ascii_alphanumeric() || next == b'_');
        (is_name && text.len() <= LONGEST).then(|| Self(EntryId::of_secret(text)))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl SecretStore {
    /// The names of the secrets in a project's state folder (`.river`), in their order. Nothing is opened or made.
    pub fn names(state: &Path) -> Result<Vec<SecretName>, StoreError> {
        let folder = state.join(FOLDER);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            Err(source) => return Err(StoreError::io("read", &shown(&folder), source)),
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let paths = paths.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
        let mut names: Vec<SecretName> =
            paths.filter_map(|path| SecretName::parse(path.file_stem()?.to_str()?)).collect();
        names.sort();
        Ok(names)
    }

    /// Opens the secrets in a project's state folder (`.river`), or makes the folder for them.
    pub fn open(state: &Path, protection: Protection) -> Result<(Self, Vec<StoreError>), StoreError> {
        let (store, troubles) = TokenStore::open_folder(state, FOLDER, protection)?;
        Ok((Self(Arc::new(store)), troubles))
    }

    /// How what is set from now on lies on the disk.
    pub fn protection(&self) -> ProtectionKind {
        self.0.protection()
    }

    /// Reads a secret.
    pub fn read(&self, name: &SecretName) -> KeptSecret {
        let reading = self.0.read(&name.0);
        let value = reading.entry.and_then(|entry| {
            let value = entry.fresh.values.get(VALUE)?.as_str()?;
            Some(Secret::from(value))
        });
        KeptSecret { value, trouble: reading.trouble }
    }

    /// Keeps a secret in the place of the one that has the name, which must be readable or damaged. It waits while
    /// another process does so.
    pub fn set(&self, name: &SecretName, value: &Secret, now: SystemTime) -> Result<(), StoreError> {
        let values = [(VALUE.to_owned(), value.expose().into())].into_iter().collect();
        let held = self.0.wait_for(&name.0)?;
        held.write(Fresh { received: now, expires: None, values }, &|_| {}).map(drop)
    }

    /// Forgets a secret; whether there was one. It goes also if it cannot be read, unless it is of a newer river or of
    /// another user.
    pub fn remove(&self, name: &SecretName) -> Result<bool, StoreError> {
        let held = self.0.wait_for(&name.0)?;
        let was_there = held.remove()?;
        // Under the lock: who waits for it finds it gone and takes a new one.
        let _ = fs::remove_file(self.0.path(&name.0, "lock"));
        Ok(was_there)
    }
}

#[cfg(test)]
#[path = "secrets_tests.rs"]
mod tests;
