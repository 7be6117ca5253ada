//! The connection's socket, which can be cut at a chosen byte of a reply.
//!
//! The cut is made below the HTTP server, so that all bytes before it are sent and `content-length` is still that of
//! the whole body.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::Cut;
use super::in_flight::PendingReply;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// The cut for the next reply of a connection; shared by the service and the socket.
#[derive(Debug, Clone, Default)]
pub(super) struct PlannedCut(Arc<Mutex<Option<ByteGate>>>);

impl PlannedCut {
    /// Plans the cut for the reply that is about to be written.
    pub(super) fn set(&self, cut: Cut, body_length: usize) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(ByteGate::new(cut, body_length));
    }

    fn take(&self) -> Option<ByteGate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Lets the bytes of one reply through up to the cut.
#[derive(Debug, Clone, Copy)]
struct ByteGate {
    ending: CutKind,
    part: ReplyPart,
    /// How many bytes of the body are let through.
    body: usize,
}

#[derive(Debug, Clone, Copy)]
enum CutKind {
    Reset,
    Close,
    Stall,
}

#[derive(Debug, Clone, Copy)]
enum ReplyPart {
    /// Nothing is let through, not even the head.
    Nothing,
    /// In the head; this many bytes of its end were seen.
    Head(usize),
    /// In the body; this many more bytes are let through.
    Body(usize),
}

impl ByteGate {
    fn new(cut: Cut, body_length: usize) -> Self {
        let (ending, part, body) = match cut {
            Cut::ResetBefore => (CutKind::Reset, ReplyPart::Nothing, 0),
            Cut::Stall => (CutKind::Stall, ReplyPart::Nothing, 0),
            Cut::ResetAfter(bytes) => (CutKind::Reset, ReplyPart::Head(0), bytes),
            Cut::CloseAfter(bytes) => (CutKind::Close, ReplyPart::Head(0), bytes),
            Cut::StallAfter(bytes) => (CutKind::Stall, ReplyPart::Head(0), bytes),
        };
        Self { ending, part, body: body.min(body_length) }
    }

    /// Lets the next byte through, if it is before the cut.
    fn pass(&mut self, byte: u8) -> bool {
        self.part = match self.part {
            ReplyPart::Nothing | ReplyPart::Body(0) => return false,
            ReplyPart::Body(left) => ReplyPart::Body(left - 1),
            ReplyPart::Head(seen) if byte != END_OF_HEAD[seen] => {
                ReplyPart::Head(usize::from(byte == END_OF_HEAD[0]))
            }
            ReplyPart::Head(seen) if seen + 1 == END_OF_HEAD.len() => ReplyPart::Body(self.body),
            ReplyPart::Head(seen) => ReplyPart::Head(seen + 1),
        };
        true
    }

    fn passing<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let mut trial = *self;
        let count = bytes.iter().take_while(|byte| trial.pass(**byte)).count();
        &bytes[..count]
    }

    fn is_shut(&self) -> bool {
        matches!(self.part, ReplyPart::Nothing | ReplyPart::Body(0))
    }
}

/// A TCP stream with a [`PlannedCut`].
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    planned: PlannedCut,
    landing: PendingReply,
    gate: Option<ByteGate>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, planned: PlannedCut, landing: PendingReply) -> Self {
        Self { stream, planned, landing, gate: None }
    }

    fn gate(&mut self) -> Option<&mut ByteGate> {
        if self.gate.is_none() {
            self.gate = self.planned.take();
        }
        self.gate.as_mut()
    }

    /// Ends the connection. The error makes the server drop the socket, which closes it.
    fn end(&self, ending: CutKind) -> Poll<io::Error> {
        match ending {
            CutKind::Stall => Poll::Pending,
            CutKind::Close => Poll::Ready(io::ErrorKind::BrokenPipe.into()),
            CutKind::Reset => match self.stream.set_zero_linger() {
                Ok(()) => Poll::Ready(io::ErrorKind::ConnectionReset.into()),
                Err(error) => Poll::Ready(error),
            },
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(gate) = self.gate().copied() else {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        };
        let passing = gate.passing(bytes);
        if passing.is_empty() && !bytes.is_empty() {
            return self.end(gate.ending).map(Err);
        }
        let written = Pin::new(&mut self.stream).poll_write(context, passing);
        if let (Poll::Ready(Ok(count)), Some(gate)) = (&written, self.gate()) {
            for byte in &passing[..*count] {
                gate.pass(*byte);
            }
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.gate().is_some() {
            let first = slices.iter().find(|slice| !slice.is_empty());
            return self.poll_write(context, first.map_or(&[], |slice| slice));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // There is no further write after a cut at the very end of the body.
        match self.gate().copied() {
            Some(gate) if gate.is_shut() => self.end(gate.ending).map(Err),
            _ => {
                let flushed = Pin::new(&mut self.stream).poll_flush(context);
                // The server flushes once its buffer is empty, which is after the last byte of a reply.
                if matches!(flushed, Poll::Ready(Ok(()))) {
                    self.landing.all_is_written();
                }
                flushed
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // An orderly shutdown would hide the reset.
        match self.gate().copied() {
            Some(_) => Poll::Ready(Ok(())),
            None => Pin::new(&mut self.stream).poll_shutdown(context),
        }
    }
}
