//! The members of a record, one level deep, without building values.
//!
//! Records were checked when their page was read, so nothing is checked again here: on text that is no JSON the
//! fields end early and [`Fields::is_whole`] says so. Nothing here panics on any bytes.

use super::compact::string_end;

/// One member of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'r> {
    /// Its key as it is written, without the quotes.
    pub key: &'r [u8],
    /// Its value as it is written.
    pub value: &'r [u8],
}

/// The members of an object in their order, duplicates included.
#[derive(Debug)]
pub struct Fields<'r> {
    record: &'r [u8],
    at: usize,
    whole: bool,
}

/// The members of a record; none if it is no object.
pub fn fields(record: &[u8]) -> Option<Fields<'_>> {
    let at = after_space(record, 0);
    (record.get(at) == Some(&b'{')).then_some(Fields { record, at: at + 1, whole: false })
}

impl Fields<'_> {
    /// Whether the object came to its end.
    pub fn is_whole(&self) -> bool {
        self.whole
    }
}

impl<'r> Iterator for Fields<'r> {
    type Item = Field<'r>;

    #[inline]
    fn next(&mut self) -> Option<Field<'r>> {
        let record = self.record;
        let mut at = after_space(record, self.at);
        if record.get(at) == Some(&b',') {
            at = after_space(record, at + 1);
        }
        let &first = record.get(at)?;
        if first != b'"' {
            self.whole = first == b'}' && after_space(record, at + 1) == record.len();
            self.at = record.len();
            return None;
        }
        let key_end = string_end(record, at + 1);
        let key = record.get(at + 1..key_end - 1)?;
        let colon = after_space(record, key_end);
        let start = after_space(record, colon + 1);
        let end = value_end(record, start);
        if end <= start || record.get(colon) != Some(&b':') {
            self.at = record.len();
            return None;
        }
        self.at = end;
        Some(Field { key, value: &record[start..end] })
    }
}

/// A string that is half a surrogate pair: no text at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("half a surrogate pair, which is no text")]
pub struct LoneSurrogate;

/// Appends the text of a string to `text`; `inside` is what stands between its quotes.
///
/// # Errors
/// If it holds half a surrogate pair.
pub fn unescape(inside: &[u8], text: &mut Vec<u8>) -> Result<(), LoneSurrogate> {
    let mut rest = inside;
    while let Some(escape) = memchr::memchr(b'\\', rest) {
        text.extend_from_slice(&rest[..escape]);
        let Some(&letter) = rest.get(escape + 1) else { return Ok(()) };
        rest = &rest[escape + 2..];
        let plain = match letter {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                let (character, used) = code_point(rest)?;
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[used..];
                continue;
            }
            other => other,
        };
        text.push(plain);
    }
    text.extend_from_slice(rest);
    Ok(())
}

/// The character whose `\u` stands before `rest`, and how much of `rest` belongs to it.
fn code_point(rest: &[u8]) -> Result<(char, usize), LoneSurrogate> {
    let first = hex(rest).ok_or(LoneSurrogate)?;
    if let Some(character) = char::from_u32(first) {
        return Ok((character, 4));
    }
    let second = rest.get(4..6).filter(|next| *next == b"\\u").and_then(|_| hex(&rest[6..]));
    match second {
        Some(second) if first < 0xdc00 && (0xdc00..0xe000).contains(&second) => {
            let both = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            char::from_u32(both).map(|character| (character, 10)).ok_or(LoneSurrogate)
        }
        _ => Err(LoneSurrogate),
    }
}

