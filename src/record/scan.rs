//! Finds the byte ranges of members and elements in JSON text, one level at a time and without building values.
//!
//! Everything below the level asked for is passed over by [`Reader::value`], which needs no stack for depth; nothing
//! here may recurse deeper than the path it follows.

use std::ops::Range;

use super::descent::{Descent, Member, Rest, read_key};
use super::reader::{Mistake, Reader};
use crate::expr::jsonpath::PlainPath;

/// Longer paths are left to `serde_json`, whose own depth ends at 127.
pub(super) const MAX_NAMES: usize = 100;

/// Goes down `path` in `text`, which is checked to be one JSON value in UTF-8. What is wrong if it is not is said by
/// [`super::reference::descend`].
pub(super) fn descend(text: &[u8], path: &PlainPath) -> Result<Descent, Mistake> {
    if path.names.len() > MAX_NAMES || simdutf8::basic::from_utf8(text).is_err() {
        return Err(Mistake);
    }
    let mut reader = Reader::new(text, 0);
    let mut walk = Walk { text, descent: Descent::new() };
    walk.descent.root = walk.value(&mut reader, Rest::of(path))?;
    reader.end()?;
    Ok(walk.descent)
}

/// The members of the object at `object`, in their order, duplicates included; none if it is no object.
pub(super) fn members(text: &[u8], object: Range<usize>) -> Vec<Member> {
    let mut members = Vec::new();
    let mut reader = Reader::new(&text[..object.end], object.start);
    if reader.first_byte() == Some(b'{') {
        // The value was checked when its page was read, so this cannot fail; the same below.
        let _ = reader.object(|reader, key| {
            members.push(Member { key: read_key(&text[key]), value: reader.value()? });
            Ok(())
        });
    }
    members
}

