//! One entry as bytes: the values with their types, how long they are good, which generation they are.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The version this river writes, and the newest it reads.
pub(super) const VERSION: u64 = 1;

/// An entry from further in the future was stored by a clock that was wrong.
const FUTURE: Duration = Duration::from_secs(60);

/// What is stored: values, as a service gave them.
#[derive(Clone, PartialEq)]
pub struct Fresh {
    /// When they came.
    pub received: SystemTime,
    /// From when on they are no longer good; none: never.
    pub expires: Option<SystemTime>,
    /// The values by name.
    pub values: Map<String, Value>,
}

/// What is in the store.
#[derive(Clone, PartialEq)]
pub struct Entry {
    /// Grows with each store; it tells two entries of a name apart.
    pub generation: u64,
    /// The values.
    pub fresh: Fresh,
}

/// Why bytes are not an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    Damaged(&'static str),
    Newer(u64),
}

impl Entry {
    /// Whether the values may still be used.
    pub fn is_good(&self, now: SystemTime) -> bool {
        let is_past = self.fresh.received.duration_since(now).is_ok_and(|ahead| ahead > FUTURE);
        !is_past && self.fresh.expires.is_none_or(|expires| expires > now)
    }

    pub(super) fn encode(&self, seal: impl Fn(u64, &[u8]) -> String) -> Result<Vec<u8>, serde_json::Error> {
        let body = EntryText {
            generation: self.generation,
            received: milliseconds(self.fresh.received),
            expires: self.fresh.expires.map(milliseconds),
            values: self.fresh.values.clone(),
        };
        let entry = serde_json::value::to_raw_value(&body)?;
        let seal = seal(VERSION, entry.get().as_bytes());
        let mut bytes = serde_json::to_vec(&Envelope { version: VERSION, seal: &seal, entry: &entry })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    pub(super) fn decode(bytes: &[u8], seal: impl Fn(u64, &[u8]) -> String) -> Result<Self, Unreadable> {
        if bytes.is_empty() {
            return Err(Unreadable::Damaged("it is empty"));
        }
        // What a reader says about bad JSON may quote the values.
        let version = serde_json::from_slice::<VersionOnly>(bytes)
            .map_err(|_| Unreadable::Damaged("it is not whole, or no entry of the store"))?
            .version;
        if version > VERSION {
            return Err(Unreadable::Newer(version));
        }
        let envelope: Envelope<'_> = serde_json::from_slice(bytes)
            .map_err(|_| Unreadable::Damaged("it is not whole, or no entry of the store"))?;
        let text = envelope.entry.get().as_bytes();
        if !same(seal(version, text).as_bytes(), envelope.seal.as_bytes()) {
            return Err(Unreadable::Damaged("it was changed, or sealed with another key"));
        }
        let body: EntryText =
            serde_json::from_slice(text).map_err(|_| Unreadable::Damaged("its values cannot be read"))?;
        Ok(Self {
            generation: body.generation,
            fresh: Fresh {
                received: time(body.received),
                expires: body.expires.map(time),
                values: body.values,
            },
        })
    }
}

/// Names, not values.
impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Entry")
            .field("generation", &self.generation)
            .field("fresh", &self.fresh)
            .finish()
    }
}

/// Names, not values.
impl fmt::Debug for Fresh {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Fresh")
            .field("received", &self.received)
            .field("expires", &self.expires)
            .field("names", &self.values.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
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

/// Times are milliseconds since 1970.
#[derive(Serialize, Deserialize)]
struct EntryText {
    generation: u64,
    received: u64,
    expires: Option<u64>,
    values: Map<String, Value>,
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Times that no clock reaches become one that every system can name.
fn time(milliseconds: u64) -> SystemTime {
    let farthest = Duration::from_secs(i64::MAX.unsigned_abs() / 1_000_000);
    UNIX_EPOCH + Duration::from_millis(milliseconds).min(farthest)
}

/// Takes the same time wherever the two differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
