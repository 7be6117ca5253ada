//! Records as JSON Lines, gathered into big writes.

use std::io::{self, Write};

use super::Position;
use crate::fault_point::{FaultPoint, reach};
use crate::record::Batch;
use crate::record::compact::append_line;

/// Lines are written once they have so many bytes together.
const BUFFER_BYTES: usize = 256 * 1024;

/// The lines on their way to `out`.
#[derive(Debug)]
pub(super) struct Lines<W> {
    out: W,
    buffer: Vec<u8>,
    position: Position,
    /// Of what was taken since somebody asked, if anybody will.
    checksum: Option<crc32fast::Hasher>,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(out: W) -> Self {
        Self::after(out, Position::default())
    }

    /// Lines that follow others, which `out` has already.
    pub(super) fn after(out: W, position: Position) -> Self {
        Self { out, buffer: Vec::new(), position, checksum: None }
    }

    /// Takes the records; only full buffers are written.
    pub(super) fn take(&mut self, batch: &Batch) -> io::Result<()> {
        batch.iter().try_for_each(|record| self.take_one(record))
    }

    /// Takes one record.
    pub(super) fn take_one(&mut self, record: &[u8]) -> io::Result<()> {
        let before = self.buffer.len();
        append_line(record, &mut self.buffer);
        if let Some(checksum) = &mut self.checksum {
            checksum.update(&self.buffer[before..]);
        }
        self.position.records += 1;
        self.position.bytes += (self.buffer.len() - before) as u64;
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what is gathered.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        self.buffer.shrink_to(2 * BUFFER_BYTES); // one huge record must not keep its memory
        self.out.flush()?;
        reach(FaultPoint::LinesWritten);
        Ok(())
    }

    /// From here on a checksum is kept.
    pub(super) fn keep_checksum(&mut self) {
        self.checksum = Some(crc32fast::Hasher::new());
    }

    /// The checksum of what was taken since this was asked last.
    pub(super) fn take_checksum(&mut self) -> u32 {
        self.checksum.as_mut().map_or(0, |checksum| std::mem::take(checksum).finalize())
    }

    /// What was taken so far, written or not.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    pub(super) fn out(&self) -> &W {
        &self.out
    }

    pub(super) fn out_mut(&mut self) -> &mut W {
        &mut self.out
    }

    pub(super) fn into_out(self) -> W {
        self.out
    }
}
