//! What was found against what is expected; with `BLESS=1` what was found becomes what is expected.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::diff;

/// Whether expectations are written instead of compared.
pub(crate) fn is_blessing() -> bool {
    std::env::var_os("BLESS").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Takes out of a text what differs from run to run.
pub(crate) struct Normaliser {
    pub(crate) folder: PathBuf,
    pub(crate) servers: Vec<(String, &'static str)>,
    pub(crate) exact_times: bool,
    pub(crate) varying: Vec<Regex>,
}

/// Patterns that differ from run to run, and what stands for them.
static ALWAYS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let table = [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"127\.0\.0\.1%3A\d+", "127.0.0.1%3APORT"),
        (r"\b\d{8}T\d{6}Z-[0-9a-f]+", "RUN"),
        // Of the sandbox: its page tokens, access tokens and their expiry.
        (r#"(page_token=|page_token":")[A-Za-z0-9_-]{54}"#, "${1}PAGE_TOKEN"),
        (r"\b1000\.5a4db0f2e54f2e5b5a4db0f2e54f2e5b\.[0-9a-f]+", "REFRESH_TOKEN"),
        (r"\b1000\.[0-9a-f]{32}\.[0-9a-f]{32}\b", "ACCESS_TOKEN"),
        (r#"("page_token_expiry":")[^"]*"#, "${1}SOON"),
    ];
    table.map(|(pattern, stands)| (Regex::new(pattern).unwrap(), stands)).into()
});

static TIMES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(\d+ ms|\d+\.\d s|\d+ min \d+ s)\b").unwrap());

impl Normaliser {
    pub(crate) fn text(&self, bytes: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        for (address, name) in &self.servers {
            text = text.replace(address, name);
        }
        text = text.replace(&self.folder.display().to_string(), "DIR");
        for (pattern, stands) in ALWAYS.iter() {
            text = pattern.replace_all(&text, *stands).into_owned();
        }
        for pattern in &self.varying {
            text = pattern.replace_all(&text, "…").into_owned();
        }
        if self.exact_times { text } else { TIMES.replace_all(&text, "TIME").into_owned() }
    }
}

/// Compares a text with a file of the case; an empty text means that there is no such file.
pub(crate) fn text(file: &Path, found: &str) -> Result<(), String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if is_blessing() {
        return write_or_remove(file, found.as_bytes()).map_err(|error| format!("{name}: {error}"));
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    if expected == found {
        return Ok(());
    }
    Err(format!("{name} (- expected, + found):\n{}", diff::lines(&expected, found)))
}

/// Compares files with those in a folder of the case.
pub(crate) fn files(folder: &Path, found: &BTreeMap<PathBuf, Vec<u8>>) -> Result<(), String> {
    if is_blessing() {
        let _ = fs::remove_dir_all(folder);
        for (path, bytes) in found {
            write(&folder.join(path), bytes).map_err(|error| error.to_string())?;
        }
        return Ok(());
    }
    let expected = super::project::tree(folder);
    let mut problems: Vec<String> =
        found.iter().filter_map(|(path, bytes)| file(path, expected.get(path), bytes)).collect();
    let missing = expected.keys().filter(|path| !found.contains_key(*path));
    problems.extend(
        missing.map(|path| {
            format!("files: `{}` is expected and not there, or as it was before", path.display())
        }),
    );
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn file(path: &Path, expected: Option<&Vec<u8>>, found: &[u8]) -> Option<String> {
    let Some(expected) = expected else {
        return Some(format!("files: `{}` is there and not expected", path.display()));
    };
    let texts = [expected, found].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let shown = || diff::lines(&texts[0], &texts[1]);
    (expected != found).then(|| format!("files/{} (- expected, + found):\n{}", path.display(), shown()))
}

fn write_or_remove(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    match bytes {
        [] => match fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
        bytes => write(file, bytes),
    }
}

fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    file.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(file, bytes)
}