fn hex(text: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(text.get(..4)?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}

/// The offset behind the value that starts at `at`; `at` itself if there is none.
#[inline]
fn value_end(record: &[u8], at: usize) -> usize {
    match record.get(at) {
        Some(b'"') => string_end(record, at + 1),
        Some(b'{' | b'[') => container_end(record, at),
        Some(_) => {
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
            record[at..].iter().position(ends).map_or(record.len(), |length| at + length)
        }
        None => at,
    }
}

fn container_end(record: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while let Some(byte) = record.get(at) {
        match byte {
            b'"' => {
                at = string_end(record, at + 1);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    start // not closed: no value
}

#[inline]
fn after_space(record: &[u8], at: usize) -> usize {
    let mut at = at;
    while matches!(record.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::record::samples::{json, text_of};

    type Pairs<'r> = Option<(Vec<(&'r str, &'r str)>, bool)>;

    fn pairs(record: &str) -> Pairs<'_> {
        let mut fields = fields(record.as_bytes())?;
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        let pairs = fields.by_ref().map(|field| (text(field.key), text(field.value))).collect();
        Some((pairs, fields.is_whole()))
    }

    #[test]
    fn members_are_found() {
        let cases: [(&str, Pairs<'_>); 9] = [
            ("{}", Some((vec![], true))),
            (" { \"a\" : 1.10 , \"b\":\"x\" } ", Some((vec![("a", "1.10"), ("b", "\"x\"")], true))),
            (r#"{"a\"":"}\"","c":null}"#, Some((vec![("a\\\"", r#""}\"""#), ("c", "null")], true))),
            (
                r#"{"a":{"b":["}",{}]},"c":[1,"]"]}"#,
                Some((vec![("a", r#"{"b":["}",{}]}"#), ("c", "[1,\"]\"]")], true)),
            ),
            (r#"{"a":1,"a":2}"#, Some((vec![("a", "1"), ("a", "2")], true))),
            (r#"{"a":1,"b"#, Some((vec![("a", "1")], false))),
            (r#"{"a":[1"#, Some((vec![], false))),
            (r#"{"a":1}x"#, Some((vec![("a", "1")], false))),
            ("[1]", None),
        ];
        for (record, expected) in cases {
            assert_eq!(pairs(record), expected, "{record}");
        }
    }

    #[test]
    fn strings_are_read() {
        let cases = [
            (r"a\n\t\r\b\f\/\\\u00e9", Ok("a\n\t\r\u{8}\u{c}/\\é")),
            (r"\ud83d\ude00!", Ok("😀!")),
            (r"\ud800", Err(LoneSurrogate)),
            (r"\ud800\u0041", Err(LoneSurrogate)),
            (r"\udc00x", Err(LoneSurrogate)),
        ];
        for (inside, expected) in cases {
            let mut text = Vec::new();
            let read = unescape(inside.as_bytes(), &mut text);
            assert_eq!(read.map(|()| String::from_utf8(text).unwrap()), expected.map(str::to_owned));
        }
    }

    proptest! {
        #[test]
        fn fields_are_what_a_parser_sees(value in json(), gaps in prop::collection::vec(0_usize..6, 1..9)) {
            let text = text_of(&value, &gaps);
            let Value::Object(members) = value else {
                prop_assert!(fields(text.as_bytes()).is_none());
                return Ok(());
            };
            let mut fields = fields(text.as_bytes()).unwrap();
            let mut seen = Vec::new();
            for field in fields.by_ref() {
                let mut key = Vec::new();
                unescape(field.key, &mut key).unwrap();
                let value: Value = serde_json::from_slice(field.value).unwrap();
                if let Value::String(expected) = &value {
                    let mut text = Vec::new();
                    unescape(&field.value[1..field.value.len() - 1], &mut text).unwrap();
                    prop_assert_eq!(expected.as_bytes(), &text[..]);
                }
                seen.push((String::from_utf8(key).unwrap(), value));
            }
            prop_assert!(fields.is_whole());
            prop_assert_eq!(seen, members.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(prop::sample::select(&b"\"\\ \n\ra{[,:}]u"[..]), 0..40)) {
            if let Some(fields) = fields(&bytes) {
                for field in fields {
                    let _ = unescape(field.key, &mut Vec::new());
                }
            }
        }
    }
}
