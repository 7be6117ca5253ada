//! `.env`: `NAME=value` lines beside the project.
//!
//! Own code, since a finding here must name the line and never show its value.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Findings, Sources};

/// Reads the lines; a line that is none is a finding, and its text is not shown.
pub(super) fn read(
    shown: &str,
    text: &str,
    sources: &mut Sources,
    findings: &mut Findings,
) -> BTreeMap<String, String> {
    let file = sources.add(shown, text);
    let whole = sources.start_of(file).with_range(0..text.len());
    sources.mask(whole);
    let mut values = BTreeMap::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let span = whole.with_range(start..start + line.trim_end().len());
        start += line.len();
        match parse(line.trim()) {
            Ok(None) => {}
            Ok(Some((name, value))) => drop(values.insert(name, value)),
            Err(problem) => findings.push(
                Diagnostic::error(Code::BadFile, format!("`{shown}` has a line that {problem}"))
                    .at(span, "")
                    .help("a line is `NAME=value`, or `NAME=\"value\"`, or a comment"),
            ),
        }
    }
    values
}

fn parse(line: &str) -> Result<Option<(String, String)>, &'static str> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or("has no `=`")?;
    let name = name.trim();
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if !starts || !name.chars().all(|next| next.is_ascii_alphanumeric() || next == '_') {
        return Err("does not start with a name");
    }
    Ok(Some((name.to_owned(), unquoted(value.trim())?)))
}

fn unquoted(value: &str) -> Result<String, &'static str> {
    match value.chars().next() {
        Some('\'') => {
            value[1..].split_once('\'').map(|(inner, _)| inner.to_owned()).ok_or("does not close its quote")
        }
        Some('"') => double_quoted(&value[1..]),
        _ => Ok(value.split(" #").next().unwrap_or_default().trim_end().to_owned()),
    }
}

fn double_quoted(rest: &str) -> Result<String, &'static str> {
    let mut text = String::new();
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return Ok(text),
            '\\' => match characters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
                None => break,
            },
            other => text.push(other),
        }
    }
    Err("does not close its quote")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let text = "# c\nA=1\nexport B = two # c\nC='a # b'\nD=\"x\\ny\"\n\nE=\n";
        let mut findings = Findings::default();
        let values = read(".env", text, &mut Sources::default(), &mut findings);
        let expected = [("A", "1"), ("B", "two"), ("C", "a # b"), ("D", "x\ny"), ("E", "")];
        assert_eq!(values, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert!(findings.is_empty());
    }

    #[test]
    fn a_bad_line_is_named_and_not_shown() {
        let mut sources = Sources::default();
        let mut findings = Findings::default();
        read(".env", "A=1\nsecretvalue\n1B=x\nC=\"x\n", &mut sources, &mut findings);
        let lines: Vec<usize> =
            findings.sorted().iter().map(|finding| sources.location(finding.labels[0].span).line).collect();
        assert_eq!(lines, [2, 3, 4]);
        let shown =
            crate::diagnostic::render(&findings.sorted()[0], &sources, crate::diagnostic::Style::Plain);
        assert!(!shown.contains("secretvalue"), "{shown}");
    }
}
