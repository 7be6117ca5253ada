//! Which files `river check` is asked about: pipelines and connections, by name, file or folder.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic};

/// A file to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum File {
    /// A pipeline, as given or as found.
    Pipeline(String),
    /// A connection.
    Connection(PathBuf),
}

/// The files of what was given; without anything, of the project's `pipelines/`. Err: there is no such folder.
pub(super) fn files(
    given: &[String],
    folder: &Path,
) -> Result<Vec<Result<File, Diagnostic>>, Box<Diagnostic>> {
    if given.is_empty() {
        let pipelines = pipelines_of(folder).ok_or_else(|| Box::new(no_pipelines()))?;
        return Ok(below(&pipelines, folder));
    }
    Ok(given.iter().flat_map(|name| files_of(name, folder)).collect())
}

fn files_of(name: &str, folder: &Path) -> Vec<Result<File, Diagnostic>> {
    let path = folder.join(name);
    if path.is_dir() {
        return below(&path, folder);
    }
    let connection = path.is_file() && is_connection(&path);
    vec![Ok(if connection { File::Connection(path) } else { File::Pipeline(name.to_owned()) })]
}

/// The folder `pipelines` of the nearest ancestor that has one, up to the project's root.
fn pipelines_of(folder: &Path) -> Option<PathBuf> {
    for ancestor in folder.ancestors() {
        let pipelines = ancestor.join("pipelines");
        if pipelines.is_dir() {
            return Some(pipelines);
        }
        if ancestor.join("river.yaml").is_file() || ancestor.join(".river").is_dir() {
            break;
        }
    }
    None
}

fn no_pipelines() -> Diagnostic {
    Diagnostic::error(Code::BadFile, "there is no folder `pipelines` here")
        .help("name files or folders: `river check FILE`, `river check jobs/`")
}

/// Every `.yaml` file below a folder, but for hidden folders, in the order of their names.
fn below(top: &Path, folder: &Path) -> Vec<Result<File, Diagnostic>> {
    let mut paths = Vec::new();
    collect(top, &mut paths);
    if paths.is_empty() {
        let shown = top.strip_prefix(folder).unwrap_or(top).display();
        let finding = Diagnostic::error(Code::BadFile, format!("there is no `.yaml` file below `{shown}`"));
        return vec![Err(finding.help("name the folder that holds your pipelines"))];
    }
    let file = |path: PathBuf| {
        if is_connection(&path) {
            return File::Connection(path);
        }
        File::Pipeline(path.strip_prefix(folder).unwrap_or(&path).display().to_string())
    };
    paths.into_iter().map(file).map(Ok).collect()
}

/// Every `.yaml` file in a folder itself, in the order of their names.
pub(super) fn beside(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.is_file() && path.extension().is_some_and(|end| end == "yaml")).collect();
    paths.sort();
    paths
}

/// Every `.yaml` file below a folder. Links to folders are not followed: they may lead in circles.
pub(super) fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if !hidden {
                collect(&path, paths);
            }
        } else if !hidden && path.is_file() && path.extension().is_some_and(|end| end == "yaml") {
            paths.push(path);
        }
    }
}

fn is_connection(path: &Path) -> bool {
    path.parent().and_then(Path::file_name).is_some_and(|name| name == "connections")
}
