//! Signing in: how a request proves who asks, how tokens are got and renewed, and where they are kept.
//!
//! `store/` keeps values between runs. It must not print, and must not decide whether a run can go on.

pub mod store;

pub use store::{Entry, EntryId, Fresh, Locked, Reading, StoreError, Subject, TokenStore};
