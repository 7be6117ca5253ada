//! What every target must do, whatever its kind: records land, a cut is survived, doing the last step again does nothing.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use proptest::prelude::*;
use river::expr::jsonpath::PlainPath;
use river::plan::target::{
    ColumnsPlan, Compression, FilePlan, Format, Landing, Mode, OnNewColumn, Place, SqlitePlan, TargetKind,
    TargetPlan,
};
use river::record::{Batch, Change, Page};
use river::spec::pipeline::TargetKindWord;
use river::target::{Landed, Prepared, Receipt, Stage, Target, TargetError, apply, discard, open};
use rusqlite::types::Value as Sql;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A target in a folder of its own.
struct Site {
    folder: TempDir,
    plan: TargetPlan,
}

/// A record as a target gives it back: its values as text, null and missing left out.
type Row = BTreeMap<String, String>;

impl Site {
    fn new(kind: impl FnOnce(Place) -> TargetKind) -> Self {
        let folder = TempDir::new().unwrap();
        let place = Place { path: folder.path().join("out/target"), shown: "out/target".to_owned() };
        let plan = TargetPlan { name: "leads".to_owned(), kind: kind(place), diverts: false };
        Self { folder, plan }
    }

    fn stage(&self, run: &str) -> Stage {
        Stage::new(run, &self.folder.path().join("stage").join(run), 0)
    }

    fn open(&self, run: &str) -> Box<dyn Target> {
        open(&self.plan, &self.stage(run), None, false, Box::new(std::io::sink())).unwrap()
    }

    fn resume(&self, run: &str, receipt: &Receipt) -> Result<Box<dyn Target>, TargetError> {
        open(&self.plan, &self.stage(run), Some(receipt), false, Box::new(std::io::sink()))
    }

    /// A run that goes well.
    fn run(&self, run: &str, batches: &[Batch]) -> Landed {
        let mut target = self.open(run);
        for batch in batches {
            target.write(batch).unwrap();
        }
        self.land(target)
    }

    /// Shows a target twice, from what was stored.
    fn land(&self, target: Box<dyn Target>) -> Landed {
        let stored = serde_json::to_string(&target.prepare().unwrap()).unwrap();
        let prepared: Prepared = serde_json::from_str(&stored).unwrap();
        let landed = apply(&prepared).unwrap();
        assert_eq!(apply(&prepared).unwrap(), landed, "the second time differs");
        assert!(!self.folder.path().join("stage").exists(), "the spool stays");
        landed
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("out/target")
    }

    /// All files, to see that nothing is left.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path.clone(), fs::read(&path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }

    fn rows(&self) -> Vec<Row> {
        match &self.plan.kind {
            TargetKind::Sqlite(sqlite) => sqlite_rows(&self.path(), &sqlite.table),
            TargetKind::File(file) => {
                let mut texts: Vec<String> = Vec::new();
                for (path, bytes) in self.files() {
                    if path.starts_with(self.path()) {
                        texts.push(unpacked(&bytes));
                    }
                }
                let rows = |text: &String| match file.format {
                    Format::Jsonl => jsonl_rows(text),
                    Format::Csv => csv_rows(text),
                };
                texts.iter().flat_map(rows).collect()
            }
            TargetKind::Stdout => vec![],
        }
    }
}

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    match bytes {
        [0x1f, 0x8b, ..] => drop(flate2::read::MultiGzDecoder::new(bytes).read_to_string(&mut text).unwrap()),
        [0x28, 0xb5, ..] => text = String::from_utf8(zstd::decode_all(bytes).unwrap()).unwrap(),
        _ => text = String::from_utf8(bytes.to_vec()).unwrap(),
    }
    text
}

fn jsonl_rows(text: &str) -> Vec<Row> {
    text.lines().map(|line| expected(&serde_json::from_str(line).unwrap())).collect()
}

