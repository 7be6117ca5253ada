//! The service that is read: changes in the order of their numbers, a page at a time, for who has a token.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use river_sandbox::wire::{Reply, Server, WireRequest};
use serde_json::{Value, json};

/// Changes that a round brings.
const CHANGES: u64 = 48;
const PAGE: u64 = 8;
/// Records that change again and again.
const RECORDS: u64 = 60;
/// Requests of a round that only reads what is new: the token, the pages, and the deleted.
pub(crate) const REQUESTS: u64 = 1 + CHANGES / PAGE;

/// A running service.
pub(crate) struct Service {
    server: Server,
    state: Arc<State>,
}

struct State {
    /// How many rounds of changes there are.
    round: AtomicU64,
    requests: AtomicU64,
    last_pages: AtomicU64,
    /// Milliseconds before each answer.
    delay: AtomicU64,
    /// The page that is no JSON; 0: none.
    garbage: AtomicU64,
}

impl Service {
    pub(crate) fn start() -> Self {
        let state = Arc::new(State {
            round: AtomicU64::new(1),
            requests: AtomicU64::new(0),
            last_pages: AtomicU64::new(0),
            delay: AtomicU64::new(1),
            garbage: AtomicU64::new(0),
        });
        let answering = Arc::clone(&state);
        let server = Server::start(0, move |request| {
            let delay = Duration::from_millis(answering.delay.load(Ordering::SeqCst));
            answering.answer(&request).delayed(delay)
        });
        Self { server: server.expect("a port"), state }
    }

    pub(crate) fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// From now on there are so many rounds of changes.
    pub(crate) fn set_round(&self, round: u64) {
        self.state.round.store(round, Ordering::SeqCst);
    }

    pub(crate) fn set_delay(&self, milliseconds: u64) {
        self.state.delay.store(milliseconds, Ordering::SeqCst);
    }

    /// The page with this number is garbage; 0: none is.
    pub(crate) fn set_garbage(&self, page: u64) {
        self.state.garbage.store(page, Ordering::SeqCst);
    }

    /// Requests so far.
    pub(crate) fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// Pages so far that were the last of a listing.
    pub(crate) fn last_pages(&self) -> u64 {
        self.state.last_pages.load(Ordering::SeqCst)
    }

    pub(crate) fn wait_for_requests(&self, count: u64) -> Result<(), String> {
        let until = Instant::now() + Duration::from_secs(60);
        while self.requests() < count {
            if Instant::now() > until {
                return Err(format!("only {} requests came, {count} were awaited", self.requests()));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

impl State {
    fn answer(&self, request: &WireRequest) -> Reply {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let round = self.round.load(Ordering::SeqCst);
        let number = |name| request.parameter(name).and_then(|text| text.parse::<u64>().ok());
        if request.path == "/token" {
            return Reply::json(200, &json!({ "access_token": "access-token-3f91c2" }));
        }
        if request.header("authorization") != Some("Bearer access-token-3f91c2") {
            return Reply::json(401, &json!({ "error": "no token" }));
        }
        let page = number("page").unwrap_or(1);
        if page == self.garbage.load(Ordering::SeqCst) {
            return Reply::text(200, "application/json", "{\"data\": [{\"id\": 1");
        }
        let (all, size): (Vec<Value>, u64) = match request.path.as_str() {
            "/items" => (
                (number("since").unwrap_or(0) + 1..=round * CHANGES)
                    .map(|number| change(number, round))
                    .collect(),
                PAGE,
            ),
            "/deleted" => (deleted(round).into_iter().map(|id| json!({ "id": id })).collect(), 3),
            _ => return Reply::empty(404),
        };
        let all: Vec<Vec<Value>> =
            all.chunks(usize::try_from(size).unwrap_or(1)).map(<[Value]>::to_vec).collect();
        let index = usize::try_from(page - 1).unwrap_or(0);
        let more = index + 1 < all.len();
        if !more {
            self.last_pages.fetch_add(1, Ordering::SeqCst);
        }
        let data = all.get(index).cloned().unwrap_or_default();
        Reply::json(200, &json!({ "data": data, "next": more.then(|| (page + 1).to_string()) }))
    }
}

/// A change: `mark` is in every record once, whatever it is written as. No two rounds have a `batch` in common.
fn change(number: u64, round: u64) -> Value {
    let text = "x".repeat(usize::try_from(number % 50).unwrap_or(0));
    let (id, day) = (record_of(number), format!("d{}", number % 3));
    let batch = format!("b{round}.{}", number % 2);
    json!({ "id": id, "at": number, "day": day, "batch": batch, "mark": mark(number), "text": text })
}

pub(crate) fn mark(number: u64) -> String {
    format!("at-{number:06}")
}

fn record_of(number: u64) -> u64 {
    number * 7 % RECORDS
}

fn deleted(round: u64) -> BTreeSet<u64> {
    (0..5).map(|place| (round * 11 + place * 13) % RECORDS).collect()
}

/// The changes that are visible once so many rounds are read, if each is kept.
pub(crate) fn all_changes(rounds: u64) -> BTreeSet<u64> {
    (1..=rounds * CHANGES).collect()
}

/// The changes that are visible once so many rounds are merged one after the other.
pub(crate) fn merged_changes(rounds: u64) -> BTreeSet<u64> {
    let mut records = BTreeMap::new();
    for round in 1..=rounds {
        let new = (round - 1) * CHANGES + 1..=round * CHANGES;
        records.extend(new.map(|number| (record_of(number), number)));
        for id in deleted(round) {
            records.remove(&id);
        }
    }
    records.into_values().collect()
}

/// The watermark after so many rounds.
pub(crate) fn watermark(rounds: u64) -> String {
    (rounds * CHANGES).to_string()
}
