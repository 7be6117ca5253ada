//! The stand-in behind the wire: what it knows, and which part of it answers a request.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::bulk::BulkJobs;
use super::crm::Version;
use super::faults::Switchboard;
use super::records::Organisation;
use super::tokens::AccessTokens;
use super::wire::{Reply, WireRequest};
use super::{Options, bulk, crm, errors, oauth};

/// The state of a sandbox.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) base_url: String,
    pub(super) organisation: Organisation,
    pub(super) faults: Switchboard,
    tokens: Mutex<AccessTokens>,
    bulk_jobs: Mutex<BulkJobs>,
}

impl Site {
    pub(super) fn new(options: Options, base_url: String) -> Self {
        Self {
            base_url,
            organisation: Organisation::new(options.seed, options.leads),
            faults: Switchboard::new(options.faults),
            tokens: Mutex::new(AccessTokens::new(options.token_life, options.tokens_per_ten_minutes)),
            bulk_jobs: Mutex::new(BulkJobs::new(options.bulk_rows)),
        }
    }

    pub(super) fn tokens(&self) -> MutexGuard<'_, AccessTokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn bulk_jobs(&self) -> MutexGuard<'_, BulkJobs> {
        self.bulk_jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answer(&self, request: &WireRequest, now: Timestamp) -> Reply {
        let path = request.path.strip_prefix('/').unwrap_or(&request.path);
        let segments: Vec<_> = path.split('/').collect();
        let reply = match segments.as_slice() {
            ["oauth", "v2", "token"] => oauth::token(self, request, now),
            ["crm", "bulk", version, "read", path @ ..] => match Version::named(version) {
                Some(version) => bulk::answer(self, version, request, path, now),
                None => errors::invalid_url_pattern().reply(),
            },
            ["crm", version, path @ ..] => match Version::named(version) {
                Some(version) => crm::answer(self, version, request, path, now),
                None => errors::invalid_url_pattern().reply(),
            },
            _ => errors::invalid_url_pattern().reply(),
        };
        reply.header("server", "river-sandbox")
    }
}
