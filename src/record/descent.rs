//! What a path found on its way down a JSON text, whoever went.

use std::collections::HashMap;
use std::ops::Range;

use super::page::Found;
use crate::expr::jsonpath::PlainPath;

/// A member of an object: its key, unescaped, and the range of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) key: Box<str>,
    pub(super) value: Range<usize>,
}

/// The members of the object that starts at `start`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) start: usize,
    pub(super) members: Vec<Member>,
}

/// What one pass over a text found on the way down a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Descent {
    /// The range of the whole value, without white space around it.
    pub(super) root: Range<usize>,
    /// The members of each object that was passed through.
    pub(super) levels: Vec<Level>,
    pub(super) found: Found,
    pub(super) records: Vec<Range<usize>>,
}

/// What is left of a path at the value it has come to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest<'p> {
    names: &'p [String],
    each: bool,
}

impl<'p> Rest<'p> {
    pub(super) fn of(path: &'p PlainPath) -> Self {
        Self { names: &path.names, each: path.each }
    }

    /// Whether the records are here.
    pub(super) fn is_done(self) -> bool {
        self.names.is_empty()
    }

    /// What is left at the value of the member with this key; none if the path passes it by.
    pub(super) fn below(self, key: &str) -> Option<Self> {
        let (name, names) = self.names.split_first()?;
        (name == key).then_some(Self { names, ..self })
    }
}

impl Descent {
    pub(super) fn new() -> Self {
        Self { root: 0..0, levels: Vec::new(), found: Found::Missing, records: Vec::new() }
    }

    /// An object with all its members, duplicates included.
    pub(super) fn note_object(&mut self, rest: Rest<'_>, object: Range<usize>, members: Vec<Member>) {
        let start = object.start;
        if rest.is_done() && rest.each {
            self.found = Found::List;
            let members = without_duplicates(members.clone());
            self.records = members.into_iter().map(|member| member.value).collect();
        } else if rest.is_done() {
            self.found = Found::One;
            self.records.push(object);
        }
        self.levels.push(Level { start, members });
    }

    /// The array of the records.
    pub(super) fn note_records(&mut self, elements: Vec<Range<usize>>) {
        self.found = Found::List;
        self.records = elements;
    }

    /// A value without members, or one that the path cannot enter.
    pub(super) fn note_scalar(&mut self, rest: Rest<'_>, text: &[u8], value: Range<usize>) {
        if !rest.is_done() {
            return;
        }
        if text.get(value.start) == Some(&b'n') {
            self.found = Found::Null;
        } else if !rest.each {
            self.found = Found::One;
            self.records.push(value);
        }
    }

    /// Drops what an earlier member of the same key led to: the last one counts.
    pub(super) fn forget(&mut self, levels_above: usize) {
        self.levels.truncate(levels_above);
        self.records.clear();
        self.found = Found::Missing;
    }
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

/// The string that a key with its quotes stands for. One that is no valid Unicode is kept as it was sent.
pub(super) fn read_key(raw: &[u8]) -> Box<str> {
    let inside = raw.get(1..raw.len() - 1).unwrap_or_default();
    let as_sent = || String::from_utf8_lossy(inside).into();
    if memchr::memchr(b'\\', inside).is_none() {
        return as_sent();
    }
    serde_json::from_slice(raw).unwrap_or_else(|_| as_sent())
}
