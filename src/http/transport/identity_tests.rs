//! A server that asks who connects, over real TLS.

use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::script::{serve_script, serve_tls};
use super::tests::{get, ok, redirect, settings};
use super::*;
use crate::http::{Reached, TlsProblem};

type Root = CertifiedIssuer<'static, KeyPair>;

fn root(name: &str) -> Root {
    CertifiedIssuer::self_signed(signs(name), KeyPair::generate().unwrap()).unwrap()
}

/// Names differ: issuers are looked up by them.
fn signs(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params
}

/// A certificate and its key in PEM.
fn signed(root: &Issuer<'_, KeyPair>, years: std::ops::Range<i32>) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
    let certificate = params.signed_by(&key, root).unwrap();
    (pem("CERTIFICATE", certificate.der()), pem("PRIVATE KEY", &key.serialize_der()))
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

const ALWAYS: std::ops::Range<i32> = 2000..4000;

fn client(root: &Root) -> ClientIdentity {
    let (certificate, key) = signed(root, ALWAYS);
    ClientIdentity::from_pem(&certificate, &key.into()).unwrap()
}

/// A server that lets in whom `clients` has signed, in one version of TLS.
fn asks_who(
    server: &Root,
    clients: &Root,
    version: &'static rustls::SupportedProtocolVersion,
) -> TlsAcceptor {
    let mut trusted = RootCertStore::empty();
    trusted.add(clients.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(trusted)).build().unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, server).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_protocol_versions(&[version])
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn transport(server: &Root, identity: Option<ClientIdentity>) -> Transport {
    let trusted_roots = vec![server.der().to_vec()];
    Transport::new(&TransportSettings { trusted_roots, identity, ..settings() }).unwrap()
}

#[tokio::test]
async fn a_server_is_shown_who_connects() {
    let (server_root, clients) = (root("servers"), root("clients"));
    for version in rustls::ALL_VERSIONS {
        let server = serve_tls(vec![ok()], asks_who(&server_root, &clients, version)).await;
        let transport = transport(&server_root, Some(client(&clients)));
        assert_eq!(transport.send(&get(&server.url("/"))).await.unwrap().body, "ok");
    }
}

#[tokio::test]
async fn those_that_signed_it_are_shown_too() {
    let (server_root, clients) = (root("servers"), root("clients"));
    let between =
        CertifiedIssuer::signed_by(signs("between"), KeyPair::generate().unwrap(), &clients).unwrap();
    let (certificate, key) = signed(&between, ALWAYS);
    let chain = format!("{certificate}{}", pem("CERTIFICATE", between.der()));
    let acceptor = asks_who(&server_root, &clients, &rustls::version::TLS13);
    let server = serve_tls(vec![ok()], acceptor).await;
    let identity = ClientIdentity::from_pem(&chain, &key.into()).unwrap();
    let transport = transport(&server_root, Some(identity));
    assert_eq!(transport.send(&get(&server.url("/"))).await.unwrap().body, "ok");
}

#[tokio::test]
async fn a_server_that_refuses_says_why() {
    let (server_root, clients) = (root("servers"), root("clients"));
    let (certificate, key) = signed(&clients, 2000..2001);
    let expired = ClientIdentity::from_pem(&certificate, &key.into()).unwrap();
    let refused = |cause: &str| TlsProblem::ClientCertificate { cause: cause.to_owned() };
    let cases = [
        (None, TlsProblem::NoClientCertificate),
        (Some(client(&root("others"))), refused("nobody it trusts has signed it")),
        (Some(expired), refused("it has expired")),
    ];
    for (identity, expected) in cases {
        for version in rustls::ALL_VERSIONS {
            let server = serve_tls(vec![ok()], asks_who(&server_root, &clients, version)).await;
            let transport = transport(&server_root, identity.clone());
            let error = transport.send(&get(&server.url("/"))).await.unwrap_err();
            assert_eq!(error.failure, Failure::Tls(expected.clone()), "{version:?}");
            assert_eq!(error.reached(), Reached::No);
            assert!(server.received().is_empty());
        }
    }
}

#[tokio::test]
async fn a_redirect_shows_it_to_nobody_else() {
    let (server_root, clients) = (root("servers"), root("clients"));
    let tls = || asks_who(&server_root, &clients, &rustls::version::TLS13);
    let elsewhere = serve_tls(vec![ok()], tls()).await;
    let first = serve_tls(vec![redirect(302, "/here"), redirect(302, &elsewhere.url("/"))], tls()).await;
    let transport = transport(&server_root, Some(client(&clients)));
    let error = transport.send(&get(&first.url("/"))).await.unwrap_err();
    assert_eq!((error.failure, error.redirects), (Failure::Tls(TlsProblem::NoClientCertificate), 2));
    assert_eq!(first.received().len(), 2);
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn http_goes_on_without_it() {
    let server = serve_script(vec![ok()]).await;
    let transport = transport(&root("servers"), Some(client(&root("others"))));
    assert_eq!(transport.send(&get(&server.url("/"))).await.unwrap().body, "ok");
}
