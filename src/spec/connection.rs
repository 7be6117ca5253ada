//! Connections: the values that a service needs, apart from what is done with them.

use super::auth::AuthSpec;
use super::node::{Node, Text};
use super::reader::{Read, SpecReader};
use super::table::{KeyRow, KeyTable, Presence, Shape, SpecField, table};
use super::value::{AnyValue, Name, NamedMap, Spanned, TemplateText};
use crate::diagnostic::{Code, Diagnostic};

/// A connection as a pipeline or step uses it.
#[derive(Debug, Clone, PartialEq)]
pub enum ConnectionUse {
    /// The file `connections/<name>.yaml`.
    Named(Name),
    /// Its values, here.
    Inline(ConnectionSpec),
}

impl ConnectionUse {
    /// The name, if it is a file of its own.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(&name.text),
            Self::Inline(_) => None,
        }
    }
}

impl Read for ConnectionUse {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        match node.as_map() {
            Some(_) => ConnectionSpec::read(node, reader).map(Self::Inline),
            None => Name::read(node, reader).map(Self::Named),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::Name, ConnectionSpec::shape()])
    }
}

/// The values of a connection, by names that its author chooses.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionSpec {
    /// Where.
    pub span: crate::diagnostic::Span,
    /// Its values, in the order of the file.
    pub values: NamedMap<ConnectionValue>,
    /// What to say to a user when an answer of this service holds one of these words: word → help.
    pub hints: SpecField<NamedMap<Text>>,
    /// How requests prove who asks.
    pub auth: SpecField<Spanned<AuthSpec>>,
}

/// Keys of a connection that belong to the language; all others are values with names that the author chose.
pub const OWN_KEYS: &[&str] = &["hints", "auth"];

impl ConnectionSpec {
    /// Its keys that belong to the language; all others are values with names that the author chose.
    pub const TABLE: KeyTable = KeyTable {
        name: "connection",
        doc: &["The values of a connection, by names that its author chooses."],
        rows: &[
            KeyRow {
                key: "hints",
                doc: &[
                    "What to say to a user when an answer of this service holds one of these words: word → help.",
                ],
                presence: Presence::Optional,
                shape: NamedMap::<Text>::shape,
            },
            KeyRow {
                key: "auth",
                doc: &["How requests prove who asks; it is sent only to the origin of `base_url`."],
                presence: Presence::Optional,
                shape: AuthSpec::shape,
            },
        ],
        later: &[],
        other_words: &[],
    };
}

impl Read for ConnectionSpec {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            reader.wrong_type(node, "a mapping", "a connection is a mapping from names to values");
            return None;
        };
        let hints = own_key(node, "hints", reader);
        let auth = own_key(node, "auth", reader);
        let values =
            entries.iter().filter(|(key, _)| !OWN_KEYS.contains(&key.name.as_str())).map(|(key, value)| {
                (
                    key.clone(),
                    ConnectionValue::read(value, reader).map_or(SpecField::Malformed, SpecField::Given),
                )
            });
        Some(Self { span: node.span, values: NamedMap(values.collect()), hints, auth })
    }

    fn shape() -> Shape {
        Shape::Open(&Self::TABLE, Box::new(ConnectionValue::shape()))
    }
}

/// Reads a key that belongs to the language.
fn own_key<T: Read>(node: &Node, key: &str, reader: &mut SpecReader<'_>) -> SpecField<T> {
    node.get(key).map_or(SpecField::Absent, |value| {
        T::read(value, reader).map_or(SpecField::Malformed, SpecField::Given)
    })
}

/// A value of a connection.
#[derive(Debug, Clone, PartialEq)]
pub enum ConnectionValue {
    /// Written here; strings in it are templates.
    Literal(Node),
    /// Taken from elsewhere.
    Source(SourceTable),
}

impl ConnectionValue {
    /// What is written here.
    pub fn literal(&self) -> Option<&Node> {
        match self {
            Self::Literal(node) => Some(node),
            Self::Source(_) => None,
        }
    }

    /// Where it is taken from.
    pub fn source(&self) -> Option<&SourceTable> {
        match self {
            Self::Source(table) => Some(table),
            Self::Literal(_) => None,
        }
    }
}

table! {
    /// A value that is not written in the file.
    pub struct SourceTable("value") {
        /// Where it comes from: `env:NAME`, an environment variable or a line of `.env`; `file:PATH`; `keyring:NAME`; `prompt`, asked at the terminal; or `{ command: [PROGRAM, ARGUMENT] }`.
        from: FromSpec = Required,
        /// Whether it is a secret: never printed.
        secret: bool = Default("true"),
        /// What holds when it is not there.
        default: AnyValue = Optional,
        /// What it is for; shown when it is missing.
        description: Text = Optional,
    }
}

/// Where a value comes from that is not written in the file.
#[derive(Debug, Clone, PartialEq)]
pub enum FromSpec {
    /// `env:NAME` and its like.
    Word(Text),
    /// What a program prints.
    Command(CommandTable),
}

impl FromSpec {
    /// `env:NAME` and its like.
    pub fn word(&self) -> Option<&Text> {
        match self {
            Self::Word(text) => Some(text),
            Self::Command(_) => None,
        }
    }
}

impl Read for FromSpec {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        match node.as_map() {
            Some(_) => CommandTable::read(node, reader).map(Self::Command),
            None => Text::read(node, reader).map(Self::Word),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::String, CommandTable::shape()])
    }
}

table! {
    /// A program that prints the value.
    pub struct CommandTable("from") {
        /// The program and its arguments, as a list; no shell reads them.
        command: CommandWords = Required,
    }
}

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandWords {
    /// Where the list stands.
    pub span: crate::diagnostic::Span,
    /// The program, then its arguments.
    pub words: Vec<TemplateText>,
}

impl Read for CommandWords {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        if let Some(text) = node.as_text() {
            let words = text.value.split_whitespace().collect::<Vec<_>>().join(", ");
            reader.wrong_type(node, "a list", &format!("write it as a list: `command: [{words}]`"));
            return None;
        }
        let words = Vec::<TemplateText>::read(node, reader)?;
        if words.first().is_none_or(|program| program.0.value.is_empty()) {
            let finding = Diagnostic::error(Code::BadValue, "a command needs a program");
            reader.push(finding.at(node.span, "").help("write `command: [PROGRAM, ARGUMENT]`"));
            return None;
        }
        Some(Self { span: node.span, words })
    }

    fn shape() -> Shape {
        Shape::List(Box::new(TemplateText::shape()))
    }
}

/// A mapping with one of these keys says where a value comes from; any other mapping is the value itself.
const SOURCE_KEYS: &[&str] = &["from", "secret"];

impl Read for ConnectionValue {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        match node.as_map() {
            Some(entries) if entries.iter().any(|(key, _)| SOURCE_KEYS.contains(&key.name.as_str())) => {
                SourceTable::read(node, reader).map(Self::Source)
            }
            Some(_) | None => Some(Self::Literal(node.clone())),
        }
    }

    fn shape() -> Shape {
        Shape::TableWith(SOURCE_KEYS, &SourceTable::TABLE)
    }
}
