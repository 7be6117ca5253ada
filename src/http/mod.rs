//! One request and its answer: plain values, the transport between them, and the decisions about trying again.

pub mod limits;
pub mod redirect;
mod request;

pub use redirect::RedirectError;
pub use request::{Body, Header, HeaderError, Request};
