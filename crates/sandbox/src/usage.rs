//! How much of the limits is used, for tests and for `GET /sandbox/limits`.

use serde::Serialize;

/// How much of its limits a sandbox has used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// The requests so far, not counting those to `/sandbox/…`.
    pub requests: u64,
    /// The access tokens issued so far.
    pub access_tokens: u64,
    /// The codes issued in the last ten minutes.
    pub grant_codes: Share,
    /// The valid refresh tokens, oldest first.
    pub refresh_tokens: Vec<RefreshTokenUsage>,
    /// The credits used in the last 24 hours.
    pub credits: Share,
    /// The concurrent calls to the CRM.
    pub concurrency: Peak,
    /// The requests that a limit of this sandbox has rejected so far.
    pub refused: u64,
    /// The requests so far that exceeded a limit that Zoho documents, whether or not this sandbox rejected them.
    pub over_documented_limits: u64,
}

/// The usage of one refresh token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefreshTokenUsage {
    /// Whether it is the built-in one.
    pub built_in: bool,
    /// The access tokens issued for it in the last ten minutes.
    pub tokens_in_ten_minutes: Share,
    /// Its valid access tokens.
    pub live_tokens: Share,
    /// How often a request for another access token was rejected.
    pub refused: u64,
}

/// How much of a limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The part that is used.
    pub used: u64,
    /// The limit.
    pub most: u64,
}

/// The highest value so far, and its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Peak {
    /// The highest value, including rejected calls.
    pub highest: u64,
    /// The limit.
    pub most: u64,
}

impl Share {
    pub(super) fn new(used: usize, most: usize) -> Self {
        Self { used: used as u64, most: most as u64 }
    }
}
