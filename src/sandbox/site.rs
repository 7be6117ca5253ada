//! The stand-in behind the wire: what it knows, and which part of it answers a request.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::crm::Version;
use super::faults::Switchboard;
use super::guess::Guesses;
use super::records::{Module, Organisation, Users};
use super::tokens::AccessTokens;
use super::wire::{Reply, WireRequest};
use super::{Options, crm, errors, oauth};

/// The state of a sandbox.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) base_url: String,
    pub(super) organisation: Organisation,
    pub(super) users: Users,
    pub(super) faults: Switchboard,
    pub(super) guesses: Guesses,
    tokens: Mutex<AccessTokens>,
}

impl Site {
    pub(super) fn new(options: Options, base_url: String) -> Self {
        Self {
            base_url,
            organisation: Organisation::new(options.seed, options.leads).with_churn(options.churn),
            users: Users::new(options.users),
            faults: Switchboard::new(options.faults),
            guesses: options.guesses,
            tokens: Mutex::new(AccessTokens::new(options.token_life, options.tokens_per_ten_minutes)),
        }
    }

    pub(super) fn tokens(&self) -> MutexGuard<'_, AccessTokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answer(&self, request: &WireRequest, now: Timestamp) -> Reply {
        let path = request.path.strip_prefix('/').unwrap_or(&request.path);
        let segments: Vec<_> = path.split('/').collect();
        let reply = match segments.as_slice() {
            ["oauth", "v2", "token"] => oauth::token(self, request, now),
            ["crm", version, path @ ..] => match Version::named(version) {
                Some(version) => crm::answer(self, version, request, path, now),
                None => errors::invalid_url_pattern().reply(),
            },
            ["sandbox", "records"] => self.records(request),
            _ => errors::invalid_url_pattern().reply(),
        };
        reply.header("server", "river-sandbox")
    }

    /// `GET /sandbox/records?module=NAME`, which is ours and not Zoho's: what happened to the module's records.
    fn records(&self, request: &WireRequest) -> Reply {
        match request.parameter("module").and_then(Module::named) {
            Some(module) => Reply::json(200, &self.organisation.ledger(module)),
            None => errors::invalid_parameter("module").reply(),
        }
    }
}
