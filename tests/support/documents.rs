//! Pipelines in documents and folders of this repository: each passes `river check`.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use super::process::Run;
use super::project;

/// Where documents with pipelines in them may be.
const DOCUMENTS: [&str; 3] = ["README.md", "docs", "CONTRIBUTING.md"];

/// Where pipelines are.
const PIPELINES: [&str; 2] = ["pipelines", "examples"];

pub(crate) fn trials() -> Vec<Trial> {
    let blocks = documents().into_iter().flat_map(|document| {
        let text = fs::read_to_string(&document).unwrap_or_default();
        let name = relative(&document);
        whole_pipelines(&text)
            .into_iter()
            .map(move |(line, block)| {
                let name = format!("documents/{name}:{line}");
                Trial::test(name, move || Ok(check_block(&block)?))
            })
            .collect::<Vec<_>>()
    });
    let files = PIPELINES.iter().flat_map(|folder| files(Path::new(folder), "yaml")).map(|file| {
        let name = relative(&file);
        Trial::test(format!("documents/{name}"), move || Ok(check_file(&name)?))
    });
    blocks.chain(files).collect()
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

/// The YAML blocks that begin with `name:`, with the lines at which they begin.
fn whole_pipelines(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.trim_start().starts_with("```yaml") {
            let block: Vec<&str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```").collect();
            if block.first().is_some_and(|first| first.starts_with("name:")) {
                blocks.push((number + 1, block.join("\n") + "\n"));
            }
        }
    }
    blocks
}

/// A block is checked with the connections of this repository beside it.
fn check_block(block: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    fs::write(folder.path().join("pipeline.yaml"), block).map_err(|error| error.to_string())?;
    let connections = folder.path().join("connections");
    fs::create_dir(&connections).map_err(|error| error.to_string())?;
    for file in files(Path::new("connections"), "yaml") {
        let to = connections.join(file.file_name().unwrap_or_default());
        fs::copy(&file, to).map_err(|error| error.to_string())?;
    }
    check(folder.path().to_owned(), "pipeline.yaml")
}

fn check_file(name: &str) -> Result<(), String> {
    check(project::repository().to_owned(), name)
}

fn check(folder: PathBuf, name: &str) -> Result<(), String> {
    let ended = Run::new(folder, &["check", name]).finish()?;
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    if ended.exit == Some(0) && said.contains("nothing to report") { Ok(()) } else { Err(said) }
}
