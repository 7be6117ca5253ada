//! How signatures spell bytes and parameters.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// All but letters, digits and `-` `.` `_` `~` (RFC 3986, 2.3; RFC 5849, 3.6).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// In upper case: `%2F`, also where a URL would keep the sign.
pub(super) fn percent(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

/// Two digits for each byte, in lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

/// The parameters of a query or a form in order, each spelled anew by [`percent`]: `+` was a blank, and is `%20`.
pub(super) fn parameters(text: &[u8]) -> Vec<(String, String)> {
    let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let equals = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = pair.split_at(equals.unwrap_or(pair.len()));
            (anew(name), anew(value.get(1..).unwrap_or_default()))
        })
        .collect()
}

fn anew(text: &[u8]) -> String {
    let blanks: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent(&percent_decode(&blanks).collect::<Vec<u8>>())
}

/// `a=1&b=2`
pub(super) fn joined(parameters: &[(String, String)]) -> String {
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// A quoted string of a header (RFC 9110, 5.6.4).
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
