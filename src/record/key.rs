//! The key of a record: the values of a few of its fields, comparable as bytes.

use super::fields::{fields, unescape};
use super::schema::name_of;

/// Reads keys out of records.
#[derive(Debug, Clone)]
pub struct KeyReader {
    names: Vec<String>,
    /// Whether `1` and `"1"` are one value: where everything is text they are.
    as_text: bool,
    /// Where the parts of the key were found in the last record.
    parts: Vec<(usize, usize)>,
}

/// Why a record has no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    /// It is no object.
    #[error("it is no object")]
    NoObject,
    /// A field of the key is missing.
    #[error("it has no `{0}`, which is its key")]
    Missing(String),
    /// A field of the key is null.
    #[error("its `{0}` is null, which is its key")]
    Null(String),
    /// A field of the key is a list or an object.
    #[error("its `{0}` is a list or an object, which cannot be a key")]
    Nested(String),
    /// A field of the key is no text.
    #[error("its `{0}` holds half a surrogate pair, which is no text")]
    NoText(String),
}

impl KeyReader {
    /// A reader of the values of these top-level fields.
    pub fn new(names: Vec<String>, as_text: bool) -> Self {
        Self { names, as_text, parts: vec![] }
    }

    /// The fields.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Puts the key of a record into `key`. Equal keys are equal bytes: text counts as it is read, numbers as they
    /// are written.
    ///
    /// # Errors
    /// If the record has none.
    pub fn read(&mut self, record: &[u8], key: &mut Vec<u8>) -> Result<(), NoKey> {
        key.clear();
        self.find(record)?;
        for (name, (start, end)) in self.names.iter().zip(&self.parts) {
            let value = &record[*start..*end];
            let begin = key.len();
            key.extend_from_slice(&[0; 5]);
            match value.first() {
                None => return Err(NoKey::Missing(name.clone())),
                Some(b'n') => return Err(NoKey::Null(name.clone())),
                Some(b'{' | b'[') => return Err(NoKey::Nested(name.clone())),
                Some(b'"') => {
                    key[begin] = if self.as_text { 0 } else { b's' };
                    unescape(&value[1..value.len() - 1], key).map_err(|_| NoKey::NoText(name.clone()))?;
                }
                Some(_) => key.extend_from_slice(value),
            }
            end_part(key, begin);
        }
        Ok(())
    }

    /// Puts the key that these texts make into `key`.
    pub fn of_texts<'t>(texts: impl Iterator<Item = &'t [u8]>, key: &mut Vec<u8>) {
        key.clear();
        for text in texts {
            let begin = key.len();
            key.extend_from_slice(&[0; 5]);
            key.extend_from_slice(text);
            end_part(key, begin);
        }
    }

    fn find(&mut self, record: &[u8]) -> Result<(), NoKey> {
        self.parts.clear();
        self.parts.resize(self.names.len(), (0, 0));
        let mut fields = fields(record).ok_or(NoKey::NoObject)?;
        let base = record.as_ptr().addr();
        for field in fields.by_ref() {
            let place = self.names.iter().position(|name| is_name(field.key, name));
            if let Some(place) = place {
                let start = field.value.as_ptr().addr() - base;
                self.parts[place] = (start, start + field.value.len());
            }
        }
        if fields.is_whole() { Ok(()) } else { Err(NoKey::NoObject) }
    }
}

/// Whether a key as it is written stands for a name.
pub fn is_name(key: &[u8], name: &str) -> bool {
    key == name.as_bytes() || (key.contains(&b'\\') && name_of(key).is_ok_and(|read| read == name))
}

/// The parts carry their lengths, so that `ab`,`c` and `a`,`bc` differ.
fn end_part(key: &mut [u8], begin: usize) {
    let length = u32::try_from(key.len() - begin - 5).unwrap_or(u32::MAX);
    key[begin + 1..begin + 5].copy_from_slice(&length.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(record: &str, as_text: bool) -> Result<Vec<u8>, String> {
        let mut key = Vec::new();
        let mut reader = KeyReader::new(vec!["a".to_owned(), "b".to_owned()], as_text);
        reader.read(record.as_bytes(), &mut key).map_err(|error| error.to_string())?;
        Ok(key)
    }

    #[test]
    fn equal_values_are_equal_keys() {
        let equal = [
            (r#"{"a":"x","b":1}"#, r#"{"b":1,"z":0,"a":"\u0078"}"#),
            (r#"{"a":"x","b":1}"#, r#"{"\u0061":"x","b":2,"b":1}"#),
        ];
        for (one, other) in equal {
            assert_eq!(key(one, false).unwrap(), key(other, false).unwrap());
        }
        let different = [
            (r#"{"a":"x","b":1}"#, r#"{"a":"x","b":"1"}"#),
            (r#"{"a":"x","b":"yz"}"#, r#"{"a":"xy","b":"z"}"#),
        ];
        for (one, other) in different {
            assert_ne!(key(one, false).unwrap(), key(other, false).unwrap());
        }
        assert_eq!(key(r#"{"a":"x","b":1}"#, true).unwrap(), key(r#"{"a":"x","b":"1"}"#, true).unwrap());
        let mut texts = Vec::new();
        KeyReader::of_texts([&b"x"[..], b"1"].into_iter(), &mut texts);
        assert_eq!(key(r#"{"a":"x","b":1}"#, true).unwrap(), texts);
    }

    #[test]
    fn what_is_no_key_is_told() {
        let cases = [
            ("[1]", "it is no object"),
            (r#"{"a":1"#, "it is no object"),
            (r#"{"a":1}"#, "it has no `b`, which is its key"),
            (r#"{"a":null,"b":1}"#, "its `a` is null, which is its key"),
            (r#"{"a":1,"b":[]}"#, "its `b` is a list or an object, which cannot be a key"),
            (r#"{"a":1,"b":"\ud800"}"#, "its `b` holds half a surrogate pair, which is no text"),
        ];
        for (record, message) in cases {
            assert_eq!(key(record, false).unwrap_err(), message);
        }
    }
}
