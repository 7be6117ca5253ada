//! The values of one connection, without a run.

use super::values::look_up_alone;
use crate::auth::AuthValues;
use crate::diagnostic::Findings;
use crate::plan::connection::Alone;
use crate::secret::{Environment, Redactor};

/// Looks up what the `auth` of a connection needs. Err: what is missing.
pub fn look_up(
    alone: &mut Alone,
    environment: &Environment,
    redactor: &Redactor,
) -> Result<AuthValues, Findings> {
    alone.mark_used();
    look_up_alone(alone, environment, redactor)
}
