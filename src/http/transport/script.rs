//! A server for tests that plays a script: bytes out exactly as written, faults included.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// One thing the server does after it has read a request.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Send(Vec<u8>),
    /// Reads the next request on the same connection.
    ReadRequest,
    /// Says nothing more, and keeps the connection.
    Hold,
    /// Breaks the connection with RST instead of closing it.
    Reset,
}

/// What is done on one connection; it is closed at the end.
pub(super) type Script = Vec<Step>;

/// A running server; it ends with the test's runtime.
pub(super) struct Server {
    pub(super) port: u16,
    scheme: &'static str,
    host: &'static str,
    received: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}://{}:{}{path}", self.scheme, self.host, self.port)
    }

    /// Every request so far, head and body.
    pub(super) fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }
}

/// Plays one script for each connection, in order; later connections are closed at once.
pub(super) async fn serve_script(scripts: Vec<Script>) -> Server {
    serve(scripts, None).await
}

/// The same over TLS.
pub(super) async fn serve_tls(scripts: Vec<Script>, acceptor: TlsAcceptor) -> Server {
    serve(scripts, Some(acceptor)).await
}

async fn serve(scripts: Vec<Script>, acceptor: Option<TlsAcceptor>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let received = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&received);
    let (scheme, host) = if acceptor.is_some() { ("https", "localhost") } else { ("http", "127.0.0.1") };
    tokio::spawn(async move {
        for script in scripts {
            let (socket, _) = listener.accept().await.unwrap();
            tokio::spawn(connection(socket, acceptor.clone(), script, Arc::clone(&log)));
        }
    });
    Server { port, scheme, host, received }
}

async fn connection(
    socket: TcpStream,
    acceptor: Option<TlsAcceptor>,
    script: Script,
    log: Arc<Mutex<Vec<String>>>,
) {
    let Some(acceptor) = acceptor else {
        let mut socket = socket;
        if play(&mut socket, script, &log).await {
            socket.set_zero_linger().unwrap();
        }
        return;
    };
    match acceptor.accept(socket).into_fallible().await {
        Ok(mut stream) => {
            play(&mut stream, script, &log).await;
            let _ = stream.shutdown().await;
        }
        // Whoever refused the other's certificate has said so; closing with something unread would take it back.
        Err((_, mut socket)) => drop(tokio::io::copy(&mut socket, &mut tokio::io::sink()).await),
    }
}

/// Returns whether the connection is to be reset.
async fn play(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    script: Script,
    log: &Mutex<Vec<String>>,
) -> bool {
    read_request(stream, log).await;
    for step in script {
        match step {
            // A client that has seen enough closes its side.
            Step::Send(bytes) => drop(stream.write_all(&bytes).await),
            Step::ReadRequest => read_request(stream, log).await,
            Step::Hold => std::future::pending().await,
            Step::Reset => return true,
        }
    }
    false
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin), log: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    while !is_complete(&request) {
        match stream.read_buf(&mut request).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
    log.lock().unwrap().push(String::from_utf8(request).unwrap());
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}
