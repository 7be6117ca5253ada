//! `docs/comparison.md`: what it says a command prints is what it prints.

use std::fs;

use libtest_mimic::Trial;

use super::process::Run;
use super::project;

const DOCUMENT: &str = "docs/comparison.md";
const COMMAND: &str = "$ river ";

pub(crate) fn trials() -> Vec<Trial> {
    let document = fs::read_to_string(project::repository().join(DOCUMENT)).unwrap_or_default();
    let blocks: Vec<&str> = document.split("```").skip(1).step_by(2).collect();
    let files: Vec<(String, String)> = blocks.iter().filter_map(|block| file(block)).collect();
    let consoles = blocks.iter().filter_map(|block| block.strip_prefix("console\n")?.strip_prefix(COMMAND));
    let trials: Vec<Trial> = consoles
        .map(|console| {
            let (command, printed) = console.split_once('\n').unwrap_or((console, ""));
            let (command, printed, files) = (command.to_owned(), printed.to_owned(), files.clone());
            Trial::test(format!("comparison/{command}"), move || Ok(prints(&command, &printed, &files)?))
        })
        .collect();
    if trials.is_empty() {
        return vec![Trial::test("comparison/document", || {
            Err(format!("{DOCUMENT} shows no command").into())
        })];
    }
    trials
}

/// A YAML block that begins with its name in a comment.
fn file(block: &str) -> Option<(String, String)> {
    let text = block.strip_prefix("yaml\n# ")?;
    let (name, _) = text.split_once('\n')?;
    name.strip_suffix(".yaml").map(|_| (name.to_owned(), format!("# {text}")))
}

fn prints(command: &str, printed: &str, files: &[(String, String)]) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    for (name, text) in files {
        fs::write(folder.path().join(name), text).map_err(|error| error.to_string())?;
    }
    let arguments: Vec<&str> = command.split(' ').collect();
    let ended = Run::new(folder.path().to_owned(), &arguments).finish()?;
    let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
    if said == printed { Ok(()) } else { Err(format!("it prints:\n{said}")) }
}
