//! What a file holds or a program prints, as a value.

use super::SourceError;
use crate::secret::Secret;

/// The most bytes that a value may have: a key or a chain of certificates has fewer.
pub(super) const MOST: usize = 64 * 1024;

/// The value: UTF-8, without the byte order mark that some editors put first and the one line break that they or `echo`
/// put last. `what` is named in errors.
pub(super) fn value(bytes: Vec<u8>, what: &str) -> Result<Secret, SourceError> {
    if bytes.len() > MOST {
        return Err(SourceError::TooLarge(what.to_owned()));
    }
    // The bytes that are no text are not kept with the error.
    let mut text = String::from_utf8(bytes).map_err(|_| SourceError::NotText(what.to_owned()))?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() { Err(SourceError::Empty(what.to_owned())) } else { Ok(Secret::new(text)) }
}
