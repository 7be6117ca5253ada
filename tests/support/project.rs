//! The temporary project in which a case runs.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::case::{Case, RESERVED, Settings, with_dots, without_dots};
use super::process::NOBODY;

/// A folder that is removed at the end, and what was in it before the run.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    before: BTreeMap<PathBuf, Vec<u8>>,
}

impl Project {
    /// Copies the case's files.
    pub(crate) fn of(case: &Case, settings: &Settings) -> Result<Self, String> {
        let folder =
            tempfile::Builder::new().prefix("river-case-").tempdir().map_err(|error| error.to_string())?;
        let root = folder.path();
        let own = tree(&case.folder).into_iter().filter(|(path, _)| {
            let first = path.iter().next().unwrap_or_default().to_string_lossy().into_owned();
            !RESERVED.contains(&first.as_str())
        });
        for (path, bytes) in own {
            write(&root.join(with_dots(&path)), &bytes)?;
        }
        for path in &settings.copy {
            let bytes =
                fs::read(repository().join(path)).map_err(|error| format!("{}: {error}", path.display()))?;
            write(&root.join(path), &bytes)?;
        }
        for (path, text) in &settings.files_before {
            write(&root.join(path), text.as_bytes())?;
        }
        for (path, sql) in &settings.databases_before {
            super::readable::make_database(&root.join(path), sql)?;
        }
        for (path, text) in &settings.compressed_before {
            write(&root.join(path), &super::readable::compressed(path, text)?)?;
        }
        for path in &settings.folders_before {
            fs::create_dir_all(root.join(path)).map_err(|error| error.to_string())?;
        }
        let before = tree(root);
        Ok(Self { folder, before })
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Replaces texts in a file of the project.
    pub(crate) fn fill(&mut self, path: &Path, texts: &[(&str, String)]) -> Result<(), String> {
        let file = self.root().join(path);
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", path.display()))?;
        let filled = texts.iter().fold(text, |text, (old, new)| text.replace(old, new));
        write(&file, filled.as_bytes())?;
        self.before.insert(path.to_owned(), filled.into_bytes());
        Ok(())
    }

    /// Changes permissions, and gives the project to the user who will run in it.
    pub(crate) fn protect(&self, settings: &Settings) -> Result<(), String> {
        if settings.modes.is_empty() {
            return Ok(());
        }
        if rustix::process::geteuid().is_root() {
            give_away(self.root()).map_err(|error| error.to_string())?;
        }
        // What an earlier command makes is not there before it.
        for (path, mode) in settings.modes.iter().filter(|(path, _)| self.root().join(path).exists()) {
            set_mode(&self.root().join(path), mode.bits()?)?;
        }
        Ok(())
    }

    /// Lets the folder be read and removed again.
    pub(crate) fn unprotect(&self, settings: &Settings) -> Result<(), String> {
        let mut paths = settings.modes.keys().map(|path| self.root().join(path));
        paths.try_for_each(|path| if path.exists() { set_mode(&path, 0o755) } else { Ok(()) })
    }

    /// The files that are new or not as they were. A file that was removed has no bytes and a name that says so.
    pub(crate) fn changed(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let after = tree(self.root());
        let gone = self.before.keys().filter(|path| !after.contains_key(*path));
        let gone: Vec<_> = gone.map(|path| (removed(path), vec![])).collect();
        let changed = after
            .into_iter()
            .filter(|(path, bytes)| self.before.get(path) != Some(bytes) && !is_of_the_token_store(path));
        changed.map(|(path, bytes)| (without_dots(&path), bytes)).chain(gone).collect()
    }
}

/// Its key is random, and so are all its names: `tests/token_store.rs` looks at it.
fn is_of_the_token_store(path: &Path) -> bool {
    let Ok(inner) = path.strip_prefix(".river/sandbox").or_else(|_| path.strip_prefix(".river")) else {
        return false;
    };
    inner.starts_with("tokens")
        || inner.starts_with("secrets")
        || ["key", "key.lock", ".gitignore"].iter().any(|name| inner == Path::new(name))
}

fn removed(path: &Path) -> PathBuf {
    let mut name = without_dots(path).into_os_string();
    name.push(".REMOVED");
    name.into()
}

/// The repository's root.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder, by their paths in it; none if it is not there.
pub(crate) fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(folder.join(&inner)).into_iter().flatten().flatten() {
            let path = inner.join(entry.file_name());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                _ => drop(files.insert(path, fs::read(entry.path()).unwrap_or_default())),
            }
        }
    }
    files
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), String> {
    let written = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(file, bytes));
    written.map_err(|error| format!("{}: {error}", file.display()))
}

fn set_mode(path: &Path, bits: u32) -> Result<(), String> {
    let set = fs::set_permissions(path, fs::Permissions::from_mode(bits));
    set.map_err(|error| format!("{}: {error}", path.display()))
}

fn give_away(path: &Path) -> std::io::Result<()> {
    chown(path, Some(NOBODY), Some(NOBODY))?;
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            give_away(&entry?.path())?;
        }
    }
    Ok(())
}
