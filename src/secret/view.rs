//! A text with its escapes undone, and where each of its bytes came from.
//!
//! Searching decoded views finds a secret under every style of escaping at once: any percent-encode set, upper or
//! lower hex, `+` for a blank, `\u00e9`, `\/`, and one escaping inside another.

use std::borrow::Cow;
use std::ops::Range;

/// How many escapings may stand inside each other: a URL in a JSON body inside a JSON log line.
const DEEPEST: usize = 3;

/// A text, or what is left of it when escapes are undone.
pub(super) struct DecodedView<'a> {
    text: Cow<'a, [u8]>,
    /// For each byte of `text`, the bytes of the original that it stands for; none for the original itself.
    sources: Option<Vec<Range<usize>>>,
}

/// The original, and every different text that undoing escapes makes of it.
pub(super) fn all(original: &[u8]) -> Vec<DecodedView<'_>> {
    let mut views = vec![DecodedView { text: Cow::Borrowed(original), sources: None }];
    let mut newest = 0..1;
    for _ in 0..DEEPEST {
        for index in newest.clone() {
            for unescape in [percent, form, backslash] {
                let decoded = views.get(index).and_then(|view| view.decode(unescape));
                views.extend(decoded.filter(|new| views.iter().all(|view| view.text != new.text)));
            }
        }
        newest = newest.end..views.len();
    }
    views
}

impl DecodedView<'_> {
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The place in the original of a non-empty range of this text.
    pub(super) fn source(&self, range: &Range<usize>) -> Range<usize> {
        self.byte_source(range.start).start..self.byte_source(range.end.saturating_sub(1)).end
    }

    fn byte_source(&self, index: usize) -> Range<usize> {
        match &self.sources {
            Some(sources) => sources.get(index).cloned().unwrap_or(0..0),
            None => index..index + 1,
        }
    }

    /// The text with one kind of escape undone; none if it has no such escape.
    fn decode(&self, unescape: Unescape) -> Option<DecodedView<'static>> {
        let mut found = false;
        let mut text = Vec::with_capacity(self.text.len());
        let mut sources = Vec::with_capacity(self.text.len());
        let mut position = 0;
        while let Some(&byte) = self.text.get(position) {
            let escape = unescape(&self.text[position..]);
            found |= escape.is_some();
            let Escape { decoded: meaning, length } = escape.unwrap_or(Escape::literal(byte));
            let source = self.source(&(position..position + length));
            sources.extend(meaning.bytes().iter().map(|_| source.clone()));
            text.extend_from_slice(meaning.bytes());
            position += length;
        }
        found.then_some(DecodedView { text: Cow::Owned(text), sources: Some(sources) })
    }
}

/// Reads the escape at the start of a text, if there is one.
type Unescape = fn(&[u8]) -> Option<Escape>;

/// What an escape stands for, and how many bytes it takes (at least one).
struct Escape {
    decoded: DecodedBytes,
    length: usize,
}

/// Up to four bytes: one character or one raw byte.
struct DecodedBytes {
    bytes: [u8; 4],
    length: usize,
}

impl DecodedBytes {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Escape {
    fn literal(byte: u8) -> Self {
        Self::byte(byte, 1)
    }

    fn byte(byte: u8, length: usize) -> Self {
        let meaning = DecodedBytes { bytes: [byte, 0, 0, 0], length: 1 };
        Self { decoded: meaning, length }
    }

