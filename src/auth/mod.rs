//! Signing in: how a request proves who asks, how tokens are got and renewed, and where they are kept.
//!
//! `store/` keeps values between runs; `source/` gets the values of connections from where they are. It must not print,
//! and must not decide whether a run can go on.

pub mod source;
pub mod store;

pub use store::{Entry, EntryId, Fresh, Locked, Reading, StoreError, Subject, TokenStore};
