//! The simple values of the language, as their author wrote them.

use std::time::Duration;

use super::node::{Key, Node, NodeKind, Text, TextStyle};
use super::reader::{Read, SpecReader};
use super::table::{Shape, SpecField};
use crate::diagnostic::{Code, Diagnostic, Span};

/// A string in which `{{ … }}` is rendered; numbers and booleans stand for their text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateText(pub Text);

/// A bare expression, without braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionText(pub Text);

/// A JSONPath.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathText(pub Text);

/// A regular expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexText(pub Text);

/// A step's, target's or connection's own name: `[a-z][a-z0-9_]*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A length of time with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// How long.
    pub value: Duration,
    /// Where.
    pub span: Span,
}

/// A whole number from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The number.
    pub value: u64,
    /// Where.
    pub span: Span,
}

/// A value and where it stands, for those that do not know it themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// A value with its span, for types that do not hold one.
    pub value: T,
    /// Where.
    pub span: Span,
}

/// Any value.
#[derive(Debug, Clone, PartialEq)]
pub struct AnyValue(pub Node);

/// A mapping from names that the author chooses, in the order of the source. A name with a malformed value is kept,
/// so that its uses are not reported as undefined.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedMap<T>(pub Vec<(Key, SpecField<T>)>);

impl Read for Text {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        let text = node.as_text().cloned();
        if text.is_none() {
            reader.wrong_type(node, "a string", "put the value in quotes to make it a string");
        }
        text
    }

    fn shape() -> Shape {
        Shape::String
    }
}

impl Read for TemplateText {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        scalar_text(node, reader, "a string").map(Self)
    }

    fn shape() -> Shape {
        Shape::Template
    }
}

impl Read for ExpressionText {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        let text = scalar_text(node, reader, "an expression")?;
        let inner = text.value.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        if let Some(inner) = inner {
            let trap = Diagnostic::error(Code::YamlTrap, "an expression here is written without braces")
                .at(text.span, "")
                .help(format!("write it bare: `{}`", inner.trim()));
            reader.push(trap);
            return None;
        }
        Some(Self(text))
    }

    fn shape() -> Shape {
        Shape::Expression
    }
}

impl Read for PathText {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        let text = node.as_text().cloned();
        if text.is_none() {
            reader.wrong_type(node, "a JSONPath", "a JSONPath is a string such as `$.data`");
        }
        text.map(Self)
    }

    fn shape() -> Shape {
        Shape::JsonPath
    }
}

impl Read for RegexText {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        Text::read(node, reader).map(Self)
    }

    fn shape() -> Shape {
        Shape::String
    }
}

impl Read for Name {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        let text = Text::read(node, reader)?;
        name(&text.value, text.span, reader)
    }

    fn shape() -> Shape {
        Shape::Name
    }
}

/// Whether a text can be a name: `[a-z][a-z0-9_]*`.
pub fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|first: char| first.is_ascii_lowercase());
    starts && text.chars().all(|next| next.is_ascii_lowercase() || next.is_ascii_digit() || next == '_')
}

/// Checks a name that the author chose.
pub fn name(text: &str, span: Span, reader: &mut SpecReader<'_>) -> Option<Name> {
    if is_name(text) {
        return Some(Name { text: text.to_owned(), span });
    }
    let better: String = text
        .to_lowercase()
        .chars()
        .map(|next| if next.is_ascii_alphanumeric() { next } else { '_' })
        .collect();

    let better = better.trim_matches(|next: char| next == '_' || next.is_ascii_digit()).to_owned();
    let help = if better.is_empty() { String::new() } else { format!(": write `{better}`") };

    reader.push(
        Diagnostic::error(Code::BadValue, format!("`{text}` cannot be a name"))
            .at(span, "")
            .help(format!("a name has lower-case letters, digits and `_`, and starts with a letter{help}")),
    );

    None
}

impl Read for Period {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        let text = scalar_text(node, reader, "a length of time")?;
        if let Some(value) = parse_period(&text.value) {
            return Some(Self { value, span: node.span });
        }
        let help = if node.is_number() {
            format!("a length of time carries its unit: `{}s`, `{}ms`", text.value, text.value)
        } else {
            "write `500ms`, `60s`, `5m`, `1h30m` or `2d`".to_owned()
        };
        reader.push(
            Diagnostic::error(Code::BadValue, format!("`{}` is not a length of time", text.value))
                .at(node.span, "")
                .help(help),
        );
        None
    }

    fn shape() -> Shape {
        Shape::Duration
    }
}

/// Reads `1h30m`, `250ms`, `0.5s`, `2d`: numbers with a unit each.
pub fn parse_period(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut seconds = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|next: char| !next.is_ascii_digit() && next != '.')?;
        let amount: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|next: char| !next.is_ascii_alphabetic()).unwrap_or(rest.len());
        seconds += amount * unit_seconds(&rest[..letters])?;
        rest = rest[letters..].trim_start();
    }
    (!text.trim().is_empty()).then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    })
}

impl Read for Count {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        if let Some(value) = node.as_integer().and_then(|number| u64::try_from(number).ok()) {
            return Some(Self { value, span: node.span });
        }
        let quoted = node.as_text().is_some_and(|text| text.value.parse::<u64>().is_ok());
        let help = if quoted {
            "write it without quotes"
        } else if node.is_number() {
            "it is counted from zero, without a fraction"
        } else {
            ""
        };
        reader.wrong_type(node, "a whole number", help);
        None
    }

    fn shape() -> Shape {
        Shape::Count
    }
}

