//! One field of a record, read in passing: nothing else of the record is looked at.

use std::borrow::Cow;

use super::fields::{fields, unescape};

/// What is at a path of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar<'r> {
    /// A text, unescaped, or a number as it is written.
    Text(Cow<'r, str>),
    /// Nothing, or null.
    Missing,
    /// Something that is neither, in words.
    Other(&'static str),
}

/// The value at a path of keys in a record. Of several members with one key the last counts.
pub fn field<'r>(record: &'r [u8], path: &[String]) -> Scalar<'r> {
    let mut value = record;
    for name in path {
        match member(value, name.as_bytes()) {
            Some(inner) => value = inner,
            None => return Scalar::Missing,
        }
    }
    match value.first() {
        None | Some(b'n') => Scalar::Missing,
        Some(b'"') => text(value.get(1..value.len() - 1).unwrap_or_default()),
        Some(b'{') => Scalar::Other("an object"),
        Some(b'[') => Scalar::Other("a list"),
        Some(b't' | b'f') => Scalar::Other("a boolean"),
        Some(_) => Scalar::Text(String::from_utf8_lossy(value)),
    }
}

fn member<'r>(object: &'r [u8], name: &[u8]) -> Option<&'r [u8]> {
    let is_it =
        |key: &[u8]| key == name || (key.contains(&b'\\') && unescaped(key).is_some_and(|key| key == name));
    fields(object)?.filter(|field| is_it(field.key)).last().map(|field| field.value)
}

fn text(inside: &[u8]) -> Scalar<'_> {
    let text = if inside.contains(&b'\\') {
        unescaped(inside).and_then(|text| String::from_utf8(text).ok()).map(Cow::Owned)
    } else {
        std::str::from_utf8(inside).ok().map(Cow::Borrowed)
    };
    text.map_or(Scalar::Other("a text that is no Unicode"), Scalar::Text)
}

fn unescaped(inside: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(inside.len());
    unescape(inside, &mut text).ok().map(|()| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_at_any_depth() {
        let record =
            br#" {"a": 1.50, "b": {"c": "x\u00e9", "d": [1]}, "e": null, "f": true, "a\"": 2, "a": 1.60}"#;
        let find = |path: &str| {
            let names: Vec<String> = path.split('/').map(str::to_owned).collect();
            field(record, &names)
        };
        let text = |text: &'static str| Scalar::Text(Cow::Borrowed(text));
        let cases = [
            ("a", text("1.60")),
            ("b/c", text("xé")),
            ("b/d", Scalar::Other("a list")),
            ("b", Scalar::Other("an object")),
            ("b/x", Scalar::Missing),
            ("a/x", Scalar::Missing),
            ("e", Scalar::Missing),
            ("e/x", Scalar::Missing),
            ("f", Scalar::Other("a boolean")),
            ("a\"", text("2")),
            ("x", Scalar::Missing),
        ];
        for (path, expected) in cases {
            assert_eq!(find(path), expected, "{path}");
        }
        assert_eq!(field(b"7", &["a".to_owned()]), Scalar::Missing);
    }
}
