//! Every file in `examples/` runs to a complete end against a server that answers as `tests/examples.yaml` says.
//!
//! What lands is compared with `tests/examples/NAME.txt`; `BLESS=1` writes that.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use libtest_mimic::Trial;
use river_sandbox::wire::{Reply, Server, WireRequest};
use serde::Deserialize;

use super::compare;
use super::process::Run;
use super::project::{repository, tree};
use super::readable::readable;

/// The status of an answer to a request that no entry fits; river does not try it again.
const UNKNOWN: u16 = 599;

const TOKEN: (&str, &str) = ("EXAMPLE_TOKEN", "example-token-1234");

/// Examples that are about an answer without records.
const WITHOUT_RECORDS: [&str; 1] = ["rules"];

/// `tests/examples.yaml`; its head says what the keys mean.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    r#match: Wanted,
    times: Option<usize>,
    answer: Answer,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    method: Option<String>,
    path: Option<String>,
    query: BTreeMap<String, Option<Values>>,
    headers: BTreeMap<String, Option<Values>>,
    body: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Several(Vec<String>),
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Answer {
    status: Option<u16>,
    headers: BTreeMap<String, String>,
    json: Option<serde_json::Value>,
    body: String,
}

/// The entries, how often each has answered, and what none of them fits.
#[derive(Default)]
struct State {
    entries: OnceLock<Vec<Entry>>,
    log: Mutex<(BTreeMap<usize, usize>, Vec<String>)>,
}

pub(crate) fn trials() -> Vec<Trial> {
    let examples = tree(&repository().join("examples")).into_keys();
    let names = examples.filter_map(|path| Some(path.to_str()?.strip_suffix(".yaml")?.to_owned()));
    let listed = Trial::test("examples/every_one_is_listed", || Ok(every_one_is_listed()?));
    let run = |name: String| Trial::test(format!("examples/{name}"), move || Ok(run(&name)?));
    names.map(run).chain([listed]).collect()
}

fn run(name: &str) -> Result<(), String> {
    let (server, state) = start()?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = format!("examples/{name}.yaml");
    fs::create_dir(folder.path().join("examples")).map_err(|error| error.to_string())?;
    fs::copy(repository().join(&file), folder.path().join(&file)).map_err(|error| error.to_string())?;
    let base = format!("base={}", server.base_url());
    let mut run = Run::new(folder.path().to_owned(), &["run", &file, "-p", &base]);
    run.environment = vec![(TOKEN.0.to_owned(), TOKEN.1.to_owned())];
    let ended = run.finish()?;
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    let unknown = state.log.lock().unwrap_or_else(PoisonError::into_inner).1.join(", ");
    if !unknown.is_empty() {
        return Err(format!("tests/examples.yaml has no entry for {unknown}\n{said}"));
    }
    if ended.exit != Some(0) {
        return Err(format!("ended with {:?}:\n{said}", ended.exit));
    }
    let landed = landed(&ended.stdout, folder.path(), &file);
    let has_records = landed.lines().any(|line| !line.ends_with(':'));
    if has_records == WITHOUT_RECORDS.contains(&name) {
        return Err(format!("records: {has_records}\n{landed}{said}"));
    }
    compare::text(&repository().join(format!("tests/examples/{name}.txt")), &landed)
}

/// Standard output and every new file, each under its name; not what river keeps for itself.
fn landed(stdout: &[u8], folder: &Path, example: &str) -> String {
    let files = tree(folder)
        .into_iter()
        .filter(|(path, _)| path != Path::new(example) && !path.starts_with(".river"));
    let files = files.map(|(path, bytes)| (path.display().to_string(), readable(bytes)));
    let stdout = Some(("stdout".to_owned(), stdout.to_vec())).filter(|(_, bytes)| !bytes.is_empty());
    let all = stdout.into_iter().chain(files);
    all.map(|(name, bytes)| [&name, ":\n", &String::from_utf8_lossy(&bytes)].concat()).collect()
}

fn every_one_is_listed() -> Result<(), String> {
    let folder = repository().join("examples");
    let list = fs::read_to_string(folder.join("README.md")).map_err(|error| error.to_string())?;
    let names = tree(&folder).into_keys().map(|path| path.display().to_string());
    let missing: Vec<String> =
        names.filter(|name| name != "README.md" && !list.contains(&format!("({name})"))).collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("not in examples/README.md: {}", missing.join(", ")))
    }
}

/// A server of its own for each run, since entries with `times` are used up.
fn start() -> Result<(Server, Arc<State>), String> {
    let state = Arc::new(State::default());
    let inner = Arc::clone(&state);
    let server =
        Server::start(0, move |request| inner.answer(&request)).map_err(|error| error.to_string())?;
    let text = fs::read_to_string(repository().join("tests/examples.yaml"));
    let text = text.map_err(|error| error.to_string())?.replace("{base}", &server.base_url());
    let entries = serde_yaml::from_str(&text).map_err(|error| format!("tests/examples.yaml: {error}"))?;
    let _ = state.entries.set(entries);
    Ok((server, state))
}

impl State {
    fn answer(&self, request: &WireRequest) -> Reply {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = self.entries.get().map(Vec::as_slice).unwrap_or_default();
        let fits = entries.iter().enumerate().find(|(index, entry)| {
            let used = log.0.get(index).copied().unwrap_or_default();
            entry.r#match.fits(request) && entry.times.is_none_or(|times| used < times)
        });
        let Some((index, entry)) = fits else {
            log.1.push(format!("{} {}", request.method, request.target));
            return Reply::empty(UNKNOWN);
        };
        *log.0.entry(index).or_default() += 1;
        entry.answer.reply()
    }
}

impl Wanted {
    fn fits(&self, request: &WireRequest) -> bool {
        let query = |name: &str| -> Vec<&str> {
            let same = request.query.iter().filter(|(key, _)| key == name);
            same.map(|(_, value)| value.as_str()).collect()
        };
        let header = |name: &str| -> Vec<&str> {
            request.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
        };
        self.method.as_ref().is_none_or(|method| method == request.method.as_str())
            && self.path.as_ref().is_none_or(|path| *path == request.path)
            && self.body.as_ref().is_none_or(|body| body.as_bytes() == request.body)
            && self.query.iter().all(|(name, wanted)| Values::equal(wanted.as_ref(), &query(name)))
            && self.headers.iter().all(|(name, wanted)| Values::equal(wanted.as_ref(), &header(name)))
    }
}

impl Values {
    fn equal(wanted: Option<&Self>, found: &[&str]) -> bool {
        match wanted {
            None => found.is_empty(),
            Some(Self::One(value)) => found == [value],
            Some(Self::Several(values)) => found == values,
        }
    }
}

impl Answer {
    fn reply(&self) -> Reply {
        let status = self.status.unwrap_or(200);
        let plain = match &self.json {
            Some(json) => Reply::json(status, json),
            None => Reply { body: self.body.clone().into(), ..Reply::empty(status) },
        };
        self.headers.iter().fold(plain, |reply, (name, value)| reply.header(name, value))
    }
}
