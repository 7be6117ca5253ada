//! A service with what is new in two lists, which can hold an answer back.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use river_sandbox::wire::{Reply, Server, WireRequest};
use serde_json::json;

use crate::river::PATIENCE;

/// A running service.
pub(crate) struct Service {
    server: Server,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    round: i64,
    requests: Vec<String>,
    /// By path and page.
    gates: BTreeMap<(String, i64), (Sender<()>, Receiver<()>)>,
    failing: Option<&'static str>,
}

/// An answer that is held back until this is opened, or dropped.
pub(crate) struct Gate {
    arrived: Receiver<()>,
    open: Sender<()>,
}

impl Gate {
    /// Waits for the request.
    pub(crate) fn arrived(&self) {
        self.arrived.recv_timeout(PATIENCE).expect("a request");
    }

    /// Lets the answer go.
    pub(crate) fn open(self) {
        drop(self.open);
    }
}

impl Service {
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(State { round: 1, ..State::default() }));
        let answering = Arc::clone(&state);
        let server = Server::start(0, move |request| answer(&answering, &request)).expect("a port");
        Self { server, state }
    }

    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("BASE", self.server.base_url())]
    }

    /// There are more records from now on.
    pub(crate) fn next_round(&self) {
        lock(&self.state).round += 1;
    }

    /// The next request for this page is held back.
    pub(crate) fn gate(&self, path: &str, page: i64) -> Gate {
        let ((say, arrived), (open, opened)) = (channel(), channel());
        lock(&self.state).gates.insert((path.to_owned(), page), (say, opened));
        Gate { arrived, open }
    }

    /// Requests with this path fail from now on.
    pub(crate) fn fail(&self, path: &'static str) {
        lock(&self.state).failing = Some(path);
    }

    pub(crate) fn mend(&self) {
        lock(&self.state).failing = None;
    }

    /// What was asked for so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        lock(&self.state).requests.clone()
    }
}

/// Each round has two records more in each list; the second list has a page for each of them.
fn answer(state: &Mutex<State>, request: &WireRequest) -> Reply {
    let mut state = lock(state);
    state.requests.push(request.target.clone());
    let number = |name| request.parameter(name).and_then(|text| text.parse::<i64>().ok());
    let page = number("page");
    let gate = state.gates.remove(&(request.path.clone(), page.unwrap_or(1)));
    let (last, is_failing) = (state.round * 2, state.failing == Some(request.path.as_str()));
    drop(state);
    if let Some((arrived, open)) = gate {
        let _ = arrived.send(());
        let _ = open.recv();
    }
    if is_failing {
        return Reply::empty(404);
    }
    let (since, base) = (number("since").unwrap_or(0), if request.path == "/first" { 0 } else { 1000 });
    let mut new: Vec<i64> = (base + 1..=base + last).filter(|id| *id > since).collect();
    let mut more = false;
    if let Some(page) = page {
        let at = usize::try_from(page - 1).unwrap_or_default();
        more = at + 1 < new.len();
        new = new.get(at).copied().into_iter().collect();
    }
    let data: Vec<_> = new.into_iter().map(|id| json!({ "id": id })).collect();
    Reply::json(200, &json!({ "data": data, "more": more }))
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
