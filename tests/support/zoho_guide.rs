//! `docs/zoho.md`: what it says river prints is what it prints.
//!
//! Each row of the tables of errors is answered by a service as the row says; the help must be that of the row. The
//! tables have every hint of `connections/zoho.yaml` and every kit.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use libtest_mimic::Trial;
use regex::Regex;
use river::kit;
use river_sandbox::wire::{BoundListener, Reply, WireRequest};
use serde_json::json;

use super::case::Clock;
use super::process::Run;
use super::project::repository;

const DOCUMENT: &str = "docs/zoho.md";

/// What stands for Zoho's own address in the connection.
const ACCOUNTS_URL: &str = r#""{{ connection.accounts_urls | pick(connection.data_center) }}""#;

/// Times differ from run to run.
static TIME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(\d+ ms|\d+\.\d s)\b").unwrap());

/// A row of the tables of errors.
#[derive(Debug, Clone)]
struct Row {
    word: String,
    status: u16,
    help: String,
    /// Whether the token endpoint says it.
    token: bool,
}

pub(crate) fn trials() -> Vec<Trial> {
    let document = fs::read_to_string(repository().join(DOCUMENT)).unwrap_or_default();
    let rows = rows(&document);
    let words: BTreeSet<String> = rows.iter().map(|row| row.word.clone()).collect();
    let each = rows.into_iter().map(|row| {
        Trial::test(format!("zoho_guide/{}", row.word.replace(' ', "_")), move || Ok(row.is_true()?))
    });
    let kits = document.clone();
    let consoles = document.clone();
    let others = [
        Trial::test("zoho_guide/every_hint_has_its_row", move || Ok(every_hint(&words)?)),
        Trial::test("zoho_guide/every_kit_has_its_row", move || Ok(every_kit(&kits)?)),
        Trial::test("zoho_guide/consoles", move || Ok(consoles_are_true(&consoles)?)),
        Trial::test("zoho_guide/every_data_center_has_its_row", move || Ok(every_data_center(&document)?)),
    ];
    each.chain(others).collect()
}

/// The rows with four cells of which the second is a status.
fn rows(document: &str) -> Vec<Row> {
    let (_, errors) = document.split_once("### At the token endpoint").unwrap_or_default();
    let api = errors.find("### At the API").unwrap_or_default();
    let mut at = 0;
    let mut rows = Vec::new();
    for line in errors.split_inclusive('\n') {
        let cells: Vec<&str> = line.trim().trim_matches('|').split(" | ").map(str::trim).collect();
        if let [word, status, _, help] = cells[..]
            && let Ok(status) = status.parse()
        {
            let (word, help) = (word.trim_matches('`').to_owned(), help.to_owned());
            rows.push(Row { word, status, help, token: at < api });
        }
        at += line.len();
    }
    rows
}

impl Row {
    fn is_true(&self) -> Result<(), String> {
        let row = self.clone();
        let bound = BoundListener::bind(0).map_err(|error| error.to_string())?;
        let base = bound.base_url();
        let server = bound.serve(move |request| row.answer(&request, &base));
        let server = server.map_err(|error| error.to_string())?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        copy("pipelines", folder.path(), |text| text)?;
        copy("connections", folder.path(), |text| text.replace(ACCOUNTS_URL, &server.base_url()))?;
        let query = ["SYNTAX_ERROR", "INVALID_QUERY", "DUPLICATE_DATA"].contains(&self.word.as_str());
        let kit = if query { "zoho_coql" } else { "zoho_records" };
        self.is_said_by(kit, folder.path())?;
        // The one kit that asks for its token itself.
        if query { Ok(()) } else { self.is_said_by("zoho_leads", folder.path()) }
    }

    fn is_said_by(&self, kit: &str, folder: &Path) -> Result<(), String> {
        let mut run = Run::new(folder.to_owned(), &["run", kit]);
        run.clock = Clock::Virtual;
        run.environment = ["CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"]
            .map(|name| (format!("ZOHO_{name}"), format!("1000.{name}.of-the-test")))
            .into();
        let ended = run.finish()?;
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        let help = format!("   = help: {}\n", self.help);
        let (message, exit) = self.ending(kit);
        if ended.exit == Some(exit) && said.contains(&help) && said.contains(&message) {
            return Ok(());
        }
        Err(format!("exit {:?}; {exit}, `{message}` and\n{help}expected, found:\n{said}", ended.exit))
    }

