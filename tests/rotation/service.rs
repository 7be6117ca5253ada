//! A service whose refresh tokens are good once, and that notes in order what it was asked and what it gave.
//!
//! Tokens have numbers: each use of a refresh token gives the next access token and the next refresh token, of the same
//! number. An access token is good for a few requests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use river_sandbox::wire::{Flight, Reply, Server, WireRequest};
use serde_json::{Value, json};

/// Pages of the listing.
pub(crate) const PAGES: u64 = 6;

/// A pipeline that reads the listing; what it prints are the records.
pub(crate) const PIPELINE: &str = r#"name: NAME
connection:
  base_url: { from: env:BASE, secret: false }
  auth:
    kind: oauth2
    grant: refresh_token
    token_url: "{{ connection.base_url }}/token"
    client_id: app
    client_secret: { from: env:CLIENT_SECRET }
    refresh_token: { from: env:REFRESH_TOKEN }
    rotates: true
steps:
  - name: items
    request: { url: /items }
    paginate: { kind: page, into: query.page, more: response.json.more }
    records: $.data
"#;

/// The refresh token that a project begins with.
pub(crate) const FIRST: &str = "refresh-token-0-9c41";

/// What becomes of a refresh token that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is no good at once, and who uses it again loses all tokens.
    Strict,
    /// It is good until one of the tokens that it gave is used.
    Graceful,
}

/// Something that happened.
#[derive(Debug, Clone)]
enum Event {
    /// A refresh token was used, and gave the tokens of a number; whether all of the answer is sent.
    Refreshed { used: u64, given: u64, flight: Flight },
    /// A refresh token was refused.
    Refused { used: u64 },
    /// An access token was used.
    Used { number: u64 },
    /// An access token was refused.
    Rejected { number: u64 },
}

/// Tells that a token request is there, and holds it back until the other end is gone.
pub(crate) struct Gate {
    pub(crate) arrived: Sender<()>,
    pub(crate) open: Receiver<()>,
}

/// A running service.
pub(crate) struct Service {
    server: Server,
    state: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    tokens: Mutex<Tokens>,
    gate: Mutex<Option<Gate>>,
}

struct Tokens {
    mode: Mode,
    /// The folder in which the project keeps its tokens.
    store: PathBuf,
    /// The number of the next tokens.
    next: u64,
    /// Refresh tokens that are good.
    good: BTreeSet<u64>,
    /// Which refresh token gave which, until one of the given is used.
    given_by: BTreeMap<u64, u64>,
    /// For how many requests an access token is still good.
    left: BTreeMap<u64, u64>,
    /// What a new one is good for.
    uses: u64,
    /// Seconds that an access token is said to live.
    life: f64,
    /// The page with which what the project keeps is damaged.
    breaks_at: Option<u64>,
    /// How many token requests a gateway has blocked, if there is one that does.
    blocked: Option<usize>,
    events: Vec<Event>,
    violations: Vec<String>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            mode: Mode::Strict,
            store: PathBuf::new(),
            next: 1,
            good: BTreeSet::from([0]),
            given_by: BTreeMap::new(),
            left: BTreeMap::new(),
            uses: 2,
            life: 3600.0,
            breaks_at: None,
            blocked: None,
            events: vec![],
            violations: vec![],
        }
    }
}

impl Service {
    /// A service for the project in this folder.
    pub(crate) fn start(mode: Mode, project: &Path) -> Self {
        let state = Arc::new(Shared::default());
        let answering = Arc::clone(&state);
        let server = Server::start(0, move |request| answering.answer(&request)).expect("a port");
        let service = Self { server, state };
        let mut tokens = service.tokens();
        (tokens.mode, tokens.store) = (mode, project.join(".river/tokens"));
        drop(tokens);
        service
    }

