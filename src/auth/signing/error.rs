//! Why a request cannot be signed.

use crate::http::HeaderError;

/// A request that cannot be signed. No message holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// What is to be sent fits in no header.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// RFC 7617, 2.
    #[error("the user name holds a `:`, which `kind: basic` cannot send")]
    Colon,
    /// RFC 6265, 4.1.1.
    #[error("the value of the cookie `{name}` holds the character U+{found:04X}")]
    Cookie {
        /// As rendered.
        name: String,
        /// The number of the character.
        found: u32,
    },
    /// The key is not written as `secret_encoding` says.
    #[error("`secret` is not {encoding}")]
    Key {
        /// As it should be written.
        encoding: &'static str,
    },
    /// The template failed.
    #[error("`sign` cannot be rendered: {problem}")]
    SigningString {
        /// The engine's words.
        problem: String,
    },
    /// No calendar has the time.
    #[error("the clock shows a time that cannot be written")]
    Clock,
    /// The server wants another kind.
    #[error("the service asks for {}, not for `Digest`", named(schemes))]
    NotDigest {
        /// What it asks for.
        schemes: Vec<String>,
    },
    /// RFC 7616, 3.3.
    #[error("the service's challenge for `Digest` has no `{missing}`")]
    Challenge {
        /// The parameter.
        missing: &'static str,
    },
    /// An algorithm that nobody knows.
    #[error(
        "the service asks for the digest algorithm `{found}`; river knows `MD5`, `SHA-256`, `SHA-512-256` and each with `-sess`"
    )]
    DigestAlgorithm {
        /// As the server wrote it.
        found: String,
    },
    /// A protection that nobody knows.
    #[error("the service asks for the protection `{found}` in `Digest`; river knows `auth` and `auth-int`")]
    DigestProtection {
        /// As the server wrote it.
        found: String,
    },
    /// The answer to a fresh challenge was refused.
    #[error("the service refuses the user name and the password for `{realm}`")]
    Refused {
        /// What the server calls the account.
        realm: String,
    },
}

impl SigningError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Header(HeaderError::Name { .. }) => "give the header another name",
            Self::Header(HeaderError::Value { .. }) => {
                "a header is one line; look for a line break at the end of the secret"
            }
            Self::Colon => "take the `:` out of `username`; in `user:password` it separates the two",
            Self::Cookie { .. } => {
                "look for blanks and line breaks in the key, or send it with `into: headers.NAME`"
            }
            Self::Key { .. } => "set `secret_encoding: text` if the service uses the key as it is written",
            Self::SigningString { .. } => {
                "it sees `request.method`, `url`, `path`, `query`, `host`, `body`, `body_sha256`, and `timestamp`, `nonce`, \
                 `connection`"
            }
            Self::Clock => "set this machine's clock",
            Self::NotDigest { schemes }
                if schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("Basic")) =>
            {
                "set `kind: basic`"
            }
            Self::NotDigest { .. } => "set the `kind` that the service's documentation names",
            Self::Challenge { .. } | Self::DigestAlgorithm { .. } | Self::DigestProtection { .. } => {
                "ask the service for another way to sign in"
            }
            Self::Refused { .. } => "check `username` and `password`",
        }
    }
}

fn named(schemes: &[String]) -> String {
    schemes.iter().map(|scheme| format!("`{scheme}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
