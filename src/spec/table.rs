//! The field table: one declaration makes a struct, its reader and its rows in the reference.

use super::reader::{Read, SpecReader};
use crate::spec::node::Node;

/// What the author gave for a key.
#[derive(Debug, Clone, PartialEq)]
pub enum SpecField<T> {
    /// It is there and well formed.
    Given(T),
    /// It is not there, and need not be.
    Absent,
    /// It is missing or malformed, and a finding says so.
    Malformed,
}

impl<T> SpecField<T> {
    /// The value, if it is well formed.
    pub fn given(&self) -> Option<&T> {
        match self {
            SpecField::Given(value) => Some(value),
            SpecField::Absent | SpecField::Malformed => None,
        }
    }

    /// The value, which must be there.
    pub fn required(&self) -> Result<&T, Malformed> {
        self.given().ok_or(Malformed)
    }

    /// The value, if the author gave one.
    pub fn optional(&self) -> Result<Option<&T>, Malformed> {
        match self {
            SpecField::Given(value) => Ok(Some(value)),
            SpecField::Absent => Ok(None),
            SpecField::Malformed => Err(Malformed),
        }
    }

    /// Whether the author left it out.
    pub fn is_absent(&self) -> bool {
        match self {
            SpecField::Absent => true,
            SpecField::Given(_) | SpecField::Malformed => false,
        }
    }

    /// Whether it is malformed, which a finding says already.
    pub fn is_malformed(&self) -> bool {
        match self {
            SpecField::Malformed => true,
            SpecField::Given(_) | SpecField::Absent => false,
        }
    }
}

/// Something is malformed, and a finding says what: nothing can be built from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// Whether a key must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It must.
    Required,
    /// It may.
    Optional,
    /// It may be left out; this is its default.
    Default(&'static str),
}

impl Presence {
    /// Whether a mapping without the key is wrong.
    pub fn is_required(self) -> bool {
        match self {
            Self::Required => true,
            Self::Optional | Self::Default(_) => false,
        }
    }

    /// The value of a key that is left out.
    pub fn default(self) -> Option<&'static str> {
        match self {
            Self::Default(default) => Some(default),
            Self::Required | Self::Optional => None,
        }
    }
}

/// One key of a mapping of the language.
#[derive(Debug, Clone, Copy)]
pub struct KeyRow {
    /// The key.
    pub key: &'static str,
    /// What it means, in Markdown.
    pub doc: &'static [&'static str],
    /// Whether it must be given.
    pub presence: Presence,
    /// What its value may be.
    pub shape: fn() -> Shape,
}

/// One mapping of the language.
#[derive(Debug)]
pub struct KeyTable {
    /// Its name in messages and the reference: `step`, `request`.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static [&'static str],
    /// The keys it knows, in the order of the reference.
    pub rows: &'static [KeyRow],
    /// Keys of the language that are not built in this version.
    pub later: &'static [&'static str],
    /// Words of other tools and what they are called here.
    pub other_words: &'static [(&'static str, &'static str)],
}

/// What a value may be, for the JSON Schema and the reference.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A fixed string.
    String,
    /// A name of the author's: `[a-z][a-z0-9_]*`.
    Name,
    /// A string in which `{{ … }}` is rendered.
    Template,
    /// A bare expression.
    Expression,
    /// A JSONPath.
    JsonPath,
    /// A length of time with its unit.
    Duration,
    /// A whole number from zero.
    Count,
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A list of these.
    List(Box<Shape>),
    /// A mapping from names the author chooses.
    Named(Box<Shape>),
    /// A mapping of the language.
    Table(&'static KeyTable),
    /// A mapping of the language to which authors add names of their own, with values of this shape.
    Open(&'static KeyTable, Box<Shape>),
    /// A mapping of the language if it has one of these keys, else any value.
    TableWith(&'static [&'static str], &'static KeyTable),
    /// Any of these.
    Either(Vec<Shape>),
    /// Any value but a mapping.
    Plain,
    /// Any value; templates in its strings are rendered.
    Any,
}

impl Shape {
    /// The words among which the author chooses.
    pub fn words(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::Words(words) => Some(words),
            Self::String
            | Self::Name
            | Self::Template
            | Self::Expression
            | Self::JsonPath
            | Self::Duration
            | Self::Count
            | Self::Bool
            | Self::List(_)
            | Self::Named(_)
            | Self::Table(_)
            | Self::Open(..)
            | Self::TableWith(..)
            | Self::Either(_)
            | Self::Plain
            | Self::Any => None,
        }
    }

    /// Whether the text of its default is JSON (a number or a boolean); otherwise it is a string.
    pub fn has_json_default(&self) -> bool {
        match self {
            Self::Count | Self::Bool => true,
            Self::String
            | Self::Name
            | Self::Template
            | Self::Expression
            | Self::JsonPath
            | Self::Duration
            | Self::Words(_)
            | Self::List(_)
            | Self::Named(_)
            | Self::Table(_)
            | Self::Open(..)
            | Self::TableWith(..)
            | Self::Either(_)
            | Self::Plain
            | Self::Any => false,
        }
    }
}

