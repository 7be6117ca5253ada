//! The cases in `tests/cases/{ok,fail,check}/<name>/`, one test each.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use river::state::{Holder, Lock, State, fingerprint};
use river_sandbox::{Fault, Options, RecordedRequest, Sandbox};

use super::case::{Case, Earlier, Requests, Settings};
use super::compare::{self, Normaliser};
use super::limits;
use super::person::Person;
use super::process::{Ended, Run};
use super::project::{self, Project};
use super::server::FakeServer;

/// The files of the Zoho pipeline that a sandbox of a case works with.
const ZOHO: [&str; 2] = ["pipelines/zoho_leads.yaml", "connections/zoho.yaml"];

/// What stands for Zoho's own address in the connection.
const ACCOUNTS_URL: &str = r#""{{ connection.accounts_urls | pick(connection.data_center) }}""#;

/// A test for every folder.
pub(crate) fn trials() -> Vec<Trial> {
    let root = project::repository().join("tests/cases");
    let mut cases: Vec<Case> = ["ok", "fail", "check"]
        .iter()
        .flat_map(|kind| folders(&root.join(kind)))
        .map(|folder| {
            let name = folder.strip_prefix(&root).unwrap_or(&folder).display().to_string();
            Case { name, folder }
        })
        .collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases.into_iter().map(|case| Trial::test(case.name.clone(), move || Ok(run(&case)?))).collect()
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

fn run(case: &Case) -> Result<(), String> {
    let mut settings = case.settings()?;
    if settings.sandbox.is_some() {
        settings.copy.extend(ZOHO.map(PathBuf::from));
    }
    let mut project = Project::of(case, &settings)?;
    let server = match case.read("server.yaml") {
        Some(script) => Some(FakeServer::start(&script, &case.folder, project.root())?),
        None => None,
    };
    let sandbox = settings.sandbox.as_ref().map(start_sandbox).transpose()?;
    if let Some(sandbox) = &sandbox {
        project.fill(Path::new(ZOHO[1]), &[(ACCOUNTS_URL, format!("\"{}\"", sandbox.base_url()))])?;
    }
    if let Some(server) = &server {
        let urls = [("{base}", server.base_url()), ("{other}", server.other_url())];
        settings.fill.iter().try_for_each(|path| project.fill(path, &urls))?;
    }
    let normaliser = normaliser(&settings, &project, server.as_ref())?;
    for earlier in &settings.earlier {
        run_earlier(case, &settings, earlier, &project, server.as_ref(), sandbox.as_ref())?;
    }
    let _lock = settings.locked.as_ref().map(|path| lock_target(project.root(), path)).transpose()?;
    let _locks = if settings.runs_locked { lock_runs(project.root())? } else { vec![] };
    let ended = execute(case, &settings, &project, server.as_ref(), sandbox.as_ref())?;
    Comparison { case, settings: &settings, normaliser: &normaliser }.all(
        &ended,
        &project,
        server.as_ref(),
        sandbox.as_ref(),
    )
}

fn run_earlier(
    case: &Case,
    settings: &Settings,
    earlier: &Earlier,
    project: &Project,
    server: Option<&FakeServer>,
    sandbox: Option<&Sandbox>,
) -> Result<(), String> {
    let arguments = earlier.args.clone().or_else(|| settings.args.clone());
    let mut as_now = Settings {
        args: arguments,
        signal: None,
        stdin: earlier.stdin.clone(),
        seconds_later: 0,
        person: None,
        ..settings.clone()
    };
    as_now.env.extend(earlier.env.clone());
    let ended = execute(case, &as_now, project, server, sandbox)?;
    if ended.exit != Some(earlier.exit) {
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        return Err(format!(
            "an earlier command: exit code {} expected, found {:?}; stderr:\n{stderr}",
            earlier.exit, ended.exit
        ));
    }
    if let Some(path) = &earlier.output {
        std::fs::write(project.root().join(path), &ended.stdout).map_err(|error| error.to_string())?;
    }
    for path in &earlier.then_remove {
        std::fs::remove_file(project.root().join(path)).map_err(|error| error.to_string())?;
    }
    if let Some(text) = &earlier.then_overwrite_tokens {
        let folder = project.root().join(".river/tokens");
        for (path, _) in project::tree(&folder).iter().filter(|(path, _)| has_ending(path, "json")) {
            std::fs::write(folder.join(path), text).map_err(|error| error.to_string())?;
        }
    }
    if let Some(sql) = &earlier.then_in_state {
        super::readable::make_database(&project.root().join(".river/state.db"), sql)?;
    }
    for (path, edit) in &earlier.then_edit {
        let path = project.root().join(path);
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        if !text.contains(&edit.from) {
            return Err(format!("`{}` does not hold `{}`", path.display(), edit.from));
        }
        std::fs::write(&path, text.replace(&edit.from, &edit.to)).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|known| known == ending)
}

/// Holds the lock of a target as another process would.
fn lock_target(root: &Path, target: &Path) -> Result<Lock, String> {
    let root = root.canonicalize().map_err(|error| error.to_string())?;
    lock(&root, &format!("target-{}", fingerprint([root.join(target).as_os_str().as_encoded_bytes()])))
}

/// Holds the locks of the runs that have not ended.
fn lock_runs(root: &Path) -> Result<Vec<Lock>, String> {
    let runs = State::open(&root.join(".river")).and_then(|state| state.open_runs());
    let runs = runs.map_err(|error| error.to_string())?;
    runs.iter().map(|row| lock(root, &format!("run-{}", row.run.key))).collect()
}

fn lock(root: &Path, name: &str) -> Result<Lock, String> {
    let holder = Holder {
        pid: 4711,
        run: "20261123T120000Z-1f3a9c1267".to_owned(),
        started_at: "2026-11-23T12:00:00Z".to_owned(),
        briefly: false,
    };
    let taken = Lock::try_take(&root.join(".river"), name, &holder).map_err(|error| error.to_string())?;
    taken.map_err(|_| "somebody holds the lock already".to_owned())
}

fn execute(
    case: &Case,
    settings: &Settings,
    project: &Project,
    server: Option<&FakeServer>,
    sandbox: Option<&Sandbox>,
) -> Result<Ended, String> {
    let arguments = settings.args.clone().unwrap_or_else(|| case.default_arguments());
    let base = server.map(FakeServer::base_url).unwrap_or_default();
    let run = Run {
        arguments: arguments.iter().map(|argument| argument.replace("{base}", &base)).collect(),
        environment: environment(settings, server, sandbox),
        folder: settings
            .folder
            .as_ref()
            .map_or(project.root().to_owned(), |inner| project.root().join(inner)),
        clock: settings.clock,
        seconds_later: settings.seconds_later,
        person: settings.person.clone().map(|person| {
            let other = server.map(FakeServer::other_url).unwrap_or_default();
            Person { answers: person.answers.replace("{other}", &other), ..person }
        }),
        as_nobody: !settings.modes.is_empty(),
        stdout_closed_after: settings.stdout_closed_after,
        stdin: settings.stdin.as_ref().map(|path| project.root().join(path)),
    };
    project.protect(settings)?;
    let mut running = run.start()?;
    let signalled = match (&settings.signal, server) {
        (Some(signal), Some(server)) => server
            .wait_for(signal.after_request, limits::REQUEST)
            .and_then(|()| running.signal(signal.send))
            .and_then(|()| if signal.again { running.signal_until_ended(signal.send) } else { Ok(()) }),
        (Some(_), None) => Err("a signal needs a server.yaml".to_owned()),
        (None, _) => Ok(()),
    };
    let ended = running.wait();
    project.unprotect(settings)?;
    signalled.and(ended)
}

fn environment(
    settings: &Settings,
    server: Option<&FakeServer>,
    sandbox: Option<&Sandbox>,
) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    if let Some(server) = server {
        all.push(("BASE".to_owned(), server.base_url()));
        all.push(("OTHER".to_owned(), server.other_url()));
    }
    for value in sandbox.map(Sandbox::connection).unwrap_or_default() {
        all.push((format!("ZOHO_{}", value.key.to_uppercase()), value.value));
    }
    all.retain(|(name, _)| !settings.env.contains_key(name));
    let own = settings.env.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
    all.extend(own);
    all
}

