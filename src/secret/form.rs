//! The byte strings under which a secret can appear once escapes are undone.
//!
//! Escapes (percent, JSON) are undone on the text's side, see [`super::view`]; what cannot be undone there is listed
//! here: base64, which hides where the secret starts, and values that themselves look like escapes.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::redactor::SHORTEST_SEARCHED;

/// Byte strings to search for, and which of their neighbours belong to the secret too.
pub(super) type Needles = BTreeMap<Vec<u8>, NeighbourBits>;

/// Which neighbours of a found needle still carry bits of the secret (base64 only).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct NeighbourBits {
    pub(super) left: bool,
    pub(super) right: bool,
}

/// Adds every form of `value`, and of each of its lines.
pub(super) fn collect(value: &str, forms: &mut Needles) {
    add_value(value, forms);
    for line in value.lines().map(str::trim).filter(|line| *line != value) {
        if !is_armour(line) {
            add_value(line, forms);
        }
    }
}

/// `-----BEGIN …-----` is no secret, and masking it would hide what kind of key was meant.
fn is_armour(line: &str) -> bool {
    line.starts_with("-----")
}

fn add_value(value: &str, forms: &mut Needles) {
    if value.len() < SHORTEST_SEARCHED {
        return;
    }
    add(forms, value.as_bytes().to_vec(), NeighbourBits::default());
    if value.contains('%') {
        add_percent_lookalikes(value, forms);
    }
    for offset in 0..3 {
        add_base64(value.as_bytes(), offset, forms);
    }
}

/// URLs keep a `%` that is there already, so that undoing the escapes of a URL undoes some of the secret too.
fn add_percent_lookalikes(value: &str, forms: &mut Needles) {
    let undone: Vec<u8> = percent_decode_str(value).collect();
    if undone.len() >= SHORTEST_SEARCHED {
        add(forms, undone, NeighbourBits::default());
    }
    for set in [QUERY, PATH] {
        let upper = utf8_percent_encode(value, set).to_string();
        add(forms, lower_escapes(&upper), NeighbourBits::default());
        add(forms, upper.into_bytes(), NeighbourBits::default());
    }
}

/// What a URL's query escapes (WHATWG URL, special-query percent-encode set).
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'\'');

/// What a URL's path escapes (WHATWG URL, path percent-encode set).
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}');

fn lower_escapes(escaped: &str) -> Vec<u8> {
    let mut lower = escaped.as_bytes().to_vec();
    let mut digits_left = 0;
    for byte in &mut lower {
        if *byte == b'%' {
            digits_left = 2;
        } else if digits_left > 0 {
            byte.make_ascii_lowercase();
            digits_left -= 1;
        }
    }
    lower
}

/// The characters that depend on the secret alone when it starts `offset` bytes into a group of three.
fn add_base64(secret: &[u8], offset: usize, forms: &mut Needles) {
    let mut shifted = vec![0; offset];
    shifted.extend_from_slice(secret);
    let first = (offset * 8).div_ceil(6);
    let end = shifted.len() * 8 / 6;
    let edges = NeighbourBits { left: offset != 0, right: !shifted.len().is_multiple_of(3) };
    for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        let encoded = alphabet.encode(&shifted);
        if let Some(inner) = encoded.as_bytes().get(first..end) {
            add(forms, inner.to_vec(), edges);
        }
    }
}

fn add(forms: &mut Needles, needle: Vec<u8>, edges: NeighbourBits) {
    let known = forms.entry(needle).or_insert(edges);
    known.left |= edges.left;
    known.right |= edges.right;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needles(value: &str) -> Vec<String> {
        let mut forms = Needles::new();
        collect(value, &mut forms);
        forms.keys().map(|needle| String::from_utf8_lossy(needle).into_owned()).collect()
    }

    #[test]
    fn base64_is_known_at_three_alignments() {
        // aGVsbG8h = hello!, eGhlbGxvIQ = xhello!, eHhoZWxsbyE = xxhello!
        assert_eq!(needles("hello!"), ["aGVsbG8h", "hello!", "hlbGxvI", "oZWxsby"]);
    }

    #[test]
    fn lines_are_known_without_the_armour() {
        let key = "-----BEGIN KEY-----\nline one\r\n  line two\n-----END KEY-----\n";
        let known = needles(key);
        assert!(known.contains(&"line one".to_owned()));
        assert!(known.contains(&"line two".to_owned()));
        assert!(!known.contains(&"-----BEGIN KEY-----".to_owned()));
    }

    #[test]
    fn a_value_with_percent_signs_is_known_as_urls_carry_it() {
        let known = needles("50%c3 x");
        assert!(known.contains(&"50%c3%20x".to_owned()), "{known:?}");
    }
}
