//! The direction of `use`, and who may print, read from the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;
use std::{fs, iter};

use libtest_mimic::Trial;
use regex::Regex;

use super::project;

/// Which part may use which: modules of `src/`, and the members of the workspace in `crates/`. `cli` may use everything.
const ARROWS: [(&str, &[&str]); 18] = [
    ("secret", &[]),
    // Decides nothing; everything that makes something durable may name the instant.
    ("fault_point", &[]),
    ("threads", &[]),
    // What a checkpoint or a landing holds is text to it.
    ("state", &["fault_point"]),
    ("diagnostic", &[]),
    ("sandbox", &[]),
    ("kit", &[]),
    ("spec", &["diagnostic"]),
    ("expr", &["diagnostic"]),
    ("plan", &["spec", "expr", "diagnostic", "secret"]),
    ("http", &["plan", "expr", "secret"]),
    ("record", &["expr"]),
    ("paging", &["plan"]),
    ("target", &["record", "plan", "fault_point", "threads"]),
    ("auth", &["http", "plan", "expr", "secret", "fault_point", "spec", "diagnostic"]),
    (
        "run",
        &[
            "plan",
            "fault_point",
            "threads",
            "spec",
            "state",
            "http",
            "auth",
            "paging",
            "record",
            "target",
            "expr",
            "diagnostic",
            "secret",
        ],
    ),
    // `target::Landed` is part of an outcome.
    ("report", &["run", "target", "diagnostic"]),
    ("cli", &["*"]),
];

/// Paths that a part may use beyond its arrows, or the only ones of an arrow that it may use.
const ONLY: [(&str, &str, &[&str]); 4] = [
    // The words of a connection, and where they stand.
    ("auth", "spec", &["spec::auth"]),
    ("auth", "diagnostic", &["diagnostic::Span"]),
    ("report", "run", &["run::event", "run::outcome", "run::preview"]),
    // Retry waits, rules and periods are written as the author wrote them.
    ("run", "spec", &["spec::step::RuleAction", "spec::value::parse_period", "spec::auth"]),
];

/// Words by which a source prints or takes a standard stream.
static PRINTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(e?println!|e?print!|dbg!|io::stdout\(|io::stderr\(|stdout\(\)\.lock|stderr\(\)\.lock)")
        .unwrap()
});

static PATHS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bcrate::(\{[^}]*\}|[\w:]+)").unwrap());

/// The name of a package of ours: `river::…`, or a member such as `river_sandbox`.
static PACKAGES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!(r"\briver(?:_({})\b|::)", members().join("|"))).unwrap());

/// A source file without its tests and comments.
struct Source {
    shown: String,
    part: String,
    /// Whether the part is a package of its own, so that `crate::` does not leave it.
    member: bool,
    code: String,
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("architecture/direction_of_use", || Ok(direction_of_use()?)),
        Trial::test("architecture/only_cli_and_report_print", || Ok(only_cli_and_report_print()?)),
        Trial::test("architecture/every_part_has_its_arrows", || Ok(every_part_has_its_arrows()?)),
    ]
}

fn direction_of_use() -> Result<(), String> {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let mut against = BTreeSet::new();
    for source in sources() {
        let Some(allowed) = arrows.get(source.part.as_str()) else { continue };
        for path in source.used() {
            let to = path.split("::").next().unwrap_or_default();
            let may = allowed.contains(&"*") || allowed.contains(&to) || to == source.part;
            if !may || !within_limits(&source.part, to, &path) {
                against.insert(format!("{}: `{}` uses `{path}`", source.shown, source.part));
            }
        }
    }
    nothing("uses against the arrows of tests/support/architecture.rs", against)
}

fn only_cli_and_report_print() -> Result<(), String> {
    let prints =
        sources().into_iter().filter(|source| !["cli", "report", "main"].contains(&source.part.as_str()));
    let prints = prints.flat_map(|source| {
        let found: Vec<String> =
            PRINTS.find_iter(&source.code).map(|found| found.as_str().to_owned()).collect();
        found.into_iter().map(move |word| format!("{}: {word}", source.shown))
    });
    nothing("prints outside of cli and report", prints.collect())
}

