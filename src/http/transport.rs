//! Sending requests: the only part that opens sockets.

use std::borrow::Cow;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use percent_encoding::percent_decode_str;
use url::Url;

use super::failure;
use super::identity::ClientIdentity;
use super::limits::{CONNECT_TIMEOUT, IDLE_CONNECTIONS, IDLE_TIMEOUT, MAX_HTTP2_HEADERS, MAX_REDIRECTS};
use super::redirect::{self, RedirectError};
use super::request::{Request, place};
use super::response::Response;
use super::send_error::{Failure, SendError};
use spares::Spares;

mod spares;

/// What all requests of a run share.
#[derive(Debug, Clone)]
pub struct TransportSettings {
    /// Sent with every request that brings none.
    pub user_agent: String,
    /// Where proxies come from.
    pub proxy: Proxy,
    /// See [`CONNECT_TIMEOUT`].
    pub connect_timeout: Duration,
    /// Roots (DER) trusted besides the system's.
    pub trusted_roots: Vec<Vec<u8>>,
    /// Shown to servers that ask who connects; not to another origin that a redirect leads to.
    pub identity: Option<ClientIdentity>,
    /// Answers in the place of servers.
    #[cfg(test)]
    pub(crate) script: Option<std::sync::Arc<dyn Script>>,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            user_agent: concat!("river/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxy: Proxy::Environment,
            connect_timeout: CONNECT_TIMEOUT,
            trusted_roots: Vec::new(),
            identity: None,
            #[cfg(test)]
            script: None,
        }
    }
}

/// Where proxies come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in upper or lower case, and the system's settings.
    Environment,
    /// Every connection is direct.
    None,
}

/// Connections to every host of a run, kept open between requests.
#[derive(Debug)]
pub struct Transport {
    client: reqwest::Client,
    /// The same without an identity, if `client` has one.
    nameless: Option<reqwest::Client>,
    connect_timeout: Duration,
    /// Size of the latest body whose size was not told: pages of one step are alike.
    latest_body: AtomicUsize,
    spares: Spares,
    /// Answers in the place of servers.
    #[cfg(test)]
    script: Option<std::sync::Arc<dyn Script>>,
}

