//! Pipelines and connections in documents and folders of this repository: each passes `river check`. Links lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use regex::Regex;

use super::process::Run;
use super::project;

/// Where documents with pipelines in them may be.
const DOCUMENTS: [&str; 3] = ["README.md", "docs", "CONTRIBUTING.md"];

/// Where documents are whose links lead into this repository.
const LINKED: [&str; 8] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs",
    "examples",
    "benches",
];

/// Where pipelines are.
const PIPELINES: [&str; 2] = ["pipelines", "examples"];

pub(crate) fn trials() -> Vec<Trial> {
    let blocks = documents().into_iter().flat_map(|document| {
        let text = fs::read_to_string(&document).unwrap_or_default();
        let name = relative(&document);
        blocks(&text)
            .into_iter()
            .filter_map(move |(line, block)| {
                let file = file_of(&block)?;
                let name = format!("documents/{name}:{line}");
                Some(Trial::test(name, move || Ok(check_block(&file, &block)?)))
            })
            .collect::<Vec<_>>()
    });
    let files = PIPELINES.iter().flat_map(|folder| files(Path::new(folder), "yaml")).map(|file| {
        let name = relative(&file);
        Trial::test(format!("documents/{name}"), move || Ok(check_file(&name)?))
    });
    let links = Trial::test("documents/links_lead_somewhere", || Ok(links_lead_somewhere()?));
    let pages = Trial::test("documents/every_page_is_in_the_summary", || Ok(every_page_is_in_the_summary()?));
    blocks.chain(files).chain([links, pages]).collect()
}

fn documents() -> Vec<PathBuf> {
    DOCUMENTS.iter().flat_map(|place| files(Path::new(place), "md")).collect()
}

fn files(place: &Path, ending: &str) -> Vec<PathBuf> {
    let place = project::repository().join(place);
    if place.is_file() {
        return vec![place];
    }
    let inner =
        project::tree(&place).into_keys().filter(|path| path.extension().is_some_and(|end| end == ending));
    inner.map(|path| place.join(path)).collect()
}

fn relative(path: &Path) -> String {
    path.strip_prefix(project::repository()).unwrap_or(path).display().to_string()
}

/// The file of every relative link is there; places within a file are not looked at.
fn links_lead_somewhere() -> Result<(), String> {
    let link = Regex::new(r"\]\(([^)#\s]+)").map_err(|error| error.to_string())?;
    let mut broken = Vec::new();
    for document in LINKED.iter().flat_map(|place| files(Path::new(place), "md")) {
        let text = fs::read_to_string(&document).unwrap_or_default();
        let folder = document.parent().unwrap_or(&document);
        for found in link.captures_iter(&text) {
            if !found[1].contains("://") && !folder.join(&found[1]).exists() {
                broken.push(format!("{}: {}", relative(&document), &found[1]));
            }
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(format!("broken links:\n  {}", broken.join("\n  "))) }
}

fn every_page_is_in_the_summary() -> Result<(), String> {
    let docs = project::repository().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).map_err(|error| error.to_string())?;
    let pages = files(Path::new("docs"), "md").into_iter();
    let pages = pages.map(|page| page.strip_prefix(&docs).unwrap_or(&page).display().to_string());
    let missing: Vec<String> =
        pages.filter(|page| page != "SUMMARY.md" && !summary.contains(&format!("({page})"))).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("not in docs/SUMMARY.md: {}", missing.join(", "))) }
}

/// What a block is: a pipeline begins with its name, a connection with that of its file. None: it is a fragment.
fn file_of(block: &str) -> Option<String> {
    let first = block.lines().next()?;
    let connection = first.strip_prefix("# ").filter(|file| file.starts_with("connections/"));
    let pipeline = first.starts_with("name:").then_some("pipeline.yaml");
    pipeline.or(connection).map(str::to_owned)
}

/// The YAML blocks, with the lines at which they begin.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.trim_start().starts_with("```yaml") {
            let block: Vec<&str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```").collect();
            blocks.push((number + 1, block.join("\n") + "\n"));
        }
    }
    blocks
}

/// A block is checked with the connections of this repository beside it.
fn check_block(name: &str, block: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let connections = folder.path().join("connections");
    fs::create_dir(&connections).map_err(|error| error.to_string())?;
    for file in files(Path::new("connections"), "yaml") {
        let to = connections.join(file.file_name().unwrap_or_default());
        fs::copy(&file, to).map_err(|error| error.to_string())?;
    }
    fs::write(folder.path().join(name), block).map_err(|error| error.to_string())?;
    check(folder.path().to_owned(), name)
}

fn check_file(name: &str) -> Result<(), String> {
    check(project::repository().to_owned(), name)
}

fn check(folder: PathBuf, name: &str) -> Result<(), String> {
    let ended = Run::new(folder, &["check", name]).finish()?;
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    if ended.exit == Some(0) && said.contains("nothing to report") { Ok(()) } else { Err(said) }
}
