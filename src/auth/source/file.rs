//! A file that holds a value.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::PathBuf;

use super::{Found, Places, SourceError, Warning, text};
use crate::plan::source::CREDENTIALS;

/// Reads it. A path is relative to the project's root.
pub(super) fn read(path: &str, places: Places<'_>) -> Result<Found, SourceError> {
    let (place, of_systemd) = place(path, places)?;
    let shown = format!("`{path}`");
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SourceError::NoFile(path.to_owned()),
        _ => SourceError::Unreadable { path: path.to_owned(), source: error },
    };
    // Before it is opened: a pipe would block.
    let metadata = std::fs::metadata(&place).map_err(refused)?;
    if !metadata.is_file() {
        let kind = if metadata.is_dir() { "a folder" } else { "no regular file" };
        return Err(SourceError::WrongKind { path: path.to_owned(), kind });
    }
    let mut bytes = Vec::new();
    let most = text::MOST as u64 + 1;
    File::open(&place).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(refused)?;
    // systemd keeps others out by the folder.
    let warning = if of_systemd { None } else { open_to_others(&metadata, path) };
    Ok(Found { value: text::value(bytes, &shown)?, warning })
}

/// Where it is, and whether it is a credential that systemd has put there.
fn place(path: &str, places: Places<'_>) -> Result<(PathBuf, bool), SourceError> {
    let Some(rest) = path.strip_prefix(CREDENTIALS) else { return Ok((places.root.join(path), false)) };
    let folder = places.environment.get(CREDENTIALS.trim_start_matches('$'));
    let folder = folder.filter(|folder| !folder.expose().is_empty());
    let folder = folder.ok_or_else(|| SourceError::NoCredentials(path.to_owned()))?;
    Ok((PathBuf::from(folder.expose()).join(rest.trim_start_matches('/')), true))
}

#[cfg(unix)]
fn open_to_others(metadata: &Metadata, path: &str) -> Option<Warning> {
    use std::os::unix::fs::MetadataExt;

    let mode = metadata.mode() & 0o777;
    (mode & 0o077 != 0).then(|| Warning {
        message: format!("others can get at the secret in `{path}` (its mode is {mode:o})"),
        help: format!("`chmod 600 {path}`"),
    })
}

/// Here a user's files are the user's own by the rights of the folder they are in.
#[cfg(not(unix))]
fn open_to_others(_: &Metadata, _: &str) -> Option<Warning> {
    None
}
