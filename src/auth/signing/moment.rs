//! When a request is signed, and the chance in it.

use std::time::SystemTime;

use jiff::Timestamp;

use super::error::SigningError;
use super::spelling;

/// Time and chance of one signature; both come from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// By the clock of the run.
    pub now: SystemTime,
    /// Random, another one for each signature: a server that has seen it refuses the request.
    pub nonce: [u8; 16],
}

impl Moment {
    /// The time as a calendar knows it.
    pub(super) fn timestamp(&self) -> Result<Timestamp, SigningError> {
        Timestamp::try_from(self.now).map_err(|_| SigningError::Clock)
    }

    /// 32 hexadecimal digits.
    pub(super) fn nonce(&self) -> String {
        spelling::hex(&self.nonce)
    }
}
