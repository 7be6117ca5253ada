//! The listener: accepts connections, reads requests, sends replies.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdTcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use url::form_urlencoded;

use super::in_flight::{InFlight, PendingReply};
use super::socket::{PlannedCut, Socket};
use super::{Reply, WireRequest};

/// How long the listener waits after the system failed to accept a connection.
const REST_AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(20);

/// A server on 127.0.0.1 in a thread of its own. It stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

/// A listener on 127.0.0.1 that does not answer yet.
#[derive(Debug)]
pub struct BoundListener {
    listener: StdTcpListener,
    address: SocketAddr,
}

impl Server {
    /// Binds the port (0: a free one) and starts answering.
    pub fn start<F>(port: u16, answer: F) -> io::Result<Self>
    where
        F: Fn(WireRequest) -> Reply + Send + Sync + 'static,
    {
        BoundListener::bind(port)?.serve(answer)
    }

    /// Where it listens, as `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        base_url(self.address)
    }
}

impl BoundListener {
    /// Binds the port (0: a free one).
    pub fn bind(port: u16) -> io::Result<Self> {
        let listener = StdTcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where the server will listen, as `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        base_url(self.address)
    }

    /// Starts answering.
    pub fn serve<F>(self, answer: F) -> io::Result<Server>
    where
        F: Fn(WireRequest) -> Reply + Send + Sync + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _context = runtime.enter();
            TcpListener::from_std(self.listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, answer) => {}
                    // Nothing is ever sent; the channel closes when the server is dropped.
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Server { address: self.address, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If the thread panicked, it has already reported that.
            let _ = thread.join();
        }
    }
}

fn base_url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// Serves all connections of the listener until the future is dropped, which also closes them.
async fn serve<F>(listener: TcpListener, answer: F)
where
    F: Fn(WireRequest) -> Reply + Send + Sync + 'static,
{
    let answer = Arc::new(answer);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&answer)));
                }
                Err(_) => tokio::time::sleep(REST_AFTER_FAILED_ACCEPT).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// What the service of a connection passes to its socket.
#[derive(Debug, Clone, Default)]
struct SocketControl {
    planned: PlannedCut,
    landing: PendingReply,
}

/// Serves one connection until either side closes it.
async fn converse<F>(stream: TcpStream, answer: Arc<F>)
where
    F: Fn(WireRequest) -> Reply + Send + Sync + 'static,
{
    // Without it, small replies wait for the client's delayed acknowledgement. A failure only costs time.
    let _ = stream.set_nodelay(true);
    let exchange = SocketControl::default();
    let socket = Socket::new(stream, exchange.planned.clone(), exchange.landing.clone());
    let service = service_fn(move |request| {
        let (answer, exchange) = (Arc::clone(&answer), exchange.clone());
        async move { Ok::<_, hyper::Error>(respond(read(request).await?, &*answer, &exchange).await) }
    });
    // A connection ends with an error if a cut or the client closed it.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
}

async fn read(request: Request<Incoming>) -> Result<WireRequest, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let query = head.uri.query().unwrap_or_default();
    Ok(WireRequest {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        target: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: head.headers,
        body,
        in_flight: InFlight::default(),
    })
}

async fn respond<F>(request: WireRequest, answer: &F, exchange: &SocketControl) -> Response<Full<Bytes>>
where
    F: Fn(WireRequest) -> Reply,
{
    let in_flight = request.in_flight.clone();
    let reply = answer(request);
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    if let Some(cut) = reply.cut {
        exchange.planned.set(cut, reply.body.len());
    }
    exchange.landing.expect(in_flight);
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(reply.body)).unwrap_or_else(|error| {
        let mut response = Response::new(Full::new(format!("the reply is not valid HTTP: {error}").into()));
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}
