//! The descent as `serde_json` makes it: what is wrong with a text that [`scan`] refuses, and what `scan` is held to.
//!
//! Everything below the path is passed over by raw values, which `serde_json` checks without recursion.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::descent::{Descent, Member, Rest, read_key};
use super::reader::Mistake;
use super::scan;
use crate::expr::jsonpath::PlainPath;

/// Goes down `path` in `text`, which is checked to be one JSON value.
pub(super) fn descend(text: &[u8], path: &PlainPath) -> serde_json::Result<Descent> {
    let start = after_space(text, 0);
    let mut descent = Descent::new();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let walk = Walk { text, rest: Rest::of(path), start, descent: &mut descent };
    let end = walk.deserialize(&mut deserializer)?;
    deserializer.end()?;
    descent.root = start..end;
    Ok(descent)
}

/// What this program and `serde_json` read differently in a text, if anything: for tests and fuzzing, which may give it
/// any bytes and any path.
pub fn disagreement(text: &[u8], path: &PlainPath) -> Option<String> {
    let (ours, theirs) = (scan::descend(text, path), descend(text, path));
    match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) if ours == theirs => {}
        (Err(Mistake), Err(_)) => return None,
        (Err(Mistake), Ok(_)) if path.names.len() > scan::MAX_NAMES => return None,
        _ => return Some(format!("{ours:?}, but by serde_json {theirs:?}")),
    }
    let root = descend(text, &PlainPath::default()).ok()?;
    disagreement_about(text, &root)
}

/// The same about members and elements of what is at the root.
fn disagreement_about(text: &[u8], root: &Descent) -> Option<String> {
    let (members, elements) =
        (scan::members(text, root.root.clone()), scan::elements(text, root.root.clone()));
    let is_array = text.get(root.root.start) == Some(&b'[');
    let their_members = root.levels.first().map_or(&[][..], |level| &level.members);
    let their_elements = if is_array { &root.records[..] } else { &[] };
    (members != their_members || elements != their_elements).then(|| {
        format!("{members:?} and {elements:?}, but by serde_json {their_members:?} and {their_elements:?}")
    })
}

/// The pass down the path: reads the value that starts at `start` and yields its end.
struct Walk<'t, 'w> {
    text: &'t [u8],
    rest: Rest<'w>,
    start: usize,
    descent: &'w mut Descent,
}

impl<'t> DeserializeSeed<'t> for Walk<'t, '_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<usize, D::Error> {
        match self.text.get(self.start) {
            Some(b'{') => deserializer.deserialize_map(self),
            Some(b'[') if self.rest.is_done() => deserializer.deserialize_seq(self),
            _ => {
                let value = range_of(self.text, <&RawValue>::deserialize(deserializer)?);
                let end = value.end;
                self.descent.note_scalar(self.rest, self.text, value);
                Ok(end)
            }
        }
    }
}

impl<'t> Visitor<'t> for Walk<'t, '_> {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<usize, A::Error> {
        let levels_above = self.descent.levels.len();
        let mut members = Vec::new();
        let mut inside_end = self.start + 1;
        while let Some(raw_key) = map.next_key::<&RawValue>()? {
            let key = read_key(raw_key.get().as_bytes());
            let start = value_start(self.text, range_of(self.text, raw_key).end);
            let value = match self.rest.below(&key) {
                Some(rest) => {
                    self.descent.forget(levels_above);
                    let (text, descent) = (self.text, &mut *self.descent);
                    start..map.next_value_seed(Walk { text, rest, start, descent })?
                }
                None => range_of(self.text, map.next_value::<&RawValue>()?),
            };
            inside_end = value.end;
            members.push(Member { key, value });
        }
        let end = after_space(self.text, inside_end) + 1;
        self.descent.note_object(self.rest, self.start..end, members);
        Ok(end)
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut elements: A) -> Result<usize, A::Error> {
        let mut records: Vec<Range<usize>> = Vec::new();
        while let Some(element) = elements.next_element::<&RawValue>()? {
            records.push(range_of(self.text, element));
        }
        let inside_end = records.last().map_or(self.start + 1, |last| last.end);
        self.descent.note_records(records);
        Ok(after_space(self.text, inside_end) + 1)
    }
}

fn range_of(text: &[u8], value: &RawValue) -> Range<usize> {
    let start = value.get().as_ptr().addr() - text.as_ptr().addr();
    start..start + value.get().len()
}

/// Where the value behind a key starts, if the text is valid there.
fn value_start(text: &[u8], key_end: usize) -> usize {
    after_space(text, after_space(text, key_end) + 1)
}

fn after_space(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count()
}