/// What answers in the place of servers, in tests.
#[cfg(test)]
pub(crate) trait Script: std::fmt::Debug + Send + Sync {
    /// Answers a request.
    fn answer(
        &self,
        request: &Request,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Response, SendError>> + Send>>;
}

/// The settings make no transport.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// A header cannot hold it.
    #[error("`{user_agent}` cannot be sent as `User-Agent`")]
    UserAgent {
        /// As given.
        user_agent: String,
    },
    /// One of the roots is no certificate.
    #[error("a trusted root is not a certificate")]
    Root(#[source] reqwest::Error),
    /// The TLS library refuses to start.
    #[error("no HTTP client can be set up")]
    Client(#[source] reqwest::Error),
}

impl Transport {
    /// Sets up the client; no connection is made yet.
    pub fn new(settings: &TransportSettings) -> Result<Self, TransportError> {
        let nameless = settings.identity.is_some().then(|| client(settings, None)).transpose()?;
        Ok(Self {
            client: client_for(settings)?,
            nameless,
            connect_timeout: settings.connect_timeout,
            latest_body: AtomicUsize::new(0),
            spares: Spares::default(),
            #[cfg(test)]
            script: settings.script.clone(),
        })
    }

    /// Sends once, follows redirects, and receives the whole answer.
    pub async fn send(&self, request: &Request) -> Result<Response, SendError> {
        #[cfg(test)]
        if let Some(script) = &self.script {
            return script.answer(request).await;
        }
        let after = request.timeouts.total;
        match tokio::time::timeout(after, self.follow(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(SendError {
                place: place(&request.url),
                redirects: 0,
                failure: Failure::TotalTimeout { after },
            }),
        }
    }

    async fn follow(&self, request: &Request) -> Result<Response, SendError> {
        let started = Instant::now();
        let mut current = Cow::Borrowed(request);
        let mut redirects = 0;
        let mut client = &self.client;
        loop {
            let failed = |failure| SendError { place: place(&current.url), redirects, failure };
            let answer = self.ask(client, &current).await.map_err(failed)?;
            match next(&current, &answer, redirects).map_err(|error| failed(Failure::Redirect(error)))? {
                Some(next) => current = Cow::Owned(next),
                None => return self.receive(answer, &current, started, redirects).await.map_err(failed),
            }
            redirects += 1;
            if current.url.origin() != request.url.origin() {
                // From here on, as with headers: the way back does not bring it back.
                client = self.nameless.as_ref().unwrap_or(client);
            }
        }
    }

    /// Up to the end of the answer's headers.
    async fn ask(&self, client: &reqwest::Client, request: &Request) -> Result<reqwest::Response, Failure> {
        let asked = client.execute(to_reqwest(request));
        let answer = within(request.timeouts.read, None, asked).await?;
        answer.map_err(|error| failure::before_answer(error, self.connect_timeout))
    }

    async fn receive(
        &self,
        mut answer: reqwest::Response,
        request: &Request,
        started: Instant,
        redirects: u32,
    ) -> Result<Response, Failure> {
        own(answer.headers_mut());
        let body = self.body(&mut answer, request).await?;
        Ok(Response {
            status: answer.status(),
            headers: std::mem::take(answer.headers_mut()),
            url: request.url.clone(),
            body,
            elapsed: started.elapsed(),
            redirects,
            received_at: SystemTime::now(),
        })
    }

    async fn body(&self, answer: &mut reqwest::Response, request: &Request) -> Result<Bytes, Failure> {
        let limit = request.max_body;
        // None after gzip: then the header is gone and only the decoded bytes count.
        let declared = answer.content_length();
        if declared.is_some_and(|declared| declared > limit) {
            return Err(Failure::TooLarge { limit });
        }
        // Each piece is copied at once: one that was kept would hold the connection's buffer, and another would be needed.
        let mut body = self.spares.buffer(self.expected(declared));
        while let Some(piece) = piece(answer, request.timeouts.read, size(&body), declared).await? {
            if size(&body) + size(&piece) > limit {
                return Err(Failure::TooLarge { limit });
            }
            body.extend_from_slice(&piece);
        }

        if let Some(declared) = declared.filter(|declared| size(&body) < *declared) {
            return Err(Failure::Truncated { received: size(&body), declared: Some(declared) });
        }
        if declared.is_none() {
            self.latest_body.store(body.len(), Ordering::Relaxed);
        }
        Ok(self.spares.body(body))
    }

    fn expected(&self, declared: Option<u64>) -> usize {
        let told = declared.and_then(|declared| usize::try_from(declared).ok());
        told.unwrap_or_else(|| self.latest_body.load(Ordering::Relaxed))
    }
}

/// Gives the headers memory of their own. As received they are parts of the connection's buffer, and would hold it as
/// long as the answer lives.
fn own(headers: &mut HeaderMap) {
    for value in headers.values_mut() {
        if let Ok(mut copy) = HeaderValue::from_bytes(value.as_bytes()) {
            copy.set_sensitive(value.is_sensitive());
            *value = copy;
        }
    }
}

async fn piece(
    answer: &mut reqwest::Response,
    read: Duration,
    received: u64,
    declared: Option<u64>,
) -> Result<Option<Bytes>, Failure> {
    let chunk = within(read, Some(received), answer.chunk()).await?;
    chunk.map_err(|error| failure::within_body(error, received, declared))
}

async fn within<Answer>(
    after: Duration,
    received: Option<u64>,
    answer: impl Future<Output = Answer>,
) -> Result<Answer, Failure> {
    tokio::time::timeout(after, answer).await.map_err(|_| Failure::ReadTimeout { after, received })
}

fn client_for(settings: &TransportSettings) -> Result<reqwest::Client, TransportError> {
    // Where nothing is sent, one client is as good as another; setting one up takes longer than a short history.
    #[cfg(test)]
    if settings.script.is_some() {
        static UNUSED: std::sync::OnceLock<reqwest::Client> = std::sync::OnceLock::new();
        return Ok(UNUSED.get_or_init(reqwest::Client::new).clone());
    }
    client(settings, settings.identity.as_ref())
}

fn client(
    settings: &TransportSettings,
    identity: Option<&ClientIdentity>,
) -> Result<reqwest::Client, TransportError> {
    let Ok(user_agent) = HeaderValue::from_str(&settings.user_agent) else {
        return Err(TransportError::UserAgent { user_agent: settings.user_agent.clone() });
    };
    let roots: Result<Vec<_>, _> =
        settings.trusted_roots.iter().map(|root| reqwest::Certificate::from_der(root)).collect();
    let roots = roots.map_err(TransportError::Root)?;
    let identity = identity.map(ClientIdentity::to_reqwest).transpose().map_err(TransportError::Client)?;
    let builder = || {
        let builder = builder(settings, user_agent.clone());
        identity.iter().fold(builder, |builder, identity| builder.identity(identity.clone()))
    };
    let with_system_roots = builder().tls_certs_merge(roots.clone()).build();
    // A machine without any certificates can still speak http; https then fails as signed by nobody, with its own help.
    with_system_roots.or_else(|_| builder().tls_certs_only(roots).build()).map_err(TransportError::Client)
}

/// Timeouts but the one for connecting are ours, for each request. The client's own retry stays on: it repeats only
/// what an HTTP/2 server declared unprocessed (`REFUSED_STREAM`, `GOAWAY`; RFC 9113, 8.7), twice at most.
fn builder(settings: &TransportSettings, user_agent: HeaderValue) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .tcp_nodelay(true)
        .http2_max_header_list_size(MAX_HTTP2_HEADERS);
    match settings.proxy {
        Proxy::Environment => builder,
        Proxy::None => builder.no_proxy(),
    }
}

/// The request to follow with, or none if this is the answer.
fn next(
    request: &Request,
    answer: &reqwest::Response,
    redirects: u32,
) -> Result<Option<Request>, RedirectError> {
    if !request.follow_redirects || !redirect::is_redirect(answer.status()) {
        return Ok(None);
    }
    let Some(location) = answer.headers().get(LOCATION) else {
        return Ok(None);
    };
    if redirects >= MAX_REDIRECTS {
        return Err(RedirectError::TooMany { limit: MAX_REDIRECTS });
    }
    redirect::decide(answer.status(), location, request).map(Some)
}

fn to_reqwest(request: &Request) -> reqwest::Request {
    let mut sent = reqwest::Request::new(request.method.clone(), without_user(&request.url));
    *sent.headers_mut() = headers(request);
    if let Some((_, text)) = request.body.text() {
        *sent.body_mut() = Some(reqwest::Body::from(text.clone()));
    }
    sent
}

fn without_user(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail only without a host, and such a URL has no user.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    url
}

fn headers(request: &Request) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 3);
    for header in &request.headers {
        headers.append(&header.name, header.value.clone());
    }
    if let Some((content_type, _)) = request.body.text()
        && let Ok(content_type) = HeaderValue::from_str(content_type)
    {
        headers.entry(CONTENT_TYPE).or_insert(content_type);
    }
    if let Some(basic) = basic(&request.url) {
        headers.entry(AUTHORIZATION).or_insert(basic);
    }
    headers
}

/// User and password of a URL as a header (RFC 7617).
fn basic(url: &Url) -> Option<HeaderValue> {
    let password = url.password().unwrap_or_default();
    if url.username().is_empty() && password.is_empty() {
        return None;
    }
    let mut pair: Vec<u8> = percent_decode_str(url.username()).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(password));
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A length fits in 64 bits on every machine there is.
fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod identity_tests;
#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;
