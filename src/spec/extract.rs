//! Values that a step takes out of a response.

use super::node::{Node, Text};
use super::reader::{Read, SpecReader};
use super::table::{Shape, table};
use super::value::{AnyValue, ExpressionText, PathText, RegexText};

table! {
    /// Where a value is in a response, and what to do without it.
    pub struct ExtractTable("extract") {
        /// In the JSON body.
        jsonpath: PathText = Optional,
        /// In a header.
        header: Text = Optional,
        /// In the body's text, or in the header that is named too: the first group, else the whole match.
        regex: RegexText = Optional,
        /// The status code.
        status: bool = Optional,
        /// Computed from `response` and other names.
        expr: ExpressionText = Optional,
        /// Whether the value is a secret: sent as it is, never printed.
        secret: bool = Default("false"),
        /// The value when there is none; without it no match is an error.
        default: AnyValue = Optional,
        /// Every match as a list, instead of the first.
        all: bool = Default("false"),
        /// Replaces an earlier value of the same name.
        replaces["override"]: bool = Default("false"),
    }
    later { "cookie", "xpath" }
    other_words { "path" => "jsonpath", "json" => "jsonpath", "json_path" => "jsonpath", "pattern" => "regex", "expression" => "expr", "sensitive" => "secret", "optional" => "default" }
}

/// A value of a response: a JSONPath, or a mapping that says where it is.
#[derive(Debug, Clone, PartialEq)]
pub enum ExtractSpec {
    /// Short form: a JSONPath into the body.
    Path(PathText),
    /// Anything else.
    Table(ExtractTable),
}

impl ExtractSpec {
    /// Whether it replaces an earlier value of the same name.
    pub fn replaces(&self) -> bool {
        match self {
            Self::Path(_) => false,
            Self::Table(table) => table.replaces.given() == Some(&true),
        }
    }

    /// Whether the author declares it a secret.
    pub fn is_declared_secret(&self) -> bool {
        match self {
            Self::Path(_) => false,
            Self::Table(table) => table.secret.given() == Some(&true),
        }
    }
}

impl Read for ExtractSpec {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        match node.as_map() {
            Some(_) => ExtractTable::read(node, reader).map(Self::Table),
            None => PathText::read(node, reader).map(Self::Path),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::JsonPath, ExtractTable::shape()])
    }
}