fn start_sandbox(settings: &super::case::SandboxSettings) -> Result<Sandbox, String> {
    let faults: Result<Vec<Fault>, _> = settings.faults.iter().map(|fault| fault.parse()).collect();
    let options = Options {
        leads: settings.leads,
        faults: faults.map_err(|error| error.to_string())?,
        ..Options::default()
    };
    Sandbox::start(options).map_err(|error| error.to_string())
}

fn normaliser(
    settings: &Settings,
    project: &Project,
    server: Option<&FakeServer>,
) -> Result<Normaliser, String> {
    let varying: Result<_, _> = settings.varying.iter().map(|pattern| regex::Regex::new(pattern)).collect();
    let address = |url: String| url.trim_start_matches("http://").to_owned();
    let servers = server.map(|server| {
        vec![
            (address(server.base_url()), "127.0.0.1:PORT"),
            (address(server.other_url()), "127.0.0.1:OTHER_PORT"),
        ]
    });
    Ok(Normaliser {
        folder: project.root().to_owned(),
        servers: servers.unwrap_or_default(),
        exact_times: settings.exact_times,
        varying: varying.map_err(|error| error.to_string())?,
    })
}

struct Comparison<'a> {
    case: &'a Case,
    settings: &'a Settings,
    normaliser: &'a Normaliser,
}

