//! Kinds of signing in that need no token endpoint: pure functions of a rendered request, the time and chance.
//!
//! A [`Signer`] puts into a request what proves who asks. It opens no socket, reads no clock and prints nothing; whether
//! a request may be signed at all (its origin) is decided before. A client certificate proves it below HTTP, so that it
//! is not here but in [`crate::http::ClientIdentity`].
//!
//! All that is put into a request stays with its origin: headers are marked as secret and as a connection's, query
//! parameters are named in `secret_query`.

mod api_key;
mod authorization;
mod aws_sigv4;
mod basic;
mod bearer;
mod digest;
mod error;
mod hmac;
mod mac;
mod moment;
mod oauth1;
mod place;
mod sent;
mod spelling;

pub use api_key::ApiKey;
pub use aws_sigv4::AwsSigV4;
pub use basic::Basic;
pub use bearer::Bearer;
pub use digest::Digest;
pub use error::SigningError;
pub use hmac::{Hmac, SigningString};
pub use moment::Moment;
pub use oauth1::OAuth1;

use crate::http::Request;
use crate::plan::auth::Place;
use crate::secret::Secret;

/// What proves who asks, rendered.
#[derive(Debug)]
pub enum Signer {
    /// User name and password in clear (RFC 7617).
    Basic(Basic),
    /// A token (RFC 6750), with text around it.
    Bearer(Bearer),
    /// A key in a header, a query parameter or a cookie.
    ApiKey(ApiKey),
    /// A signature over method, URL and form (RFC 5849).
    OAuth1(OAuth1),
    /// A signature over a string that the author describes.
    Hmac(Hmac),
    /// AWS Signature Version 4.
    AwsSigV4(AwsSigV4),
    /// An answer to the server's challenge (RFC 7616).
    Digest(Digest),
}

impl Signer {
    /// What answers a server's challenge; none: this kind proves itself unasked.
    pub fn challenged(&self) -> Option<&Digest> {
        match self {
            Self::Digest(digest) => Some(digest),
            Self::Basic(_)
            | Self::Bearer(_)
            | Self::ApiKey(_)
            | Self::OAuth1(_)
            | Self::Hmac(_)
            | Self::AwsSigV4(_) => None,
        }
    }

    /// Signs a request as it was rendered, anew for each try: a request that already says who asks keeps what it says.
    ///
    /// What comes back are texts that were made of secrets and can show in answers, signatures for one: they must be
    /// told to the redactor ([`crate::secret::Redactor::learn_short_lived`]) before anything about the request is printed.
    pub fn sign(&self, request: &mut Request, moment: &Moment) -> Result<Vec<Secret>, SigningError> {
        if self.stays_out(request) {
            return Ok(Vec::new());
        }
        match self {
            Self::Basic(basic) => basic.sign(request),
            Self::Bearer(bearer) => bearer.sign(request),
            Self::ApiKey(api_key) => api_key.sign(request),
            Self::OAuth1(oauth1) => oauth1.sign(request, moment),
            Self::Hmac(hmac) => hmac.sign(request, moment),
            Self::AwsSigV4(sigv4) => sigv4.sign(request, moment),
            Self::Digest(digest) => digest.sign(request),
        }
    }

    /// Whether the request already has what would be set: then the author signs by hand.
    pub fn stays_out(&self, request: &Request) -> bool {
        self.places().iter().any(|place| place.is_taken(request))
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Basic(_) | Self::OAuth1(_) | Self::AwsSigV4(_) | Self::Digest(_) => {
                vec![authorization::place()]
            }
            Self::Bearer(bearer) => vec![bearer.into.clone()],
            Self::ApiKey(api_key) => vec![api_key.into.clone()],
            Self::Hmac(hmac) => hmac.places(),
        }
    }
}

#[cfg(test)]
#[path = "signing_tests.rs"]
mod tests;
