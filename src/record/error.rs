//! Why a body cannot be read, and where.

use serde_json::error::Category;

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The body is no JSON text.
    #[error("the body is not valid JSON at line {line}, column {column}: {problem}, found {found}")]
    Invalid {
        /// Line of the mistake, counted from 1.
        line: usize,
        /// Byte in that line, counted from 1.
        column: usize,
        /// Byte offset of the mistake in the body.
        offset: usize,
        /// What is wrong.
        problem: String,
        /// What stands there.
        found: String,
    },
    /// The body holds nothing.
    #[error("the body is empty")]
    Empty,
    /// The body is JSON, but holds something that cannot be a value here (a number out of range, half a surrogate
    /// pair, more than 127 levels), and the path needs its values.
    #[error("the body cannot be searched at line {line}, column {column}: {problem}")]
    Unsearchable {
        /// Line of the place, counted from 1.
        line: usize,
        /// Byte in that line, counted from 1.
        column: usize,
        /// What is in the way.
        problem: String,
    },
}

impl PageError {
    /// The mistake that makes `text` no JSON.
    pub(super) fn invalid(text: &[u8], error: &serde_json::Error) -> Self {
        if text.trim_ascii().is_empty() {
            return Self::Empty;
        }
        let offset = if error.classify() == Category::Eof { text.len() } else { offset_of(text, error) };
        Self::Invalid {
            line: error.line(),
            column: error.column(),
            offset,
            problem: problem(error),
            found: found_at(text, offset),
        }
    }

    /// What cannot be a value in a text that is JSON.
    pub(super) fn unsearchable(error: &serde_json::Error) -> Self {
        Self::Unsearchable { line: error.line(), column: error.column(), problem: problem(error) }
    }

    /// What the author can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Invalid { found, offset: 0, .. } if found == "`<`" => {
                Some("the server sent HTML or XML; look at the URL and at the `Accept` header")
            }
            Self::Empty => {
                Some("if the server answers without a body on purpose, add a rule with `do: empty`")
            }
            Self::Unsearchable { .. } => {
                Some("a path of keys only, such as `$.data[*]`, does not need the values")
            }
            Self::Invalid { .. } => None,
        }
    }
}

fn offset_of(text: &[u8], error: &serde_json::Error) -> usize {
    let lines_above = error.line().saturating_sub(1);
    let line_start = match lines_above.checked_sub(1) {
        Some(nth) => memchr::memchr_iter(b'\n', text).nth(nth).map_or(0, |newline| newline + 1),
        None => 0,
    };
    (line_start + error.column().saturating_sub(1)).min(text.len())
}

/// The message of `serde_json` without its position, in lower case.
fn problem(error: &serde_json::Error) -> String {
    if error.classify() == Category::Eof {
        return "the text ends too early".to_owned();
    }
    let message = error.to_string();
    message.split(" at line ").next().unwrap_or_default().to_owned()
}

fn found_at(text: &[u8], offset: usize) -> String {
    let rest = &text[offset.min(text.len())..];
    let start = String::from_utf8_lossy(&rest[..rest.len().min(4)]);
    match start.chars().next() {
        None => "the end of the body".to_owned(),
        Some(char::REPLACEMENT_CHARACTER) => format!("the byte 0x{:02x}", rest[0]),
        Some(letter) if letter.is_control() => format!("the character U+{:04X}", u32::from(letter)),
        Some(letter) => format!("`{letter}`"),
    }
}
