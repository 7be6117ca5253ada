//! `river state import`: the watermarks of an export, all of them or none.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::arguments::StateImportArguments;
use super::export::VERSION;
use super::{Problem, folder_here, set_all, title};
use crate::cli::exit::Exit;
use crate::cli::project::shown;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Code, Diagnostic, Sources, quoted_list};
use crate::plan::state::StateType;
use crate::run::journal::edit;
use crate::state::{State, Watermark, WatermarkKey};

/// Sets the watermarks of a document.
pub(super) fn import(arguments: &StateImportArguments, terminal: &mut Terminal) -> Result<(), Problem> {
    let (name, text) = read(&arguments.file, &terminal.folder)?;
    let watermarks = parse(&text).map_err(|wrong| wrong.problem(name, text))?;
    if watermarks.is_empty() {
        writeln!(terminal.out, "there is nothing to set")?;
        return Ok(());
    }
    let mut state = State::open(&folder_here(terminal, arguments.sandbox))?;
    set_all(&mut state, watermarks, terminal)
}

/// The name and the text of the file.
fn read(file: &Path, folder: &Path) -> Result<(String, String), Problem> {
    let (name, text) = if file == Path::new("-") {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        ("<stdin>".to_owned(), read.map(|_| text))
    } else {
        let path = folder.join(file);
        (shown(&path, folder), std::fs::read_to_string(path))
    };
    let text = text.map_err(|error| {
        let finding = Diagnostic::error(Code::BadFile, format!("cannot read `{name}`: {error}"));
        Problem::usage(finding.help("name a file that `river state export` has written"))
    })?;
    Ok((name, text))
}

/// What is wrong with a document, and where if that is known.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    message: String,
    place: Option<(usize, usize)>,
}

impl Wrong {
    fn of(message: String) -> Self {
        Self { message, place: None }
    }

    fn problem(self, name: String, text: String) -> Problem {
        let finding =
            Diagnostic::error(Code::BadFile, format!("`{name}` cannot be imported: {}", self.message))
                .help("nothing was set; the file has to be as `river state export` writes it");
        let offset = self.place.map(|(line, column)| {
            let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
            (before + column.saturating_sub(1)).min(text.len())
        });
        let mut sources = Sources::default();
        let file = sources.add(name, text);
        let findings = vec![match offset {
            Some(offset) => finding.at(sources.start_of(file).with_range(offset..offset + 1), ""),
            None => finding,
        }];
        Problem::Found { findings, sources, exit: Exit::Failed }
    }
}

impl From<serde_json::Error> for Wrong {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        Self { message, place: (line > 0).then_some((line, column)) }
    }
}

/// The part that every version has.
#[derive(Deserialize)]
struct Head {
    river_state: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "river_state")]
    _version: i64,
    watermarks: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    pipeline: String,
    step: String,
    name: String,
    per: Value,
    #[serde(rename = "type")]
    word: String,
    value: String,
}

fn parse(text: &str) -> Result<Vec<Watermark>, Wrong> {
    let head: Head = serde_json::from_str(text)?;
    match head.river_state {
        Some(VERSION) => {}
        None => return Err(Wrong::of("it has no `river_state`, the version of an export".to_owned())),
        Some(found) => {
            return Err(Wrong::of(format!("its version is {found}, this river knows {VERSION}")));
        }
    }
    let document: Document = serde_json::from_str(text)?;
    let watermarks: Result<Vec<_>, Wrong> = document.watermarks.into_iter().map(watermark).collect();
    let watermarks = watermarks?;
    let mut seen = BTreeSet::new();
    match watermarks.iter().find(|watermark| !seen.insert(&watermark.key)) {
        Some(twice) => {
            let (pipeline, title) = (&twice.key.pipeline, title(&twice.key));
            Err(Wrong::of(format!("{title} of `{pipeline}` is in it twice")))
        }
        None => Ok(watermarks),
    }
}

fn watermark(entry: Entry) -> Result<Watermark, Wrong> {
    let Entry { pipeline, step, name, per, word, value } = entry;
    let key = WatermarkKey { pipeline, step, name, per: per.to_string() };
    let wrong = |what: String| Wrong::of(format!("{} of `{}`: {what}", title(&key), key.pipeline));
    let kind = StateType::ALL.iter().copied().find(|kind| kind.word() == word).ok_or_else(|| {
        let words = quoted_list(StateType::ALL.iter().map(|kind| kind.word()));
        wrong(format!("`{word}` is no type, there are {words}"))
    })?;
    edit::fits(&value, kind).map_err(|unfit| wrong(unfit.to_string()))?;
    Ok(Watermark { key, kind: word, value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cli::state::export::document;
    use crate::run::journal::edit::Change;

    fn any_watermark() -> impl Strategy<Value = Watermark> {
        let text = || any::<String>();
        let per = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            prop::collection::vec(any::<String>(), 0..3).prop_map(Value::from),
        ];
        let value = prop_oneof![
            (Just("string"), any::<String>()),
            (Just("number"), any::<i64>().prop_map(|number| number.to_string())),
            (
                Just("datetime"),
                (0_u32..24, 0_u32..60)
                    .prop_map(|(hour, minute)| { format!("2026-11-23T{hour:02}:{minute:02}:00+05:30") })
            ),
        ];
        (text(), text(), text(), per, value).prop_map(|(pipeline, step, name, per, (kind, value))| {
            let key = WatermarkKey { pipeline, step, name, per: per.to_string() };
            Watermark { key, kind: kind.to_owned(), value }
        })
    }

    fn sorted(mut watermarks: Vec<Watermark>) -> Vec<Watermark> {
        watermarks.sort_by(|one, other| one.key.cmp(&other.key));
        watermarks.dedup_by(|one, other| one.key == other.key);
        watermarks
    }

    proptest! {
        #[test]
        fn what_is_exported_is_imported(list in prop::collection::vec(any_watermark(), 0..6)) {
            let list = sorted(list);
            prop_assert_eq!(parse(&document(&list)), Ok(list));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn a_state_goes_through_a_document(list in prop::collection::vec(any_watermark(), 1..6)) {
            let list = sorted(list);
            let folder = tempfile::TempDir::new().unwrap();
            let mut state = State::open(folder.path()).unwrap();
            let set = parse(&document(&list)).unwrap();
            let change = Change { set, ..Change::default() };
            edit::change(&mut state, &change, std::time::UNIX_EPOCH).unwrap();
            let found = state.watermarks(None).unwrap().into_iter().map(|kept| kept.watermark).collect();
            prop_assert_eq!(sorted(found), list);
        }
    }
}
