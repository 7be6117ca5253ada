//! Memory of bodies that nobody reads any more.
//!
//! The pages of a step are alike, so that the next one fits where an earlier one was. Memory that was given back to the
//! system has to be handed out and cleared page by page again, which cost more than copying the body into it.

use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};

/// A run reads about so many bodies at a time: the page at hand, the one before, one on its way to a target.
const MOST: usize = 4;

/// The memory of a bigger body is given back to the system.
const BIGGEST: usize = 4 * 1024 * 1024;

/// Handles to the memory of the latest bodies, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Spares(Mutex<Vec<BytesMut>>);

impl Spares {
    /// An empty buffer with room for so many bytes.
    pub(super) fn buffer(&self, bytes: usize) -> BytesMut {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Only memory that no body is in can be reclaimed. The latest is the likeliest to be in the processor's cache.
        match spares.iter_mut().rposition(|spare| spare.try_reclaim(bytes)) {
            Some(place) => spares.remove(place),
            None => BytesMut::with_capacity(bytes),
        }
    }

    /// The body that was gathered in a buffer. Its memory is a spare one as soon as the body is dropped.
    pub(super) fn body(&self, mut buffer: BytesMut) -> Bytes {
        let keep = (1..=BIGGEST).contains(&buffer.capacity());
        let body = buffer.split().freeze();
        if keep {
            let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            spares.push(buffer);
            let surplus = spares.len().saturating_sub(MOST);
            spares.drain(..surplus);
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(spares: &Spares, bytes: usize, fill: u8) -> Bytes {
        let mut buffer = spares.buffer(bytes);
        assert!(buffer.is_empty() && buffer.capacity() >= bytes);
        buffer.resize(bytes, fill);
        spares.body(buffer)
    }

    #[test]
    fn memory_of_a_body_that_is_dropped_is_used_again() {
        let spares = Spares::default();
        let first = body(&spares, 1000, 1);
        let at = first.as_ptr();
        drop(first);
        for bytes in [1000, 10, 1000] {
            assert_eq!(body(&spares, bytes, 2).as_ptr(), at, "{bytes}");
        }
    }

    #[test]
    fn a_body_that_is_read_stays_as_it_is() {
        let spares = Spares::default();
        let bodies: Vec<Bytes> = (0..20).map(|number| body(&spares, 1000, number)).collect();
        let parts: Vec<Bytes> = bodies.iter().map(|body| body.slice(990..)).collect();
        drop(bodies);
        for number in 20..40 {
            drop(body(&spares, 1000, number));
        }
        for (number, part) in (0..20).zip(parts) {
            assert_eq!(part, vec![number; 10]);
        }
    }

    #[test]
    fn little_memory_is_kept() {
        let spares = Spares::default();
        drop(body(&spares, BIGGEST + 1, 1));
        drop(body(&spares, 0, 1));
        assert!(spares.0.lock().unwrap().is_empty());
        let bodies: Vec<Bytes> = (0..20).map(|number| body(&spares, 1000, number)).collect();
        drop(bodies);
        assert_eq!(spares.0.lock().unwrap().len(), MOST);
    }
}