    /// What the text above the tables says.
    fn ending(&self, kit: &str) -> (String, i32) {
        match (self.token, self.status) {
            (true, _) if kit != "zoho_leads" => {
                (format!("cannot sign in to `zoho`: the server refuses: `{}`\n", self.word), 6)
            }
            (true, 200) => (format!(": Zoho refused the refresh token: {}\n", self.word), 1),
            (_, status) => (format!(": the server answered {status} "), 1),
        }
    }

    fn answer(&self, request: &WireRequest, base: &str) -> Reply {
        match (request.path == "/oauth/v2/token", self.token) {
            (true, true) => Reply::json(self.status, &json!({"error": self.word})),
            (true, false) => {
                Reply::json(200, &json!({"access_token": "1000.a.b", "api_domain": base, "expires_in": 3600}))
            }
            (false, _) => {
                let body = json!({"code": self.word, "details": {}, "message": "…", "status": "error"});
                Reply::json(self.status, &body)
            }
        }
    }
}

fn copy(name: &str, to: &Path, change: impl Fn(String) -> String) -> Result<(), String> {
    let to = to.join(name);
    fs::create_dir(&to).map_err(|error| error.to_string())?;
    for entry in fs::read_dir(repository().join(name)).into_iter().flatten().flatten() {
        let text = fs::read_to_string(entry.path()).map_err(|error| error.to_string())?;
        fs::write(to.join(entry.file_name()), change(text)).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn every_hint(words: &BTreeSet<String>) -> Result<(), String> {
    let text = fs::read_to_string(repository().join("connections/zoho.yaml"));
    let connection: serde_json::Value =
        serde_yaml::from_str(&text.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    let hints: BTreeSet<String> =
        connection["hints"].as_object().into_iter().flatten().map(|(word, _)| word.clone()).collect();
    let differ: Vec<&String> = hints.symmetric_difference(words).collect();
    if differ.is_empty() && !hints.is_empty() {
        Ok(())
    } else {
        Err(format!("in one of {DOCUMENT} and connections/zoho.yaml only: {differ:?}"))
    }
}

fn every_kit(document: &str) -> Result<(), String> {
    let row = |kit: &kit::Kit| {
        let scopes: Vec<String> = kit.scopes.iter().map(|scope| format!("`{scope}`")).collect();
        let scopes = format!(" | {} |", scopes.join(", "));
        let start = format!("| `{}` | ", kit.name);
        document.lines().any(|line| line.starts_with(&start) && line.ends_with(&scopes))
    };
    let missing: Vec<&str> = kit::ALL.iter().filter(|kit| !row(kit)).map(|kit| kit.name).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("without a row, or with other scopes: {missing:?}")) }
}

fn every_data_center(document: &str) -> Result<(), String> {
    let text = fs::read_to_string(repository().join("connections/zoho.yaml"));
    let connection: serde_json::Value =
        serde_yaml::from_str(&text.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    let known = connection["accounts_urls"].as_object().ok_or("the connection has no data centres")?;
    let row = |name: &str, url: &str| document.contains(&format!(" | `{name}` | <{url}> |"));
    let missing: Vec<&String> = known
        .iter()
        .filter(|(name, url)| !row(name, url.as_str().unwrap_or_default()))
        .map(|(name, _)| name)
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("data centres without a row: {missing:?}")) }
}

/// All commands of the consoles, one after the other in one folder.
fn consoles_are_true(document: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let blocks = document.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut seen = 0;
    for command in blocks.flat_map(|block| block.split("$ river ").skip(1)) {
        let (command, printed) = command.split_once('\n').unwrap_or((command, ""));
        let arguments: Vec<&str> = command.split(' ').collect();
        let ended = Run::new(folder.path().to_owned(), &arguments).finish()?;
        let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
        if TIME.replace_all(&said, "TIME") != TIME.replace_all(printed, "TIME") {
            return Err(format!("`river {command}` prints:\n{said}"));
        }
        seen += 1;
    }
    if seen > 0 { Ok(()) } else { Err(format!("{DOCUMENT} shows no command")) }
}
