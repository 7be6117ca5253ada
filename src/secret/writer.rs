//! A writer for logs that lets no secret through.

use std::io::{self, Write};

use super::Redactor;

/// Passes whole lines on, redacted.
///
/// A line is held until its end, or until a flush, so that a secret that two writes split is still found. Dropping the
/// writer passes the last line on.
#[derive(Debug)]
pub struct RedactingWriter<W: Write> {
    inner: W,
    redactor: Redactor,
    held: Vec<u8>,
}

impl<W: Write> RedactingWriter<W> {
    /// Writes to `inner` what `redactor` leaves.
    pub fn new(inner: W, redactor: Redactor) -> Self {
        Self { inner, redactor, held: Vec::new() }
    }

    fn pass_on(&mut self, length: usize) -> io::Result<()> {
        let clean = self.redactor.redact_bytes(&self.held[..length]);
        let written = self.inner.write_all(&clean);
        self.held.drain(..length);
        written
    }
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(text);
        // Only the new part can hold the end of a line.
        if let Some(end) = memchr::memrchr(b'\n', text) {
            self.pass_on(self.held.len() - text.len() + end + 1)?;
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on(self.held.len())?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for RedactingWriter<W> {
    fn drop(&mut self) {
        // Nobody is left to tell about a failure.
        let _ = self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(parts: &[&str]) -> String {
        let redactor = Redactor::default();
        redactor.learn("secret");
        let mut output = Vec::new();
        let mut writer = RedactingWriter::new(&mut output, redactor);
        for text in parts {
            writer.write_all(text.as_bytes()).unwrap();
        }
        drop(writer);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_secret_over_two_writes_is_masked() {
        assert_eq!(written(&["a sec", "ret b\nsecret", "\nsec", "ret"]), "a *** b\n***\n***");
    }

    #[test]
    fn a_line_is_held_until_its_end_or_a_flush() {
        let redactor = Redactor::default();
        let mut output = Vec::new();
        let mut writer = RedactingWriter::new(&mut output, redactor);
        writer.write_all(b"one\ntwo").unwrap();
        assert_eq!(writer.inner.as_slice(), b"one\n");
        writer.flush().unwrap();
        assert_eq!(writer.inner.as_slice(), b"one\ntwo");
    }
}
