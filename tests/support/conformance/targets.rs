//! What each kind of target holds after two runs, in each mode, as something else than river reads it.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use river::cli::Exit;
use river::plan::target::{Format, Landing};
use river::spec::pipeline::{TargetKindWord, TargetMode};
use serde_json::{Value, json};

use super::{Project, ended_with};

/// A record as it is read back, null and missing left out.
type Row = BTreeMap<String, String>;

pub(super) fn trials() -> Vec<Trial> {
    let all = TargetKindWord::ALL.iter().flat_map(|kind| TargetMode::ALL.iter().map(|mode| (*kind, *mode)));
    let possible = all.filter(|(kind, mode)| is_possible(*kind, *mode));
    let trial = |(kind, mode): (TargetKindWord, TargetMode)| {
        let name = format!("conformance/targets/{}/{}", kind.word(), mode.word());
        Trial::test(name, move || Ok(holds(kind, mode)?))
    };
    possible.map(trial).collect()
}

/// What is printed stays printed.
fn is_possible(kind: TargetKindWord, mode: TargetMode) -> bool {
    match (kind.landing(), mode) {
        (Landing::File(_) | Landing::Table, TargetMode::Replace | TargetMode::Append | TargetMode::Merge)
        | (Landing::Output, TargetMode::Replace) => true,
        (Landing::Output, TargetMode::Append | TargetMode::Merge) => false,
    }
}

fn holds(kind: TargetKindWord, mode: TargetMode) -> Result<(), String> {
    let place = match kind.landing() {
        Landing::File(_) | Landing::Table => format!(", path: out/target, mode: {}", mode.word()),
        Landing::Output => String::new(),
    };
    let key = if mode.merges() { ", key: id" } else { "" };
    let pipeline = format!(
        "name: demo
connection: {{ base_url: {{ from: env:BASE, secret: false }} }}
targets: {{ items: {{ kind: {}{place}{key} }} }}
steps:
  - name: items
    request: {{ url: /items }}
    records: $.data
    write: items
",
        kind.word()
    );
    let (first, second) = (
        json!([{ "id": "1", "a": "x" }, { "id": "2", "a": "y, \"z\"" }]),
        json!([{ "id": "2", "a": "new", "b": 1.5 }, { "id": "3", "c": "é\nf" }]),
    );
    let once = json!({ "on": "GET /items", "times": 1, "json": { "data": first } });
    let project =
        Project::new(&pipeline, &[once, json!({ "on": "GET /items", "json": { "data": second } })])?;
    ended_with(&project.run()?, Exit::Success)?;
    let ended = project.run()?;
    ended_with(&ended, Exit::Success)?;
    let mut found = read_back(kind, &project, &ended.stdout)?;
    let mut due = due(mode, &first, &second);
    found.sort();
    due.sort();
    if found == due { Ok(()) } else { Err(format!("there should be {due:#?}\nthere is {found:#?}")) }
}

fn due(mode: TargetMode, first: &Value, second: &Value) -> Vec<Row> {
    let rows = |records: &Value| records.as_array().into_iter().flatten().map(row).collect::<Vec<_>>();
    let (first, second) = (rows(first), rows(second));
    match mode {
        TargetMode::Replace => second,
        TargetMode::Append => [first, second].concat(),
        TargetMode::Merge => {
            let is_new = |old: &&Row| second.iter().all(|new| new["id"] != old["id"]);
            first.iter().filter(is_new).chain(&second).cloned().collect()
        }
    }
}

fn read_back(kind: TargetKindWord, project: &Project, stdout: &[u8]) -> Result<Vec<Row>, String> {
    let path = project.folder.path().join("out/target");
    let file = || project.landed("target").ok_or("nothing landed");
    match kind.landing() {
        Landing::File(Format::Jsonl) => lines(&file()?),
        Landing::File(Format::Csv) => table(&file()?),
        Landing::Table => database(&path).map_err(|error| error.to_string()),
        Landing::Output => lines(stdout),
    }
}

fn lines(bytes: &[u8]) -> Result<Vec<Row>, String> {
    let values = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
    values.map(|value| value.map(|value| row(&value)).map_err(|error| error.to_string())).collect()
}

fn table(bytes: &[u8]) -> Result<Vec<Row>, String> {
    let rows = csv::Reader::from_reader(bytes).into_deserialize::<Row>();
    let filled = |row: Row| row.into_iter().filter(|(_, cell)| !cell.is_empty()).collect();
    rows.map(|row| row.map(filled).map_err(|error| error.to_string())).collect()
}

fn database(path: &std::path::Path) -> rusqlite::Result<Vec<Row>> {
    let database = rusqlite::Connection::open(path)?;
    let mut statement = database.prepare("SELECT * FROM items")?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let rows = statement.query_map([], |row| {
        let cell = |(place, name): (usize, &String)| {
            let text = match row.get(place)? {
                rusqlite::types::Value::Null => return Ok(None),
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Real(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                rusqlite::types::Value::Blob(bytes) => format!("{bytes:?}"),
            };
            Ok(Some((name.clone(), text)))
        };
        names.iter().enumerate().map(cell).filter_map(Result::transpose).collect::<rusqlite::Result<Row>>()
    })?;
    rows.collect()
}

fn row(record: &Value) -> Row {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    record.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}
