//! Keyed hashes by the names that settings give them (RFC 2104).

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::spelling;
use crate::spec::auth::HmacAlgorithm;

impl HmacAlgorithm {
    pub(super) fn mac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => keyed::<Hmac<Sha1>>(key, message),
            Self::Sha256 => keyed::<Hmac<Sha256>>(key, message),
            Self::Sha512 => keyed::<Hmac<Sha512>>(key, message),
        }
    }
}

fn keyed<Keyed: KeyInit + Mac>(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length (RFC 2104, 3).
    let Ok(keyed) = <Keyed as KeyInit>::new_from_slice(key) else { return Vec::new() };
    keyed.chain_update(message).finalize().into_bytes().to_vec()
}

/// SHA-256 in hexadecimal digits.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    spelling::hex(&Sha256::digest(bytes))
}
