//! A stand-in for Zoho (OAuth 2 and CRM) on loopback: quickstart and tests run against it without an account.
//!
//! It serves the accounts server (consent page, tokens, revocation) and, of the CRM's v8 and v2, the listings, single
//! records, related lists, deleted records and counts of seven modules, searches, COQL and bulk reads, and says which
//! modules, fields, users and organisation there are; all with made-up data that depends on nothing but a seed. Where the documentation of Zoho
//! is silent the code says that it guesses, and a [`Guess`] sets it otherwise. [`Fault`]s make it misbehave, [`Churn`]
//! changes the data while it is read; it has Zoho's limits, and [`Usage`] says how they stand.
//!
//! It uses nothing of `river`, so that what it serves cannot share a mistake with what reads it. A
//! request goes `wire` → `site` → `oauth`, `crm` or `bulk`; `records` makes the data up, `query` says which of it is
//! meant, `errors` says no.

mod bulk;
mod crm;
mod errors;
mod faults;
mod guess;
mod nearest;
mod oauth;
mod page_token;
mod query;
mod recorder;
mod records;
mod site;
mod usage;
pub mod wire;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;

pub use faults::{Fault, FaultError, FaultKind, FaultPlace, FaultTimes, TokenError};
pub use guess::{Guess, GuessError, Guesses};
pub use recorder::RecordedRequest;
use recorder::Recorder;
use records::Module;
pub use records::{Churn, ChurnError, RecordHistory};
use site::Site;
pub use usage::{Peak, RefreshTokenUsage, Share, Usage};
use wire::{BoundListener, Server};

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
    /// How many users the organisation has, at least four.
    pub users: u64,
    /// What the data depends on: the same seed, the same records.
    pub seed: u64,
    /// How long an access token lives.
    pub token_life: Duration,
    /// How many access tokens the refresh token is good for in ten minutes.
    pub tokens_per_ten_minutes: u32,
    /// How many credits the calls of 24 hours may cost.
    pub credits: u64,
    /// How many calls of the CRM may be in flight at the same time.
    pub concurrency: usize,
    /// Where codes may be sent besides any `http://127.0.0.1:PORT/…` and `http://localhost:PORT/…`.
    pub redirect_uris: Vec<String>,
    /// How many rows a bulk read has at most.
    pub bulk_rows: u64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What changes while it is read; nothing without it.
    pub churn: Option<Churn>,
    /// What is left open by the documentation of Zoho.
    pub guesses: Guesses,
    /// Whether long answers are compressed for clients that accept it.
    pub gzip: bool,
}

impl Default for Options {
    /// A free port, 5,000 leads that stay as they are, 12 users, Zoho's limits, no faults.
    fn default() -> Self {
        Self {
            port: 0,
            leads: 5_000,
            users: 12,
            seed: 1,
            token_life: Duration::from_secs(3600),
            tokens_per_ten_minutes: 10,
            credits: crm::DOCUMENTED_CREDITS,
            concurrency: crm::DOCUMENTED_CONCURRENCY,
            redirect_uris: Vec::new(),
            bulk_rows: 200_000,
            faults: Vec::new(),
            churn: None,
            guesses: Guesses::default(),
            gzip: true,
        }
    }
}

/// A running sandbox; it stops when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    // Dropped first: nothing is answered any more when the rest goes.
    server: Server,
    recorder: Arc<Recorder>,
    site: Arc<Site>,
}

/// A request that was answered, for who wants to see each.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path without the query, in which there may be tokens.
    pub path: &'a str,
    /// The status of the answer; none when the client was shown none (`reset`, `stall`).
    pub status: Option<u16>,
}

/// One value of a connection that leads to a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSetting {
    /// The name, as in the `zoho` connection.
    pub key: &'static str,
    /// The value.
    pub value: String,
    /// Whether a real value of that name would be a secret.
    pub secret: bool,
}

/// The values that make a `zoho` connection lead to a sandbox at this address.
pub fn connection_to(base_url: &str) -> Vec<ConnectionSetting> {
    let value = |key, value: &str, secret| ConnectionSetting { key, value: value.to_owned(), secret };
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
        Self::start_watched(options, |_| {})
    }

    /// Like [`Sandbox::start`]; each answer is shown before it is sent.
    pub fn start_watched(
        options: Options,
        watch: impl Fn(&AnsweredRequest<'_>) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (bound, gzip) = (BoundListener::bind(options.port)?, options.gzip);
        let recorder = Arc::new(Recorder::default());
        let site = Arc::new(Site::new(options, bound.base_url()));
        let (record, answering) = (Arc::clone(&recorder), Arc::clone(&site));
        let server = bound.serve(move |request| {
            let reply = answering.answer(&request, Timestamp::now());
            let reply = if gzip { reply.compressed_for(&request) } else { reply };
            let status = reply.visible_status();
            watch(&AnsweredRequest { method: &request.method, path: &request.path, status });
            record.record(request, &reply);
            reply
        })?;
        Ok(Self { server, recorder, site })
    }

    /// How its limits stand now.
    pub fn usage(&self) -> Usage {
        self.site.usage(Timestamp::now())
    }

    /// Where it listens, as `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// The values that make a `zoho` connection lead here.
    pub fn connection(&self) -> Vec<ConnectionSetting> {
        connection_to(&self.base_url())
    }

    /// What has happened to the records of a module, by its name as in paths; none when there is no such module.
    pub fn history(&self, module: &str) -> Option<RecordHistory> {
        Module::named(module).map(|module| self.site.organisation.history(module))
    }

    /// The requests so far, oldest first; the last 10,000 of them.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.recorder.requests()
    }
}
