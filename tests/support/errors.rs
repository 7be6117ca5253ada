//! `docs/errors.md`: a section for every code, and in it only what is true.

use std::fs;

use libtest_mimic::Trial;
use regex::Regex;
use river::diagnostic::Code;

use super::process::{Ended, Run};
use super::project;

const DOCUMENT: &str = "docs/errors.md";

/// The part of a code.
struct Section {
    code: &'static str,
    text: String,
}

pub(crate) fn trials() -> Vec<Trial> {
    let Ok(document) = fs::read_to_string(project::repository().join(DOCUMENT)) else {
        return vec![Trial::test("errors/document", || Err(format!("there is no {DOCUMENT}").into()))];
    };
    let sections = Code::ALL
        .iter()
        .map(|code| code.as_str())
        .map(|code| Section { code, text: section(&document, code) });
    let mut trials: Vec<Trial> = sections
        .map(|section| Trial::test(format!("errors/{}", section.code), move || Ok(section.is_true()?)))
        .collect();
    trials.push(Trial::test("errors/no_other_codes", move || Ok(no_other_codes(&document)?)));
    trials
}

/// From the heading of a code to the next heading.
fn section(document: &str, code: &str) -> String {
    let heading = format!("### `{code}`\n");
    let Some((_, rest)) = document.split_once(&heading) else { return String::new() };
    rest.split("\n## ").next().unwrap_or_default().split("\n### ").next().unwrap_or_default().to_owned()
}

fn no_other_codes(document: &str) -> Result<(), String> {
    let heading = Regex::new("(?m)^### `(.+)`$").map_err(|error| error.to_string())?;
    let known: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let headings = heading.captures_iter(document).map(|found| found.extract::<1>().1[0]);
    let other: Vec<&str> = headings.filter(|code| !known.contains(code)).collect();
    if other.is_empty() {
        Ok(())
    } else {
        Err(format!("{DOCUMENT} explains codes that there are not: {other:?}"))
    }
}

impl Section {
    fn is_true(&self) -> Result<(), String> {
        if self.text.trim().is_empty() {
            return Err(format!("{DOCUMENT} has no section for `{}`", self.code));
        }
        match (self.block("```yaml\n# wrong"), self.block("```yaml\n# right")) {
            (Some(wrong), Some(right)) => {
                let (exit, said) = check(&wrong)?;
                if !said.contains(&format!("[{}]: ", self.code)) {
                    return Err(format!("the wrong example does not yield it (exit {exit:?}):\n{said}"));
                }
                let (exit, said) = check(&right)?;
                let clean = exit == Some(0) && said.contains("nothing to report");
                if clean { Ok(()) } else { Err(format!("the right example is not clean:\n{said}")) }
            }
            (None, None) => self.message_is_expected(),
            _ => Err("one of the examples is missing".to_owned()),
        }
    }

    /// The lines of a block that begins with this.
    fn block(&self, start: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(start)?;
        Some(rest.trim_start_matches('\n').split("```").next().unwrap_or_default().to_owned())
    }

    /// The message is what some case expects to read.
    fn message_is_expected(&self) -> Result<(), String> {
        let message = self.block("```text\n").ok_or("neither examples nor a message")?;
        if !message.starts_with(&format!("error[{}]: ", self.code)) {
            return Err(format!("this is no message of it: {message}"));
        }
        let texts = project::tree(&project::repository().join("tests/cases"));
        let mut texts = texts.into_iter().filter(|(path, _)| path.ends_with("stderr.txt"));
        let expected = texts
            .any(|(_, text)| String::from_utf8_lossy(&text).lines().any(|line| line == message.trim_end()));
        if expected { Ok(()) } else { Err(format!("no case expects `{}`", message.trim_end())) }
    }
}

fn check(pipeline: &str) -> Result<(Option<i32>, String), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    fs::write(folder.path().join("pipeline.yaml"), pipeline).map_err(|error| error.to_string())?;
    let ended: Ended = Run::new(folder.path().to_owned(), &["check", "pipeline.yaml"]).finish()?;
    Ok((ended.exit, String::from_utf8_lossy(&ended.stderr).into_owned()))
}
