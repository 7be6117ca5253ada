//! What lies around a kept text: the version, a seal that proves who wrote it, and, if that is wanted, encryption.
//!
//! It knows nothing of what the text says.

use std::io;

use aws_lc_rs::aead::{Aad, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::key::StoreKey;
use super::protection::{Protection, Scheme};

/// The version of a text that everybody could read.
const PLAIN: u64 = 1;

/// The version of one that is encrypted, and the newest that is known here.
pub(super) const VERSION: u64 = 2;

/// What is needed to close and open envelopes of one name.
#[derive(Debug)]
pub(super) struct Closing<'a> {
    pub(super) key: &'a StoreKey,
    pub(super) protection: &'a Protection,
    /// What the text is kept as: under another name it is not believed.
    pub(super) name: String,
}

/// Why bytes are no text of this store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    Damaged(&'static str),
    Newer(u64),
    /// It is whole, and encrypted with something else than was given.
    Encrypted(Scheme),
}

impl Closing<'_> {
    /// The envelope with a text, which is JSON.
    pub(super) fn close(&self, text: String) -> io::Result<Vec<u8>> {
        let (version, text) = match self.protection.scheme() {
            None => (PLAIN, text),
            Some(with) => (VERSION, self.encrypt(text.into_bytes(), with)?),
        };
        let seal = self.key.seal(&self.name, version, text.as_bytes());
        let entry = RawValue::from_string(text)?;
        let mut bytes = serde_json::to_vec(&Envelope { version, seal: &seal, entry: &entry })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The text of an envelope.
    pub(super) fn open(&self, bytes: &[u8]) -> Result<Vec<u8>, Unreadable> {
        if bytes.is_empty() {
            return Err(Unreadable::Damaged("it is empty"));
        }
        // What a reader says about bad JSON may quote the values.
        let no_entry = |_| Unreadable::Damaged("it is not whole, or no entry of the store");
        let version = serde_json::from_slice::<VersionOnly>(bytes).map_err(no_entry)?.version;
        if version > VERSION {
            return Err(Unreadable::Newer(version));
        }
        let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(no_entry)?;
        let text = envelope.entry.get().as_bytes();
        if !same(self.key.seal(&self.name, version, text).as_bytes(), envelope.seal.as_bytes()) {
            return Err(Unreadable::Damaged("it was changed, or sealed with another key"));
        }
        if version == VERSION { self.decrypt(text) } else { Ok(text.to_owned()) }
    }

    fn encrypt(&self, mut text: Vec<u8>, with: Scheme) -> io::Result<String> {
        let refused = |_| io::Error::other("it cannot be encrypted");
        let cipher = self.protection.cipher(self.key).ok_or_else(|| io::Error::other("there is no key"))?;
        let nonce = cipher.seal_in_place_append_tag(self.bound_to(), &mut text).map_err(refused)?;
        let nonce = STANDARD.encode(nonce.as_ref());
        Ok(serde_json::to_string(&Encrypted { with, nonce, sealed: STANDARD.encode(text) })?)
    }

    /// The seal holds: what cannot be decrypted was encrypted with another key.
    fn decrypt(&self, text: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let unreadable = Unreadable::Damaged("its values cannot be read");
        let encrypted: Encrypted = serde_json::from_slice(text).map_err(|_| unreadable)?;
        let other_key = Unreadable::Encrypted(encrypted.with);
        if self.protection.scheme() != Some(encrypted.with) {
            return Err(other_key);
        }
        let nonce = STANDARD.decode(encrypted.nonce).map_err(|_| unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(&nonce).map_err(|_| unreadable)?;
        let mut sealed = STANDARD.decode(encrypted.sealed).map_err(|_| unreadable)?;
        let cipher = self.protection.cipher(self.key).ok_or(other_key)?;
        let text = cipher.open_in_place(nonce, self.bound_to(), &mut sealed).map_err(|_| other_key)?;
        Ok(text.to_vec())
    }

    /// What the encryption is bound to, besides the key.
    fn bound_to(&self) -> Aad<String> {
        Aad::from(format!("river entry {VERSION} {}", self.name))
    }
}

/// Whether everybody who may read the file can read what is in it.
pub(super) fn is_in_clear(bytes: &[u8]) -> bool {
    serde_json::from_slice::<VersionOnly>(bytes).is_ok_and(|found| found.version == PLAIN)
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    version: u64,
    seal: &'a str,
    #[serde(borrow)]
    entry: &'a RawValue,
}

/// In the place of the text; the bytes are in base64.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Encrypted {
    with: Scheme,
    nonce: String,
    sealed: String,
}

/// Takes the same time wherever the two differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
