//! Goes over JSON text without building values, checking all that `serde_json` checks but UTF-8.
//!
//! `serde_json` is half as fast, and was the biggest part of a pull's CPU. Nothing here may accept what it refuses, or
//! the other way round: [`super::reference::disagreement`] compares the two. What is wrong with a text, and where, is
//! not said here; for that `serde_json` reads the text again.

#![expect(clippy::inline_always, reason = "measured: without it a tenth slower")]

use std::ops::Range;

/// The text is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mistake;

/// JSON text, and up to where it was read.
pub(super) struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    /// The brackets that will close what is open within the value being passed over; kept for its memory.
    closing: Vec<u8>,
}

impl<'t> Reader<'t> {
    /// Reads on from the first byte at or after `at` that is no white space.
    pub(super) fn new(text: &'t [u8], at: usize) -> Self {
        Self { text, at: after_space(text, at), closing: Vec::new() }
    }

    /// Where the value that comes next starts; behind a value, where that one ended.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The first byte of the value that comes next.
    pub(super) fn first_byte(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Passes over the value that comes next, however deep it is.
    pub(super) fn value(&mut self) -> Result<Range<usize>, Mistake> {
        let start = self.at;
        self.at = value_end(self.text, start, &mut self.closing)?;
        Ok(start..self.at)
    }

    /// Goes through the object that comes next. `member` is called before each value with the range of its key (quotes
    /// included), and has to read that value.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Range<usize>) -> Result<(), Mistake>,
    ) -> Result<(), Mistake> {
        self.at = after_space(self.text, self.at + 1);
        let mut more = !self.closes(b'}')?;
        while more {
            let start = self.at;
            let end = key_end(self.text, start)?;
            self.at = behind_colon(self.text, end)?;
            member(self, start..end)?;
            more = self.goes_on(b'}')?;
        }
        Ok(())
    }

    /// Goes through the array that comes next. `element` is called before each value and has to read it.
    pub(super) fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), Mistake>,
    ) -> Result<(), Mistake> {
        self.at = after_space(self.text, self.at + 1);
        let mut more = !self.closes(b']')?;
        while more {
            element(self)?;
            more = self.goes_on(b']')?;
        }
        Ok(())
    }

    /// Makes sure that only white space is left.
    pub(super) fn end(&self) -> Result<(), Mistake> {
        if after_space(self.text, self.at) == self.text.len() { Ok(()) } else { Err(Mistake) }
    }

    /// Behind a value: whether another one follows before the bracket that closes.
    fn goes_on(&mut self, close: u8) -> Result<bool, Mistake> {
        self.at = after_space(self.text, self.at);
        if byte_at(self.text, self.at)? == b',' {
            self.at = after_space(self.text, self.at + 1);
            return Ok(true);
        }
        if self.closes(close)? { Ok(false) } else { Err(Mistake) }
    }

    fn closes(&mut self, close: u8) -> Result<bool, Mistake> {
        let closes = byte_at(self.text, self.at)? == close;
        self.at += usize::from(closes);
        Ok(closes)
    }
}

/// The offset behind the value that starts at `at`. Depth costs no stack: `closing` remembers what is open.
fn value_end(text: &[u8], mut at: usize, closing: &mut Vec<u8>) -> Result<usize, Mistake> {
    closing.clear();
    loop {
        at = match byte_at(text, at)? {
            open @ (b'{' | b'[') => {
                let close = open + 2; // in ASCII, of both kinds
                let inside = after_space(text, at + 1);
                if byte_at(text, inside)? == close {
                    inside + 1
                } else {
                    closing.push(close);
                    at = next_value(text, inside, close)?;
                    continue;
                }
            }
            _ => scalar_end(text, at)?,
        };
        at = go_on(text, at, closing)?;
        if closing.is_empty() {
            return Ok(at);
        }
    }
}

/// Behind a value: closes what ends there, and goes on to the next value in what is still open.
#[inline(always)]
fn go_on(text: &[u8], mut at: usize, closing: &mut Vec<u8>) -> Result<usize, Mistake> {
    while let Some(&close) = closing.last() {
        at = after_space(text, at);
        let byte = byte_at(text, at)?;
        at += 1;
        if byte == b',' {
            return next_value(text, after_space(text, at), close);
        }
        if byte != close {
            return Err(Mistake);
        }
        closing.pop();
    }
    Ok(at)
}

