//! One request and its answer: plain values, the transport between them, and the decisions about trying again.

mod excerpt;
pub mod limits;
pub mod redirect;
mod request;
mod response;
pub mod retry;
mod send_error;

pub use redirect::RedirectError;
pub use request::{Body, Header, HeaderError, Request};
pub use response::Response;
pub use send_error::{Failure, Reached, SendError, TlsProblem};
