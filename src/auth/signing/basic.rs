//! `kind: basic` (RFC 7617).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::authorization;
use super::error::SigningError;
use crate::http::Request;
use crate::secret::Secret;

/// User name and password, sent with every request as they are, only in other letters.
#[derive(Debug)]
pub struct Basic {
    /// Without `:`, which would end it.
    pub username: Secret,
    /// May be empty.
    pub password: Secret,
}

impl Basic {
    pub(super) fn sign(&self, request: &mut Request) -> Result<Vec<Secret>, SigningError> {
        let (username, password) = (self.username.expose(), self.password.expose());
        if username.contains(':') {
            return Err(SigningError::Colon);
        }
        let pair = STANDARD.encode(format!("{username}:{password}"));
        authorization::put(&format!("Basic {pair}"), request)?;
        Ok(vec![Secret::new(pair)])
    }
}