impl Read for bool {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        if let Some(value) = node.as_bool() {
            return Some(value);
        }
        let help = match node.as_text().map(|text| text.value.to_lowercase()).as_deref() {
            Some("yes" | "on" | "y") => "YAML 1.2 has `true` and `false` only: write `true`",
            Some("no" | "off" | "n") => "YAML 1.2 has `true` and `false` only: write `false`",
            _ => "",
        };
        reader.wrong_type(node, "`true` or `false`", help);
        None
    }

    fn shape() -> Shape {
        Shape::Bool
    }
}

impl Read for AnyValue {
    fn read(node: &Node, _reader: &mut SpecReader<'_>) -> Option<Self> {
        Some(Self(node.clone()))
    }

    fn shape() -> Shape {
        Shape::Any
    }
}

impl<T: Read> Read for Spanned<T> {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        Some(Self { value: T::read(node, reader)?, span: node.span })
    }

    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        let Some(items) = node.as_list() else {
            reader.wrong_type(node, "a list", "a list has one entry a line, each after `- `");
            return None;
        };
        let read: Vec<Option<T>> = items.iter().map(|item| T::read(item, reader)).collect();
        read.into_iter().collect()
    }

    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }
}

impl<T: Read> Read for NamedMap<T> {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            reader.wrong_type(node, "a mapping", "");
            return None;
        };
        let read = entries.iter().map(|(key, value)| {
            (key.clone(), T::read(value, reader).map_or(SpecField::Malformed, SpecField::Given))
        });
        Some(Self(read.collect()))
    }

    fn shape() -> Shape {
        Shape::Named(Box::new(T::shape()))
    }
}

/// A scalar's text; numbers and booleans as they are written.
fn scalar_text(node: &Node, reader: &mut SpecReader<'_>, expected: &str) -> Option<Text> {
    let value = match &node.kind {
        NodeKind::Text(text) => return Some(text.clone()),
        NodeKind::Bool(value) => value.to_string(),
        NodeKind::Integer(value) => value.to_string(),
        NodeKind::Number(value) => value.clone(),
        NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => {
            reader.wrong_type(node, expected, "");
            return None;
        }
    };
    Some(Text { span: node.span, value, style: TextStyle::Plain, offsets: None })
}

/// Declares a closed set of words. Facts about its members are methods with an exhaustive `match`, here or in the
/// plan, so that a new word cannot fall under "all others".
macro_rules! words {
    (
        $(#[doc = $doc:literal])+
        pub enum $Enum:ident($what:literal) { $($(#[doc = $word_doc:literal])+ $Word:ident = $text:literal,)+ }
        $(later { $($later:literal),+ $(,)? })?
        $(other_words { $($other:literal => $ours:literal),+ $(,)? })?
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $Enum { $($(#[doc = $word_doc])+ $Word,)+ }

        impl $Enum {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$Word),+];

            /// As it is written.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$Word => $text,)+
                }
            }
        }

        impl serde::Serialize for $Enum {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }

        impl $crate::spec::reader::Read for $Enum {
            fn read(node: &$crate::spec::node::Node, reader: &mut $crate::spec::reader::SpecReader<'_>) -> Option<Self> {
                const WORDS: &[&str] = &[$($text),+];
                const LATER: &[&str] = &[$($($later),+)?];
                let text = <$crate::spec::node::Text as $crate::spec::reader::Read>::read(node, reader)?;
                match text.value.as_str() {
                    $($text => return Some(Self::$Word),)+
                    later if LATER.contains(&later) => reader.push($crate::spec::value::not_built($what, &text, WORDS)),
                    word => {
                        const OTHER: &[(&str, &str)] = &[$($(($other, $ours)),+)?];
                        let ours = OTHER.iter().find(|(other, _)| *other == word).map(|(_, ours)| *ours);
                        reader.unknown_word(&text, ours, $what, WORDS);
                    }
                }
                None
            }

            fn shape() -> $crate::spec::table::Shape {
                $crate::spec::table::Shape::Words(&[$($text),+])
            }
        }
    };
}
pub(super) use words;

/// A word of the language that is not built in this version.
pub(super) fn not_built(what: &str, text: &Text, built: &[&str]) -> Diagnostic {
    let message = format!(
        "{what} `{}` is part of the language, but river {} does not do it yet",
        text.value,
        env!("CARGO_PKG_VERSION")
    );
    Diagnostic::error(Code::NotBuilt, message)
        .at(text.span, "not built yet")
        .help(format!("built: {}", crate::diagnostic::quoted_list(built.iter().copied())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        let table = [
            ("60s", Some(60_000)),
            ("250ms", Some(250)),
            ("1h30m", Some(5_400_000)),
            ("0.5s", Some(500)),
            ("2d", Some(172_800_000)),
            ("1h 5m", Some(3_900_000)),
            ("60", None),
            ("s", None),
            ("", None),
            ("-5s", None),
            ("1x", None),
        ];
        for (text, milliseconds) in table {
            assert_eq!(parse_period(text).map(|period| period.as_millis()), milliseconds, "{text}");
        }
    }
}
