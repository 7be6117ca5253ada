//! expr

pub mod jsonpath;
