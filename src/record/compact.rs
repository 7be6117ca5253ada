//! One record as one line of JSON Lines.

use memchr::{memchr2, memchr2_iter};

/// Appends `record` and a line feed to `lines`.
///
/// The bytes go as they are unless they hold a line break; then the white space outside of strings is left out. The
/// record must be valid JSON, so that a line break can only be white space.
pub fn append_line(record: &[u8], lines: &mut Vec<u8>) {
    lines.reserve(record.len() + 1);
    if memchr2(b'\n', b'\r', record).is_none() {
        lines.extend_from_slice(record);
    } else {
        append_compact(record, lines);
    }
    lines.push(b'\n');
}

/// Appends `record` without the white space outside of its strings.
fn append_compact(record: &[u8], lines: &mut Vec<u8>) {
    // Copied in runs from one white space to the next: `"key":` is one run, `"value",` the next.
    let mut run = 0;
    let mut at = 0;
    while let Some(&byte) = record.get(at) {
        match byte {
            b'"' => at = string_end(record, at + 1),
            b' ' | b'\n' | b'\r' | b'\t' => {
                lines.extend_from_slice(&record[run..at]);
                at += space_len(&record[at..]);
                run = at;
            }
            _ => at += 1,
        }
    }
    lines.extend_from_slice(&record[run..]);
}

fn space_len(rest: &[u8]) -> usize {
    rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).unwrap_or(rest.len())
}

/// The offset behind the quote that ends the string whose content starts at `at`.
pub(super) fn string_end(record: &[u8], at: usize) -> usize {
    let mut escaped_at = usize::MAX;
    for offset in memchr2_iter(b'"', b'\\', &record[at..]) {
        if offset == escaped_at {
            continue;
        }
        if record[at + offset] == b'"' {
            return at + offset + 1;
        }
        escaped_at = offset + 1;
    }
    record.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::record::samples::{json, text_of};

    fn line(record: &str) -> String {
        let mut lines = Vec::new();
        append_line(record.as_bytes(), &mut lines);
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn records_become_lines() {
        let cases = [
            (r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{ "a" : 1.10 }"#, r#"{ "a" : 1.10 }"#),
            ("{\n  \"a b\": \"x  y\",\r\n\t\"c\": [ 1, 2 ]\n}", r#"{"a b":"x  y","c":[1,2]}"#),
            ("[\n\"a\\\" \\\\\", \"\\\\\\\" \"\n]", r#"["a\" \\","\\\" "]"#),
            ("{\n\"line\\nbreak\": \"\\u000a\"}", r#"{"line\nbreak":"\u000a"}"#),
            ("[\n]", "[]"),
            ("123456789012345678901", "123456789012345678901"),
            ("[\n1.10,\n1e400, \"\\ud800\"]", r#"[1.10,1e400,"\ud800"]"#),
        ];
        for (record, expected) in cases {
            assert_eq!(line(record), format!("{expected}\n"), "{record}");
        }
    }

    proptest! {
        #[test]
        fn a_line_is_the_record((value, gaps) in (json(), prop::collection::vec(0_usize..6, 1..9))) {
            let text = text_of(&value, &gaps);
            let line = line(&text);
            prop_assert_eq!(line.matches(['\n', '\r']).count(), 1);
            prop_assert_eq!(&serde_json::from_str::<Value>(&line).unwrap(), &value);
            if text.contains(['\n', '\r']) {
                prop_assert_eq!(line.trim_end(), text_of(&value, &[0]));
            }
        }

        #[test]
        fn lines_round_trip(values in prop::collection::vec(json(), 0..5), gaps in prop::collection::vec(0_usize..6, 1..9)) {
            let mut lines = Vec::new();
            for value in &values {
                append_line(text_of(value, &gaps).as_bytes(), &mut lines);
            }
            let read: Vec<Value> = String::from_utf8(lines).unwrap().lines()
                .map(|line| serde_json::from_str(line).unwrap()).collect();
            prop_assert_eq!(read, values);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(prop::sample::select(&b"\"\\ \n\ra{[,"[..]), 0..30)) {
            append_line(&bytes, &mut Vec::new());
        }
    }
}