/// Read by a crate that river does not write with.
fn csv_rows(text: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        let pairs = header.iter().zip(record.iter()).filter(|(_, cell)| !cell.is_empty());
        pairs.map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn sqlite_rows(path: &Path, table: &str) -> Vec<Row> {
    let database = rusqlite::Connection::open(path).unwrap();
    let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\" ORDER BY rowid")).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let rows = statement.query_map([], |row| {
        let mut cells = Row::new();
        for (place, name) in names.iter().enumerate() {
            let text = match row.get::<_, Sql>(place)? {
                Sql::Null => continue,
                Sql::Integer(number) => number.to_string(),
                Sql::Real(number) => Value::from(number).to_string(),
                Sql::Text(text) => text,
                Sql::Blob(_) => "a blob".to_owned(),
            };
            cells.insert(name.clone(), text);
        }
        Ok(cells)
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// A record as [`Row`].
fn expected(record: &Value) -> Row {
    let members = record.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    members.map(|(name, value)| (name.clone(), text(value))).collect()
}

fn batch(records: &[Value]) -> Batch {
    raw(&Value::from(records.to_vec()).to_string())
}

fn raw(body: &str) -> Batch {
    Page::read(Bytes::from(body.to_owned()), Some(&PlainPath::default())).unwrap().batch()
}

const KEYLESS: [Mode; 2] = [Mode::Replace, Mode::Append];

fn merge() -> Mode {
    Mode::Merge { key: vec!["id".to_owned()] }
}

fn file(format: Format, mode: Mode, compress: Option<Compression>, partition_by: &[&str]) -> Site {
    let columns = ColumnsPlan { declared: None, on_new: OnNewColumn::Add };
    let partition_by = partition_by.iter().map(|name| (*name).to_owned()).collect();
    Site::new(|place| {
        TargetKind::File(FilePlan {
            format,
            place,
            mode,
            begins_empty: false,
            partition_by,
            compress,
            columns,
        })
    })
}

fn sqlite(mode: Mode) -> Site {
    let columns = ColumnsPlan { declared: None, on_new: OnNewColumn::Add };
    Site::new(|place| {
        TargetKind::Sqlite(SqlitePlan {
            place,
            table: "leads".to_owned(),
            mode,
            begins_empty: false,
            columns,
        })
    })
}

/// One of each: kinds, modes, compressions, one file and many.
fn sites() -> Vec<(String, Site)> {
    let mut sites = Vec::new();
    for mode in KEYLESS.into_iter().chain([merge()]) {
        for word in TargetKindWord::ALL {
            match word.landing() {
                Landing::File(format) => sites.extend(files(format, &mode)),
                Landing::Table => sites.push((format!("sqlite {mode:?}"), sqlite(mode.clone()))),
                // It cannot be read back; `tests/cases/` and `tests/support/conformance/` do that.
                Landing::Output => {}
            }
        }
    }
    sites
}

fn files(format: Format, mode: &Mode) -> Vec<(String, Site)> {
    let packed = Compression::ALL.iter().copied().map(Some);
    let whole = [None].into_iter().chain(packed).map(|compress| {
        (format!("{format:?} {mode:?} {compress:?}"), file(format, mode.clone(), compress, &[]))
    });
    let parts = || (format!("{format:?} {mode:?} in parts"), file(format, mode.clone(), None, &["id"]));
    whole.chain(mode.key().is_none().then(parts)).collect()
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort();
    rows
}

fn rows_of(records: &[Value]) -> Vec<Row> {
    records.iter().map(expected).collect()
}

#[test]
fn records_land_as_they_are() {
    let long = "x".repeat(10_000_000);
    let wide: serde_json::Map<String, Value> =
        (0..1000).map(|index| (format!("c{index}"), json!(index))).collect();
    let mut wide = Value::from(wide);
    wide["id"] = json!("wide");
    let tables = [
        vec![],
        vec![
            json!({"id": "1", "t": "Åsa 日本 😀 \u{0}\u{7f} \"quoted\", line\nbreak\r\ttab \\", "n": 1.5, "i": -7}),
        ],
        vec![json!({"id": "1", "a": 1, "b": "x"}), json!({"b": "y", "id": "2", "a": 2})],
        vec![json!({"id": "1", "nested": {"a": [1, {"b": null}]}, "list": [], "null": null})],
        vec![
            json!({"id": "1", "mixed": 1}),
            json!({"id": "2", "mixed": "text"}),
            json!({"id": "3", "mixed": [true]}),
        ],
        vec![json!({"id": "1", "key with \"quotes\", commas": 1, "": 2, "é": 3})],
        vec![json!({"id": "1", "long": long})],
        vec![wide],
    ];
    for (name, site) in sites() {
        for (place, records) in tables.iter().enumerate() {
            if name.contains("Some") && records.iter().any(|record| record.get("long").is_some()) {
                continue; // packing takes its time without optimisation
            }
            let site = Site { folder: TempDir::new().unwrap(), plan: site.plan.clone() }.moved();
            let landed = site.run("run1", &[batch(records)]);
            assert_eq!(landed.records, records.len() as u64, "{name}, table {place}");
            let rows = if site.path().exists() { site.rows() } else { vec![] };
            assert!(sorted(rows) == sorted(rows_of(records)), "{name}, table {place}");
        }
    }
}

impl Site {
    /// The same target in this folder.
    fn moved(mut self) -> Self {
        let path = self.folder.path().join("out/target");
        match &mut self.plan.kind {
            TargetKind::File(file) => file.place.path = path,
            TargetKind::Sqlite(sqlite) => sqlite.place.path = path,
            TargetKind::Stdout => {}
        }
        self
    }
}

#[test]
fn runs_follow_each_other() {
    let first = [json!({"id": "1", "a": "x"}), json!({"id": "2", "a": "y"})];
    let second =
        [json!({"id": "2", "a": "new"}), json!({"id": "3", "a": "z"}), json!({"id": "3", "a": "zz"})];
    for (name, site) in sites() {
        site.run("run1", &[batch(&first)]);
        site.run("run2", &[batch(&second[..2]), batch(&second[2..])]);
        let expected = match site.plan.kind.mode() {
            Mode::Replace => rows_of(&second),
            Mode::Append => rows_of(&[&first[..], &second[..]].concat()),
            Mode::Merge { .. } => rows_of(&[first[0].clone(), second[0].clone(), second[2].clone()]),
        };
        assert_eq!(sorted(site.rows()), sorted(expected), "{name}");
    }
}

#[test]
fn deletes_come_last() {
    let there = [json!({"id": "1"}), json!({"id": "2"}), json!({"id": "3"})];
    for (name, site) in sites().into_iter().filter(|(_, site)| site.plan.kind.key().is_some()) {
        site.run("run1", &[batch(&there)]);
        let gone = batch(&[json!({"id": "2", "why": "x"}), json!({"id": "4"}), json!({"id": "9"})])
            .meaning(Change::Delete);
        site.run(
            "run2",
            &[gone.clone(), batch(&[json!({"id": "4"}), json!({"id": "5"}), json!({"id": "2"})])],
        );
        assert_eq!(
            site.rows(),
            rows_of(&[json!({"id": "1"}), json!({"id": "3"}), json!({"id": "5"})]),
            "{name}"
        );
        let before = site.rows();
        site.run("run3", &[gone]);
        assert_eq!(site.rows(), before, "{name}");
    }
}

#[test]
fn a_cut_run_goes_on_at_its_receipt() {
    let first = [json!({"id": "1", "a": 1}), json!({"id": "2", "b": "x"})];
    let lost = [json!({"id": "8", "lost": true})];
    let second = [json!({"id": "3", "a": 2.5})];
    for (name, site) in sites() {
        let mut target = site.open("run1");
        target.write(&batch(&first)).unwrap();
        let receipt = target.settle().unwrap();
        assert_eq!(receipt.puts.records, 2, "{name}");
        target.write(&batch(&lost)).unwrap();
        target.suspend().unwrap();
        tear(&site);
        let mut target = site.resume("run1", &receipt).unwrap();
        target.write(&batch(&second)).unwrap();
        site.land(target);
        let all = rows_of(&[&first[..], &second[..]].concat());
        assert_eq!(sorted(by_value(site.rows())), sorted(by_value(all)), "{name}");
    }
}

/// Half a line behind every line, as a process leaves it that dies while it writes.
fn tear(site: &Site) {
    for (path, _) in site.files() {
        let name = path.file_name().unwrap().to_string_lossy();
        if path.starts_with(site.folder.path().join("stage")) || name.ends_with("river-tmp") {
            OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"id\":\"9\",\"to").unwrap();
        }
    }
}

#[test]
fn a_run_that_dies_before_its_decision_prepares_again() {
    let records = [json!({"id": "1"}), json!({"id": "2"})];
    for (name, site) in sites() {
        let mut target = site.open("run1");
        target.write(&batch(&records)).unwrap();
        let receipt = target.settle().unwrap();
        target.prepare().unwrap();
        let target = site.resume("run1", &receipt).unwrap();
        site.land(target);
        assert_eq!(sorted(site.rows()), rows_of(&records), "{name}");
        assert!(site.files().iter().all(|(path, _)| !path.to_string_lossy().contains("river-tmp")), "{name}");
    }
}

#[test]
fn what_is_gone_or_short_is_told() {
    for (name, site) in sites() {
        let mut target = site.open("run1");
        target.write(&batch(&[json!({"id": "1"})])).unwrap();
        let mut receipt = target.settle().unwrap();
        target.suspend().unwrap();
        receipt.puts.bytes += 1000;
        let short = site.resume("run1", &receipt).err().unwrap();
        assert!(matches!(short, TargetError::SpoolShort { .. }), "{name}: {short:?}");
        assert!(
            matches!(site.resume("run7", &receipt).err().unwrap(), TargetError::SpoolLost { .. }),
            "{name}"
        );
    }
}

#[test]
fn what_is_given_up_leaves_everything_as_it_was() {
    for (name, site) in sites() {
        site.run("run1", &[batch(&[json!({"id": "1"})])]);
        let before = site.files();
        let mut target = site.open("run2");
        target.write(&batch(&[json!({"id": "2"})])).unwrap();
        target.abandon();
        assert!(site.files() == before, "{name}: abandoned");
        let mut target = site.open("run3");
        target.write(&batch(&[json!({"id": "2"})])).unwrap();
        discard(&target.prepare().unwrap());
        assert!(site.files() == before, "{name}: discarded");
        let mut target = site.open("run4");
        target.write(&batch(&[json!({"id": "2"})])).unwrap();
        let receipt = target.suspend().unwrap();
        drop(site.resume("run4", &receipt).unwrap());
        site.resume("run4", &receipt).unwrap().abandon();
        assert!(site.files() == before, "{name}: resumed and abandoned");
    }
}

#[test]
fn many_files_are_moved_whatever_was_moved_before() {
    let site = file(Format::Jsonl, Mode::Replace, None, &["id"]);
    let mut target = site.open("run1");
    target.write(&batch(&[json!({"id": "1"}), json!({"id": "2"}), json!({"id": "3"})])).unwrap();
    let prepared = target.prepare().unwrap();
    let moved = &prepared.files[1];
    fs::create_dir_all(moved.destination.parent().unwrap()).unwrap();
    fs::rename(&moved.temporary, &moved.destination).unwrap();
    apply(&prepared).unwrap();
    assert_eq!(site.rows().len(), 3);
    fs::remove_file(&prepared.files[2].destination).unwrap();
    assert!(matches!(apply(&prepared), Err(TargetError::Vanished { .. })));
}

#[test]
fn a_failed_load_changes_nothing() {
    let site = sqlite(Mode::Append);
    site.run("run1", &[batch(&[json!({"id": "1", "n": 1})])]);
    let mut target = site.open("run2");
    target.write(&batch(&[json!({"id": "2", "n": 2})])).unwrap();
    let prepared = target.prepare().unwrap();
    rusqlite::Connection::open(site.path())
        .unwrap()
        .execute_batch("CREATE TRIGGER no BEFORE INSERT ON leads BEGIN SELECT RAISE(ABORT, 'no'); END")
        .unwrap();
    assert!(apply(&prepared).unwrap_err().to_string().contains("refuses"));
    assert_eq!(site.rows().len(), 1);
    rusqlite::Connection::open(site.path()).unwrap().execute_batch("DROP TRIGGER no").unwrap();
    apply(&prepared).unwrap();
    assert_eq!(site.rows().len(), 2);
}

/// Values of records: what a table can hold in any mix.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON", |number| number.is_finite()).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["", "007", " 1", "1e5", "true", "null", "a,b", "\"", "\r\n", "\u{0}"])
            .prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..3).prop_map(Value::from),
    ]
}

