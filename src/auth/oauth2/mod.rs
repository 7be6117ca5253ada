//! OAuth 2 (RFC 6749): tokens that are got, renewed, kept and revoked.
//!
//! A [`Client`] is what a connection says, with its values. It makes requests as plain data (`request.rs`), reads the
//! answers (`answer.rs`), and keeps what came as a [`SignIn`] in the token store. [`renewal`] is the one way to a token:
//! from the store, or by asking under the entry's lock, so that of all processes one asks.
//!
//! # What is guaranteed
//! From the moment the last byte of an answer is read, nothing waits until what it brought is durable: a refresh token
//! that replaces the last one is on the disk before the access token beside it is used. Before that byte, and for
//! answers that never arrive, nothing can be promised: where a server gives a new refresh token with each use, it may
//! hold the last one used up.
//!
//! Whoever asks gives the [`Outside`]; the only socket that is opened here is the [`Listener`]'s.

mod answer;
mod asking;
mod assertion;
mod authorize;
mod callback;
mod client;
mod device;
mod listener;
mod login;
mod outside;
pub mod page;
mod probable;
pub mod renewal;
mod request;
mod sign_in;

pub use answer::{Refused, Tokens};
pub use assertion::AssertionError;
pub use authorize::{Chance, Invitation};
pub use callback::{CallbackError, Code, pasted_query};
pub use client::{BadSetting, Client};
pub use device::DeviceCode;
pub use listener::{Callback, ListenError, Listener};
pub use outside::{Notice, Outside, Unanswered};
pub use renewal::{Held, Unsigned};
pub use sign_in::SignIn;
