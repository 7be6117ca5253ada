//! How the settings of this process protect the token store: `RIVER_STORE_KEY_FILE`, `RIVER_STORE_PASSPHRASE`, or a
//! credential that systemd gives the service.
//!
//! `.env` is not asked: a passphrase beside the store that it encrypts protects nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::auth::store::{Protection, ProtectionError};
use crate::diagnostic::{Code, Diagnostic};
use crate::secret::Secret;

pub(super) const KEY_FILE: &str = "RIVER_STORE_KEY_FILE";
pub(super) const PASSPHRASE: &str = "RIVER_STORE_PASSPHRASE";

/// systemd.exec(5), Credentials: the folder that it makes for a service.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// The credentials that mean the same as the two variables.
const KEY_CREDENTIAL: &str = "river-store-key";
const PASSPHRASE_CREDENTIAL: &str = "river-store-passphrase";

/// The protection that the environment of this process asks for. Relative paths begin in `folder`.
pub(super) fn of_process(
    environment: &BTreeMap<String, String>,
    folder: &Path,
) -> Result<Protection, Box<Diagnostic>> {
    let credentials = environment.get(CREDENTIALS).filter(|path| !path.is_empty()).map(PathBuf::from);
    let given = |name| environment.get(name).map(String::as_str);
    match (given(KEY_FILE), given(PASSPHRASE)) {
        (Some(_), Some(_)) => Err(Box::new(both(KEY_FILE, PASSPHRASE, &format!("`unset {PASSPHRASE}`")))),
        (Some(""), None) => Err(Box::new(
            Diagnostic::error(Code::BadStore, format!("`{KEY_FILE}` is empty: it is the path of a key file"))
                .help(format!("name the file, or `unset {KEY_FILE}`")),
        )),
        (Some(path), None) => {
            let is_guarded = credentials.is_some_and(|folder| Path::new(path).starts_with(folder));
            Protection::key_file(&folder.join(path), path, is_guarded)
                .map_err(|error| Box::new(finding(&error)))
        }
        (None, Some(text)) => passphrase(text),
        (None, None) => credentials.map_or_else(|| Ok(Protection::plain()), |folder| of_credentials(&folder)),
    }
}

fn of_credentials(folder: &Path) -> Result<Protection, Box<Diagnostic>> {
    let key = folder.join(KEY_CREDENTIAL);
    let other = folder.join(PASSPHRASE_CREDENTIAL);
    match (key.exists(), other.exists()) {
        (true, true) => Err(Box::new(both(
            KEY_CREDENTIAL,
            PASSPHRASE_CREDENTIAL,
            "give the service only one of the credentials",
        ))),
        (true, false) => Protection::key_file(&key, &key.display().to_string(), true)
            .map_err(|error| Box::new(finding(&error))),
        (false, true) => {
            let text = std::fs::read_to_string(&other).map_err(|error| {
                let message = format!("cannot read `{}`: {error}", other.display());
                Box::new(Diagnostic::error(Code::BadStore, message).help("look at the unit: `systemctl cat`"))
            })?;
            passphrase(without_line_break(&text))
        }
        (false, false) => Ok(Protection::plain()),
    }
}

/// In `.env` the settings do nothing.
pub(super) fn not_from_dot_env(name: &str, dot_env: &str) -> Diagnostic {
    let message =
        format!("`{name}` in `{dot_env}` is not used: it would lie beside the store that it protects");
    Diagnostic::warning(Code::BadStore, message)
        .help(format!("set it in the environment of the process: `export {name}=…`"))
}

/// Cuts one line break off, which editors and `echo` add.
pub(super) fn without_line_break(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

fn passphrase(text: &str) -> Result<Protection, Box<Diagnostic>> {
    Protection::passphrase(Secret::from(text)).map_err(|error| Box::new(finding(&error)))
}

fn both(one: &str, other: &str, help: &str) -> Diagnostic {
    let message =
        format!("`{one}` and `{other}` are both given: the token store is encrypted with one of them");
    Diagnostic::error(Code::BadStore, message).help(help)
}

fn finding(error: &ProtectionError) -> Diagnostic {
    Diagnostic::error(Code::BadStore, error.to_string()).help(error.help())
}
