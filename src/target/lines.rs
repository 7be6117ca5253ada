//! Records as JSON Lines, gathered into big writes.

use std::io::{self, Write};

use super::Receipt;
use crate::record::Batch;
use crate::record::compact::append_line;

/// Lines are written once they have so many bytes together.
const BUFFER_BYTES: usize = 256 * 1024;

/// The lines on their way to `out`.
#[derive(Debug)]
pub(super) struct Lines<W> {
    out: W,
    buffer: Vec<u8>,
    taken: Receipt,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, buffer: Vec::with_capacity(BUFFER_BYTES), taken: Receipt::default() }
    }

    /// Lines that go on behind those of the receipt.
    pub(super) fn resume(out: W, taken: Receipt) -> Self {
        Self { taken, ..Self::new(out) }
    }

    /// Takes the records; only full buffers are written.
    pub(super) fn take(&mut self, batch: &Batch) -> io::Result<()> {
        for record in batch.iter() {
            let before = self.buffer.len();
            append_line(record, &mut self.buffer);
            self.taken.records += 1;
            self.taken.bytes += (self.buffer.len() - before) as u64;
            if self.buffer.len() >= BUFFER_BYTES {
                self.flush()?;
            }
        }
        self.taken.through = Some(batch.seq());
        Ok(())
    }

    /// Writes what is gathered.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        self.buffer.shrink_to(2 * BUFFER_BYTES); // one huge record must not keep its memory
        self.out.flush()
    }

    /// What was taken so far, written or not.
    pub(super) fn taken(&self) -> Receipt {
        self.taken
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
