//! Why no complete answer came.

use std::fmt;
use std::time::Duration;

use super::redirect::RedirectError;

/// A request that got no complete answer. Holds no secret: the place is an origin, causes are the system's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendError {
    /// Scheme, host and port of the last request sent.
    pub place: String,
    /// Redirects followed before it failed.
    pub redirects: u32,
    /// What happened there.
    pub failure: Failure,
}

/// Whether the server may have received the request, and so have acted on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Surely not.
    No,
    /// It cannot be known.
    Maybe,
}

impl Reached {
    /// Whether sending the request again cannot do anything twice.
    pub fn surely_not(self) -> bool {
        match self {
            Self::No => true,
            Self::Maybe => false,
        }
    }
}

/// What happened to a request. Each message continues a sentence that begins with the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The request cannot be put on a wire.
    #[error("cannot be asked: {cause}")]
    Unsendable {
        /// The HTTP client's words.
        cause: String,
    },
    /// The host has no address.
    #[error("has no address: {cause}")]
    Unresolved {
        /// The resolver's words.
        cause: String,
    },
    /// Nothing listens there.
    #[error("refused the connection")]
    Refused,
    /// Any other failure to connect, that of a proxy included.
    #[error("cannot be reached: {cause}")]
    Unreachable {
        /// The system's words.
        cause: String,
    },
    /// Address, connection and handshake took too long.
    #[error("gave no connection within {after:?}")]
    ConnectTimeout {
        /// The limit.
        after: Duration,
    },
    /// No secure connection.
    #[error("{0}")]
    Tls(TlsProblem),
    /// Silence before or within the answer.
    #[error("sent nothing for {after:?}{}", so_far(*.received, None))]
    ReadTimeout {
        /// The limit.
        after: Duration,
        /// Bytes of the body so far; none before the answer began.
        received: Option<u64>,
    },
    /// The try as a whole took too long.
    #[error("did not finish its answer within {after:?}")]
    TotalTimeout {
        /// The limit.
        after: Duration,
    },
    /// The connection ended before any answer.
    #[error("closed the connection without an answer: {cause}")]
    NoAnswer {
        /// The HTTP client's words.
        cause: String,
    },
    /// What came is no HTTP.
    #[error("did not answer in HTTP: {cause}")]
    NotHttp {
        /// The HTTP client's words.
        cause: String,
    },
    /// More headers than any client takes.
    #[error("answered with too many or too large headers")]
    HeadersTooLarge,
    /// The connection broke within the body.
    #[error("broke the connection{}: {cause}", so_far(Some(*.received), *.declared))]
    Reset {
        /// Bytes of the body so far, after gzip is undone.
        received: u64,
        /// The whole, if it was told.
        declared: Option<u64>,
        /// The system's words.
        cause: String,
    },
    /// The body ended early, in good order.
    #[error("ended its answer early{}", so_far(Some(*.received), *.declared))]
    Truncated {
        /// Bytes of the body, after gzip is undone.
        received: u64,
        /// The whole, if it was told.
        declared: Option<u64>,
    },
    /// The body is larger than the request allows.
    #[error("answered with more than {}", size(*.limit))]
    TooLarge {
        /// The limit in bytes, after gzip is undone.
        limit: u64,
    },
    /// The body's gzip is damaged.
    #[error("answered in gzip that cannot be read: {cause}")]
    Decode {
        /// The decoder's words.
        cause: String,
    },
    /// A redirect that is not followed.
    #[error("{0}")]
    Redirect(RedirectError),
}