/// A new part has to say what it may use; a part that is gone has nothing to say.
fn every_part_has_its_arrows() -> Result<(), String> {
    let parts: BTreeSet<String> = sources()
        .into_iter()
        .map(|source| source.part)
        .filter(|part| part != "lib" && part != "main")
        .collect();
    let listed: BTreeSet<String> = ARROWS.iter().map(|(part, _)| (*part).to_owned()).collect();
    nothing(
        "parts without arrows, or arrows without a part",
        parts.symmetric_difference(&listed).cloned().collect(),
    )
}

fn within_limits(from: &str, to: &str, path: &str) -> bool {
    let limit = ONLY.iter().find(|(part, arrow, _)| *part == from && *arrow == to);
    limit.is_none_or(|(.., only)| only.iter().any(|allowed| path.starts_with(allowed)))
}

fn nothing(what: &str, found: BTreeSet<String>) -> Result<(), String> {
    if found.is_empty() {
        return Ok(());
    }
    Err(format!("{what}:\n  {}", found.into_iter().collect::<Vec<_>>().join("\n  ")))
}

impl Source {
    fn read(path: &Path, bytes: &[u8], shown: String, member: Option<&str>) -> Self {
        let module = path.iter().next().map(Path::new).and_then(Path::file_stem).unwrap_or_default();
        Self {
            shown,
            part: member.map_or_else(|| module.to_string_lossy().into_owned(), str::to_owned),
            member: member.is_some(),
            code: code(&String::from_utf8_lossy(bytes)),
        }
    }

    /// What it names of other parts, beginning with the part.
    fn used(&self) -> Vec<String> {
        let mut used = if self.member { Vec::new() } else { behind_crate(&self.code) };
        let packages = PACKAGES.captures_iter(&self.code);
        used.extend(packages.map(|found| found.get(1).map_or("river", |member| member.as_str()).to_owned()));
        used
    }
}

/// The paths behind `crate::`; a group gives each of its members.
fn behind_crate(code: &str) -> Vec<String> {
    let found = PATHS.captures_iter(code).map(|found| found[1].trim_end_matches(':').to_owned());
    found
        .flat_map(|path| match path.strip_prefix('{') {
            None => vec![path],
            Some(group) => group
                .trim_end_matches('}')
                .split(',')
                .map(|one| one.trim().to_owned())
                .filter(|one| !one.is_empty())
                .collect(),
        })
        .collect()
}

fn sources() -> Vec<Source> {
    let members = members();
    let of_members = members.iter().map(|member| (format!("crates/{member}/src"), Some(member.as_str())));
    iter::once(("src".to_owned(), None))
        .chain(of_members)
        .flat_map(|(folder, member)| within(&folder, member))
        .collect()
}

fn within(folder: &str, member: Option<&str>) -> Vec<Source> {
    let files = project::tree(&project::repository().join(folder));
    files
        .iter()
        .filter(|(path, _)| path.extension().is_some_and(|end| end == "rs") && !is_test(path))
        .map(|(path, bytes)| Source::read(path, bytes, format!("{folder}/{}", path.display()), member))
        .collect()
}

/// The folders in `crates/`, each a part of its own.
fn members() -> Vec<String> {
    let entries = fs::read_dir(project::repository().join("crates")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

pub(super) fn is_test(path: &Path) -> bool {
    path.iter()
        .any(|part| part == "tests" || part == "tests.rs" || part.to_string_lossy().ends_with("_tests.rs"))
}

/// Where the tests at the end of a file begin.
static TESTS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\n#\[cfg\(test\)\]\n(pub\S* )?mod \w+ \{").unwrap());

/// Up to the tests at the end, without comments.
fn code(text: &str) -> String {
    let text = TESTS.split(text).next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}
