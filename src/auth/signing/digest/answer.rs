//! What a challenge is answered with (RFC 7616, 3.4).

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

use super::super::spelling;
use super::challenge::{self, Challenge, Hash, Protection};

/// Everything that goes into an answer.
pub(super) struct Answer<'a> {
    pub(super) challenge: &'a Challenge,
    pub(super) username: &'a str,
    pub(super) password: &'a str,
    pub(super) method: &'a str,
    /// Path and query.
    pub(super) target: &'a str,
    pub(super) body: &'a [u8],
    pub(super) client_nonce: &'a str,
    /// How often the challenge was answered, this time included.
    pub(super) count: u32,
}

impl Answer<'_> {
    /// The value of `Authorization`, and the response in it.
    pub(super) fn write(&self) -> (String, String) {
        let challenge = self.challenge;
        let response = self.response();
        let mut parts = vec![
            self.user(),
            format!("realm={}", spelling::quoted(&challenge.realm)),
            format!("nonce={}", spelling::quoted(&challenge.nonce)),
            format!("uri={}", spelling::quoted(self.target)),
            format!("response=\"{response}\""),
        ];
        parts.extend(challenge.algorithm.iter().map(|algorithm| format!("algorithm={algorithm}")));
        if let Some(word) = challenge.protection.word() {
            parts.push(format!("qop={word}, nc={:08x}", self.count));
        }
        if challenge.session || challenge.protection.counts() {
            parts.push(format!("cnonce={}", spelling::quoted(self.client_nonce)));
        }
        parts.extend(challenge.opaque.iter().map(|opaque| format!("opaque={}", spelling::quoted(opaque))));
        if challenge.user_hash {
            parts.push("userhash=true".to_owned());
        }
        (format!("Digest {}", parts.join(", ")), response)
    }

    fn response(&self) -> String {
        let (challenge, hash) = (self.challenge, self.challenge.hash);
        let (key, request) = (self.key(), self.request());
        match challenge.protection.word() {
            None => hash.of(&[&key, &challenge.nonce, &request]),
            Some(word) => {
                let count = format!("{:08x}", self.count);
                hash.of(&[&key, &challenge.nonce, &count, self.client_nonce, word, &request])
            }
        }
    }

    /// `H(A1)` (3.4.2)
    fn key(&self) -> String {
        let (challenge, hash) = (self.challenge, self.challenge.hash);
        let key = hash.of(&[self.username, &challenge.realm, self.password]);
        if challenge.session { hash.of(&[&key, &challenge.nonce, self.client_nonce]) } else { key }
    }

    /// `H(A2)` (3.4.3)
    fn request(&self) -> String {
        let hash = self.challenge.hash;
        match self.challenge.protection {
            Protection::RequestAndBody => hash.of(&[self.method, self.target, &hash.of_bytes(self.body)]),
            Protection::Request | Protection::Old => hash.of(&[self.method, self.target]),
        }
    }

    /// The user name, hashed if the server wants it so (3.4.4), in percent escapes if it is not ASCII (RFC 8187).
    fn user(&self) -> String {
        if self.challenge.user_hash {
            return format!(
                "username=\"{}\"",
                self.challenge.hash.of(&[self.username, &self.challenge.realm])
            );
        }
        if self.username.is_ascii() {
            return format!("username={}", spelling::quoted(self.username));
        }
        format!("username*=UTF-8''{}", spelling::percent(self.username.as_bytes()))
    }
}

impl Hash {
    /// Of the parts with `:` between them.
    fn of(self, parts: &[&str]) -> String {
        self.of_bytes(parts.join(":").as_bytes())
    }

    fn of_bytes(self, bytes: &[u8]) -> String {
        match self {
            Self::Md5 => spelling::hex(&Md5::digest(bytes)),
            Self::Sha256 => spelling::hex(&Sha256::digest(bytes)),
            Self::Sha512Of256 => spelling::hex(&Sha512_256::digest(bytes)),
        }
    }
}

impl Protection {
    /// Whether answers are counted, which needs a nonce of the client's.
    fn counts(self) -> bool {
        self.word().is_some()
    }

    fn word(self) -> Option<&'static str> {
        match self {
            Self::Old => None,
            Self::Request => Some("auth"),
            Self::RequestAndBody => Some("auth-int"),
        }
    }
}

/// Whether an `Authorization` is an answer to a challenge, not something the author wrote for another scheme.
pub(super) fn is_ours(authorization: &str) -> bool {
    authorization.starts_with("Digest ")
}

/// The nonce that an answer was made for, and its count if it has one.
pub(super) fn nonce_and_count(authorization: &str) -> (Option<String>, Option<u32>) {
    let mut parameters = challenge::parameters(authorization);
    let mut take = |name| {
        let at = parameters.iter().position(|(known, _)| known == name)?;
        Some(parameters.swap_remove(at).1)
    };
    let nonce = take("nonce");
    (nonce, take("nc").and_then(|count| u32::from_str_radix(&count, 16).ok()))
}
