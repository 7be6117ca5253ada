//! A value of a record, as a person reads it.

use unicode_width::UnicodeWidthChar;

use crate::record::fields::unescape;

/// A value as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    /// The text.
    pub(super) text: String,
    pub(super) kind: Kind,
}

/// What matters for how it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It stands at the right.
    Number,
    /// It is dim.
    Null,
    Other,
}

impl Kind {
    pub(super) fn stands_at_the_right(self) -> bool {
        match self {
            Self::Number => true,
            Self::Null | Self::Other => false,
        }
    }

    pub(super) fn is_dim(self) -> bool {
        match self {
            Self::Null => true,
            Self::Number | Self::Other => false,
        }
    }
}

impl Cell {
    /// A record without this field.
    pub(super) fn empty() -> Self {
        Self { text: String::new(), kind: Kind::Other }
    }

    /// A value as it stands in the record: texts without their quotes, everything else as it came.
    pub(super) fn of(value: &[u8]) -> Self {
        let kind = match value.first() {
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            Some(b'n') => Kind::Null,
            _ => Kind::Other,
        };
        let text = match value {
            [b'"', inside @ .., b'"'] => text_of(inside),
            value => visible(&String::from_utf8_lossy(value)),
        };
        Self { text, kind }
    }

    pub(super) fn width(&self) -> usize {
        width(&self.text)
    }
}

/// The text of a JSON string; half a surrogate pair stays as it is written.
pub(super) fn text_of(inside: &[u8]) -> String {
    let mut text = Vec::new();
    let text = if unescape(inside, &mut text).is_ok() { &text } else { inside };
    visible(&String::from_utf8_lossy(text))
}

/// One line, and nothing that moves a cursor.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_direction(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Characters that turn the order of what follows.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How many columns of a terminal a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// The text, or as much of it as fits with an ellipsis.
pub(super) fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub(1);
    let fits = |character: &char| {
        let width = character.width().unwrap_or(0);
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_people_read_them() {
        let table: [(&str, &str, Kind); 9] = [
            (r#""Ada""#, "Ada", Kind::Other),
            (r#""a\nb\u00e4\u001b[2J""#, r"a\nbä\u{1b}[2J", Kind::Other),
            (r#""\u202eabc""#, r"\u{202e}abc", Kind::Other),
            (r#""\ud800x""#, r"\ud800x", Kind::Other),
            ("1.10", "1.10", Kind::Number),
            ("-3", "-3", Kind::Number),
            ("null", "null", Kind::Null),
            ("true", "true", Kind::Other),
            (r#"{"a": [1]}"#, r#"{"a": [1]}"#, Kind::Other),
        ];
        for (value, text, kind) in table {
            assert_eq!(Cell::of(value.as_bytes()), Cell { text: text.to_owned(), kind }, "{value}");
        }
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        let table = [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("東京都", 6, "東京都"),
            ("東京都", 5, "東京…"),
            ("東京都", 4, "東…"),
        ];
        for (text, most, shown) in table {
            assert_eq!(cut(text, most), shown, "{text} {most}");
            assert!(width(&cut(text, most)) <= most);
        }
    }
}
