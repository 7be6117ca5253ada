//! The state of the sandbox, and which part of it answers a request.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::Method;
use jiff::Timestamp;

use super::bulk::BulkJobs;
use super::crm::{ApiLimits, Version};
use super::faults::FaultInjector;
use super::guess::Guesses;
use super::oauth::{IssuedCodes, IssuedTokens};
use super::records::{Module, Organisation, Users};
use super::usage::Usage;
use super::wire::{Reply, WireRequest};
use super::{Options, bulk, crm, errors, oauth};

/// The state of a sandbox.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) base_url: String,
    pub(super) redirect_uris: Vec<String>,
    pub(super) organisation: Organisation,
    pub(super) users: Users,
    pub(super) faults: FaultInjector,
    pub(super) guesses: Guesses,
    tokens: Mutex<IssuedTokens>,
    codes: Mutex<IssuedCodes>,
    limits: Mutex<ApiLimits>,
    requests: AtomicU64,
    bulk_jobs: Mutex<BulkJobs>,
}

impl Site {
    pub(super) fn new(options: Options, base_url: String) -> Self {
        Self {
            base_url,
            organisation: Organisation::new(options.seed, options.leads).with_churn(options.churn),
            users: Users::new(options.users),
            faults: FaultInjector::new(options.faults),
            guesses: options.guesses,
            redirect_uris: options.redirect_uris,
            tokens: Mutex::new(IssuedTokens::new(options.token_life, options.tokens_per_ten_minutes)),
            codes: Mutex::default(),
            limits: Mutex::new(ApiLimits::new(options.credits, options.concurrency)),
            requests: AtomicU64::new(0),
            bulk_jobs: Mutex::new(BulkJobs::new(options.bulk_rows)),
        }
    }

    pub(super) fn tokens(&self) -> MutexGuard<'_, IssuedTokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn codes(&self) -> MutexGuard<'_, IssuedCodes> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn limits(&self) -> MutexGuard<'_, ApiLimits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn bulk_jobs(&self) -> MutexGuard<'_, BulkJobs> {
        self.bulk_jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answer(&self, request: &WireRequest, now: Timestamp) -> Reply {
        let path = request.path.strip_prefix('/').unwrap_or(&request.path);
        let segments: Vec<_> = path.split('/').collect();
        let reply = match segments.as_slice() {
            ["sandbox", path @ ..] => self.answer_as_sandbox(request, path, now),
            segments => {
                self.requests.fetch_add(1, Ordering::Relaxed);
                self.answer_as_zoho(request, segments, now)
            }
        };
        reply.header("server", "river-sandbox")
    }

    pub(super) fn usage(&self, now: Timestamp) -> Usage {
        let tokens = self.tokens().usage(now);
        let limits = self.limits().usage(now);
        let (grant_codes, refused_codes) = self.codes().usage(now);
        Usage {
            requests: self.requests.load(Ordering::Relaxed),
            access_tokens: tokens.issued,
            grant_codes,
            refresh_tokens: tokens.refresh_tokens,
            credits: limits.credits,
            concurrency: limits.concurrency,
            refused: tokens.refused + limits.refused + refused_codes,
            over_documented_limits: tokens.over_documented + limits.over_documented + refused_codes,
        }
    }

    fn answer_as_zoho(&self, request: &WireRequest, segments: &[&str], now: Timestamp) -> Reply {
        match segments {
            ["oauth", "v2", path @ ..] => oauth::answer(self, request, path, now),
            ["crm", "bulk", version, "read", path @ ..] => match Version::named(version) {
                Some(version) => bulk::answer(self, version, request, path, now),
                None => errors::invalid_url_pattern().reply(),
            },
            ["crm", version, path @ ..] => match Version::named(version) {
                Some(version) => crm::answer(self, version, request, path, now),
                None => errors::invalid_url_pattern().reply(),
            },
            _ => errors::invalid_url_pattern().reply(),
        }
    }

    /// Endpoints that Zoho does not have: its console for scripts, the limits, and what happened to records.
    fn answer_as_sandbox(&self, request: &WireRequest, path: &[&str], now: Timestamp) -> Reply {
        match *path {
            ["self-client-code"] if request.method == Method::POST => {
                oauth::self_client_code(self, request, now)
            }
            ["records"] if request.method == Method::GET => self.records(request),
            ["limits"] if request.method == Method::GET => Reply::json(200, &self.usage(now)),
            _ => errors::invalid_url_pattern().reply(),
        }
    }

    /// `GET /sandbox/records?module=NAME`: what happened to the records of a module.
    fn records(&self, request: &WireRequest) -> Reply {
        match request.parameter("module").and_then(Module::named) {
            Some(module) => Reply::json(200, &self.organisation.history(module)),
            None => errors::invalid_parameter("module").reply(),
        }
    }
}
