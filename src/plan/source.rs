//! Where a value comes from that is not written in the file: `from: env:NAME` and its like. Nothing is looked up here.

use std::fmt;

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Findings, nearest};
use crate::spec::connection::{FromSpec, SourceTable};
use crate::spec::node::Text;
use crate::spec::value::TemplateText;

/// A value that is taken from outside when a run starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    /// Where it is.
    pub origin: Origin,
    /// What holds without it.
    pub default: Option<Value>,
    /// What it is for.
    pub description: Option<String>,
}

/// A place outside of the file. Shown, it says where, and never what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An environment variable or a line of `.env`.
    Environment(String),
    /// A file, by a path relative to the project's root; it may begin with [`CREDENTIALS`].
    File(String),
    /// An entry of the system's keyring.
    Keyring(String),
    /// A person at the terminal.
    Prompt,
    /// What a program prints: the program and its arguments.
    Command(Vec<String>),
}

impl Origin {
    /// Whether somebody at the terminal is asked.
    pub fn asks_a_person(&self) -> bool {
        match self {
            Self::Prompt => true,
            Self::Environment(_) | Self::File(_) | Self::Keyring(_) | Self::Command(_) => false,
        }
    }
}

/// The one variable that a path may begin with: the folder that systemd makes for a unit's credentials (systemd.exec(5),
/// `LoadCredential=`).
pub const CREDENTIALS: &str = "$CREDENTIALS_DIRECTORY";

const HELP: &str =
    "write `env:NAME`, `file:PATH`, `keyring:NAME`, `prompt`, or `{ command: [PROGRAM, ARGUMENT] }`";

impl Outside {
    /// The environment variable that it is.
    pub fn variable(&self) -> Option<&str> {
        match &self.origin {
            Origin::Environment(variable) => Some(variable),
            Origin::File(_) | Origin::Keyring(_) | Origin::Prompt | Origin::Command(_) => None,
        }
    }

    /// What a table says; what is wrong becomes a finding.
    pub(super) fn build(table: &SourceTable, findings: &mut Findings) -> Option<Self> {
        let origin = match table.from.given()? {
            FromSpec::Word(text) => word(text),
            FromSpec::Command(table) => command(&table.command.given()?.words),
        };
        let origin = origin.map_err(|finding| findings.push(*finding)).ok()?;
        Some(Self {
            origin,
            default: table.default.given().map(|any| any.0.to_json()),
            description: table.description.given().map(|text| text.value.clone()),
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(variable) => write!(formatter, "environment variable `{variable}`"),
            Self::File(path) => write!(formatter, "file `{path}`"),
            Self::Keyring(name) => write!(formatter, "keyring entry `{name}`"),
            Self::Prompt => formatter.write_str("asked at the terminal"),
            Self::Command(words) => write!(formatter, "command `{}`", command_line(words)),
        }
    }
}

/// A command as a person would type it; arguments are no secrets.
pub fn command_line(words: &[String]) -> String {
    let plain = |word: &str| {
        !word.is_empty()
            && !word.chars().any(|next| next.is_whitespace() || "'\"\\$`*?;&|<>()".contains(next))
    };
    let quoted = |word: &String| {
        if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', "'\\''")) }
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

type Refused = Box<Diagnostic>;

fn word(text: &Text) -> Result<Origin, Refused> {
    let from = text.value.as_str();
    if from.contains("{{") {
        return refused(text, format!("`{from}` is not rendered: a source is no template"), "write it out");
    }
    match from.split_once(':') {
        None if from == "prompt" => Ok(Origin::Prompt),
        Some(("env" | "file" | "keyring", "")) => {
            refused(text, format!("`{from}` lacks what comes after the colon"), HELP)
        }
        Some(("env", variable)) => Ok(Origin::Environment(variable.to_owned())),
        Some(("file", path)) => file(text, path),
        Some(("keyring", name)) => keyring(text, name),
        Some(("command", line)) => {
            let words = line.split_whitespace().collect::<Vec<_>>().join(", ");
            refused(
                text,
                "a command is written as a list".to_owned(),
                &format!("write `from: {{ command: [{words}] }}`"),
            )
        }
        _ => Err(Box::new(unknown(text))),
    }
}

fn refused<T>(text: &Text, message: String, help: &str) -> Result<T, Refused> {
    Err(Box::new(Diagnostic::error(Code::BadValue, message).at(text.span, "").help(help)))
}

fn unknown(text: &Text) -> Diagnostic {
    let from = text.value.as_str();
    let variable = !from.is_empty()
        && from.chars().all(|next| next.is_ascii_uppercase() || next.is_ascii_digit() || next == '_');
    // In a template it is `env.NAME`.
    let kind = from.split([':', '.']).next().unwrap_or_default();
    let guess = if variable {
        Some(format!("env:{from}"))
    } else {
        nearest(kind, ["env", "file", "keyring", "prompt", "command"]).map(|near| {
            match from.split_once([':', '.']) {
                Some((_, rest)) if near != "prompt" => format!("{near}:{rest}"),
                _ => near.to_owned(),
            }
        })
    };
    let guess = guess.map(|word| format!("did you mean `{word}`?")).unwrap_or_default();
    let message = format!("`{from}` does not say where the value comes from");
    Diagnostic::error(Code::BadValue, message).at(text.span, guess).help(HELP)
}

fn file(text: &Text, path: &str) -> Result<Origin, Refused> {
    let rest = path.strip_prefix(CREDENTIALS);
    if path.starts_with('$') && !rest.is_some_and(|rest| rest.starts_with('/')) {
        let message = format!("only `{CREDENTIALS}/` is filled in at the start of a path, here is `{path}`");
        return refused(text, message, "write the path itself; it is relative to the project's root");
    }
    if path.starts_with('~') {
        let message = format!("`~` is not filled in: `{path}` would be a file of the project");
        return refused(text, message, "write the whole path");
    }
    Ok(Origin::File(path.to_owned()))
}

/// What reads the keyring brings many crates, so that not every river has it.
fn keyring(text: &Text, name: &str) -> Result<Origin, Refused> {
    if cfg!(feature = "keyring") {
        return Ok(Origin::Keyring(name.to_owned()));
    }
    let finding =
        Diagnostic::error(Code::NotBuilt, "this river was built without the keyring").at(text.span, "");
    Err(Box::new(
        finding.help(
            "build it with `cargo build --release --features keyring`, or take the value from elsewhere",
        ),
    ))
}

fn command(words: &[TemplateText]) -> Result<Origin, Refused> {
    match words.iter().find(|word| word.0.value.contains("{{")) {
        Some(word) => {
            let message = format!("`{}` is not rendered: a source is no template", word.0.value);
            refused(&word.0, message, "write it out")
        }
        None => Ok(Origin::Command(words.iter().map(|word| word.0.value.clone()).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_for_people() {
        let command = |words: &[&str]| Origin::Command(words.iter().map(|word| (*word).to_owned()).collect());
        let cases = [
            (Origin::Environment("A".to_owned()), "environment variable `A`"),
            (Origin::File("secrets/x".to_owned()), "file `secrets/x`"),
            (Origin::Keyring("x".to_owned()), "keyring entry `x`"),
            (Origin::Prompt, "asked at the terminal"),
            (command(&["pass", "show", "a/b"]), "command `pass show a/b`"),
            (command(&["sh", "-c", "echo $A", ""]), "command `sh -c 'echo $A' ''`"),
            (command(&["echo", "it's"]), r"command `echo 'it'\''s'`"),
        ];
        for (origin, expected) in cases {
            assert_eq!(origin.to_string(), expected);
        }
    }
}
