//! The service that a history asks: pages of items, whose answers arrive when the scheduler says so.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::sync::oneshot;

use crate::http::{Request, Response, Script, SendError};

/// What the service has, and how it behaves.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct Service {
    /// For each item how many pages it has.
    pub(in crate::run) pages: Vec<u64>,
    /// Records of a page.
    pub(in crate::run) records: u64,
    /// The item of which the second page fails with 400, always.
    pub(in crate::run) failing: Option<u64>,
    /// Pages after the first that are asked for first after a kill get 400.
    pub(in crate::run) refuses_resumed: bool,
    /// Tokens that the service does not accept any more.
    pub(in crate::run) refused_tokens: u64,
    /// The item at whose second page the process panics.
    pub(in crate::run) panics_at: Option<u64>,
}

/// A service at work: what waits for an answer.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct Asked(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    service: Service,
    waiting: Vec<(String, oneshot::Sender<Response>, Response)>,
    tokens: u64,
    /// Items that were asked since the last kill.
    known: BTreeMap<u64, u64>,
    has_been_killed: bool,
}

impl Asked {
    pub(in crate::run) fn new(service: Service) -> Self {
        Self(Arc::new(Mutex::new(State { service, ..State::default() })))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits for an answer.
    pub(in crate::run) fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    /// An answer arrives.
    pub(in crate::run) fn answer(&self, which: usize) -> String {
        let (what, reply, response) = self.state().waiting.remove(which);
        let _ = reply.send(response);
        what
    }

    /// The process that asked is gone.
    pub(in crate::run) fn forget(&self) {
        let mut state = self.state();
        state.waiting.clear();
        state.known.clear();
        state.has_been_killed = true;
    }

    /// How many tokens were given.
    pub(in crate::run) fn tokens(&self) -> u64 {
        self.state().tokens
    }
}

impl Script for Asked {
    fn answer(&self, request: &Request) -> Pin<Box<dyn Future<Output = Result<Response, SendError>> + Send>> {
        let (reply, answered) = oneshot::channel();
        let mut state = self.state();
        let response = state.respond(request);
        let what = format!("{} {}", request.url.path(), request.url.query().unwrap_or_default());
        state.waiting.push((what, reply, response));
        drop(state);
        Box::pin(async move {
            match answered.await {
                Ok(response) => Ok(response),
                // The process is gone.
                Err(_) => std::future::pending().await,
            }
        })
    }
}

impl State {
    fn respond(&mut self, request: &Request) -> Response {
        let path = request.url.path().to_owned();
        if path == "/token" {
            self.tokens += 1;
            let token = self.tokens;
            return response(request, 200, format!("{{\"token\":\"t-{token}\"}}"));
        }
        let header = request.headers.iter().find(|header| header.name == "authorization");
        let token: u64 = header
            .and_then(|header| header.value.to_str().ok()?.rsplit('-').next()?.parse().ok())
            .unwrap_or(u64::MAX);
        if token <= self.service.refused_tokens {
            return response(request, 401, "{}".to_owned());
        }
        let item: u64 = path.rsplit('/').next().and_then(|item| item.parse().ok()).unwrap_or_default();
        let page: u64 = request
            .url
            .query_pairs()
            .find(|(name, _)| name == "page")
            .and_then(|(_, page)| page.parse().ok())
            .unwrap_or(1);
        let is_first_of_process = self.known.insert(item, page).is_none();
        assert!(self.service.panics_at != Some(item) || page != 2, "as the test wishes");
        if self.service.failing == Some(item) && page == 2 {
            return response(request, 400, "{\"error\":\"no\"}".to_owned());
        }
        if self.service.refuses_resumed && self.has_been_killed && is_first_of_process && page > 1 {
            return response(request, 400, "{\"error\":\"cursor\"}".to_owned());
        }
        response(request, 200, self.service.page(item, page))
    }
}

impl Service {
    /// The body of a page.
    fn page(&self, item: u64, page: u64) -> String {
        let records: Vec<String> = (0..self.records).map(|record| Self::record(item, page, record)).collect();
        let last = self.pages.get(usize::try_from(item).unwrap_or_default()).copied().unwrap_or_default();
        format!("{{\"data\":[{}],\"more\":{}}}", records.join(","), page < last)
    }

    fn record(item: u64, page: u64, record: u64) -> String {
        // Values rise over items and pages, as those of windows do.
        let value = (item * 1000 + page * 10 + record) * 10;
        format!("{{\"id\":\"{item}-{page}-{record}\",\"item\":{item},\"at\":{value}}}")
    }

    /// The lines that land, in the order of the items.
    pub(in crate::run) fn lines(&self, without: Option<u64>) -> String {
        let mut lines = String::new();
        for (item, pages) in (0..).zip(&self.pages) {
            for page in (1..=*pages).filter(|_| Some(item) != without) {
                for record in 0..self.records {
                    lines += &Self::record(item, page, record);
                    lines.push('\n');
                }
            }
        }
        lines
    }

    /// The greatest value of any record.
    pub(in crate::run) fn greatest(&self) -> u64 {
        let values = (0..).zip(&self.pages).filter(|(_, pages)| **pages > 0);
        values
            .map(|(item, pages)| (item * 1000 + pages * 10 + self.records - 1) * 10)
            .max()
            .unwrap_or_default()
    }
}

fn response(request: &Request, status: u16, body: String) -> Response {
    Response {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
        headers: HeaderMap::new(),
        url: request.url.clone(),
        body: Bytes::from(body),
        elapsed: Duration::ZERO,
        redirects: 0,
        received_at: UNIX_EPOCH,
    }
}