/// Declares a mapping of the language.
macro_rules! table {
    (
        $(#[doc = $table_doc:literal])+
        pub struct $Struct:ident($table_name:literal) {
            $($(#[doc = $doc:literal])+ $field:ident $([$key:literal])? : $Type:ty = $presence:ident $(($default:literal))?,)+
        }
        $(later { $($later:literal),+ $(,)? })?
        $(other_words { $($other:literal => $ours:literal),+ $(,)? })?
    ) => {
        $(#[doc = $table_doc])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $Struct {
            /// Where the mapping stands.
            pub span: $crate::diagnostic::Span,
            $($(#[doc = $doc])+ pub $field: $crate::spec::table::SpecField<$Type>,)+
        }

        impl $Struct {
            /// Its rows in the field table.
            pub const TABLE: $crate::spec::table::KeyTable = $crate::spec::table::KeyTable {
                name: $table_name,
                doc: &[$($table_doc),+],
                rows: &[$($crate::spec::table::KeyRow {
                    key: $crate::spec::table::table!(@key $field $($key)?),
                    doc: &[$($doc),+],
                    presence: $crate::spec::table::Presence::$presence $(($default))?,
                    shape: <$Type as $crate::spec::reader::Read>::shape,
                }),+],
                later: &[$($($later),+)?],
                other_words: &[$($(($other, $ours)),+)?],
            };
        }

        impl $crate::spec::reader::Read for $Struct {
            fn read(node: &$crate::spec::node::Node, reader: &mut $crate::spec::reader::SpecReader<'_>) -> Option<Self> {
                let mut entries = $crate::spec::table::MappingEntries::read(node, &Self::TABLE, reader)?;
                Some(Self {
                    span: node.span,
                    $($field: entries.field($crate::spec::table::table!(@key $field $($key)?), reader),)+
                })
            }

            fn shape() -> $crate::spec::table::Shape {
                $crate::spec::table::Shape::Table(&Self::TABLE)
            }
        }
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
}
pub(super) use table;

/// The entries of one mapping while it is read; unknown keys are reported once, at the start.
pub(super) struct MappingEntries<'n> {
    node: &'n Node,
    table: &'static KeyTable,
}

impl<'n> MappingEntries<'n> {
    pub(super) fn read(
        node: &'n Node,
        table: &'static KeyTable,
        reader: &mut SpecReader<'_>,
    ) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            reader.wrong_type(
                node,
                "a mapping",
                &format!("the keys of `{}` are {}", table.name, table.keys()),
            );
            return None;
        };
        for (key, _) in entries {
            if table.row(&key.name).is_none() {
                reader.unknown_key(key, table);
            }
        }
        Some(Self { node, table })
    }

    pub(super) fn field<T: Read>(&mut self, key: &'static str, reader: &mut SpecReader<'_>) -> SpecField<T> {
        let required = self.table.row(key).is_some_and(|row| row.presence.is_required());
        match self.node.get(key) {
            Some(value) => T::read(value, reader).map_or(SpecField::Malformed, SpecField::Given),
            None if required => {
                reader.missing_key(self.node.first_key_span(), key, self.table);
                SpecField::Malformed
            }
            None => SpecField::Absent,
        }
    }
}

impl KeyTable {
    /// The row of a key.
    pub fn row(&self, key: &str) -> Option<&'static KeyRow> {
        self.rows.iter().find(|row| row.key == key)
    }

    /// All keys, for messages.
    pub fn keys(&self) -> String {
        crate::diagnostic::quoted_list(self.rows.iter().map(|row| row.key))
    }
}
