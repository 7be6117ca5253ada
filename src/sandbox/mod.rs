//! A stand-in for Zoho on loopback: quickstart and tests run against it without an account.
//!
//! It uses nothing else of this crate, so that what it serves cannot share a mistake with what reads it.

pub mod wire;