    /// What a run of the project has in its environment.
    pub(crate) fn environment(&self) -> [(&'static str, String); 3] {
        let secret = "client-secret-5f1c".to_owned();
        [("BASE", self.server.base_url()), ("CLIENT_SECRET", secret), ("REFRESH_TOKEN", FIRST.to_owned())]
    }

    /// New access tokens are good for so many requests.
    pub(crate) fn set_uses(&self, uses: u64) {
        self.tokens().uses = uses;
    }

    /// New access tokens are said to live for so long.
    pub(crate) fn set_life(&self, seconds: f64) {
        self.tokens().life = seconds;
    }

    /// A gateway blocks token requests from now on.
    pub(crate) fn block(&self) {
        self.tokens().blocked = Some(0);
    }

    /// How many it has blocked.
    pub(crate) fn blocked(&self) -> Option<usize> {
        self.tokens().blocked
    }

    /// A refresh token that a person gets in the service's console.
    pub(crate) fn give_by_hand(&self) -> String {
        let mut tokens = self.tokens();
        let given = tokens.next;
        tokens.next += 1;
        tokens.good.insert(given);
        refresh_token(given)
    }

    /// What the project keeps is damaged while it asks for this page.
    pub(crate) fn break_store_at(&self, page: u64) {
        self.tokens().breaks_at = Some(page);
    }

    /// No access token that was given so far is good any more.
    pub(crate) fn expire(&self) {
        self.tokens().left.clear();
    }

    /// No token that was given so far is good any more.
    pub(crate) fn revoke(&self) {
        self.tokens().good.clear();
        self.expire();
    }

    /// The next token request waits at this gate.
    pub(crate) fn gate(&self, gate: Gate) {
        *self.state.gate.lock().unwrap_or_else(PoisonError::into_inner) = Some(gate);
    }

    /// Somebody else uses the newest refresh token, and what came with the next one. Returns the next one.
    pub(crate) fn refresh_elsewhere(&self) -> String {
        let mut tokens = self.tokens();
        let newest = tokens.next - 1;
        let nobody = river_sandbox::wire::InFlight::default().flight();
        let given = tokens.refresh(newest, &nobody).expect("the newest is good");
        tokens.retire(given);
        refresh_token(given)
    }

    /// How many refresh tokens were used.
    pub(crate) fn refreshes(&self) -> usize {
        self.tokens().events.iter().filter(|event| matches!(event, Event::Refreshed { .. })).count()
    }

    /// The numbers of the refresh tokens that were refused.
    pub(crate) fn refused(&self) -> Vec<u64> {
        let tokens = self.tokens();
        let refused = tokens.events.iter().filter_map(|event| match event {
            Event::Refused { used } => Some(*used),
            _ => None,
        });
        refused.collect()
    }

    /// How many things have happened.
    pub(crate) fn happened(&self) -> usize {
        self.tokens().events.len()
    }

    /// The number of the refresh token that is kept.
    pub(crate) fn kept(&self) -> Option<u64> {
        kept(&self.tokens().store).ok().flatten()
    }

    /// That each access token came with a refresh token that was kept before it was used, and that what is kept now is
    /// not older than what was used.
    pub(crate) fn check_kept(&self) -> Result<(), String> {
        let tokens = self.tokens();
        let used = tokens.events.iter().filter_map(|event| match event {
            Event::Used { number } => Some(*number),
            _ => None,
        });
        let last = used.max();
        let kept = kept(&tokens.store)?;
        if !tokens.violations.is_empty() || last > kept {
            return Err(format!(
                "{:?}; {kept:?} is kept, {last:?} was used:\n{}",
                tokens.violations,
                tokens.story()
            ));
        }
        Ok(())
    }

    /// Everything that happened, for a person.
    pub(crate) fn story(&self) -> String {
        self.tokens().story()
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.state.tokens()
    }
}

impl Shared {
    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &WireRequest) -> Reply {
        match request.path.as_str() {
            "/token" => self.token(request),
            "/items" => self.items(request),
            _ => Reply::empty(404),
        }
    }

    fn token(&self, request: &WireRequest) -> Reply {
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(gate) = gate {
            let _ = gate.arrived.send(());
            let _ = gate.open.recv();
        }
        if let Some(blocked) = &mut self.tokens().blocked {
            *blocked += 1;
            return Reply::text(403, "text/html", "<html>blocked</html>");
        }
        let form = request.form();
        let sent = form.iter().find(|(name, _)| name == "refresh_token");
        let Some(used) = sent.and_then(|(_, token)| number(token, "refresh")) else {
            return Reply::json(400, &json!({ "error": "invalid_request" }));
        };
        let mut tokens = self.tokens();
        match tokens.refresh(used, &request.in_flight.flight()) {
            Some(given) => Reply::json(
                200,
                &json!({
                    "access_token": format!("access-token-{given}-77d0"),
                    "refresh_token": refresh_token(given),
                    "expires_in": tokens.life,
                }),
            ),
            None => Reply::json(400, &json!({ "error": "invalid_grant" })),
        }
    }

