//! Each kind of `auth` proves who asks: in the request, or below HTTP.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libtest_mimic::Trial;
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use river::cli::Exit;
use river::spec::auth::AuthKindWord;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use super::{Project, ended_with};
use crate::support::process::Run;

/// How a kind shows who asks.
enum Way {
    /// It does not.
    NotAtAll,
    /// The log of a request that was answered with records holds this text.
    InTheRequest {
        /// The keys of `auth` besides its kind.
        keys: &'static str,
        /// What the server is asked before, and answers.
        before: Vec<Value>,
        shows: &'static str,
    },
    /// The connection is made with a certificate.
    BelowHttp,
}

fn way(kind: AuthKindWord) -> Way {
    const PASSWORD: &str = "username: ada, password: { from: env:SECRET }";
    let shows = |keys, shows| Way::InTheRequest { keys, before: vec![], shows };
    match kind {
        AuthKindWord::None => Way::NotAtAll,
        AuthKindWord::Basic => shows(PASSWORD, "  authorization: Basic YWRhOmNvcnJlY3QtaG9yc2U=\n"),
        AuthKindWord::Bearer => {
            shows("token: { from: env:SECRET }", "  authorization: Bearer correct-horse\n")
        }
        AuthKindWord::ApiKey => {
            shows("key: { from: env:SECRET }, into: headers.X-Key", "  x-key: correct-horse\n")
        }
        AuthKindWord::OAuth1 => shows(
            "consumer_key: me, consumer_secret: { from: env:SECRET }",
            "  authorization: OAuth oauth_consumer_key=\"me\"",
        ),
        AuthKindWord::Hmac => shows(
            "secret: { from: env:SECRET }, sign: \"{{ request.method }}\", headers: { X-Signature: \"{signature}\" }",
            // HMAC-SHA256 of `GET`.
            "  x-signature: e32a8fd00a0124c05161045d6eb36dda696c797ac4bb6caaea186258fecb0e6a\n",
        ),
        AuthKindWord::AwsSigV4 => shows(
            "access_key_id: me, secret_access_key: { from: env:SECRET }, region: eu-central-1, service: s3",
            "  authorization: AWS4-HMAC-SHA256 Credential=me/",
        ),
        AuthKindWord::Digest => Way::InTheRequest {
            keys: PASSWORD,
            before: vec![json!({
                "on": "GET /items", "times": 1, "status": 401,
                "answer": [["WWW-Authenticate", "Digest realm=\"shop\", nonce=\"abc\""]],
            })],
            shows: "  authorization: Digest username=\"ada\"",
        },
        AuthKindWord::OAuth2 => Way::InTheRequest {
            keys: "grant: client_credentials, token_url: \"{{ connection.base_url }}/token\", client_id: me, client_secret: { from: env:SECRET }",
            before: vec![
                json!({ "on": "POST /token", "json": { "access_token": "fresh", "expires_in": 60 } }),
            ],
            shows: "  authorization: Bearer fresh\n",
        },
        AuthKindWord::Mtls => Way::BelowHttp,
    }
}

pub(super) fn trials() -> Vec<Trial> {
    let trial = |kind: &AuthKindWord| {
        let kind = *kind;
        Trial::test(format!("conformance/auth/{}", kind.word()), move || Ok(holds(kind)?))
    };
    AuthKindWord::ALL.iter().map(trial).collect()
}

fn holds(kind: AuthKindWord) -> Result<(), String> {
    match way(kind) {
        Way::NotAtAll => asked_with(&format!("kind: {}", kind.word()), vec![]).and_then(|asked| {
            if asked == PLAIN { Ok(()) } else { Err(format!("the request is not plain:\n{asked}")) }
        }),
        Way::InTheRequest { keys, before, shows } => {
            let asked = asked_with(&format!("kind: {}, {keys}", kind.word()), before)?;
            if asked.contains(shows) && asked != PLAIN {
                return Ok(());
            }
            Err(format!("the request should show `{}`:\n{asked}", shows.trim()))
        }
        Way::BelowHttp => shows_a_certificate(kind),
    }
}

