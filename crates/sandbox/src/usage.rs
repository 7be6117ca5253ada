//! How much of Zoho's limits has been used: for tests, and for people at `GET /sandbox/limits`, which is not Zoho's.

use serde::Serialize;

/// How a sandbox's limits stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// The requests so far, without those to `/sandbox/…`.
    pub requests: u64,
    /// The access tokens so far.
    pub access_tokens: u64,
    /// The codes of the last ten minutes.
    pub grant_codes: Share,
    /// The refresh tokens that are alive, the oldest first.
    pub refresh_tokens: Vec<RefreshTokenUsage>,
    /// The credits of the last 24 hours.
    pub credits: Share,
    /// The calls of the CRM at the same time.
    pub concurrency: Peak,
    /// The requests that one of this sandbox's limits has refused so far.
    pub refused: u64,
    /// The requests so far that were over a limit as Zoho documents it, whether this sandbox refuses them or not.
    pub over_documented_limits: u64,
}

/// How one refresh token stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefreshTokenUsage {
    /// Whether it is the one that was there from the start.
    pub built_in: bool,
    /// The access tokens that it gave in the last ten minutes.
    pub tokens_in_ten_minutes: Share,
    /// Its access tokens that are alive.
    pub live_tokens: Share,
    /// How often it was refused for giving too many.
    pub refused: u64,
}

/// How much of what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Share {
    /// What is used.
    pub used: u64,
    /// What there is.
    pub most: u64,
}

/// The highest that was seen of what may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Peak {
    /// The highest, also when it was refused.
    pub highest: u64,
    /// What may be.
    pub most: u64,
}

impl Share {
    pub(super) fn new(used: usize, most: usize) -> Self {
        Self { used: used as u64, most: most as u64 }
    }
}