/// What stands against a secure connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsProblem {
    /// The certificate is too old.
    #[error("shows a certificate that has expired")]
    Expired,
    /// The certificate is for later.
    #[error("shows a certificate that is not valid yet")]
    NotYetValid,
    /// The certificate is for other hosts.
    #[error("shows a certificate for {}, not for this host", names(presented))]
    WrongHost {
        /// The names in the certificate.
        presented: Vec<String>,
    },
    /// Nobody this machine trusts signed the certificate.
    #[error("shows a certificate that nobody trusted by this machine has signed")]
    UnknownIssuer,
    /// The certificate was withdrawn.
    #[error("shows a certificate that was revoked")]
    Revoked,
    /// Any other fault of the certificate.
    #[error("shows a certificate that is not accepted: {cause}")]
    Certificate {
        /// The TLS library's words.
        cause: String,
    },
    /// The server wants to know who connects, and was shown nothing.
    #[error("asks for a client certificate")]
    NoClientCertificate,
    /// The server does not take the certificate it was shown.
    #[error("refuses the client certificate: {cause}")]
    ClientCertificate {
        /// The server's reason.
        cause: String,
    },
    /// Something answers, but not in TLS.
    #[error("does not speak TLS on this port")]
    NotTls,
    /// Any other failure of the handshake.
    #[error("cannot agree on a secure connection: {cause}")]
    Handshake {
        /// The TLS library's words.
        cause: String,
    },
}

