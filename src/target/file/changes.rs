//! Which keys a run changes: an index of hashes over its spools.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;
use std::path::Path;

use crate::record::key::KeyReader;
use crate::target::error::TargetError;
use crate::target::spool::SpoolReader;

/// A mark on an offset: the record has been written.
const WRITTEN: u64 = 1 << 63;
/// In place of an offset: the key goes.
const DELETED: u64 = u64::MAX;

/// The changed keys. A key is known by 128 bits of hash, made with numbers of chance; it costs 30 to 55 bytes, and up to
/// 80 while the index grows.
#[derive(Debug)]
pub(super) struct Changes {
    /// Hash of the key → where its last record starts in the spool, or [`DELETED`].
    keys: HashMap<[u64; 2], u64>,
    hashers: [RandomState; 2],
    reader: KeyReader,
    key: Vec<u8>,
}

/// What happens to a line that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its key is not changed.
    Stays,
    /// The record at this offset takes its place.
    Replaced(u64),
    /// It goes, since its key does.
    Deleted,
    /// It goes, since another line with its key was replaced already.
    Doubled,
}

impl Changes {
    /// Reads the keys of both spools. Deletes come last, so that a record with a deleted key does not land.
    pub(super) fn read(
        key: KeyReader,
        puts: &mut SpoolReader,
        deletes: Option<&Path>,
        shown: &str,
    ) -> Result<Self, TargetError> {
        let hashers = [RandomState::new(), RandomState::new()];
        let mut changes = Self { keys: HashMap::new(), hashers, reader: key, key: vec![] };
        while let Some((offset, record)) = puts.next()? {
            if let Some(hash) = changes.hash(record) {
                changes.keys.insert(hash, offset);
            }
        }
        if let Some(deletes) = deletes {
            let mut reader = SpoolReader::open(deletes, shown)?;
            while let Some((_, record)) = reader.next()? {
                if let Some(hash) = changes.hash(record) {
                    changes.keys.insert(hash, DELETED);
                }
            }
        }
        Ok(changes)
    }

    /// What happens to a line with the key of this record. A line without one stays.
    pub(super) fn fate_of(&mut self, record: &[u8]) -> Fate {
        match self.hash(record) {
            Some(hash) => self.fate(hash),
            None => Fate::Stays,
        }
    }

    /// What happens to a row with these texts as its key.
    pub(super) fn fate_of_texts<'t>(&mut self, texts: impl Iterator<Item = &'t [u8]>) -> Fate {
        KeyReader::of_texts(texts, &mut self.key);
        self.fate(self.hash_key())
    }

    /// Whether the record at this offset is the last of its key and has not been written yet.
    pub(super) fn is_new(&mut self, record: &[u8], offset: u64) -> bool {
        self.hash(record).is_some_and(|hash| self.keys.get(&hash) == Some(&offset))
    }

    fn fate(&mut self, hash: [u64; 2]) -> Fate {
        match self.keys.entry(hash) {
            Entry::Vacant(_) => Fate::Stays,
            Entry::Occupied(entry) if *entry.get() == DELETED => Fate::Deleted,
            Entry::Occupied(entry) if entry.get() & WRITTEN != 0 => Fate::Doubled,
            Entry::Occupied(mut entry) => {
                let offset = *entry.get();
                entry.insert(offset | WRITTEN);
                Fate::Replaced(offset)
            }
        }
    }

    fn hash(&mut self, record: &[u8]) -> Option<[u64; 2]> {
        self.reader.read(record, &mut self.key).ok()?;
        Some(self.hash_key())
    }

    fn hash_key(&self) -> [u64; 2] {
        [self.hashers[0].hash_one(&self.key), self.hashers[1].hash_one(&self.key)]
    }
}
