//! A stand-in for Zoho on loopback: quickstart and tests run against it without an account.
//!
//! It uses nothing else of this crate, so that what it serves cannot share a mistake with what reads it.

mod faults;
pub mod wire;

pub use faults::{Fault, FaultError, FaultKind, FaultPlace, FaultTimes, TokenError};
