//! `.env`: `NAME=value` lines beside the project, in the common dialect of such files.
//!
//! Own code, since a finding here must name the line and never show its value.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Findings, Sources, Span};

/// What some editors put at the beginning of a file: it is part of no name.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads the lines; one that is none is a finding, and its text is not shown.
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
    let mut lines =
        Lines { text, at: if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 } };
    while let Some((start, line)) = lines.next() {
        match lines.entry(line) {
            Ok(None) => {}
            Ok(Some((name, value))) => drop(values.insert(name, value)),
            Err(problem) => {
                let span = whole.with_range(start..start + line.trim_end().len());
                findings.push(about(shown, problem, span));
            }
        }
    }
    values
}

fn about(shown: &str, problem: &str, span: Span) -> Diagnostic {
    Diagnostic::error(Code::BadFile, format!("`{shown}` has a line that {problem}"))
        .at(span, "")
        .help("a line is `NAME=value`, or `NAME=\"value\"`, or a comment")
}

/// The lines of a file. A value in quotes may go on over several of them.
struct Lines<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lines<'t> {
    /// The next line, and where it starts.
    fn next(&mut self) -> Option<(usize, &'t str)> {
        let rest = &self.text[self.at..];
        let line = rest.split_inclusive('\n').next()?;
        let start = self.at;
        self.at += line.len();
        Some((start, line))
    }

    /// What a line says; none: it is empty or a comment.
    fn entry(&mut self, line: &'t str) -> Result<Option<(String, String)>, &'static str> {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return Ok(None);
        }
        if line.contains('\0') {
            return Err("has a NUL byte");
        }
        let (name, value) = trimmed.split_once('=').ok_or("has no `=`")?;
        let name = name.strip_prefix("export ").unwrap_or(name).trim();
        if !is_name(name) {
            return Err("does not start with a name");
        }
        let value = match value.trim_start().chars().next() {
            Some(quote @ ('\'' | '"')) => self.quoted(line, quote)?,
            _ => unquoted(value).to_owned(),
        };
        Ok(Some((name.to_owned(), value)))
    }

    /// A value in quotes, from the line on which it begins; nothing may follow but a comment.
    fn quoted(&mut self, line: &'t str, quote: char) -> Result<String, &'static str> {
        let begin = self.at - line.len() + line.find(quote).unwrap_or_default() + 1;
        let (value, end) = unescaped(&self.text[begin..], quote).ok_or("does not close its quote")?;
        let rest = &self.text[begin + end..];
        let rest = rest.split_inclusive('\n').next().unwrap_or_default();
        let after = rest.trim();
        if !(after.is_empty() || after.starts_with('#')) {
            return Err("goes on behind its closing quote");
        }
        self.at = begin + end + rest.len();
        Ok(value)
    }
}

fn is_name(name: &str) -> bool {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts && name.chars().all(|next| next.is_ascii_alphanumeric() || "_-.".contains(next))
}

/// A value without quotes: up to a `#` that begins it or has a blank before it.
fn unquoted(value: &str) -> &str {
    let is_comment = |&(at, _): &(usize, &str)| value[..at].ends_with([' ', '\t']) || value[..at].is_empty();
    let comment = value.match_indices('#').find(is_comment).map_or(value.len(), |(at, _)| at);
    value[..comment].trim()
}