/// Where a value starts in what `close` will close: in an object a key comes first.
#[inline(always)]
fn next_value(text: &[u8], at: usize, close: u8) -> Result<usize, Mistake> {
    if close == b'}' { behind_colon(text, key_end(text, at)?) } else { Ok(at) }
}

#[inline(always)]
fn key_end(text: &[u8], at: usize) -> Result<usize, Mistake> {
    if byte_at(text, at)? == b'"' { string_end(text, at + 1) } else { Err(Mistake) }
}

#[inline(always)]
fn behind_colon(text: &[u8], key_end: usize) -> Result<usize, Mistake> {
    let at = after_space(text, key_end);
    if byte_at(text, at)? == b':' { Ok(after_space(text, at + 1)) } else { Err(Mistake) }
}

#[inline(always)]
fn scalar_end(text: &[u8], at: usize) -> Result<usize, Mistake> {
    match byte_at(text, at)? {
        b'"' => string_end(text, at + 1),
        b'n' => word_end(text, at, b"null"),
        b't' => word_end(text, at, b"true"),
        b'f' => word_end(text, at, b"false"),
        _ => number_end(text, at),
    }
}

#[inline(always)]
fn word_end(text: &[u8], at: usize, word: &[u8]) -> Result<usize, Mistake> {
    if text[at..].starts_with(word) { Ok(at + word.len()) } else { Err(Mistake) }
}

/// The offset behind the quote that ends the string whose content starts at `at`.
#[inline(always)]
fn string_end(text: &[u8], mut at: usize) -> Result<usize, Mistake> {
    loop {
        while let Some(Ok(eight)) = text.get(at..at + 8).map(TryInto::try_into) {
            let special = special_bits(eight);
            if special != 0 {
                at += special.trailing_zeros() as usize / 8;
                break;
            }
            at += 8;
        }
        match byte_at(text, at)? {
            b'"' => return Ok(at + 1),
            b'\\' => at = escape_end(text, at + 1)?,
            0..0x20 => return Err(Mistake),
            _ => at += 1, // one of the last seven bytes of the text
        }
    }
}

/// Sets the highest bit of each byte that is a quote, a backslash or a control character. Only the lowest bit set
/// counts: a byte that is less than what is taken from it borrows from the next one, which may then look special too.
#[inline(always)]
fn special_bits(eight: [u8; 8]) -> u64 {
    const EACH: u64 = u64::MAX / 255;
    let bytes = u64::from_le_bytes(eight);
    // Less than 0x21 are then the control characters, which stay among themselves, and the quote, which was 0x22.
    let low = (bytes ^ (EACH * 0x02)).wrapping_sub(EACH * 0x21);
    let backslash = (bytes ^ (EACH * 0x5c)).wrapping_sub(EACH);
    (low | backslash) & !bytes & (EACH << 7)
}

/// The offset behind the escape whose letter is at `at`. Half a surrogate pair is one too: it may stand in a record.
#[inline(always)]
fn escape_end(text: &[u8], at: usize) -> Result<usize, Mistake> {
    match byte_at(text, at)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 1),
        b'u' => {
            let digits = text.get(at + 1..at + 5).ok_or(Mistake)?;
            if digits.iter().all(u8::is_ascii_hexdigit) { Ok(at + 5) } else { Err(Mistake) }
        }
        _ => Err(Mistake),
    }
}

#[inline(always)]
fn number_end(text: &[u8], at: usize) -> Result<usize, Mistake> {
    let at = at + usize::from(text.get(at) == Some(&b'-'));
    let mut at = match byte_at(text, at)? {
        b'0' if text.get(at + 1).is_some_and(u8::is_ascii_digit) => return Err(Mistake),
        b'0'..=b'9' => digits_end(text, at)?,
        _ => return Err(Mistake),
    };
    if text.get(at) == Some(&b'.') {
        at = digits_end(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        at = digits_end(text, at + 1 + sign)?;
    }
    Ok(at)
}

/// The offset behind one digit or more.
#[inline(always)]
fn digits_end(text: &[u8], start: usize) -> Result<usize, Mistake> {
    let mut at = start;
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    if at > start { Ok(at) } else { Err(Mistake) }
}

#[inline(always)]
fn after_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

#[inline(always)]
fn byte_at(text: &[u8], at: usize) -> Result<u8, Mistake> {
    text.get(at).copied().ok_or(Mistake)
}
