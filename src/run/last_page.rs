//! The page before, to notice one that repeats.

use base64::Engine;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::record::Batch;

/// The page before: in a run its records, after a checkpoint a hash of them.
#[derive(Debug, Clone, Default)]
pub(super) enum LastPage {
    /// There was none.
    #[default]
    None,
    Records(Batch),
    Hash(String),
}

impl LastPage {
    /// Whether a page holds the same records, byte for byte; of two empty ones, the same text.
    pub(super) fn is(&self, batch: &Batch) -> bool {
        match self {
            Self::None => false,
            Self::Hash(hash) => hash_of(batch).as_ref() == Some(hash),
            Self::Records(last) if batch.is_empty() => {
                last.is_empty() && !batch.text().is_empty() && last.text() == batch.text()
            }
            Self::Records(last) => last.len() == batch.len() && last.iter().eq(batch.iter()),
        }
    }

    fn hash(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Records(batch) => hash_of(batch),
            Self::Hash(hash) => Some(hash.clone()),
        }
    }
}

/// A hash of a page's records, each with its length; of a page without records, of its text. None: it has no text either.
fn hash_of(batch: &Batch) -> Option<String> {
    let mut hash = Sha256::new();
    if batch.is_empty() {
        hash.update(batch.text());
    }
    for record in batch.iter() {
        hash.update((record.len() as u64).to_le_bytes());
        hash.update(record);
    }
    let nothing = batch.is_empty() && batch.text().is_empty();
    // 128 bits are enough to tell pages apart.
    (!nothing).then(|| base64::engine::general_purpose::STANDARD_NO_PAD.encode(&hash.finalize()[..16]))
}

impl Serialize for LastPage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.hash().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LastPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map_or(Self::None, Self::Hash))
    }
}

impl PartialEq for LastPage {
    fn eq(&self, other: &Self) -> bool {
        self.hash() == other.hash()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::expr::jsonpath::PlainPath;
    use crate::record::Page;

    fn batch(body: &'static str) -> Batch {
        Page::read(Bytes::from_static(body.as_bytes()), Some(&PlainPath::default())).unwrap().batch()
    }

    #[test]
    fn a_checkpoint_tells_pages_apart_as_the_records_do() {
        let pages = ["[1,2]", "[12]", "[1]", "[1, 2]", "[]", "[ ]", "[[1],2]"].map(batch);
        for (place, one) in pages.iter().enumerate() {
            let last = LastPage::Records(one.clone());
            let stored: LastPage = serde_json::from_str(&serde_json::to_string(&last).unwrap()).unwrap();
            for (other, page) in pages.iter().enumerate() {
                // Spaces between records are none of them.
                let same = place == other || [(0, 3), (3, 0)].contains(&(place, other));
                assert_eq!((last.is(page), stored.is(page)), (same, same), "{place} {other}");
            }
        }
        assert!(!LastPage::None.is(&pages[4]));
    }
}
