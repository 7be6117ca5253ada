//! The token store: values that a step extracted, kept between runs and shared by all pipelines of a project.
//!
//! One entry is one file under `.river/tokens/`. Its name is a keyed hash of the request that gives the values and of
//! what is extracted from the answer (`key.rs`), so that two pipelines with the same token request find the same entry,
//! and a changed secret finds another. Who renews an entry holds its lock (`lock.rs`) and looks again once it has it:
//! however many processes want it renewed, one asks.
//!
//! # What is guaranteed
//! - A reader sees a whole entry or none: an entry is written beside its file, synced, renamed over it, and the folder
//!   synced. A process that is killed at any point of this leaves the last entry or the new one. An entry carries a
//!   keyed seal, so that a damaged, truncated or planted file is reported and never half believed.
//! - An entry that is written to its last byte is not lost even if its writer is killed before the file has its name:
//!   who locks the entry next gives it the name (`unfinished.rs`).
//! - From the moment the last byte of an answer is read, the wish to stop (the first signal) can no longer lose its
//!   values: checking, extracting and storing them is one stretch of work that nothing interrupts. Before that byte,
//!   and for a process that is killed, nothing is promised about the new values; the old ones stay.
//! - Who reserves first ([`Locked::reserve`]) knows before a request that its answer can be stored.
//! - Files are 0600 and the folder 0700 from their first moment. No secret is in a file's name.
//!
//! It must not decide whether a run can go on: a store that cannot be used is a [`StoreError`], and the run goes on as
//! if there were none. It must not say which values are secret (the plan does), read a clock, or print.

mod entry;
mod envelope;
mod error;
mod files;
#[cfg(test)]
mod fixture;
mod key;
mod key_file;
mod lock;
mod locked;
mod privacy;
mod protection;
mod secrets;
mod sweep;
mod unfinished;

pub use entry::{Entry, Fresh};
pub use error::StoreError;
pub use files::{Reading, TokenStore};
pub use key::{EntryId, Subject};
pub use key_file::ProtectionError;
pub use locked::{Locked, WritePoint};
pub use protection::{Protection, ProtectionKind, Scheme};
pub use secrets::{KeptSecret, SecretName, SecretStore};