    fn character(character: char, length: usize) -> Self {
        let mut bytes = [0; 4];
        let used = character.encode_utf8(&mut bytes).len();
        let meaning = DecodedBytes { bytes, length: used };
        Self { decoded: meaning, length }
    }
}

/// `%41` (RFC 3986, 2.1).
fn percent(text: &[u8]) -> Option<Escape> {
    let [b'%', high, low, ..] = text else {
        return None;
    };
    let byte = hex_digit(*high)? * 16 + hex_digit(*low)?;
    u8::try_from(byte).ok().map(|byte| Escape::byte(byte, 3))
}

/// `%41`, and `+` for a blank (application/x-www-form-urlencoded).
fn form(text: &[u8]) -> Option<Escape> {
    match text {
        [b'+', ..] => Some(Escape::byte(b' ', 1)),
        _ => percent(text),
    }
}

/// `\n`, `\/`, `\u00e9` (RFC 8259, 7), and `\'`, `\0`, `\x1b`, `\u{e9}` as Rust and others print them.
fn backslash(text: &[u8]) -> Option<Escape> {
    let [b'\\', letter, ..] = text else {
        return None;
    };

    let byte = match letter {
        b'"' | b'\\' | b'/' | b'\'' => *letter,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'f' => 0x0c,
        b'0' => 0,
        b'x' => return short_hexadecimal(text),
        b'u' => return braced(text).or_else(|| surrogate_pair(text)).or_else(|| code_unit(text)),
        _ => return None,
    };

    Some(Escape::byte(byte, 2))
}

fn short_hexadecimal(text: &[u8]) -> Option<Escape> {
    let character = char::from_u32(hexadecimal(text.get(2..4)?)?)?;
    Some(Escape::character(character, 4))
}

fn braced(text: &[u8]) -> Option<Escape> {
    let inner = text.strip_prefix(br"\u{")?;
    let digits = inner.iter().take(7).position(|byte| *byte == b'}')?;
    let character = char::from_u32(hexadecimal(&inner[..digits])?)?;
    Some(Escape::character(character, digits + 4))
}

fn code_unit(text: &[u8]) -> Option<Escape> {
    let character = char::from_u32(hexadecimal(text.get(2..6)?)?)?;
    Some(Escape::character(character, 6))
}

/// Two code units of UTF-16 that make one character.
fn surrogate_pair(text: &[u8]) -> Option<Escape> {
    let high = hexadecimal(text.get(2..6)?)?;
    let low = hexadecimal(text.get(6..12)?.strip_prefix(br"\u")?)?;
    if !(0xd800..0xdc00).contains(&high) || !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    let character = char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))?;
    Some(Escape::character(character, 12))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0, |value: u32, digit| Some(value.checked_mul(16)? + hex_digit(*digit)?))
}

fn hex_digit(digit: u8) -> Option<u32> {
    char::from(digit).to_digit(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str, unescape: Unescape) -> Option<String> {
        let views = all(text.as_bytes());
        let view = views[0].decode(unescape)?;
        Some(String::from_utf8_lossy(view.text()).into_owned())
    }

    #[test]
    fn escapes_are_undone() {
        let cases: [(&str, Unescape, Option<&str>); 12] = [
            ("a%2Fb%2fc", percent, Some("a/b/c")),
            ("a+b%20c", percent, Some("a+b c")),
            ("a+b%2B", form, Some("a b+")),
            ("100% %zz %4", percent, None),
            (r#"\"\\\/\n"#, backslash, Some("\"\\/\n")),
            (r"\u00e9", backslash, Some("é")),
            (r"\ud83d\ude00", backslash, Some("😀")),
            (r"\ud83dx", backslash, None),
            (r"\u{1f600}!", backslash, Some("😀!")),
            (r"\x1b[0m", backslash, Some("\u{1b}[0m")),
            (r"\q \", backslash, None),
            ("plain", backslash, None),
        ];
        for (text, unescape, expected) in cases {
            assert_eq!(decoded(text, unescape).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_range_maps_back_through_two_escapings() {
        let text = r"x%5Cu0041y";
        let views = all(text.as_bytes());
        let inner = views.iter().find(|view| view.text() == b"xAy").unwrap();
        assert_eq!(inner.source(&(1..2)), 1..9);
        assert_eq!(inner.source(&(0..3)), 0..10);
    }

    #[test]
    fn a_text_without_escapes_has_one_reading() {
        assert_eq!(all(b"plain text").len(), 1);
    }
}
