//! Bounds: a test stops by itself.

use std::time::Duration;

/// No run of river takes longer.
pub(crate) const RUN: Duration = Duration::from_secs(30);

/// No request is awaited longer.
pub(crate) const REQUEST: Duration = Duration::from_secs(20);
