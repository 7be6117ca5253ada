//! `kind: bearer` (RFC 6750), and tokens with other words around them.

use super::error::SigningError;
use super::place::Place;
use crate::http::Request;
use crate::secret::Secret;

/// A token.
#[derive(Debug)]
pub struct Bearer {
    /// As the service gave it.
    pub token: Secret,
    /// The text of a header, with `{token}` where the token goes. A query parameter and a cookie hold the token alone.
    pub header: String,
    /// Where it goes.
    pub into: Place,
}

impl Bearer {
    /// Where the token goes in the text of a header.
    pub const TOKEN: &str = "{token}";

    pub(super) fn sign(&self, request: &mut Request) -> Result<Vec<Secret>, SigningError> {
        if !self.header.contains(Self::TOKEN) {
            return Err(SigningError::NoToken);
        }
        let token = self.token.expose();
        match &self.into {
            Place::Header(_) => self.into.put(&self.header.replace(Self::TOKEN, token), request)?,
            Place::Query(_) | Place::Cookie(_) => self.into.put(token, request)?,
        }
        Ok(vec![self.token.clone()])
    }
}
