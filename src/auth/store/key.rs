//! The name of an entry: a keyed hash of what was asked and of what is taken from the answer.
//!
//! The key is random and stays in the project, so that a name says nothing about the secrets in a request, not even
//! to somebody who guesses them.

use std::fmt;
use std::io::{Read, Write};
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use minijinja::value::Value;
use sha2::Sha256;

use super::error::StoreError;
use super::files::shown;
use super::lock;
use super::privacy;
use crate::auth::values::AuthValues;
use crate::expr::NameUse;
use crate::http::{Body, Request};
use crate::plan::extract::{ExtractPlan, ExtractSource};

const BYTES: usize = 32;

/// The size of a block of SHA-256: a shorter key is filled up with zeros to it (RFC 2104).
const BLOCK: usize = 64;

/// The key of a store.
pub(super) struct StoreKey([u8; BYTES]);

/// The name of an entry: hexadecimal digits, or the name of a kept secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryId(String);

/// What an entry is about.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The request, as it would be sent.
    pub request: &'a Request,
    /// What is taken from its answer.
    pub extract: &'a [ExtractPlan],
    /// The names that the extraction's expressions see.
    pub context: &'a Value,
    /// What the `auth` of the request proves itself with, where the request does not say it.
    pub proof: Option<&'a AuthValues>,
}

impl StoreKey {
    /// Reads the key of a store, or makes it. Of processes that start at once one makes it, and all read that one.
    pub(super) fn open(state: &Path) -> Result<(Self, Option<StoreError>), StoreError> {
        let path = state.join("key");
        if let Some(found) = Self::read(&path)? {
            return Ok(found);
        }
        let _lock = lock::wait(&state.join("key.lock"))?;
        if let Some(found) = Self::read(&path)? {
            return Ok(found);
        }
        Self::make(&path).map(|key| (key, None))
    }

    fn read(path: &Path) -> Result<Option<(Self, Option<StoreError>)>, StoreError> {
        let shown = shown(path);
        let Some(opened) = privacy::open(path, &shown)? else { return Ok(None) };
        if let Some(mode) = opened.was_open.filter(|mode| mode & 0o022 != 0) {
            return Err(StoreError::OpenKey { shown, mode });
        }
        let mut bytes = Vec::with_capacity(BYTES);
        let read = (&opened.file).take(BYTES as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|source| StoreError::io("read", &shown, source))?;
        let found = opened.file.metadata().map_or(bytes.len() as u64, |metadata| metadata.len());
        let Ok(key) = <[u8; BYTES]>::try_from(bytes.as_slice()) else {
            return Err(StoreError::BadKey { shown, found, known: BYTES });
        };
        let trouble = opened.was_open.map(|mode| StoreError::WasOpen { shown, mode, now: privacy::FILE });
        Ok(Some((Self(key), trouble)))
    }

    /// Under the lock: written whole beside its place and then moved there.
    fn make(path: &Path) -> Result<Self, StoreError> {
        let shown = shown(path);
        let refused = |source| StoreError::io("create", &shown, source);
        let mut key = [0; BYTES];
        getrandom::fill(&mut key).map_err(|error| refused(std::io::Error::other(error)))?;
        let temporary = path.with_extension("tmp");
        // Only a process that died under the lock leaves one.
        let _ = std::fs::remove_file(&temporary);
        let written = privacy::create(&temporary).and_then(|mut file| {
            file.write_all(&key)?;
            file.sync_data()?;
            std::fs::rename(&temporary, path)?;
            path.parent().map_or(Ok(()), privacy::sync_folder)
        });
        written.map_err(refused)?;
        Ok(Self(key))
    }

    /// The name of the entry for a request and what is extracted from its answer.
    pub(super) fn entry(&self, subject: &Subject<'_>) -> EntryId {
        let mut text = self.canonical(b"river entry 1");
        text.request(subject.request);
        text.count(subject.extract.len());
        for extract in subject.extract {
            text.extract(extract, subject.context);
        }
        if let Some(proof) = subject.proof {
            for (name, value) in proof.fields() {
                text.field(name.as_bytes());
                text.field(value.as_bytes());
            }
        }
        EntryId(text.hexadecimal())
    }

    /// The name of the entry of a sign-in.
    pub(super) fn sign_in_entry(&self, fields: &[(&str, &str)]) -> EntryId {
        let mut text = self.canonical(b"river sign-in 1");
        text.count(fields.len());
        for (name, value) in fields {
            text.field(name.as_bytes());
            text.field(value.as_bytes());
        }
        EntryId(text.hexadecimal())
    }

