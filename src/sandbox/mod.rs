//! A stand-in for Zoho (OAuth 2 and CRM) on loopback: quickstart and tests run against it without an account.
//!
//! It serves the token endpoint and, of the CRM, the listings and single records of `Leads`, `Contacts`, `Accounts`
//! and `Deals`, search, COQL and bulk read, all with made-up data that depends on nothing but a seed. Where the
//! documentation of Zoho is silent the code says that it guesses. [`Fault`]s make it misbehave.
//!
//! It uses nothing else of this crate, so that what it serves cannot share a mistake with what reads it. A
//! request goes `wire` → `site` → `oauth`, `crm` or `bulk`; `records` makes the data up, `query` says which of it is
//! meant, `errors` says no.

mod bulk;
mod crm;
mod errors;
mod faults;
mod oauth;
mod page_token;
mod query;
mod recorder;
mod records;
mod site;
mod tokens;
pub mod wire;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use faults::{Fault, FaultError, FaultKind, FaultPlace, FaultTimes, TokenError};
pub use recorder::RecordedRequest;
use recorder::Recorder;
use site::Site;
use wire::Server;

// In the shape of Zoho's own, so that what handles those handles these.
const CLIENT_ID: &str = "1000.R1VERSANDB0XR1VERSANDB0XR1VERS";
const CLIENT_SECRET: &str = "5a4db0c5ec2e75a4db0c5ec2e75a4db0c5ec2e75a4";
const REFRESH_TOKEN: &str = "1000.5a4db0f2e54f2e5b5a4db0f2e54f2e5b.2e5b5a4db0f2e54f2e5b5a4db0f2e54f";

/// What a sandbox is to be like.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// How many leads there are; the other modules are smaller in proportion.
    pub leads: u64,
    /// What the data depends on: the same seed, the same records.
    pub seed: u64,
    /// How long an access token lives.
    pub token_life: Duration,
    /// How many access tokens the refresh token is good for in ten minutes.
    pub tokens_per_ten_minutes: u32,
    /// How many rows a bulk read has at most.
    pub bulk_rows: u64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

impl Default for Options {
    /// A free port, 5,000 leads, Zoho's limits, no faults.
    fn default() -> Self {
        Self {
            port: 0,
            leads: 5_000,
            seed: 1,
            token_life: Duration::from_secs(3600),
            tokens_per_ten_minutes: 10,
            bulk_rows: 200_000,
            faults: Vec::new(),
        }
    }
}

/// A running sandbox; it stops when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    server: Server,
    recorder: Arc<Recorder>,
}

/// One value of a connection that leads to a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionValue {
    /// The name, as in the `zoho` connection.
    pub key: &'static str,
    /// The value.
    pub value: String,
    /// Whether a real value of that name would be a secret.
    pub secret: bool,
}

/// The values that make a `zoho` connection lead to a sandbox at this address.
pub fn connection_to(base_url: &str) -> Vec<ConnectionValue> {
    let value = |key, value: &str, secret| ConnectionValue { key, value: value.to_owned(), secret };
    vec![
        value("accounts_url", base_url, false),
        value("client_id", CLIENT_ID, false),
        value("client_secret", CLIENT_SECRET, true),
        value("refresh_token", REFRESH_TOKEN, true),
    ]
}

impl Sandbox {
    /// Starts a sandbox in a thread of its own; it listens when this returns.
    pub fn start(options: Options) -> io::Result<Self> {
        let recorder = Arc::new(Recorder::default());
        let record = Arc::clone(&recorder);
        let server = Server::start_with(options.port, |base_url| {
            let site = Site::new(options, base_url.to_owned());
            move |request| {
                let reply = site.answer(&request, Timestamp::now());
                record.record(request, &reply);
                reply
            }
        })?;
        Ok(Self { server, recorder })
    }

    /// Where it listens, as `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// The values that make a `zoho` connection lead here.
    pub fn connection(&self) -> Vec<ConnectionValue> {
        connection_to(&self.base_url())
    }

    /// The requests so far, oldest first; the last 10,000 of them.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.recorder.requests()
    }
}