/// The log of a request that proves nothing.
const PLAIN: &str = "GET /items => 200\n";

/// The log of the request that was answered with the records.
fn asked_with(auth: &str, before: Vec<Value>) -> Result<String, String> {
    let answer = json!({ "on": "GET /items", "json": { "data": [{ "id": 1 }] } });
    let exchanges: Vec<Value> = before.into_iter().chain([answer]).collect();
    let project = Project::new(&pipeline("{ from: env:BASE, secret: false }", auth), &exchanges)?;
    ended_with(&project.run()?, Exit::Success)?;
    project.no_surprises()?;
    let log = project.server.requests();
    let at = log.find(PLAIN.trim()).ok_or_else(|| format!("no records were asked for:\n{log}"))?;
    Ok(log[at..].to_owned())
}

fn pipeline(base_url: &str, auth: &str) -> String {
    format!(
        "name: demo
connection:
  base_url: {base_url}
  auth: {{ {auth} }}
steps:
  - name: items
    request: {{ url: /items }}
    records: $.data
    write: {{ kind: jsonl, path: out/items.jsonl }}
"
    )
}

/// Against a server that talks to nobody without one.
fn shows_a_certificate(kind: AuthKindWord) -> Result<(), String> {
    let told = |error: rcgen::Error| error.to_string();
    let mut signs = CertificateParams::default();
    signs.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(signs, KeyPair::generate().map_err(told)?).map_err(told)?;
    let signed = || {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &root)?;
        Ok((certificate.der().clone(), key.serialize_der()))
    };
    let (server, server_key) = signed().map_err(told)?;
    let (client, client_key) = signed().map_err(told)?;
    let port = serve(root.der().clone(), server, server_key)?;

    let keys = "certificate: { from: env:CERTIFICATE }, private_key: { from: env:KEY }, ca: { from: env:CA }";
    let pipeline =
        pipeline(&format!("\"https://localhost:{port}\""), &format!("kind: {}, {keys}", kind.word()));
    let project = Project::new(&pipeline, &[])?;
    let mut run = Run::new(project.folder.path().to_owned(), &["run", "demo.yaml"]);
    run.environment = vec![
        ("CERTIFICATE".to_owned(), pem("CERTIFICATE", &client)),
        ("KEY".to_owned(), pem("PRIVATE KEY", &client_key)),
        ("CA".to_owned(), pem("CERTIFICATE", root.der())),
    ];
    ended_with(&run.finish()?, Exit::Success)?;
    let landed = project.landed("items.jsonl");
    if landed.as_deref() == Some(b"{\"id\":1}\n") { Ok(()) } else { Err(format!("landed: {landed:?}")) }
}

/// Answers one request of whoever shows a certificate that the root has signed; the port.
fn serve(
    root: rustls::pki_types::CertificateDer<'static>,
    certificate: rustls::pki_types::CertificateDer<'static>,
    key: Vec<u8>,
) -> Result<u16, String> {
    let mut trusted = RootCertStore::empty();
    trusted.add(root).map_err(|error| error.to_string())?;
    let verifier = WebPkiClientVerifier::builder(Arc::new(trusted)).build();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier.map_err(|error| error.to_string())?)
        .with_single_cert(vec![certificate], key)
        .map_err(|error| error.to_string())?;
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    std::thread::spawn(move || answer(&listener, Arc::new(config)));
    Ok(port)
}

fn answer(listener: &TcpListener, config: Arc<ServerConfig>) -> std::io::Result<()> {
    let (socket, _) = listener.accept()?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, socket);
    let mut asked = Vec::new();
    let mut piece = [0; 1024];
    while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = stream.read(&mut piece)?;
        asked.extend_from_slice(&piece[..length]);
    }
    let body = r#"{"data":[{"id":1}]}"#;
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}
