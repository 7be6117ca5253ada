//! `river check` says something about any text, and never panics.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::Trial;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use river::cli::{Exit, Output, Terminal, run_with};
use river::diagnostic::Style;

use super::process::Run;

/// Terms of an expression: far more than the stack has room for if each is a call.
const TERMS: usize = 50_000;

/// Expressions of so many terms, by name: how they begin, what is repeated, and how they end.
const LONG: [(&str, &str, &str, &str); 6] = [
    ("sum", "1", " + 1", ""),
    ("condition", "true", " and true", ""),
    ("negations", "", "not ", "true"),
    ("brackets", "", "(", "1"),
    ("filters", "'a'", " | upper", ""),
    ("members", "params", ".a", ""),
];

const PIPELINE: &str = include_str!("../../pipelines/zoho_leads.yaml");
const CONNECTION: &str = include_str!("../../connections/zoho.yaml");

/// Texts that mean something to YAML or to the language.
const PIECES: [&str; 28] = [
    "{{",
    "}}",
    "{%",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "\t",
    "\"",
    "'",
    "#",
    "&a ",
    "*a",
    "!x ",
    "|\n",
    "<<: ",
    "$",
    "$[",
    "..",
    "é日😀",
    "\u{0}",
    "\u{feff}",
    "~",
    "---\n",
];

/// What is said of a long line is short, in bytes.
const MOST_SAID: usize = 2_000;

/// One change of a text.
#[derive(Debug, Clone)]
enum Change {
    Delete(f64, usize),
    Double(f64, usize),
    Insert(f64, usize),
    Move(f64, f64, usize),
}

pub(crate) fn trials() -> Vec<Trial> {
    let long = LONG.map(|(name, begin, term, end)| {
        let expression = [begin, &term.repeat(TERMS), end].concat();
        Trial::test(format!("mutation/check_of_very_many_{name}"), move || Ok(is_a_finding(&expression)?))
    });
    let changed = [
        Trial::test("mutation/check_of_a_changed_pipeline", || Ok(holds(PIPELINE, "pipelines/p.yaml", 400)?)),
        Trial::test("mutation/check_of_a_changed_connection", || {
            Ok(holds(CONNECTION, "connections/zoho.yaml", 150)?)
        }),
    ];
    changed.into_iter().chain(long).collect()
}

/// In a process of its own: a stack that overflows ends it.
fn is_a_finding(expression: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    for (file, when, url) in
        [("when.yaml", expression, "x"), ("url.yaml", "true", &format!("{{{{ {expression} }}}}"))]
    {
        let text = format!(
            "name: long\nsteps:\n  - name: a\n    when: \"{when}\"\n    request: {{ url: \"https://api.example.com/{url}\" }}\n"
        );
        fs::write(folder.path().join(file), text).map_err(|error| error.to_string())?;
        let ended = Run::new(folder.path().to_owned(), &["check", file]).finish()?;
        let said = String::from_utf8_lossy(&ended.stderr);
        if ended.exit != Some(3) || !said.starts_with("error[template-syntax]: ") || said.len() > MOST_SAID {
            let begin: String = said.chars().take(MOST_SAID).collect();
            return Err(format!("{file}: ended with {:?} and {} bytes:\n{begin}", ended.exit, said.len()));
        }
    }
    Ok(())
}

fn holds(text: &'static str, path: &'static str, cases: u32) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let root = folder.path();
    for (file, original) in [("pipelines/p.yaml", PIPELINE), ("connections/zoho.yaml", CONNECTION)] {
        let file = root.join(file);
        fs::create_dir_all(file.parent().unwrap_or(root)).map_err(|error| error.to_string())?;
        fs::write(file, original).map_err(|error| error.to_string())?;
    }
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let changes = proptest::collection::vec(change(), 1..4);
    let result = runner.run(&changes, |changes| {
        let text = changes.iter().fold(text.to_owned(), |text, change| change.apply(&text));
        fs::write(root.join(path), &text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let (exit, said) = check(root);
        prop_assert!(matches!(exit, Exit::Success | Exit::CheckFailed), "{exit:?}");
        prop_assert!(said.contains("1 pipeline checked: "), "{said}");
        // A refusal names at least one error, and an error is a refusal.
        prop_assert_eq!(exit == Exit::CheckFailed, said.contains("error["), "{}", said);
        Ok(())
    });
    result.map_err(|error| error.to_string())
}

fn check(root: &std::path::Path) -> (Exit, String) {
    let said = Said::default();
    let arguments = ["river", "check", "p"].map(OsString::from);
    let exit = run_with(arguments, || Terminal {
        out: Output::new(said.clone()),
        err: Output::new(said.clone()),
        environment: BTreeMap::new(),
        folder: root.to_owned(),
        interactive: false,
        style: Style::Plain,
        clock: None,
    });
    let said = said.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (exit, String::from_utf8_lossy(&said).into_owned())
}

fn change() -> impl Strategy<Value = Change> {
    let place = || 0.0..1.0_f64;
    prop_oneof![
        (place(), 1..40_usize).prop_map(|(at, length)| Change::Delete(at, length)),
        (place(), 1..80_usize).prop_map(|(at, length)| Change::Double(at, length)),
        (place(), 0..PIECES.len()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (place(), place(), 1..60_usize).prop_map(|(from, to, length)| Change::Move(from, to, length)),
    ]
}

impl Change {
    fn apply(&self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        match *self {
            Self::Delete(at, length) => drop(cut(&mut letters, at, length)),
            Self::Double(at, length) => {
                let piece = cut(&mut letters, at, length);
                paste(&mut letters, at, &piece);
                paste(&mut letters, at, &piece);
            }
            Self::Insert(at, piece) => paste(&mut letters, at, &PIECES[piece].chars().collect::<Vec<_>>()),
            Self::Move(from, to, length) => {
                let piece = cut(&mut letters, from, length);
                paste(&mut letters, to, &piece);
            }
        }
        letters.into_iter().collect()
    }
}

fn cut(letters: &mut Vec<char>, at: f64, length: usize) -> Vec<char> {
    let start = place(letters, at);
    let end = letters.len().min(start + length);
    letters.drain(start..end).collect()
}

fn paste(letters: &mut Vec<char>, at: f64, piece: &[char]) {
    let start = place(letters, at);
    letters.splice(start..start, piece.iter().copied());
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a short length"
)]
fn place(letters: &[char], at: f64) -> usize {
    (at * letters.len() as f64) as usize
}

#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
