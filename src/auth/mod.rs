//! Signing in: how a request proves who asks, how tokens are got and renewed, and where they are kept.
//!
//! `signing/` puts into a request what proves who asks; `oauth2/` gets tokens and renews them; `source/` gets the values of
//! connections from where they are; `store/` keeps values between runs. Nothing here prints, opens a socket but the
//! listener of a sign-in, or decides whether a run can go on.

mod home;
pub mod oauth2;
mod signer;
pub mod signing;
pub mod source;
pub mod store;
mod values;

pub use home::{Belongs, Home};
pub use signer::{Certificate, Proof, bearer, certificate, proof, signer};
pub use store::{Entry, EntryId, Fresh, Locked, Reading, StoreError, Subject, TokenStore};
pub use values::AuthValues;