impl SendError {
    /// Whether the server may have received the request. A server that redirected has received it.
    pub fn reached(&self) -> Reached {
        if self.redirects > 0 { Reached::Maybe } else { self.failure.reached() }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        self.failure.help()
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` {}", self.place, self.failure)?;
        match self.redirects {
            0 => Ok(()),
            1 => formatter.write_str(" (after a redirect)"),
            count => write!(formatter, " (after {count} redirects)"),
        }
    }
}

impl std::error::Error for SendError {}

impl Failure {
    /// Whether the same request may well succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unresolved { .. }
            | Self::Refused
            | Self::Unreachable { .. }
            | Self::ConnectTimeout { .. }
            | Self::ReadTimeout { .. }
            | Self::TotalTimeout { .. }
            | Self::NoAnswer { .. }
            | Self::Reset { .. }
            | Self::Truncated { .. } => true,
            Self::Unsendable { .. }
            | Self::Tls(_)
            | Self::NotHttp { .. }
            | Self::HeadersTooLarge
            | Self::TooLarge { .. }
            | Self::Decode { .. }
            | Self::Redirect(_) => false,
        }
    }

    /// Whether the answer is larger than the request allows.
    pub fn is_too_large(&self) -> bool {
        match self {
            Self::TooLarge { .. } => true,
            Self::Unsendable { .. }
            | Self::Unresolved { .. }
            | Self::Refused
            | Self::Unreachable { .. }
            | Self::ConnectTimeout { .. }
            | Self::Tls(_)
            | Self::ReadTimeout { .. }
            | Self::TotalTimeout { .. }
            | Self::NoAnswer { .. }
            | Self::NotHttp { .. }
            | Self::HeadersTooLarge
            | Self::Reset { .. }
            | Self::Truncated { .. }
            | Self::Decode { .. }
            | Self::Redirect(_) => false,
        }
    }

    fn reached(&self) -> Reached {
        match self {
            Self::Unsendable { .. }
            | Self::Unresolved { .. }
            | Self::Refused
            | Self::Unreachable { .. }
            | Self::ConnectTimeout { .. }
            | Self::Tls(_) => Reached::No,
            Self::ReadTimeout { .. }
            | Self::TotalTimeout { .. }
            | Self::NoAnswer { .. }
            | Self::NotHttp { .. }
            | Self::HeadersTooLarge
            | Self::Reset { .. }
            | Self::Truncated { .. }
            | Self::TooLarge { .. }
            | Self::Decode { .. }
            | Self::Redirect(_) => Reached::Maybe,
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::Unsendable { .. } => "check the `url` after rendering: `river plan` shows it",
            Self::Unresolved { .. } => "check the host's spelling, and this machine's network and DNS",
            Self::Refused => "check host and port, and whether the service runs",
            Self::Unreachable { .. } => {
                "check this machine's network, and `HTTPS_PROXY` if a proxy is needed"
            }
            Self::ConnectTimeout { .. } => {
                "check host and port; a firewall that drops packets looks like this"
            }
            Self::Tls(problem) => problem.help(),
            Self::ReadTimeout { .. } | Self::TotalTimeout { .. } => {
                "ask for smaller pages, or give the request a longer `timeout`"
            }
            Self::NoAnswer { .. } | Self::Reset { .. } | Self::Truncated { .. } => {
                "mostly passing; if it stays, ask for smaller pages or ask the service"
            }
            Self::NotHttp { .. } => "check scheme and port: https servers do not answer http",
            Self::HeadersTooLarge => "ask the service why; growing cookies are a common cause",
            Self::TooLarge { .. } => "ask for smaller pages",
            Self::Decode { .. } => "send the header `Accept-Encoding: identity` to get it unpacked",
            Self::Redirect(error) => error.help(),
        }
    }
}

impl TlsProblem {
    fn help(&self) -> &'static str {
        match self {
            Self::Expired | Self::NotYetValid => {
                "check this machine's clock; if it is right, the service must renew"
            }
            Self::WrongHost { .. } => "use one of the names in the certificate as host",
            Self::UnknownIssuer => {
                "install `ca-certificates`; behind a company proxy, add its root to the system's store"
            }
            Self::NoClientCertificate => "set `auth: { kind: mtls, … }` in the connection",
            Self::ClientCertificate { .. } => {
                "check `certificate`: its end, that those that signed it stand behind it, and that the service knows it"
            }
            Self::NotTls => "check the port, or use http if the service has no https",
            Self::Revoked | Self::Certificate { .. } | Self::Handshake { .. } => {
                "ask the service; do not work around it"
            }
        }
    }
}

/// ` after 10 of 100 bytes`
fn so_far(received: Option<u64>, declared: Option<u64>) -> String {
    match (received, declared) {
        (None, _) => String::new(),
        (Some(received), None) => format!(" after {received} bytes"),
        (Some(received), Some(declared)) => format!(" after {received} of {declared} bytes"),
    }
}

fn size(bytes: u64) -> String {
    const MEBIBYTE: u64 = 1024 * 1024;
    if bytes >= MEBIBYTE && bytes.is_multiple_of(MEBIBYTE) {
        return format!("{} MiB", bytes / MEBIBYTE);
    }
    format!("{bytes} bytes")
}

fn names(presented: &[String]) -> String {
    match presented {
        [] => "other names".to_owned(),
        some => some.iter().take(5).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(redirects: u32, failure: Failure) -> SendError {
        SendError { place: "https://a.example".to_owned(), redirects, failure }
    }

    #[test]
    fn messages_say_what_was_found() {
        let second = Duration::from_secs(60);
        let cases = [
            (error(0, Failure::Refused), "`https://a.example` refused the connection"),
            (
                error(2, Failure::ReadTimeout { after: second, received: Some(10) }),
                "`https://a.example` sent nothing for 60s after 10 bytes (after 2 redirects)",
            ),
            (
                error(0, Failure::Truncated { received: 10, declared: Some(100) }),
                "`https://a.example` ended its answer early after 10 of 100 bytes",
            ),
            (
                error(0, Failure::TooLarge { limit: 64 << 20 }),
                "`https://a.example` answered with more than 64 MiB",
            ),
            (
                error(0, Failure::Tls(TlsProblem::WrongHost { presented: vec!["b.example".to_owned()] })),
                "`https://a.example` shows a certificate for `b.example`, not for this host",
            ),
            (
                error(0, Failure::Tls(TlsProblem::NoClientCertificate)),
                "`https://a.example` asks for a client certificate",
            ),
            (
                error(10, Failure::Redirect(RedirectError::TooMany { limit: 10 })),
                "`https://a.example` redirects for the 11th time; at most 10 are followed (after 10 redirects)",
            ),
        ];
        for (error, expected) in cases {
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_redirect_means_that_a_server_was_reached() {
        assert_eq!(error(0, Failure::Refused).reached(), Reached::No);
        assert_eq!(error(1, Failure::Refused).reached(), Reached::Maybe);
    }
}
