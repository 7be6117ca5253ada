//! The settings of `retry`.

use std::time::Duration;

/// How often and how patiently a request is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySettings {
    /// Tries after the first one, per page request.
    pub max_retries: u32,
    /// Upper bound of the first wait; doubles with each retry (full jitter).
    pub first: Duration,
    /// Upper bound of every computed wait.
    pub cap: Duration,
    /// No further try once this much time has passed since the first one.
    pub give_up_after: Option<Duration>,
    /// The longest wait a server may ask for (Retry-After, RateLimit-Reset) before the request fails instead.
    pub longest_wait: Duration,
    /// Whether sending the request twice does no harm; none: by method (RFC 9110, 9.2.2).
    pub idempotent: Option<bool>,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            max_retries: 5,
            first: Duration::from_secs(1),
            cap: Duration::from_secs(60),
            give_up_after: None,
            longest_wait: Duration::from_secs(600),
            idempotent: None,
        }
    }
}
