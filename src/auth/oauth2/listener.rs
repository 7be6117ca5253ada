//! The address on this machine to which a browser brings the code (RFC 8252, 7.3).
//!
//! It answers one callback and nothing else, on loopback only.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use url::{Host, Url};

use super::page;

/// Between a connection that could not be had and the next one.
const BREATH: Duration = Duration::from_millis(50);

/// A socket that waits for the browser.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
    redirect: Url,
}

/// A callback that came.
#[derive(Debug)]
pub struct Callback {
    /// Its query.
    pub query: String,
    page: oneshot::Sender<String>,
    shown: oneshot::Receiver<()>,
}

/// No callback can be waited for.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program has the port.
    #[error("port {port} of this machine is in use, and `redirect_url` needs it")]
    InUse {
        /// The port.
        port: u16,
    },
    /// The address is on another machine, or needs a certificate.
    #[error("nothing here can answer at `{redirect}`: it is not an `http` address of this machine")]
    Elsewhere {
        /// The address.
        redirect: Url,
    },
    /// The system does not allow it.
    #[error("cannot wait for the browser at `{redirect}`: {source}")]
    Io {
        /// The address.
        redirect: Url,
        /// Why not.
        source: io::Error,
    },
}

impl ListenError {
    /// What helps.
    pub fn help(&self) -> &'static str {
        match self {
            Self::InUse { .. } => {
                "stop the other program (another `river auth login`?), or register another port; or use `--no-browser` and paste the address that the browser shows at the end"
            }
            Self::Elsewhere { .. } => {
                "use `--no-browser`: consent in any browser, then paste the address that it shows at the end"
            }
            Self::Io { .. } => "register a `redirect_url` with a port above 1023, or use `--no-browser`",
        }
    }
}

impl Listener {
    /// Listens at the registered address, else at a free port.
    pub async fn bind(registered: Option<&Url>) -> Result<Self, ListenError> {
        let Some(redirect) = registered else { return Self::anywhere().await };
        let elsewhere = || ListenError::Elsewhere { redirect: redirect.clone() };
        if redirect.scheme() != "http" {
            return Err(elsewhere());
        }
        let port = redirect.port_or_known_default().unwrap_or(80);
        let hosts: Vec<IpAddr> = match redirect.host() {
            Some(Host::Ipv4(host)) if host.is_loopback() => vec![host.into()],
            Some(Host::Ipv6(host)) if host.is_loopback() => vec![host.into()],
            // A browser may take either.
            Some(Host::Domain("localhost")) => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            _ => return Err(elsewhere()),
        };
        let mut sockets = Vec::new();
        for host in hosts {
            match TcpListener::bind(SocketAddr::new(host, port)).await {
                Ok(socket) => sockets.push(socket),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    return Err(ListenError::InUse { port });
                }
                // A machine without IPv6 has no such address.
                Err(_) if !sockets.is_empty() => {}
                Err(source) => return Err(ListenError::Io { redirect: redirect.clone(), source }),
            }
        }
        Ok(Self { sockets, redirect: redirect.clone() })
    }

    async fn anywhere() -> Result<Self, ListenError> {
        let mut redirect = Url::parse("http://127.0.0.1/callback").expect("a URL of ours");
        let unset = redirect.clone();
        let failed = |source| ListenError::Io { redirect: unset.clone(), source };
        let socket =
            TcpListener::bind(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)).await.map_err(failed)?;
        let port = socket.local_addr().map_err(failed)?.port();
        // It fails only for URLs without a host.
        let _ = redirect.set_port(Some(port));
        Ok(Self { sockets: vec![socket], redirect })
    }

    /// Where the browser is sent to.
    pub fn redirect(&self) -> &Url {
        &self.redirect
    }

    /// Waits for a callback. Whatever else is asked gets a page that says so.
    pub async fn wait(&self) -> Callback {
        let (sender, mut callbacks) = mpsc::channel(1);
        loop {
            tokio::select! {
                Some(callback) = callbacks.recv() => return callback,
                stream = self.accept() => match stream {
                    Ok(stream) => self.serve(stream, sender.clone()),
                    // A connection was given up again, or the system has no more of them for now.
                    Err(_) => tokio::time::sleep(BREATH).await,
                },
            }
        }
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        let accepted = match self.sockets.as_slice() {
            [one, other] => tokio::select! {
                stream = one.accept() => stream,
                stream = other.accept() => stream,
            },
            [one, ..] => one.accept().await,
            [] => std::future::pending().await,
        };
        accepted.map(|(stream, _)| stream)
    }

    fn serve(&self, stream: TcpStream, sender: mpsc::Sender<Callback>) {
        let path = self.redirect.path().to_owned();
        tokio::spawn(async move {
            let (shown, has_shown) = oneshot::channel();
            let waiting = Mutex::new(Some(has_shown));
            let service = service_fn(move |request| {
                // The first request of a connection is the only one.
                let shown = waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
                // Before anything waits: a browser that is closed at once has brought its code all the same.
                let written = hand_on(&request, &path, &sender, shown);
                async move { Ok::<_, Infallible>(answer(written).await) }
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            http.keep_alive(false);
            // A browser that says no more may still listen.
            http.half_close(true);
            // A browser that goes away has nothing to be told.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
            let _ = shown.send(());
        });
    }
}

impl Callback {
    /// Answers the browser, and waits until it has the page.
    pub async fn show(self, page: String) {
        // The browser may have gone away.
        if self.page.send(page).is_ok() {
            let _ = self.shown.await;
        }
    }
}

/// Hands a callback on. Err: it is none, or there was one already.
fn hand_on(
    request: &http::Request<Incoming>,
    path: &str,
    sender: &mpsc::Sender<Callback>,
    shown: Option<oneshot::Receiver<()>>,
) -> Result<oneshot::Receiver<String>, StatusCode> {
    let is_callback = request.method() == Method::GET && request.uri().path() == path;
    let shown = shown.filter(|_| is_callback).ok_or(StatusCode::NOT_FOUND)?;
    let query = request.uri().query().unwrap_or_default().to_owned();
    let (page, written) = oneshot::channel();
    match sender.try_send(Callback { query, page, shown }) {
        Ok(()) => Ok(written),
        Err(_) => Err(StatusCode::GONE),
    }
}

async fn answer(written: Result<oneshot::Receiver<String>, StatusCode>) -> Response<Full<Bytes>> {
    match written {
        Err(status) => html(status, page::nothing_here()),
        Ok(written) => match written.await {
            Ok(text) => html(StatusCode::OK, text),
            Err(_) => html(StatusCode::GONE, page::nothing_here()),
        },
    }
}

/// The code stands in the address of the page: nothing may carry it on or keep it.
fn html(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}
