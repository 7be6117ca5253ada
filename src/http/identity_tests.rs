use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};

use super::*;

/// A certificate and its key.
fn made() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["client".to_owned()]).unwrap().self_signed(&key).unwrap();
    (
        section("CERTIFICATE", &STANDARD.encode(certificate.der())),
        section("PRIVATE KEY", &STANDARD.encode(key.serialize_der())),
    )
}

fn identity(certificate: &str, key: &str) -> Result<ClientIdentity, IdentityError> {
    ClientIdentity::from_pem(certificate, &key.into())
}

fn section(label: &str, content: &str) -> String {
    format!("-----BEGIN {label}-----\n{content}\n-----END {label}-----\n")
}

#[test]
fn a_certificate_and_its_key_are_read() {
    let (certificate, key) = made();
    let (other, _) = made();
    let both = format!("Bag Attributes\n  friendlyName: me\n{certificate}\n{key}");
    let parameters = section("EC PARAMETERS", "BggqhkjOPQMBBw==");
    let cases = [
        (certificate.clone(), key.clone()),
        (both.clone(), both.clone()),
        (format!("{certificate}{other}"), format!("{parameters}{key}")),
        (certificate.replace('\n', "\r\n"), key.replace('\n', "\r\n")),
        (format!("{certificate}{}", section("PUBLIC KEY", "AAAA")), key.clone()),
    ];
    for (certificate, key) in cases {
        let identity = identity(&certificate, &key).unwrap();
        assert!(identity.to_reqwest().is_ok(), "{certificate}");
        assert_eq!(format!("{identity:?}"), "ClientIdentity { .. }");
    }
    assert_eq!(identity(&certificate, &key), identity(&both, &both));
    assert_ne!(identity(&certificate, &key), identity(&format!("{certificate}{other}"), &key));
}

#[test]
fn what_is_wrong_is_named() {
    let (certificate, key) = made();
    let (_, other_key) = made();
    let pem = "give it the PEM text between `-----BEGIN CERTIFICATE-----` and `-----END CERTIFICATE-----`, those lines \
               included";
    let key_pem = "give it the PEM text of an RSA, ECDSA or Ed25519 key, as `{ from: file:key.pem }`";
    let decrypt = "`openssl pkey -in key.pem -out plain.pem` asks for its password and decrypts it";
    let fit = "put the client's own certificate first and those that signed it after it; check that the key is its key";
    let old = section("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA");
    let unended = certificate.replace("-----END", "-----STOP");
    let cases = [
        ("certs/client.pem", &*key, "`certificate` holds nothing in PEM, no certificate", pem),
        (&*unended, &*key, "`certificate` holds nothing in PEM, no certificate", pem),
        (&*key, &*key, "`certificate` holds `PRIVATE KEY`, no certificate", pem),
        (&*section("CERTIFICATE", "AAAA"), &*key, "a certificate in `certificate` cannot be read", pem),
        (&*section("CERTIFICATE", "*"), &*key, "a certificate in `certificate` cannot be read", pem),
        (&*certificate, "", "`private_key` holds nothing in PEM, no private key", key_pem),
        (&*certificate, &*certificate, "`private_key` holds `CERTIFICATE`, no private key", key_pem),
        (&*certificate, &*section("PRIVATE KEY", "AAAA"), "`private_key` cannot be read", key_pem),
        (&*certificate, &*section("PRIVATE KEY", "*"), "`private_key` cannot be read", key_pem),
        (&*certificate, &*section("OPENSSH PRIVATE KEY", "AAAA"), "`private_key` cannot be read", key_pem),
        (&*certificate, &*section("ENCRYPTED PRIVATE KEY", "AAAA"), "`private_key` is encrypted", decrypt),
        (&*certificate, &*old, "`private_key` is encrypted", decrypt),
        (
            &*certificate,
            &*other_key,
            "`private_key` does not fit the first certificate in `certificate`",
            fit,
        ),
    ];
    for (certificate, key, message, help) in cases {
        let error = identity(certificate, key).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.help()), (message, help));
    }
}

#[test]
fn roots_are_read() {
    let ((one, _), (two, key)) = (made(), made());
    assert_eq!(roots_from_pem(&format!("{one}{key}{two}")).unwrap().len(), 2);
    let cases = [
        ("", "`ca` holds nothing in PEM, no certificate"),
        (&*key, "`ca` holds `PRIVATE KEY`, no certificate"),
        (&*section("CERTIFICATE", "AAAA"), "a certificate in `ca` cannot be read"),
        (&*section("CERTIFICATE", "*"), "a certificate in `ca` cannot be read"),
    ];
    for (text, message) in cases {
        assert_eq!(roots_from_pem(text).unwrap_err().to_string(), message);
    }
}
