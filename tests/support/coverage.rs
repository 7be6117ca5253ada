//! Every code of a finding is in what some case expects.

use std::fs;
use std::path::PathBuf;

use libtest_mimic::Trial;
use regex::Regex;

use super::project;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("coverage/every_code_is_in_a_case", || Ok(every_code()?)),
        Trial::test("coverage/every_expected_file_belongs_to_a_case", || Ok(every_file()?)),
    ]
}

fn every_code() -> Result<(), String> {
    let source = fs::read_to_string(project::repository().join("src/diagnostic/code.rs"));
    let source = source.map_err(|error| error.to_string())?;
    let code = Regex::new(r#"\b[A-Z]\w+ = "([a-z-]+)","#).map_err(|error| error.to_string())?;
    let codes: Vec<&str> = code.captures_iter(&source).map(|found| found.extract::<1>().1[0]).collect();
    if codes.is_empty() {
        return Err("src/diagnostic/code.rs has no codes that this test can read".to_owned());
    }
    let said: String = expected_texts().into_values().collect();
    let unseen: Vec<&str> = codes.into_iter().filter(|code| !said.contains(&format!("[{code}]: "))).collect();
    if unseen.is_empty() { Ok(()) } else { Err(format!("no case expects {}", unseen.join(", "))) }
}

/// A folder whose pipeline is gone is no case any more.
fn every_file() -> Result<(), String> {
    let tree = project::tree(&cases());
    let stray: Vec<String> =
        tree.keys().filter(|path| path.iter().count() < 3).map(|path| path.display().to_string()).collect();
    if stray.is_empty() { Ok(()) } else { Err(format!("not in a case's folder: {}", stray.join(", "))) }
}

fn expected_texts() -> std::collections::BTreeMap<PathBuf, String> {
    let texts = project::tree(&cases()).into_iter().filter(|(path, _)| path.ends_with("stderr.txt"));
    texts.map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned())).collect()
}

fn cases() -> PathBuf {
    project::repository().join("tests/cases")
}