impl Comparison<'_> {
    fn all(
        &self,
        ended: &Ended,
        project: &Project,
        server: Option<&FakeServer>,
        sandbox: Option<&Sandbox>,
    ) -> Result<(), String> {
        let requests = match (server, sandbox) {
            _ if self.settings.requests == Requests::Vary => String::new(),
            (Some(server), _) if self.settings.requests == Requests::InAnyOrder => server.sorted_requests(),
            (Some(server), _) => server.requests(),
            (None, Some(sandbox)) => sandbox_requests(sandbox),
            (None, None) => String::new(),
        };
        let checks = [
            self.exit(ended),
            self.text("stderr.txt", &ended.stderr),
            self.text("stdout.txt", &ended.stdout),
            self.text("requests.txt", requests.as_bytes()),
            self.files(project),
            server.map_or(Ok(()), |server| self.surprises(server)),
        ];
        let problems: Vec<String> = checks.into_iter().filter_map(Result::err).collect();
        if problems.is_empty() {
            return Ok(());
        }
        Err(format!("tests/cases/{}\n{}", self.case.name, problems.join("\n")))
    }

    fn exit(&self, ended: &Ended) -> Result<(), String> {
        let expected = self.settings.exit.unwrap_or_else(|| self.case.default_exit());
        if ended.exit == Some(expected) {
            return Ok(());
        }
        let stderr = self.normaliser.text(&ended.stderr);
        Err(format!("exit code {expected} expected, found {:?}; stderr:\n{stderr}", ended.exit))
    }

    fn text(&self, name: &str, found: &[u8]) -> Result<(), String> {
        compare::text(&self.case.folder.join(name), &self.normaliser.text(found))
    }

    fn files(&self, project: &Project) -> Result<(), String> {
        let mut found = project.changed();
        found.retain(|path, _| !is_state(path));
        for path in &self.settings.digest {
            let bytes = found.remove(&super::case::without_dots(path)).ok_or("nothing to digest")?;
            let name = super::case::without_dots(path).with_extension("digest");
            found.insert(name, digest(&bytes).into_bytes());
        }
        let named = |(path, bytes): (PathBuf, Vec<u8>)| {
            let path = PathBuf::from(self.normaliser.text(path.to_string_lossy().as_bytes()));
            (path, super::readable::readable(bytes))
        };
        compare::files(&self.case.folder.join("files"), &found.into_iter().map(named).collect())
    }

    fn surprises(&self, server: &FakeServer) -> Result<(), String> {
        let (unknown, unused) = server.surprises();
        if !unknown.is_empty() && !self.settings.unmatched {
            return Err(format!("requests that server.yaml does not know: {}", unknown.join(", ")));
        }
        if unknown.is_empty() && self.settings.unmatched {
            return Err("`unmatched: true`, but server.yaml knows every request".to_owned());
        }
        if unused.is_empty() {
            return Ok(());
        }
        Err(format!("exchanges of server.yaml that no request asked for: {}", unused.join(", ")))
    }
}

/// Keys are random and entries sealed with them, `tests/token_store.rs` looks into them; the database of the state is
/// looked into by `river state` and by `tests/landing.rs`.
fn is_state(path: &Path) -> bool {
    let parts: Vec<_> =
        path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    let Some(place) = parts.iter().position(|part| part == ".river" || part == "dot_river") else {
        return false;
    };
    let rest = &parts[place + 1..];
    let rest = if rest.first().is_some_and(|first| first == "sandbox") { &rest[1..] } else { rest };
    rest.first().is_some_and(|first| {
        ["key", "key.lock", "tokens", ".gitignore", "dot_gitignore", "state.db", "locks"]
            .contains(&first.as_str())
    })
}

fn sandbox_requests(sandbox: &Sandbox) -> String {
    let line = |request: RecordedRequest| {
        let status = request.status.map_or("no answer".to_owned(), |status| status.to_string());
        format!("{} {} => {status}\n", request.method, request.path_and_query)
    };
    sandbox.requests().into_iter().map(line).collect()
}

/// `5000 lines, 1234 bytes, fnv1a 0123456789abcdef`
fn digest(bytes: &[u8]) -> String {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').count();
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{lines} lines, {} bytes, fnv1a {hash:016x}\n", bytes.len())
}
