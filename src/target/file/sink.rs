//! Where a file's bytes go, compressed or not; and where those of the file before it come from.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::plan::target::{Compression, Place};
use crate::target::error::TargetError;
use crate::target::staging::{PreparedFile, Spot, Staging};

const BUFFER_BYTES: usize = 256 * 1024;

/// A file that is being written.
pub(super) struct Sink {
    out: Out,
    /// Whether the last line has no line feed yet.
    is_line_open: bool,
    /// For messages.
    shown: String,
}

enum Out {
    Plain(BufWriter<Staging>),
    Gzip(Box<GzEncoder<BufWriter<Staging>>>),
    Zstd(Box<zstd::Encoder<'static, BufWriter<Staging>>>),
}

impl Sink {
    pub(super) fn create(spot: Spot, compress: Option<Compression>) -> Result<Self, TargetError> {
        let staging = Staging::create_again(spot)?;
        let shown = staging.shown().to_owned();
        let out = BufWriter::with_capacity(BUFFER_BYTES, staging);
        let out = match compress {
            None => Out::Plain(out),
            Some(Compression::Gzip) => {
                Out::Gzip(Box::new(GzEncoder::new(out, flate2::Compression::default())))
            }
            Some(Compression::Zstd) => {
                let encoder = zstd::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL);
                Out::Zstd(Box::new(encoder.map_err(|source| TargetError::from_io("write", &shown, source))?))
            }
        };
        Ok(Self { out, is_line_open: false, shown })
    }

    /// Writes a line. If it is the last one and has no line feed, it gets none; if something follows, it does.
    pub(super) fn put_line(&mut self, line: &[u8]) -> Result<(), TargetError> {
        let open = std::mem::replace(&mut self.is_line_open, !line.ends_with(b"\n"));
        let ended = if open { self.write_all(b"\n") } else { Ok(()) };
        ended.and_then(|()| self.write_all(line)).map_err(|source| self.refused(source))
    }

    /// Writes a record as a line of its own.
    pub(super) fn put_record(&mut self, record: &[u8]) -> Result<(), TargetError> {
        self.put_line(record)?;
        self.is_line_open = false;
        self.write_all(b"\n").map_err(|source| self.refused(source))
    }

    /// Writes all the rest of a file that is there, byte for byte.
    pub(super) fn put_rest(&mut self, former: &mut Former) -> Result<(), TargetError> {
        loop {
            let bytes = match former.reader.fill_buf() {
                Ok([]) => return Ok(()),
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(former.refused(error)),
            };
            let length = bytes.len();
            self.is_line_open = !bytes.ends_with(b"\n");
            self.write_all(bytes).map_err(|source| self.refused(source))?;
            former.reader.consume(length);
        }
    }

    /// Makes the file durable under its temporary name.
    pub(super) fn prepare(self) -> Result<PreparedFile, TargetError> {
        let refused = |source| TargetError::from_io("write", &self.shown, source);
        let out = match self.out {
            Out::Plain(out) => Ok(out),
            Out::Gzip(encoder) => encoder.finish(),
            Out::Zstd(encoder) => encoder.finish(),
        };
        let staging =
            out.and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error)).map_err(refused)?;
        staging.prepare()
    }

    pub(super) fn refused(&self, source: io::Error) -> TargetError {
        TargetError::from_io("write", &self.shown, source)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Out::Plain(out) => out.write(bytes),
            Out::Gzip(out) => out.write(bytes),
            Out::Zstd(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Plain(out) => out.flush(),
            Out::Gzip(out) => out.flush(),
            Out::Zstd(out) => out.flush(),
        }
    }
}

/// The file that is there, as it was before it was compressed.
pub(super) struct Former {
    reader: BufReader<Box<dyn Read>>,
    compress: Option<Compression>,
    shown: String,
}

impl Former {
    /// None if nothing is there.
    pub(super) fn open(
        path: &Path,
        place: &Place,
        compress: Option<Compression>,
    ) -> Result<Option<Self>, TargetError> {
        let refused = |source| TargetError::from_io("read", &place.shown, source);
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused(error)),
        };
        if file.metadata().map_err(refused)?.len() == 0 {
            return Ok(None);
        }
        let reader: Box<dyn Read> = match compress {
            None => Box::new(file),
            Some(Compression::Gzip) => Box::new(MultiGzDecoder::new(BufReader::new(file))),
            Some(Compression::Zstd) => Box::new(zstd::Decoder::new(file).map_err(refused)?),
        };
        let reader = BufReader::with_capacity(BUFFER_BYTES, reader);
        let mut former = Self { reader, compress, shown: place.shown.clone() };
        // A file that is not what `compress` says is known before the first request.
        let first = former.reader.fill_buf().map(<[u8]>::is_empty);
        first.map_err(|source| former.refused(source))?;
        Ok(Some(former))
    }

    /// The next line with its line feed, if it has one; false at the end.
    pub(super) fn line(&mut self, line: &mut Vec<u8>) -> Result<bool, TargetError> {
        line.clear();
        let read = self.reader.read_until(b'\n', line);
        Ok(read.map_err(|source| self.refused(source))? > 0)
    }

    pub(super) fn refused(&self, source: io::Error) -> TargetError {
        match (self.compress, source.kind()) {
            (
                Some(compress),
                io::ErrorKind::InvalidInput
                | io::ErrorKind::InvalidData
                | io::ErrorKind::UnexpectedEof
                | io::ErrorKind::Other,
            ) => {
                let word = match compress {
                    Compression::Gzip => "gzip",
                    Compression::Zstd => "zstd",
                };
                TargetError::NotCompressed { shown: self.shown.clone(), word, source }
            }
            _ => TargetError::from_io("read", &self.shown, source),
        }
    }
}
