//! Where each byte of a YAML string is in the source, so that a caret can point inside a quoted or block string.

use std::ops::Range;

/// Offsets for a quoted string: the source is re-read past its escapes. None if the two cannot be matched.
pub(super) fn quoted_offsets(text: &str, range: Range<usize>, value: &str) -> Option<Vec<u32>> {
    let inner = text.get(range.start + 1..range.end.saturating_sub(1))?;
    aligned(inner, range.start + 1, value)
}

/// Offsets for a block or folded string: line by line, past indentation.
pub(super) fn block_offsets(text: &str, range: Range<usize>, value: &str) -> Option<Vec<u32>> {
    aligned(text.get(range.clone())?, range.start, value)
}

/// Walks value and source together. A character of the value is found at the next equal character of the source, or
/// stands for an escape (`\n`, `''`, `\u00e9`) or a folded line break, whose first byte is then its place.
fn aligned(source: &str, base: usize, value: &str) -> Option<Vec<u32>> {
    let mut offsets = Vec::with_capacity(value.len());
    let mut rest = source;
    for character in value.chars() {
        let at = base + (source.len() - rest.len());
        let (skipped, taken) = step(rest, character)?;
        let start = at + skipped;
        // Only a character that is written as itself has a place for each of its bytes.
        let width = usize::from(taken == character.len_utf8());
        for index in 0..character.len_utf8() {
            offsets.push(u32::try_from(start + index * width).ok()?);
        }
        rest = &rest[skipped + taken..];
    }
    Some(offsets)
}

/// How many source bytes to skip and to take for one character of the value.
fn step(rest: &str, character: char) -> Option<(usize, usize)> {
    if rest.starts_with('\\') && character != '\\' || rest.starts_with("\\\\") {
        return Some((0, escape_length(rest)));
    }
    if rest.starts_with("''") && character == '\'' {
        return Some((0, 2));
    }
    if rest.starts_with(character) {
        return Some((0, character.len_utf8()));
    }

    // A line break with the indentation around it: nothing, one space or one break of the value.
    let blank = rest.len() - rest.trim_start().len();
    if blank == 0 {
        return None;
    }
    if character.is_whitespace() {
        return Some((0, blank));
    }

    rest[blank..].starts_with(character).then_some((blank, character.len_utf8()))
}

fn escape_length(rest: &str) -> usize {
    let length = match rest.as_bytes().get(1) {
        Some(b'x') => 4,
        Some(b'u') => 6,
        Some(b'U') => 10,
        _ => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
    };
    length.min(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, range: Range<usize>, value: &str, needle: &str, block: bool) -> Option<usize> {
        let offsets =
            if block { block_offsets(text, range, value) } else { quoted_offsets(text, range, value) }?;
        Some(offsets[value.find(needle)?] as usize)
    }

    #[test]
    fn finds_names_behind_escapes() {
        let text = r#"a: "x\n\u00e9 {{ name }}""#;
        assert_eq!(found(text, 3..text.len(), "x\né {{ name }}", "name", false), text.find("name"));
        let text = "a: 'it''s {{ name }}'";
        assert_eq!(found(text, 3..text.len(), "it's {{ name }}", "name", false), text.find("name"));
    }

    #[test]
    fn finds_names_in_blocks() {
        let text = "a: |\n  one\n  {{ name }}\n";
        assert_eq!(found(text, 7..text.len(), "one\n{{ name }}\n", "name", true), text.find("name"));
        let text = "a: >-\n  one\n  {{ name }}\n";
        assert_eq!(found(text, 8..text.len(), "one {{ name }}", "name", true), text.find("name"));
    }
}
