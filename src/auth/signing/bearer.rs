//! `kind: bearer` (RFC 6750), and tokens with other words around them.

use super::error::SigningError;
use crate::http::Request;
use crate::plan::auth::{Around, Place};
use crate::secret::Secret;

/// A token.
#[derive(Debug)]
pub struct Bearer {
    /// As the service gave it.
    pub token: Secret,
    /// The text around it in a header. A query parameter and a cookie hold the token alone.
    pub around: Around,
    /// Where it goes.
    pub into: Place,
}

impl Bearer {
    pub(super) fn sign(&self, request: &mut Request) -> Result<Vec<Secret>, SigningError> {
        let token = self.token.expose();
        match &self.into {
            Place::Header(_) => self.into.put(&self.around.text(token), request)?,
            Place::Query(_) | Place::Cookie(_) => self.into.put(token, request)?,
        }
        Ok(vec![self.token.clone()])
    }
}
