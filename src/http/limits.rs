//! How long and how much, unless the author says otherwise.

use std::time::Duration;

/// For finding the host's address, the TCP connection and the TLS handshake together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest silence: from sending to the first byte of the answer, and between any two pieces of its body.
pub const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// For one try as a whole, its redirects and its body included.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(300);

/// Redirects followed in one try.
pub const MAX_REDIRECTS: u32 = 10;

/// Bytes of an answer's body, after gzip is undone.
pub const MAX_BODY: u64 = 64 * 1024 * 1024;

/// Bytes of all headers of an answer over HTTP/2. Over HTTP/1 hyper itself ends at 100 headers or about 400 KiB.
pub const MAX_HTTP2_HEADERS: u32 = 64 * 1024;

/// How long an unused connection is kept.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// Unused connections kept for a host.
pub const IDLE_CONNECTIONS: usize = 8;

/// The timeouts of one try of a request. The one for connecting belongs to the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// See [`READ_TIMEOUT`].
    pub read: Duration,
    /// See [`TOTAL_TIMEOUT`].
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { read: READ_TIMEOUT, total: TOTAL_TIMEOUT }
    }
}
