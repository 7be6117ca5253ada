//! What `river secrets set` keeps, as the last place in which a variable is looked for: after the environment and `.env`.
//!
//! Only what a text names is read, so that a secret which nobody wants cannot be in the way.

use std::path::Path;

use crate::auth::store::{Protection, SecretName, SecretStore, StoreError};
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::secret::Environment;

/// Adds the kept secrets that are wanted and that `environment` does not have. One that cannot be read is a warning: if
/// nothing else has it, that it is missing is an error of its own. `state` is not made if it is not there.
pub(super) fn add(
    state: &Path,
    protection: &Protection,
    is_wanted: impl Fn(&str) -> bool,
    environment: &mut Environment,
    findings: &mut Findings,
) {
    let names = match SecretStore::names(state) {
        Ok(names) => names,
        Err(trouble) => return findings.push(warning(&trouble)),
    };
    let is_missing = |name: &SecretName| !environment.contains_key(name.as_str()) && is_wanted(name.as_str());
    let missing: Vec<SecretName> = names.into_iter().filter(is_missing).collect();
    if missing.is_empty() {
        return;
    }
    let (store, troubles) = match SecretStore::open(state, protection.clone()) {
        Ok(opened) => opened,
        Err(trouble) => return findings.push(warning(&trouble)),
    };
    for trouble in &troubles {
        findings.push(warning(trouble));
    }
    for name in missing {
        let kept = store.read(&name);
        if let Some(trouble) = &kept.trouble {
            findings.push(warning_of(trouble, &name));
        }
        if let Some(value) = kept.value {
            environment.insert(name.as_str().to_owned(), value);
        }
    }
}

/// Whether a text has a name as a whole word.
pub(super) fn mentions(text: &str, name: &str) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    text.match_indices(name).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
        !is_part(before) && !is_part(text.as_bytes().get(at + name.len()))
    })
}

/// What a warning about the folder or the key says.
pub(super) fn warning(trouble: &StoreError) -> Diagnostic {
    Diagnostic::warning(Code::BadStore, trouble.to_string()).help(trouble.help())
}

/// What a warning about one secret says.
pub(super) fn warning_of(trouble: &StoreError, name: &SecretName) -> Diagnostic {
    let message = format!("the kept `{}`: {trouble}", name.as_str());
    Diagnostic::warning(Code::BadStore, message).help(help(trouble, name))
}

/// What helps: nobody asks for a kept secret again.
pub(super) fn help(trouble: &StoreError, name: &SecretName) -> String {
    match trouble.damaged_file() {
        Some(_) => format!("keep it anew: `river secrets set {}`", name.as_str()),
        None => trouble.help(),
    }
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn a_name_is_mentioned_as_a_whole_word() {
        for text in ["KEY", "from: env:KEY", "{{ env.KEY }}", "KEYS and KEY", "{from: env:KEY}", "\u{e4}KEY"]
        {
            assert!(mentions(text, "KEY"), "{text}");
        }
        for text in ["", "KEYS", "API_KEY", "KEY_2", "key", "9KEY"] {
            assert!(!mentions(text, "KEY"), "{text}");
        }
    }
}
