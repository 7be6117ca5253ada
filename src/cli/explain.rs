//! `river explain`: what a code of a finding means, from the same text as the documentation.

use std::io::Write;

use super::args::ExplainArguments;
use super::exit::Exit;
use super::terminal::Terminal;
use crate::diagnostic::{Code, nearest, quoted_list};

const DOCUMENT: &str = include_str!("../../docs/errors.md");

/// Prints the section of a code.
pub(super) fn explain(arguments: &ExplainArguments, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    if let Some(section) = section(&arguments.code) {
        writeln!(terminal.out, "{section}")?;
        return Ok(Exit::Success);
    }
    let codes = || Code::ALL.iter().map(|code| code.as_str());
    let guess = nearest(&arguments.code, codes()).map(|code| format!("; did you mean `{code}`?"));
    writeln!(terminal.err, "error: there is no code `{}`{}", arguments.code, guess.unwrap_or_default())?;
    writeln!(terminal.err, "  = help: the codes are {}", quoted_list(codes()))?;
    Ok(Exit::Usage)
}

/// From the heading of a code to the next one.
fn section(code: &str) -> Option<&'static str> {
    let (start, _) = DOCUMENT.match_indices("\n### `").find(|(at, _)| {
        DOCUMENT[at + "\n### `".len()..].strip_prefix(code).is_some_and(|rest| rest.starts_with("`\n"))
    })?;
    let section = &DOCUMENT[start + 1..];
    let end = ["\n### ", "\n## "].iter().filter_map(|heading| section.find(heading)).min();
    Some(section[..end.unwrap_or(section.len())].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained() {
        for code in Code::ALL {
            let text = section(code.as_str()).unwrap_or_default();
            assert!(text.starts_with(&format!("### `{}`\n", code.as_str())), "{code:?}");
            assert_eq!(text.matches("###").count(), 1, "{code:?}");
        }
        assert_eq!(section("bad"), None);
    }
}
