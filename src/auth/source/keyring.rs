//! The system's keyring: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.

use super::SourceError;
use crate::secret::Secret;

/// Under which name the keyring keeps what is river's.
#[cfg(feature = "keyring")]
const SERVICE: &str = "river";

/// The password of service `river` and this user.
#[cfg(feature = "keyring")]
pub(super) fn entry(name: &str) -> Result<Secret, SourceError> {
    use ::keyring::v1::{Entry, Error};

    let failed = |error: &dyn std::fmt::Display| SourceError::Keyring(error.to_string());
    if let Err(error) = Entry::store_status() {
        return Err(failed(error));
    }
    match Entry::new(SERVICE, name).and_then(|entry| entry.get_password()) {
        Ok(password) if password.is_empty() => {
            Err(SourceError::Empty(format!("the keyring's entry `{name}`")))
        }
        Ok(password) => Ok(Secret::new(password)),
        Err(Error::NoEntry) => Err(SourceError::NoEntry(name.to_owned())),
        // Such an error holds the bytes.
        Err(Error::BadEncoding(_)) => Err(SourceError::NotText(format!("the keyring's entry `{name}`"))),
        Err(error) => Err(failed(&error)),
    }
}

/// The plan has refused it already.
#[cfg(not(feature = "keyring"))]
pub(super) fn entry(_: &str) -> Result<Secret, SourceError> {
    Err(SourceError::Keyring("this river was built without it".to_owned()))
}
