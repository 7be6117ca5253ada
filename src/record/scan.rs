//! Finds the byte ranges of members and elements in JSON text, one level at a time and without building values.
//!
//! Everything below the level asked for is passed over by `serde_json`'s raw values, which check it without
//! recursion; nothing here may recurse deeper than the path it follows.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::page::Found;
use crate::expr::jsonpath::PlainPath;

/// A member of an object: its key, unescaped, and the range of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) key: Box<str>,
    pub(super) value: Range<usize>,
}

/// The members of the object that starts at `start`.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) start: usize,
    pub(super) members: Vec<Member>,
}

/// What one pass over a text found on the way down a path.
#[derive(Debug)]
pub(super) struct Descent {
    /// The range of the whole value, without white space around it.
    pub(super) root: Range<usize>,
    /// The members of each object that was passed through.
    pub(super) levels: Vec<Level>,
    pub(super) found: Found,
    pub(super) records: Vec<Range<usize>>,
}

/// Goes down `path` in `text`, which is checked to be one JSON value.
pub(super) fn descend(text: &[u8], path: &PlainPath) -> serde_json::Result<Descent> {
    let start = after_space(text, 0);
    let mut descent =
        Descent { root: start..start, levels: Vec::new(), found: Found::Missing, records: Vec::new() };
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let seed = Walk { text, names: &path.names, each: path.each, start, descent: &mut descent };
    let end = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    descent.root.end = end;
    Ok(descent)
}

/// The members of the object at `object`, in their order, duplicates included; none if it is no object.
pub(super) fn members(text: &[u8], object: Range<usize>) -> Vec<Member> {
    let mut members = Vec::new();
    let base = object.start;
    scan(&text[object], |key, value| {
        if let Some(key) = key {
            members.push(Member { key: read_key(key).into(), value: base + value.start..base + value.end });
        }
    });
    members
}

/// The elements of the array at `array`; none if it is no array.
pub(super) fn elements(text: &[u8], array: Range<usize>) -> Vec<Range<usize>> {
    let mut elements = Vec::new();
    let base = array.start;
    scan(&text[array], |key, value| {
        if key.is_none() {
            elements.push(base + value.start..base + value.end);
        }
    });
    elements
}

/// The last member with this key, as parsers that keep one of several do.
pub(super) fn find<'m>(members: &'m [Member], name: &str) -> Option<&'m Member> {
    members.iter().rev().find(|member| &*member.key == name)
}

/// Leaves of several members with one key only the last, at the place of the first.
pub(super) fn without_duplicates(members: Vec<Member>) -> Vec<Member> {
    let mut places: HashMap<Box<str>, usize> = HashMap::with_capacity(members.len());
    let mut kept: Vec<Member> = Vec::with_capacity(members.len());
    for member in members {
        if let Some(&place) = places.get(&member.key) {
            kept[place] = member;
        } else {
            places.insert(member.key.clone(), kept.len());
            kept.push(member);
        }
    }
    kept
}

fn scan<'t>(value: &'t [u8], found: impl FnMut(Option<&'t str>, Range<usize>)) {
    let mut deserializer = serde_json::Deserializer::from_slice(value);
    let visitor = Scan { text: value, found };
    // The value was checked when its page was read, so the scan cannot fail.
    let _ = match value.first() {
        Some(b'{') => deserializer.deserialize_map(visitor),
        Some(b'[') => deserializer.deserialize_seq(visitor),
        _ => Ok(()),
    };
}

/// Gives each member or element of one container to `found`.
struct Scan<'t, F> {
    text: &'t [u8],
    found: F,
}

impl<'t, F: FnMut(Option<&'t str>, Range<usize>)> Visitor<'t> for Scan<'t, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            (self.found)(Some(key.get()), range_of(self.text, value));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut elements: A) -> Result<(), A::Error> {
        while let Some(value) = elements.next_element::<&RawValue>()? {
            (self.found)(None, range_of(self.text, value));
        }
        Ok(())
    }
}

/// The pass down the path: reads the value that starts at `start` and yields its end.
struct Walk<'t, 'w> {
    text: &'t [u8],
    /// The keys still to go down.
    names: &'w [String],
    each: bool,
    start: usize,
    descent: &'w mut Descent,
}

impl<'t> DeserializeSeed<'t> for Walk<'t, '_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<usize, D::Error> {
        match self.text.get(self.start) {
            Some(b'{') => deserializer.deserialize_map(self),
            Some(b'[') if self.names.is_empty() => deserializer.deserialize_seq(self),
            _ => {
                let value = range_of(self.text, <&RawValue>::deserialize(deserializer)?);
                let end = value.end;
                self.note_scalar(value);
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
            let key = read_key(raw_key.get());
            let start = value_start(self.text, range_of(self.text, raw_key).end);
            let value = match self.names.split_first() {
                Some((name, names)) if *name == key => {
                    self.descent.forget(levels_above);
                    let (text, each, descent) = (self.text, self.each, &mut *self.descent);
                    start..map.next_value_seed(Walk { text, names, each, start, descent })?
                }
                _ => range_of(self.text, map.next_value::<&RawValue>()?),
            };
            inside_end = value.end;
            members.push(Member { key: key.into(), value });
        }
        let end = after_space(self.text, inside_end) + 1;
        self.note_object(members, end);
        Ok(end)
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut elements: A) -> Result<usize, A::Error> {
        let mut inside_end = self.start + 1;
        while let Some(element) = elements.next_element::<&RawValue>()? {
            let range = range_of(self.text, element);
            inside_end = range.end;
            self.descent.records.push(range);
        }
        self.descent.found = Found::List;
        Ok(after_space(self.text, inside_end) + 1)
    }
}

impl Walk<'_, '_> {
    fn note_object(self, members: Vec<Member>, end: usize) {
        if self.names.is_empty() {
            if self.each {
                self.descent.found = Found::List;
                let members = without_duplicates(members.clone());
                self.descent.records = members.into_iter().map(|member| member.value).collect();
            } else {
                self.descent.found = Found::One;
                self.descent.records.push(self.start..end);
            }
        }
        self.descent.levels.push(Level { start: self.start, members });
    }

    /// A value without members, or one that the path cannot enter.
    fn note_scalar(self, value: Range<usize>) {
        if !self.names.is_empty() {
            return;
        }
        if self.text.get(self.start) == Some(&b'n') {
            self.descent.found = Found::Null;
        } else if !self.each {
            self.descent.found = Found::One;
            self.descent.records.push(value);
        }
    }
}

impl Descent {
    /// Drops what an earlier member of the same key led to: the last one counts.
    fn forget(&mut self, levels_above: usize) {
        self.levels.truncate(levels_above);
        self.records.clear();
        self.found = Found::Missing;
    }
}

/// The string that a raw key stands for. One that is no valid Unicode is kept as it was sent.
fn read_key(raw: &str) -> String {
    let inside = raw.get(1..raw.len() - 1).unwrap_or_default();
    if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        return inside.to_owned();
    }
    serde_json::from_str(raw).unwrap_or_else(|_| inside.to_owned())
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
