//! One entry as a text: the values with their types, how long they are good, which generation they are.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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

impl Entry {
    /// Whether the values may still be used.
    pub fn is_good(&self, now: SystemTime) -> bool {
        let is_past = self.fresh.received.duration_since(now).is_ok_and(|ahead| ahead > FUTURE);
        !is_past && self.fresh.expires.is_none_or(|expires| expires > now)
    }

    /// The entry as JSON.
    pub(super) fn encode(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&EntryText {
            generation: self.generation,
            received: milliseconds(self.fresh.received),
            expires: self.fresh.expires.map(milliseconds),
            values: self.fresh.values.clone(),
        })
    }

    /// None: the text is no entry.
    pub(super) fn decode(text: &[u8]) -> Option<Self> {
        // What a reader says about bad JSON may quote the values.
        let body: EntryText = serde_json::from_slice(text).ok()?;
        Some(Self {
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

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
