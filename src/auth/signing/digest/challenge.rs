//! Reading `WWW-Authenticate` (RFC 9110, 11.6.1) as servers write it.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

use super::super::error::SigningError;

/// A challenge for `Digest` (RFC 7616, 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: String,
    pub(super) nonce: String,
    /// Sent back as it came.
    pub(super) opaque: Option<String>,
    pub(super) hash: Hash,
    /// `-sess`: the nonces are a part of the key.
    pub(super) session: bool,
    /// As the server wrote it, if it did.
    pub(super) algorithm: Option<String>,
    pub(super) protection: Protection,
    /// Whether the user name is to be hashed too.
    pub(super) user_hash: bool,
}

/// The hash of an algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha256,
    Sha512Of256,
}

/// What an answer covers: `qop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    /// None: the old form of RFC 2069, which does not count.
    Old,
    /// `auth`
    Request,
    /// `auth-int`
    RequestAndBody,
}

/// Any scheme with its parameters.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    scheme: String,
    /// Names in lower case.
    parameters: Vec<(String, String)>,
}

/// The first challenge for `Digest` that can be answered: servers begin with the one they like best (RFC 7616, 3.7). None
/// if the server asks for nothing at all.
pub(super) fn read(headers: &HeaderMap) -> Result<Option<Challenge>, SigningError> {
    let lines = headers.get_all(WWW_AUTHENTICATE).into_iter();
    let asked: Vec<Asked> = lines.flat_map(|line| parse(&String::from_utf8_lossy(line.as_bytes()))).collect();
    if asked.is_empty() {
        return Ok(None);
    }
    let digests: Vec<_> = asked.iter().filter(|asked| asked.is_digest()).map(Asked::challenge).collect();
    let best = digests.iter().position(Result::is_ok).unwrap_or_default();
    match digests.into_iter().nth(best) {
        Some(challenge) => challenge.map(Some),
        None => Err(SigningError::NotDigest { schemes: schemes(asked) }),
    }
}

/// The parameters of what follows a scheme, as in an answer of ours.
pub(super) fn parameters(text: &str) -> Vec<(String, String)> {
    parse(text).into_iter().next().unwrap_or_default().parameters
}

fn schemes(asked: Vec<Asked>) -> Vec<String> {
    let mut schemes: Vec<String> = asked.into_iter().map(|asked| asked.scheme).collect();
    schemes.dedup();
    schemes
}

impl Asked {
    fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("Digest")
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn challenge(&self) -> Result<Challenge, SigningError> {
        let required =
            |missing| self.parameter(missing).map(str::to_owned).ok_or(SigningError::Challenge { missing });
        let algorithm = self.parameter("algorithm");
        let (hash, session) = hash(algorithm.unwrap_or("MD5"))?;
        Ok(Challenge {
            realm: required("realm")?,
            nonce: required("nonce")?,
            opaque: self.parameter("opaque").map(str::to_owned),
            hash,
            session,
            algorithm: algorithm.map(str::to_owned),
            protection: self.protection()?,
            user_hash: self.parameter("userhash").is_some_and(|said| said.eq_ignore_ascii_case("true")),
        })
    }

    /// `auth` where it is allowed: `auth-int` breaks on servers that see another body than was sent.
    fn protection(&self) -> Result<Protection, SigningError> {
        let Some(said) = self.parameter("qop") else { return Ok(Protection::Old) };
        let allows = |word| said.split(',').any(|allowed| allowed.trim().eq_ignore_ascii_case(word));
        match (allows("auth"), allows("auth-int")) {
            (true, _) => Ok(Protection::Request),
            (false, true) => Ok(Protection::RequestAndBody),
            (false, false) => Err(SigningError::DigestProtection { found: said.to_owned() }),
        }
    }
}

fn hash(algorithm: &str) -> Result<(Hash, bool), SigningError> {
    let upper = algorithm.to_ascii_uppercase();
    let (name, session) = upper.strip_suffix("-SESS").map_or((upper.as_str(), false), |name| (name, true));
    let hash = match name {
        "MD5" => Hash::Md5,
        "SHA-256" => Hash::Sha256,
        "SHA-512-256" => Hash::Sha512Of256,
        _ => return Err(SigningError::DigestAlgorithm { found: algorithm.to_owned() }),
    };
    Ok((hash, session))
}

/// Every challenge of a line. Commas stand between challenges and between their parameters: a word is a parameter if
/// `=` follows it, and the name of the next scheme if it does not. What else follows a scheme (`Negotiate abc==`) is
/// passed over, and so is what cannot be read.
fn parse(line: &str) -> Vec<Asked> {
    let mut all: Vec<Asked> = Vec::new();
    let mut rest = line;
    let mut after_comma = true;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', ',']);
        after_comma |= rest[..rest.len() - trimmed.len()].contains(',');
        rest = trimmed;
        if rest.is_empty() {
            return all;
        }
        let (word, behind) = word(rest);
        match (behind.trim_start().strip_prefix('='), all.last_mut()) {
            (Some(behind), Some(asked)) => {
                let (value, behind) = value(behind.trim_start());
                asked.parameters.push((word.to_ascii_lowercase(), value));
                rest = behind;
            }
            (None, _) if after_comma && !word.is_empty() => {
                all.push(Asked { scheme: word.to_owned(), parameters: Vec::new() });
                rest = behind;
            }
            _ => rest = behind.get(usize::from(word.is_empty())..).unwrap_or_default(),
        }
        after_comma = false;
    }
}

/// Up to what ends a name.
fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find([' ', '\t', ',', '=', '"']).unwrap_or(text.len()))
}

/// A quoted text or a word, and what follows.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find([' ', '\t', ',']).unwrap_or(text.len()));
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
#[path = "../challenge_tests.rs"]
mod tests;