    /// Proves that a text was written by a holder of the key, for this entry, in this version.
    pub(super) fn seal(&self, name: &str, version: u64, text: &[u8]) -> String {
        let mut sealed = self.canonical(b"river seal");
        sealed.field(&version.to_be_bytes());
        sealed.field(name.as_bytes());
        sealed.field(text);
        sealed.hexadecimal()
    }

    /// What makes the encryption of this store another one than that of a store with the same passphrase or key file. It
    /// is as random as the key, and lasts as long.
    pub(super) fn salt(&self) -> [u8; BYTES] {
        self.canonical(b"river salt 1").bytes()
    }

    /// The key that encrypts a store with this salt, if this is the key of a key file.
    pub(super) fn encryption_key(&self, salt: &[u8]) -> [u8; BYTES] {
        let mut text = self.canonical(b"river encryption 1");
        text.field(salt);
        text.bytes()
    }

    /// A key that somebody else read.
    pub(super) fn from_bytes(bytes: [u8; BYTES]) -> Self {
        Self(bytes)
    }

    fn canonical(&self, purpose: &[u8]) -> Canonical {
        let mut block = [0; BLOCK];
        block[..BYTES].copy_from_slice(&self.0);
        let mut text = Canonical(Hmac::new(&block.into()));
        text.field(purpose);
        text
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StoreKey").finish_non_exhaustive()
    }
}

impl EntryId {
    /// The digits, or the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How messages call its file.
    pub fn shown(&self) -> String {
        format!(".river/tokens/{}.json", self.0)
    }

    /// The name of a kept secret; it names its file as it is.
    pub(super) fn of_secret(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Reads the digits back from a file's name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 2 * BYTES && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }
}

/// A text whose parts carry their length: no two different subjects read the same.
struct Canonical(Hmac<Sha256>);

impl Canonical {
    fn field(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.update(bytes);
    }

    fn count(&mut self, count: usize) {
        self.0.update(&(count as u64).to_be_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.count(usize::from(text.is_some()));
        self.field(text.unwrap_or_default().as_bytes());
    }

    fn request(&mut self, request: &Request) {
        self.field(request.method.as_str().as_bytes());
        self.field(request.url.as_str().as_bytes());
        self.count(usize::from(request.follow_redirects));
        self.count(request.headers.len());
        for header in &request.headers {
            self.field(header.name.as_str().as_bytes());
            self.field(header.value.as_bytes());
        }
        match &request.body {
            Body::None => self.count(0),
            Body::Text { content_type, text, secret_parts: _ } => {
                self.count(1);
                self.field(content_type.as_bytes());
                self.field(text);
            }
        }
    }

    /// Whether the value is secret is not part of it: every plan says that for itself.
    fn extract(&mut self, extract: &ExtractPlan, context: &Value) {
        self.field(extract.key.name.as_bytes());
        self.count(usize::from(extract.all));
        self.optional(extract.default.as_ref().map(ToString::to_string).as_deref());
        match &extract.source {
            ExtractSource::Path(path) => self.source("jsonpath", path.item.source()),
            ExtractSource::Header(name) => self.source("header", &name.to_ascii_lowercase()),
            ExtractSource::Regex { pattern, header } => {
                self.source("regex", pattern.as_str());
                self.optional(header.as_deref());
            }
            ExtractSource::Status => self.source("status", ""),
            ExtractSource::Expression(written) => {
                self.source("expr", &written.text.value);
                // What it makes of the answer depends on the other names it reads.
                for found in written.item.uses().iter().filter(|found| found.path[0] != "response") {
                    self.field(value_of(found, context).as_bytes());
                }
            }
        }
    }

    fn source(&mut self, kind: &str, text: &str) {
        self.field(kind.as_bytes());
        self.field(text.as_bytes());
    }

    fn bytes(self) -> [u8; BYTES] {
        self.0.finalize().into_bytes().into()
    }

    fn hexadecimal(self) -> String {
        use fmt::Write;
        let mut digits = String::with_capacity(2 * BYTES);
        for byte in self.bytes() {
            // Writing to a string does not fail.
            let _ = write!(digits, "{byte:02x}");
        }
        digits
    }
}

/// A value with its type: `1` and `"1"` differ.
fn value_of(found: &NameUse, context: &Value) -> String {
    let value = found.path.iter().try_fold(context.clone(), |value, name| value.get_attr(name).ok());
    value.map(|value| format!("{value:?}")).unwrap_or_default()
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
