//! A client's certificate and its key, read from PEM (RFC 7468) and held against each other before any connection.

use std::fmt;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, RootCertStore};

use crate::secret::Secret;

/// What proves below HTTP who asks: a certificate, those that signed it, and the key of the first.
#[derive(Clone)]
pub struct ClientIdentity {
    /// The certificates and the key, nothing else.
    pem: Secret,
}

/// Why there is no identity. Messages name the keys of `kind: mtls`, and show nothing of what is in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Something else, or no PEM at all.
    #[error("`{name}` holds {found}, no certificate")]
    NoCertificate {
        /// `certificate` or `ca`.
        name: &'static str,
        /// Which sections are there.
        found: String,
    },
    /// A section that is no certificate inside.
    #[error("a certificate in `{name}` cannot be read")]
    BadCertificate {
        /// `certificate` or `ca`.
        name: &'static str,
    },
    /// Something else, or no PEM at all.
    #[error("`private_key` holds {found}, no private key")]
    NoKey {
        /// Which sections are there.
        found: String,
    },
    /// Nobody is there to be asked for its password.
    #[error("`private_key` is encrypted")]
    EncryptedKey,
    /// A section that is no key inside, or one of a kind that TLS does not use.
    #[error("`private_key` cannot be read")]
    BadKey,
    /// It was made for another certificate.
    #[error("`private_key` does not fit the first certificate in `certificate`")]
    Mismatch,
}

impl IdentityError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoCertificate { .. } | Self::BadCertificate { .. } => {
                "give it the PEM text between `-----BEGIN CERTIFICATE-----` and `-----END CERTIFICATE-----`, those lines \
                 included"
            }
            Self::NoKey { .. } | Self::BadKey => {
                "give it the PEM text of an RSA, ECDSA or Ed25519 key, as `{ from: file:key.pem }`"
            }
            Self::EncryptedKey => {
                "`openssl pkey -in key.pem -out plain.pem` asks for its password and decrypts it"
            }
            Self::Mismatch => {
                "put the client's own certificate first and those that signed it after it; check that the \
                               key is its key"
            }
        }
    }
}

impl ClientIdentity {
    /// Reads certificates and a key. Both may stand in one text; what else stands there is passed over.
    pub fn from_pem(certificate: &str, private_key: &Secret) -> Result<Self, IdentityError> {
        let certificates = certificates("certificate", certificate)?;
        let key = key(private_key.expose())?;
        let chain: Result<Vec<_>, _> =
            certificates.iter().map(|section| section.certificate("certificate")).collect();
        match CertifiedKey::from_der(chain?, key.key()?, &aws_lc_rs::default_provider()) {
            Ok(_) => {}
            Err(Error::InconsistentKeys(_)) => return Err(IdentityError::Mismatch),
            Err(Error::InvalidCertificate(_)) => {
                return Err(IdentityError::BadCertificate { name: "certificate" });
            }
            Err(_) => return Err(IdentityError::BadKey),
        }
        let sections: Vec<&str> =
            certificates.iter().chain([&key]).map(|section| section.text.as_str()).collect();
        Ok(Self { pem: Secret::new(sections.concat()) })
    }

    pub(super) fn to_reqwest(&self) -> Result<reqwest::Identity, reqwest::Error> {
        reqwest::Identity::from_pem(self.pem.expose().as_bytes())
    }
}

/// The certificates in a PEM text, as [`super::TransportSettings::trusted_roots`] takes them.
pub fn roots_from_pem(ca: &str) -> Result<Vec<Vec<u8>>, IdentityError> {
    let read = |section: &Section| {
        let certificate = section.certificate("ca")?;
        let added = RootCertStore::empty().add(certificate.clone());
        added.map_err(|_| IdentityError::BadCertificate { name: "ca" })?;
        Ok(certificate.to_vec())
    };
    certificates("ca", ca)?.iter().map(read).collect()
}

/// Two are the same if they hold the same.
impl PartialEq for ClientIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.pem.expose() == other.pem.expose()
    }
}

impl Eq for ClientIdentity {}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClientIdentity").finish_non_exhaustive()
    }
}

/// A part of a PEM text.
struct Section {
    /// `CERTIFICATE`, `PRIVATE KEY`, …
    label: String,
    /// With the lines that begin and end it.
    text: String,
}

impl Section {
    fn certificate(&self, name: &'static str) -> Result<CertificateDer<'static>, IdentityError> {
        let read = CertificateDer::from_pem_slice(self.text.as_bytes());
        read.map_err(|_| IdentityError::BadCertificate { name })
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, IdentityError> {
        // Newer files say it in the label, older ones in a line of their own (RFC 1421, 4.6.1.1).
        if self.label.starts_with("ENCRYPTED") || self.text.contains("4,ENCRYPTED") {
            return Err(IdentityError::EncryptedKey);
        }
        PrivateKeyDer::from_pem_slice(self.text.as_bytes()).map_err(|_| IdentityError::BadKey)
    }
}

fn certificates(name: &'static str, text: &str) -> Result<Vec<Section>, IdentityError> {
    let (certificates, others): (Vec<_>, Vec<_>) =
        sections(text).into_iter().partition(|section| section.label == "CERTIFICATE");
    if certificates.is_empty() {
        return Err(IdentityError::NoCertificate { name, found: labels(&others) });
    }
    Ok(certificates)
}

fn key(text: &str) -> Result<Section, IdentityError> {
    let (keys, others): (Vec<_>, Vec<_>) =
        sections(text).into_iter().partition(|section| section.label.ends_with("PRIVATE KEY"));
    keys.into_iter().next().ok_or_else(|| IdentityError::NoKey { found: labels(&others) })
}

fn labels(sections: &[Section]) -> String {
    if sections.is_empty() {
        return "nothing in PEM".to_owned();
    }
    sections.iter().map(|section| format!("`{}`", section.label)).collect::<Vec<_>>().join(", ")
}

/// The sections that have an end; what stands between them is a comment.
fn sections(text: &str) -> Vec<Section> {
    let mut all = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----")) else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let mut section = format!("{line}\n");
        for line in lines.by_ref() {
            section.push_str(line);
            section.push('\n');
            if line == end {
                all.push(Section { label: label.to_owned(), text: section });
                break;
            }
        }
    }
    all
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