fn record() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec!["a", "b", "c d", "é\"", "x,y", "z'"]);
    prop::collection::vec((key, value()), 0..6).prop_map(|members| {
        Value::from(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<serde_json::Map<_, _>>(),
        )
    })
}

/// SQLite keeps `true` as 1 where a column holds nothing else, and no row of nothing but nulls is told apart.
fn as_sqlite(records: &[Value]) -> Vec<Row> {
    let only = |name: &str, test: fn(&Value) -> bool| {
        records.iter().filter_map(|record| record.get(name)).filter(|value| !value.is_null()).all(test)
    };
    let cell = |name: &str, value: &Value| match value {
        Value::Bool(value) if only(name, Value::is_boolean) => u8::from(*value).to_string(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let row = |record: &Value| {
        let members = record.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        members.map(|(name, value)| (name.clone(), cell(name, value))).collect()
    };
    records.iter().map(row).collect()
}

/// Numbers by their value: `1.0` and `1` are one, and so are `-0.0` and `0`.
fn by_value(rows: Vec<Row>) -> Vec<Row> {
    let plain = |text: String| match serde_json::from_str::<Value>(&text) {
        Ok(Value::Number(number)) if number.as_f64().is_some_and(|value| value.to_string().len() < 16) => {
            (number.as_f64().unwrap_or_default() + 0.0).to_string()
        }
        _ => text,
    };
    rows.into_iter().map(|row| row.into_iter().map(|(name, text)| (name, plain(text))).collect()).collect()
}

fn filled(rows: Vec<Row>) -> Vec<Row> {
    rows.into_iter().map(|row| row.into_iter().filter(|(_, text)| !text.is_empty()).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn csv_gives_back_what_it_got(records in prop::collection::vec(record(), 1..8)) {
        let site = file(Format::Csv, Mode::Replace, None, &[]);
        site.run("run1", &[batch(&records)]);
        let rows = if site.path().exists() { site.rows() } else { vec![Row::new(); records.len()] };
        prop_assert_eq!(rows, filled(rows_of(&records)));
    }

    #[test]
    fn sqlite_gives_back_what_it_got(records in prop::collection::vec(record(), 1..8)) {
        let site = sqlite(Mode::Replace);
        site.run("run1", &[batch(&records)]);
        let named = records.iter().any(|record| record.as_object().is_some_and(|members| !members.is_empty()));
        if named {
            prop_assert_eq!(by_value(site.rows()), by_value(as_sqlite(&records)));
        }
    }

    #[test]
    fn a_cut_loses_nothing(parts in prop::collection::vec(prop::collection::vec(record(), 0..4), 1..6), cut in 0_usize..6) {
        let site = file(Format::Csv, Mode::Replace, None, &[]);
        let mut target = site.open("run1");
        let cut = cut.min(parts.len());
        parts[..cut].iter().for_each(|part| target.write(&batch(part)).unwrap());
        let receipt = target.settle().unwrap();
        parts[cut..].iter().for_each(|part| target.write(&batch(part)).unwrap());
        target.suspend().unwrap();
        tear(&site);
        let mut target = site.resume("run1", &receipt).unwrap();
        parts[cut..].iter().for_each(|part| target.write(&batch(part)).unwrap());
        site.land(target);
        let rows = if site.path().exists() { site.rows() } else { vec![] };
        let all = parts.concat();
        if rows.is_empty() {
            prop_assert!(all.iter().all(|record| record.as_object().is_some_and(serde_json::Map::is_empty)));
        } else {
            prop_assert_eq!(rows, filled(rows_of(&all)));
        }
    }

    #[test]
    fn merging_is_a_map(runs in prop::collection::vec(prop::collection::vec((0_u8..12, any::<bool>(), 0_u32..100), 0..12), 1..5)) {
        for site in [file(Format::Jsonl, merge(), None, &[]), file(Format::Csv, merge(), None, &[]), sqlite(merge())] {
            let mut model: BTreeMap<u8, u32> = BTreeMap::new();
            for (number, run) in runs.iter().enumerate() {
                let record = |id: u8, value: u32| json!({"id": id, "value": value});
                let puts: Vec<Value> = run.iter().filter(|change| change.1).map(|(id, _, value)| record(*id, *value)).collect();
                let deletes: Vec<Value> = run.iter().filter(|change| !change.1).map(|(id, _, value)| record(*id, *value)).collect();
                for (id, put, value) in run {
                    if *put { model.insert(*id, *value); }
                }
                for (id, put, _) in run {
                    if !*put { model.remove(id); }
                }
                site.run(&format!("run{number}"), &[batch(&puts), batch(&deletes).meaning(Change::Delete)]);
            }
            let expected: Vec<Value> = model.iter().map(|(id, value)| json!({"id": id, "value": value})).collect();
            let rows = if site.path().exists() { site.rows() } else { vec![] };
            prop_assert_eq!(sorted(rows), sorted(rows_of(&expected)));
        }
    }
}
