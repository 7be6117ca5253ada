//! A YAML document as a tree in which every node knows its place.

use std::ops::Range;

use crate::diagnostic::Span;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its place; a mapping or list that is written in block form starts at its first entry.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// The kinds of values a YAML document can hold.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false` (YAML 1.2: `yes` and `no` are strings).
    Bool(bool),
    /// A whole number that fits 64 bits.
    Integer(i64),
    /// Any other number, as written.
    Number(String),
    /// Text.
    Text(Text),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the source; keys may repeat.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where.
    pub span: Span,
    /// Its text.
    pub name: String,
}

/// A string, with what is needed to find the place of each of its characters in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Where, quotes included.
    pub span: Span,
    /// The string after YAML's escapes.
    pub value: String,
    /// How it is written.
    pub style: TextStyle,
    /// For each byte of `value`, its offset in the file; none where the text is one plain run.
    pub offsets: Option<Vec<u32>>,
}

/// How a string is written in YAML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextStyle {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// A `|` or `>` block.
    Block,
}

impl TextStyle {
    /// Whether YAML gives some of its characters a meaning: a ` #` in it starts a comment, a `<<` merges.
    pub fn is_plain(self) -> bool {
        match self {
            Self::Plain => true,
            Self::Quoted | Self::Block => false,
        }
    }
}

impl Text {
    /// The span in the file of a range of bytes of the value.
    pub fn span_of(&self, range: Range<usize>) -> Span {
        let start = self.source_offset(range.start);
        let end = if range.end > range.start { self.source_offset(range.end - 1) + 1 } else { start };
        self.span.with_range(start..end.max(start))
    }

    fn source_offset(&self, at: usize) -> usize {
        match &self.offsets {
            None => (self.span.start as usize + at).min(self.span.end as usize),
            Some(offsets) => offsets.get(at).map_or(self.span.end as usize, |offset| *offset as usize),
        }
    }
}

impl Node {
    /// The kind in words, with its article, for "found …".
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            NodeKind::Null => "nothing",
            NodeKind::Bool(_) => "a boolean",
            NodeKind::Integer(_) | NodeKind::Number(_) => "a number",
            NodeKind::Text(_) => "a string",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a mapping",
        }
    }

    /// The string, if it is one.
    pub fn as_text(&self) -> Option<&Text> {
        match &self.kind {
            NodeKind::Text(text) => Some(text),
            NodeKind::Null
            | NodeKind::Bool(_)
            | NodeKind::Integer(_)
            | NodeKind::Number(_)
            | NodeKind::List(_)
            | NodeKind::Map(_) => None,
        }
    }

    /// The value, if it is a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            NodeKind::Bool(value) => Some(*value),
            NodeKind::Null
            | NodeKind::Integer(_)
            | NodeKind::Number(_)
            | NodeKind::Text(_)
            | NodeKind::List(_)
            | NodeKind::Map(_) => None,
        }
    }

    /// The whole number, if it is one that fits 64 bits.
    pub fn as_integer(&self) -> Option<i64> {
        match &self.kind {
            NodeKind::Integer(value) => Some(*value),
            NodeKind::Null
            | NodeKind::Bool(_)
            | NodeKind::Number(_)
            | NodeKind::Text(_)
            | NodeKind::List(_)
            | NodeKind::Map(_) => None,
        }
    }

    /// The text of a number that is not whole or does not fit 64 bits, as written.
    pub fn as_fraction(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Number(text) => Some(text),
            NodeKind::Null
            | NodeKind::Bool(_)
            | NodeKind::Integer(_)
            | NodeKind::Text(_)
            | NodeKind::List(_)
            | NodeKind::Map(_) => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::List(items) => Some(items),
            NodeKind::Null
            | NodeKind::Bool(_)
            | NodeKind::Integer(_)
            | NodeKind::Number(_)
            | NodeKind::Text(_)
            | NodeKind::Map(_) => None,
        }
    }

    /// The entries, if it is a mapping.
    pub fn as_map(&self) -> Option<&[(Key, Node)]> {
        match &self.kind {
            NodeKind::Map(entries) => Some(entries),
            NodeKind::Null
            | NodeKind::Bool(_)
            | NodeKind::Integer(_)
            | NodeKind::Number(_)
            | NodeKind::Text(_)
            | NodeKind::List(_) => None,
        }
    }

    /// Whether it is `null`, or nothing.
    pub fn is_null(&self) -> bool {
        match &self.kind {
            NodeKind::Null => true,
            NodeKind::Bool(_)
            | NodeKind::Integer(_)
            | NodeKind::Number(_)
            | NodeKind::Text(_)
            | NodeKind::List(_)
            | NodeKind::Map(_) => false,
        }
    }

    /// Whether it is a mapping.
    pub fn is_map(&self) -> bool {
        self.as_map().is_some()
    }

    /// Whether it holds other values.
    pub fn is_list_or_map(&self) -> bool {
        self.is_map() || self.as_list().is_some()
    }

    /// Whether it is a number, whole or not.
    pub fn is_number(&self) -> bool {
        match &self.kind {
            NodeKind::Integer(_) | NodeKind::Number(_) => true,
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Text(_) | NodeKind::List(_) | NodeKind::Map(_) => {
                false
            }
        }
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// The first key of the mapping: a caret under one word reads better than one under twenty lines.
    pub(super) fn first_key_span(&self) -> Span {
        self.as_map().and_then(<[_]>::first).map_or(self.span, |(key, _)| key.span)
    }

    /// The same value as JSON; numbers keep their digits where JSON can hold them.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(value) => Value::Bool(*value),
            NodeKind::Integer(value) => Value::from(*value),
            NodeKind::Number(text) => {
                text.parse::<serde_json::Number>().map_or(Value::String(text.clone()), Value::Number)
            }
            NodeKind::Text(text) => Value::String(text.value.clone()),
            NodeKind::List(items) => items.iter().map(Node::to_json).collect(),
            NodeKind::Map(entries) => {
                Value::Object(entries.iter().map(|(key, node)| (key.name.clone(), node.to_json())).collect())
            }
        }
    }
}
