//! A stand-in for Zoho (OAuth 2 and CRM) on loopback: the quickstart and the tests run against it without an account.
//!
//! It serves the accounts server (consent page, tokens, revocation) and what can be read from the CRM in v8 and v2:
//! listings, single records, related lists, deleted records and counts of seven modules; search, COQL and bulk read;
//! modules, fields, users and the organisation. The data is made up and depends only on a seed. It enforces Zoho's
//! limits, and [`Usage`] says how much of them is used. [`Fault`]s make it misbehave, [`Churn`] changes the data while
//! it is read.
//!
//! Comments that begin with `Zoho:` are about documented behaviour. Where the documentation is silent they say
//! `Guess:`, and a [`Guess`] changes the ones that matter.
//!
//! The sandbox uses nothing of `river`, so that it cannot share a mistake with the program that reads from it. A
//! request goes `wire` → `site` → `oauth`, `crm` or `bulk`; `records` makes up the data, `query` selects from it,
//! `errors` holds the errors.

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

pub use faults::{Fault, FaultError};
pub use guess::{Guess, GuessError, Guesses};
pub use recorder::RecordedRequest;
use recorder::Recorder;
use records::Module;
pub use records::{Churn, ChurnError, RecordHistory};
use site::Site;
pub use usage::{Peak, RefreshTokenUsage, Share, Usage};
use wire::{BoundListener, Server};

// In the format of Zoho's own, so that programs treat them the same way.
const CLIENT_ID: &str = "1000.R1VERSANDB0XR1VERSANDB0XR1VERS";
const CLIENT_SECRET: &str = "5a4db0c5ec2e75a4db0c5ec2e75a4db0c5ec2e75a4";
const REFRESH_TOKEN: &str = "1000.5a4db0f2e54f2e5b5a4db0f2e54f2e5b.2e5b5a4db0f2e54f2e5b5a4db0f2e54f";

/// The settings of a sandbox.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// How many leads there are. The sizes of the other modules are in proportion.
    pub leads: u64,
    /// How many users the organisation has, at least four.
    pub users: u64,
    /// The seed of the data: the same seed gives the same records.
    pub seed: u64,
    /// How long an access token lives.
    pub token_life: Duration,
    /// How many access tokens a refresh token gives in ten minutes.
    pub tokens_per_ten_minutes: u32,
    /// How many credits can be used in 24 hours.
    pub credits: u64,
    /// How many calls to the CRM may be in flight at the same time.
    pub concurrency: usize,
    /// Redirect URIs that are allowed in addition to any `http://127.0.0.1:PORT/…` and `http://localhost:PORT/…`.
    pub redirect_uris: Vec<String>,
    /// The most rows in a bulk read.
    pub bulk_rows: u64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How the data changes while it is read; `None` if it does not.
    pub churn: Option<Churn>,
    /// How to behave where Zoho's documentation is silent.
    pub guesses: Guesses,
    /// Whether long answers are compressed if the client accepts that.
    pub gzip: bool,
}

impl Default for Options {
    /// A free port, 5,000 leads that do not change, 12 users, Zoho's limits, no faults.
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
    // Dropped first, so that no request is answered while the rest is dropped.
    server: Server,
    recorder: Arc<Recorder>,
    site: Arc<Site>,
}

/// A request that was answered, for logging.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path without the query, which may contain tokens.
    pub path: &'a str,
    /// The status of the answer; `None` if the client received none (`reset`, `stall`).
    pub status: Option<u16>,
}

/// One value of a connection to a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSetting {
    /// The name of the value in the `zoho` connection.
    pub key: &'static str,
    /// The value.
    pub value: String,
    /// Whether the value would be a secret in a real connection.
    pub secret: bool,
}

/// The values of a `zoho` connection to a sandbox at this address.
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
    /// Starts a sandbox in a thread of its own. It is listening when this returns.
    pub fn start(options: Options) -> io::Result<Self> {
        Self::start_watched(options, |_| {})
    }

    /// Like [`Sandbox::start`], but calls `watch` for each answer before it is sent.
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

    /// How much of the limits is used now.
    pub fn usage(&self) -> Usage {
        self.site.usage(Timestamp::now())
    }

    /// Where it listens, as `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// The values of a `zoho` connection to this sandbox.
    pub fn connection(&self) -> Vec<ConnectionSetting> {
        connection_to(&self.base_url())
    }

    /// What has happened to the records of the module with this API name; `None` if there is no such module.
    pub fn history(&self, module: &str) -> Option<RecordHistory> {
        Module::named(module).map(|module| self.site.organisation.history(module))
    }

    /// The last 10,000 requests, oldest first.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.recorder.requests()
    }
}