    fn items(&self, request: &WireRequest) -> Reply {
        let sent = request.header("authorization").and_then(|text| text.strip_prefix("Bearer "));
        let number = sent.and_then(|token| number(token, "access"));
        if !number.is_some_and(|number| self.tokens().r#use(number)) {
            return Reply::json(401, &json!({ "error": "invalid_token" }));
        }
        let page = request.parameter("page").and_then(|text| text.parse::<u64>().ok()).unwrap_or(1);
        let tokens = self.tokens();
        if tokens.breaks_at == Some(page) {
            for entry in entries(&tokens.store) {
                std::fs::write(entry, b"half").expect("an entry");
            }
        }
        Reply::json(200, &json!({ "data": [{ "id": page }], "more": page < PAGES }))
    }
}

impl Tokens {
    /// Uses a refresh token. None: it is refused.
    fn refresh(&mut self, used: u64, flight: &Flight) -> Option<u64> {
        if !self.good.contains(&used) {
            self.events.push(Event::Refused { used });
            if self.mode == Mode::Strict {
                self.good.clear();
                self.left.clear();
            }
            return None;
        }
        let given = self.next;
        self.next += 1;
        self.events.push(Event::Refreshed { used, given, flight: flight.clone() });
        self.retire(used);
        self.good.insert(given);
        self.left.insert(given, self.uses);
        match self.mode {
            Mode::Strict => drop(self.good.remove(&used)),
            Mode::Graceful => drop(self.given_by.insert(given, used)),
        }
        Some(given)
    }

    /// A token is used: the one that gave it is over, with all others that it gave.
    fn retire(&mut self, number: u64) {
        let Some(before) = self.given_by.remove(&number) else { return };
        self.good.remove(&before);
        let siblings = self.given_by.iter().filter(|(_, given_by)| **given_by == before);
        for sibling in siblings.map(|(sibling, _)| *sibling).collect::<Vec<_>>() {
            self.given_by.remove(&sibling);
            self.good.remove(&sibling);
            self.left.remove(&sibling);
        }
    }

    /// Uses an access token; whether it is good.
    fn r#use(&mut self, number: u64) -> bool {
        let Some(left) = self.left.get_mut(&number).filter(|left| **left > 0) else {
            self.events.push(Event::Rejected { number });
            return false;
        };
        *left -= 1;
        self.retire(number);
        self.events.push(Event::Used { number });
        match kept(&self.store) {
            Ok(kept) if kept >= Some(number) => {}
            found => {
                self.violations.push(format!("access token {number} was used, and {found:?} was kept"));
            }
        }
        true
    }

    fn story(&self) -> String {
        let mut story = String::new();
        for event in &self.events {
            let _ = match event {
                Event::Refreshed { used, given, flight } => {
                    let sent = if flight.is_over() { "sent" } else { "on its way" };
                    writeln!(story, "refresh token {used} used: {given} given, {sent}")
                }
                Event::Refused { used } => writeln!(story, "refresh token {used} refused"),
                Event::Used { number } => writeln!(story, "access token {number} used"),
                Event::Rejected { number } => writeln!(story, "access token {number} refused"),
            };
        }
        story
    }
}

/// The number of the refresh token that is kept; none: nothing is. The file is sealed, not encrypted.
fn kept(store: &Path) -> Result<Option<u64>, String> {
    let Some(entry) = entries(store).pop() else { return Ok(None) };
    let text = std::fs::read(entry).map_err(|error| error.to_string())?;
    let entry: Value = serde_json::from_slice(&text).map_err(|error| format!("the store: {error}"))?;
    let token = entry["entry"]["values"]["refresh_token"].as_str().unwrap_or_default();
    let number = number(token, "refresh").ok_or_else(|| format!("the store has `{token}`"))?;
    Ok(Some(number))
}

fn entries(store: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(store).into_iter().flatten().flatten().map(|entry| entry.path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect()
}

fn refresh_token(number: u64) -> String {
    format!("refresh-token-{number}-9c41")
}

fn number(token: &str, kind: &str) -> Option<u64> {
    token.strip_prefix(kind)?.strip_prefix("-token-")?.split('-').next()?.parse().ok()
}