/// The elements of the array at `array`; none if it is no array.
pub(super) fn elements(text: &[u8], array: Range<usize>) -> Vec<Range<usize>> {
    let mut reader = Reader::new(&text[..array.end], array.start);
    match reader.first_byte() {
        Some(b'[') => all_elements(&mut reader).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn all_elements(reader: &mut Reader<'_>) -> Result<Vec<Range<usize>>, Mistake> {
    let mut elements = Vec::new();
    reader.array(|reader| {
        elements.push(reader.value()?);
        Ok(())
    })?;
    Ok(elements)
}

/// The pass down a path.
struct Walk<'t> {
    text: &'t [u8],
    descent: Descent,
}

impl Walk<'_> {
    /// Reads the value that comes next.
    fn value(&mut self, reader: &mut Reader<'_>, rest: Rest<'_>) -> Result<Range<usize>, Mistake> {
        let start = reader.at();
        match reader.first_byte() {
            Some(b'{') => self.object(reader, rest)?,
            Some(b'[') if rest.is_done() => self.descent.note_records(all_elements(reader)?),
            _ => {
                let value = reader.value()?;
                self.descent.note_scalar(rest, self.text, value);
            }
        }
        Ok(start..reader.at())
    }

    fn object(&mut self, reader: &mut Reader<'_>, rest: Rest<'_>) -> Result<(), Mistake> {
        let (start, levels_above) = (reader.at(), self.descent.levels.len());
        let mut members = Vec::new();
        reader.object(|reader, key| {
            let key = read_key(&self.text[key]);
            let value = match rest.below(&key) {
                Some(below) => {
                    self.descent.forget(levels_above);
                    self.value(reader, below)?
                }
                None => reader.value()?,
            };
            members.push(Member { key, value });
            Ok(())
        })?;
        self.descent.note_object(rest, start..reader.at(), members);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::reference::disagreement;
    use super::*;
    use crate::record::samples;

    fn path(names: &[&str], each: bool) -> PlainPath {
        PlainPath { names: names.iter().map(|&name| name.to_owned()).collect(), each }
    }

    fn agree(text: &[u8]) {
        for path in [path(&[], false), path(&["a"], true)] {
            assert_eq!(disagreement(text, &path), None, "{:?}", String::from_utf8_lossy(text));
        }
    }

    /// Every text of up to `longest` of these letters, between `before` and `behind`.
    fn every(letters: &[u8], longest: u32, before: &str, behind: &str) {
        for length in 0..=longest {
            for number in 0..letters.len().pow(length) {
                let digits = (0..length).map(|place| number / letters.len().pow(place) % letters.len());
                let middle: Vec<u8> = digits.map(|digit| letters[digit]).collect();
                agree(&[before.as_bytes(), &middle, behind.as_bytes()].concat());
            }
        }
    }

    #[test]
    fn brackets_and_what_is_between_them_are_read_as_serde_json_reads_them() {
        every(b"{}[],:\"1 ", 5, "", "");
        every(b"{}[],:\"a", 4, "{\"a\":", "}");
    }

    #[test]
    fn numbers_are_read_as_serde_json_reads_them() {
        every(b"-+.eE019", 5, "", "");
        every(b"-.e0, ]", 4, "[0", "]");
    }

    #[test]
    fn words_are_read_as_serde_json_reads_them() {
        for word in
            ["null", "true", "false", "nul", "nulL", "truefalse", "True", "nullx", "null1", "\u{feff}1"]
        {
            for around in [("", ""), ("[", "]"), ("{\"a\":", ",\"b\":1}"), (" [ ", " , 1]")] {
                agree(format!("{}{word}{}", around.0, around.1).as_bytes());
            }
        }
    }

    #[test]
    fn strings_are_read_as_serde_json_reads_them() {
        every(b"\\u0aFgn\"/", 4, "\"", "\"");
        every(b"\\u0dD8x", 5, "[\"\\", "\"]");
        for letter in 0..=255 {
            agree(&[b"[\"\\", &[letter][..], b"0123\"]"].concat());
        }
        // Any byte at any place of the eight that are looked at together, and near the end.
        for length in 1..20 {
            for place in 0..length {
                for byte in 0..=255 {
                    let mut text = vec![b'x'; length];
                    text[place] = byte;
                    agree(&[b"\"", &text[..], b"\""].concat());
                    agree(&[b"{\"a\":[\"", &text[..], b"\",\"yyyyyyyyyyyyyyyy\"]}"].concat());
                }
            }
        }
    }

    #[test]
    fn what_is_no_utf_8_is_refused() {
        for bad in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"] {
            for around in
                [(&b"\""[..], &b"\""[..]), (b"{\"", b"\":1}"), (b"[1,\"", b"\"]"), (b"", b"1"), (b"1", b"")]
            {
                let text = [around.0, bad, around.1].concat();
                agree(&text);
                assert_eq!(descend(&text, &path(&[], false)).unwrap_err(), Mistake);
            }
        }
    }

    #[test]
    fn long_paths_are_left_to_serde_json() {
        for depth in [1, MAX_NAMES - 1, MAX_NAMES, MAX_NAMES + 1, 126, 127, 128, 200] {
            let text = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
            let names = vec!["a"; depth];
            assert_eq!(disagreement(text.as_bytes(), &path(&names, false)), None, "{depth}");
            assert_eq!(descend(text.as_bytes(), &path(&names, false)).is_ok(), depth <= MAX_NAMES, "{depth}");
        }
    }

    /// Puts `byte` at a place of a text, instead of what is there or before it, or takes out what is there.
    fn edit(text: &mut Vec<u8>, (place, byte, kind): (prop::sample::Index, u8, u8)) {
        let place = place.index(text.len() + 1);
        match kind % 3 {
            0 if place < text.len() => text[place] = byte,
            1 if place < text.len() => drop(text.remove(place)),
            _ => text.insert(place, byte),
        }
    }

    proptest! {
        #[test]
        fn texts_with_mistakes_are_read_as_serde_json_reads_them(
            value in samples::json(),
            gaps in prop::collection::vec(0_usize..6, 1..9),
            edits in prop::collection::vec(
                (
                    any::<prop::sample::Index>(),
                    prop_oneof![prop::sample::select(&b"{}[]\",:\\ u01e-.n\n\x00\xff"[..]), any::<u8>()],
                    any::<u8>(),
                ),
                0..3,
            ),
            names in prop::collection::vec(samples::key(), 0..3),
            each: bool,
        ) {
            let mut text = samples::text_of(&value, &gaps).into_bytes();
            for change in edits {
                edit(&mut text, change);
            }
            prop_assert_eq!(disagreement(&text, &PlainPath { names, each }), None);
        }

        #[test]
        fn any_bytes_are_read_as_serde_json_reads_them(
            text in prop::collection::vec(prop::sample::select(&b"{}[]\",:\\ u01e-.ntruefalsd\n\xff\xc3\xa9"[..]), 0..40),
            each: bool,
        ) {
            prop_assert_eq!(disagreement(&text, &PlainPath { names: vec!["a".into()], each }), None);
        }
    }
}