/// What stands up to the closing quote, and where what follows it begins. In single quotes only a quote and a backslash
/// are escaped, in double ones line breaks and tabs as well.
fn unescaped(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => {
                let (_, next) = characters.next()?;
                match (next, quote) {
                    ('n', '"') => value.push('\n'),
                    ('r', '"') => value.push('\r'),
                    ('t', '"') => value.push('\t'),
                    ('\\' | '\'' | '"', _) => value.push(next),
                    // No escape: both stand for themselves.
                    _ => value.extend(['\\', next]),
                }
            }
            '\r' if text[at..].starts_with("\r\n") => {}
            other if other == quote => return Some((value, at + 1)),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_all(text: &str) -> (BTreeMap<String, String>, Vec<String>) {
        let mut findings = Findings::default();
        let values = read(".env", text, &mut Sources::default(), &mut findings);
        (values, findings.sorted().into_iter().map(|finding| finding.message).collect())
    }

    /// What is written, and the value that it has for `KEY`.
    #[test]
    fn the_common_dialect() {
        let table = [
            ("KEY=abc\n", "abc"),
            ("KEY=abc", "abc"),
            ("KEY=abc#def\n", "abc#def"),
            ("KEY=abc # a comment\n", "abc"),
            ("KEY=abc\t# a comment\n", "abc"),
            ("KEY= # nothing\n", ""),
            ("KEY=# nothing\n", ""),
            ("KEY=\n", ""),
            ("KEY=\"abc # def\"\n", "abc # def"),
            ("KEY=\"abc\" # a comment\n", "abc"),
            ("KEY='a$b \"c\"'\n", "a$b \"c\""),
            ("A=1\r\nKEY=abc\r\n", "abc"),
            ("KEY=\"abc\"\r\n", "abc"),
            ("\u{feff}KEY=abc\n", "abc"),
            ("export KEY=abc\n", "abc"),
            ("KEY = abc   \n", "abc"),
            ("  KEY=abc\n", "abc"),
            ("KEY=abc==\n", "abc=="),
            ("KEY=\"a$HOME\"\n", "a$HOME"),
            ("KEY=$2y$10$fbdLV2.d3\n", "$2y$10$fbdLV2.d3"),
            ("KEY=\"a\\nb\"\n", "a\nb"),
            ("KEY='a\\nb'\n", "a\\nb"),
            ("KEY='it\\'s'\n", "it's"),
            ("KEY=\"a\\qb\"\n", "a\\qb"),
            ("KEY=a\\b\n", "a\\b"),
            ("KEY=old\nKEY=new\n", "new"),
            ("KEY=\"line1\nline2\"\nA=1\n", "line1\nline2"),
            ("KEY=\"line1\r\nline2\"\r\n", "line1\nline2"),
            ("KEY='line1\nKEY=2' # c\n", "line1\nKEY=2"),
            ("key=no\nKEY=yes\n", "yes"),
            ("KEY=Gr\u{fc}\u{df}e\n", "Gr\u{fc}\u{df}e"),
            ("KEY=a\"b\"c\n", "a\"b\"c"),
            ("MY-KEY=1\nmy.key=2\nKEY=abc\n", "abc"),
            ("# KEY=no\n\nKEY=abc\n", "abc"),
        ];
        for (text, value) in table {
            let (values, findings) = read_all(text);
            assert_eq!(values.get("KEY").map(String::as_str), Some(value), "{text:?}");
            assert_eq!(findings, Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn a_bad_line_is_named_and_not_shown() {
        let mut sources = Sources::default();
        let mut findings = Findings::default();
        let text = "A=1\nsecretvalue\n1B=x\nD=\"x\" y\nE=\0\nC=\"x\n";
        let values = read(".env", text, &mut sources, &mut findings);
        let lines: Vec<usize> =
            findings.sorted().iter().map(|finding| sources.location(finding.labels[0].span).line).collect();
        assert_eq!((lines, values.len()), (vec![2, 3, 4, 5, 6], 1));
        let shown =
            crate::diagnostic::render(&findings.sorted()[0], &sources, crate::diagnostic::Style::Plain);
        assert!(!shown.contains("secretvalue"), "{shown}");
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "(?s)[A-Z='\"#\\\\ \r\n\u{feff}\u{e9}\0-]{0,40}") {
            read_all(&text);
        }

        #[test]
        fn a_quoted_value_comes_back(value in "(?s)[^\0\r]{0,30}", after in "( # [a-z'\"]*)?") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let (values, findings) = read_all(&format!("KEY=\"{quoted}\"{after}\nA=1\n"));
            prop_assert_eq!(findings, Vec::<String>::new());
            prop_assert_eq!(values.get("KEY"), Some(&value));
            prop_assert_eq!(values.len(), 2);
        }
    }
}
