//! Signing in: how a request proves who asks, how tokens are got and renewed, and where they are kept.
//!
//! `signing/` puts into a request what proves who asks; `store/` keeps values between runs. It must not print, and must not decide whether a run can go on.

pub mod signing;
pub mod store;

pub use store::{Entry, EntryId, Fresh, Locked, Reading, StoreError, Subject, TokenStore};
