//! The fake server of a case: a script of exchanges, and a record of what came in.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use river_sandbox::wire::{Cut, Reply, Server, WireRequest};
use serde::Deserialize;

/// The status of an answer to a request that the script does not know.
const UNKNOWN: u16 = 599;

/// Headers that every request has, with the values they have then.
const USUAL: [(&str, &str); 3] = [("accept", "*/*"), ("accept-encoding", "gzip"), ("user-agent", "river/")];

/// `server.yaml`: the first exchange that fits and is not used up answers.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Script {
    exchanges: Vec<Exchange>,
}

/// A request that is expected, and its answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    /// Method and path: `GET /items`.
    on: String,
    /// Which server: `base`, or `other` on another port.
    #[serde(default)]
    at: Origin,
    /// Parameters that the query must have.
    #[serde(default)]
    query: BTreeMap<String, String>,
    /// Parameters that the query must not have.
    #[serde(default)]
    without_query: Vec<String>,
    /// Headers that the request must have.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// What the body must contain.
    #[serde(default)]
    body_has: String,
    /// How often it answers; without it always.
    times: Option<usize>,
    #[serde(default = "ok")]
    status: u16,
    /// Headers of the answer.
    #[serde(default)]
    answer: Vec<(String, String)>,
    json: Option<serde_json::Value>,
    body: Option<String>,
    file: Option<PathBuf>,
    /// The body is sent in gzip.
    #[serde(default)]
    gzip: bool,
    /// The body is this text so many times over.
    repeat: Option<usize>,
    /// A folder of the project that is made before the answer: something else that happens while the run waits.
    makes_folder: Option<PathBuf>,
    /// How long the answer waits, in milliseconds.
    #[serde(default)]
    delay: u64,
    /// `reset_before`, `{ reset_after: BYTES }`, `{ close_after: BYTES }`, `stall` or `{ stall_after: BYTES }`.
    #[serde(default, deserialize_with = "cut")]
    cut: Option<CutName>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Origin {
    #[default]
    Base,
    Other,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum CutName {
    ResetBefore,
    ResetAfter(usize),
    CloseAfter(usize),
    Stall,
    StallAfter(usize),
}

/// Two servers that answer by one script.
pub(crate) struct FakeServer {
    base: Server,
    other: Server,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    script: OnceLock<Script>,
    /// Of the case.
    folder: PathBuf,
    /// Of the run.
    project: PathBuf,
    log: Mutex<Log>,
    more: Condvar,
}

#[derive(Default)]
struct Log {
    lines: Vec<String>,
    used: Vec<usize>,
    unknown: Vec<String>,
}

/// By way of JSON, where the name of a variant is a key and not a tag.
fn cut<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<CutName>, D::Error> {
    let value = serde_json::Value::deserialize(input)?;
    serde_json::from_value(value).map_err(serde::de::Error::custom)
}

fn ok() -> u16 {
    200
}

impl FakeServer {
    /// Starts both servers; `{base}` and `{other}` in the script become their URLs.
    pub(crate) fn start(text: &str, folder: &Path, project: &Path) -> Result<Self, String> {
        let (folder, project) = (folder.to_owned(), project.to_owned());
        let state = Arc::new(State { folder, project, ..State::default() });
        let start = |origin| {
            let state = Arc::clone(&state);
            Server::start(0, move |request| state.answer(origin, &request)).map_err(|error| error.to_string())
        };
        let (base, other) = (start(Origin::Base)?, start(Origin::Other)?);
        let text = text.replace("{base}", &base.base_url()).replace("{other}", &other.base_url());
        let script: Script = serde_yaml::from_str(&text).map_err(|error| format!("server.yaml: {error}"))?;
        lock(&state.log).used = vec![0; script.exchanges.len()];
        let _ = state.script.set(script);
        Ok(Self { base, other, state })
    }

    pub(crate) fn base_url(&self) -> String {
        self.base.base_url()
    }

    pub(crate) fn other_url(&self) -> String {
        self.other.base_url()
    }

    /// Waits until so many requests have come in.
    pub(crate) fn wait_for(&self, requests: usize, most: Duration) -> Result<(), String> {
        let until = Instant::now() + most;
        let mut log = lock(&self.state.log);
        while log.lines.len() < requests {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("only {} requests came, {requests} were awaited", log.lines.len()));
            }
            log = self.state.more.wait_timeout(log, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// All requests so far, as text.
    pub(crate) fn requests(&self) -> String {
        lock(&self.state.log).lines.concat()
    }

    /// The same in an order that does not depend on chance.
    pub(crate) fn sorted_requests(&self) -> String {
        let mut lines = lock(&self.state.log).lines.clone();
        lines.sort();
        lines.concat()
    }

    /// Requests that the script does not know, and exchanges that nobody asked for.
    pub(crate) fn surprises(&self) -> (Vec<String>, Vec<String>) {
        let log = lock(&self.state.log);
        let exchanges = self.state.script.get().map(|script| script.exchanges.as_slice()).unwrap_or_default();
        let unused = exchanges.iter().zip(&log.used).filter(|(_, used)| **used == 0);
        (log.unknown.clone(), unused.map(|(exchange, _)| exchange.on.clone()).collect())
    }
}

impl State {
    fn answer(&self, origin: Origin, request: &WireRequest) -> Reply {
        let mut log = lock(&self.log);
        let exchanges = self.script.get().map(|script| script.exchanges.as_slice()).unwrap_or_default();
        let fitting = exchanges.iter().enumerate().find(|(index, exchange)| {
            exchange.fits(origin, request) && exchange.times.is_none_or(|times| log.used[*index] < times)
        });
        let reply = if let Some((index, exchange)) = fitting {
            log.used[index] += 1;
            exchange.meanwhile(&self.project).unwrap_or_else(|| exchange.reply(&self.folder))
        } else {
            log.unknown.push(format!("{} {}", request.method, request.target));
            Reply::text(UNKNOWN, "text/plain", "the case's server.yaml has no exchange for this request")
        };
        log.lines.push(describe(origin, request, &reply));
        self.more.notify_all();
        reply
    }
}

impl Exchange {
    fn fits(&self, origin: Origin, request: &WireRequest) -> bool {
        let wanted = |(name, value): (&String, &String)| request.parameter(name) == Some(value);
        let header = |(name, value): (&String, &String)| request.header(name) == Some(value);
        self.at == origin
            && self.on == format!("{} {}", request.method, request.path)
            && self.query.iter().all(wanted)
            && self.without_query.iter().all(|name| request.parameter(name).is_none())
            && self.headers.iter().all(header)
            && String::from_utf8_lossy(&request.body).contains(&self.body_has)
    }

    /// Does what happens while the run waits; an answer if that cannot be done.
    fn meanwhile(&self, project: &Path) -> Option<Reply> {
        let folder = project.join(self.makes_folder.as_ref()?);
        let error = std::fs::create_dir_all(&folder).err()?;
        Some(Reply::text(UNKNOWN, "text/plain", format!("{}: {error}", folder.display())))
    }

    fn reply(&self, folder: &Path) -> Reply {
        let mut reply = match (&self.json, &self.body, &self.file) {
            (Some(json), ..) => Reply::json(self.status, json),
            (_, Some(body), _) => {
                Reply { body: body.repeat(self.repeat.unwrap_or(1)).into(), ..Reply::empty(self.status) }
            }
            (.., Some(file)) => match std::fs::read(folder.join(file)) {
                Ok(bytes) => Reply { body: bytes.into(), ..Reply::empty(self.status) },
                Err(error) => {
                    return Reply::text(UNKNOWN, "text/plain", format!("{}: {error}", file.display()));
                }
            },
            _ => Reply::empty(self.status),
        };
        if self.gzip {
            reply.body = gzipped(&reply.body).into();
            reply = reply.header("content-encoding", "gzip");
        }
        for (name, value) in &self.answer {
            reply = reply.header(name, value);
        }
        reply = reply.delayed(Duration::from_millis(self.delay));
        match self.cut {
            None => reply,
            Some(CutName::ResetBefore) => reply.cut(Cut::ResetBefore),
            Some(CutName::ResetAfter(bytes)) => reply.cut(Cut::ResetAfter(bytes)),
            Some(CutName::CloseAfter(bytes)) => reply.cut(Cut::CloseAfter(bytes)),
            Some(CutName::Stall) => reply.cut(Cut::Stall),
            Some(CutName::StallAfter(bytes)) => reply.cut(Cut::StallAfter(bytes)),
        }
    }
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

fn describe(origin: Origin, request: &WireRequest, reply: &Reply) -> String {
    let whose = if origin == Origin::Other { "other: " } else { "" };
    let status = reply.visible_status().map_or("no answer".to_owned(), |status| status.to_string());
    let cut = reply.cut.map(|cut| format!(", {cut:?}")).unwrap_or_default();
    let mut text = format!("{whose}{} {} => {status}{cut}\n", request.method, request.target);
    for (name, value) in &request.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let usual = USUAL.iter().any(|(usual, begins)| name == usual && value.starts_with(begins));
        if !usual && !["host", "content-length", "connection"].contains(&name.as_str()) {
            let _ = writeln!(text, "  {name}: {value}");
        }
    }
    if !request.body.is_empty() {
        let _ = writeln!(text, "  {}", String::from_utf8_lossy(&request.body));
    }
    text
}

fn lock(log: &Mutex<Log>) -> std::sync::MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}
