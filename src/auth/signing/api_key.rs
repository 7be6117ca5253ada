//! `kind: api_key`.

use super::error::SigningError;
use crate::http::Request;
use crate::plan::auth::Place;
use crate::secret::Secret;

/// A key that is sent as it is.
#[derive(Debug)]
pub struct ApiKey {
    /// As the service gave it.
    pub key: Secret,
    /// Where it goes.
    pub into: Place,
}

impl ApiKey {
    pub(super) fn sign(&self, request: &mut Request) -> Result<Vec<Secret>, SigningError> {
        self.into.put(self.key.expose(), request)?;
        Ok(vec![self.key.clone()])
    }
}
