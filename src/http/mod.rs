//! One request and its answer: plain values, the transport between them, and the decisions about trying again.
//!
//! [`Request`] is complete before a socket opens; [`Transport::send`] is the only thing here that does I/O. What a
//! redirect may carry ([`redirect`]) and whether and when to try again ([`retry`]) are functions of values. Nothing here
//! renders templates, waits between tries, or knows about pages.

pub mod curl;
pub mod excerpt;
mod failure;
mod identity;
pub mod limits;
mod local;
pub mod redirect;
mod request;
mod response;
pub mod retry;
mod send_error;
mod transport;

pub use identity::{ClientIdentity, IdentityError, roots_from_pem};
pub use limits::Timeouts;
pub use local::is_local;
pub use redirect::RedirectError;
pub use request::{Body, Header, HeaderError, Request};
pub use response::Response;
pub use retry::{BuiltIn, Outcome, built_in};
pub use send_error::{Failure, Reached, SendError, TlsProblem};
#[cfg(test)]
pub(crate) use transport::Script;
pub use transport::{Proxy, Transport, TransportError, TransportSettings};
