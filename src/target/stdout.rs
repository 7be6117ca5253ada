//! JSON Lines on standard output. They are visible at once, so there is nothing to prepare and nothing to take back.

use std::io::{self, Write};

use super::error::TargetError;
use super::lines::Lines;
use super::{Origin, Position, Prepared, Receipt, Target};
use crate::record::Batch;

pub(super) struct Stdout {
    lines: Lines<Box<dyn Write + Send>>,
}

impl Stdout {
    /// What an earlier process printed stays printed: only the counting goes on.
    pub(super) fn open(out: Box<dyn Write + Send>, receipt: Option<&Receipt>) -> Self {
        let printed = receipt.map(|receipt| receipt.puts).unwrap_or_default();
        Self { lines: Lines::after(out, printed) }
    }

    fn flush(&mut self) -> Result<(), TargetError> {
        self.lines.flush().map_err(refused)
    }
}

impl Target for Stdout {
    /// Each batch is written on, since somebody may be watching.
    fn write(&mut self, batch: &Batch) -> Result<(), TargetError> {
        self.lines.take(batch).map_err(refused)?;
        self.flush()
    }

    fn note_origin(&mut self, _origin: &Origin) -> Result<(), TargetError> {
        Ok(())
    }

    fn void(&mut self, _path: &[u64]) -> Result<(), TargetError> {
        Ok(())
    }

    fn settle(&mut self) -> Result<Receipt, TargetError> {
        self.flush()?;
        Ok(Receipt { puts: self.lines.position(), ..Receipt::default() })
    }

    fn suspend(mut self: Box<Self>) -> Result<Receipt, TargetError> {
        self.settle()
    }

    fn prepare(mut self: Box<Self>) -> Result<Prepared, TargetError> {
        self.flush()?;
        let Position { records, bytes } = self.lines.position();
        Ok(Prepared { records, bytes, ..Prepared::default() })
    }

    fn abandon(self: Box<Self>) {}
}

fn refused(source: io::Error) -> TargetError {
    match source.kind() {
        io::ErrorKind::BrokenPipe => TargetError::Closed,
        _ => TargetError::Stdout { source },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use bytes::Bytes;

    use super::*;
    use crate::expr::jsonpath::PlainPath;
    use crate::plan::target::{TargetKind, TargetPlan};
    use crate::record::Page;
    use crate::target::{Stage, apply, open};

    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn batch() -> Batch {
        Page::read(Bytes::from("[1,\n{\"a\": 2}]"), Some(&PlainPath::default())).unwrap().batch()
    }

    fn target(out: impl Write + Send + 'static) -> Box<dyn Target> {
        let plan = TargetPlan { name: "o".into(), kind: TargetKind::Stdout, diverts: false };
        open(&plan, &Stage::new("run1", std::path::Path::new("/not/needed"), 0), None, false, Box::new(out))
            .unwrap()
    }

    #[test]
    fn lines_are_seen_at_once() {
        let screen = Screen::default();
        let mut target = target(screen.clone());
        target.write(&batch()).unwrap();
        assert_eq!(*screen.0.lock().unwrap(), b"1\n{\"a\": 2}\n");
        let landed = apply(&target.prepare().unwrap()).unwrap();
        assert_eq!((landed.records, landed.bytes, landed.destination), (2, 11, None));
    }

    #[test]
    fn a_closed_pipe_is_told_apart() {
        let error = |kind| target(Broken(kind)).write(&batch()).unwrap_err();
        assert!(matches!(error(io::ErrorKind::BrokenPipe), TargetError::Closed));
        assert_eq!(error(io::ErrorKind::Other).to_string(), "cannot write to standard output");
    }
}
