//! Reading the HTTP client's errors: a chain of boxes becomes one [`Failure`].

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::send_error::{Failure, TlsProblem};

/// Why no answer began.
pub(super) fn before_answer(error: reqwest::Error, connect_timeout: Duration) -> Failure {
    // Its words would hold the URL, and the URL may hold a secret.
    let error = &error.without_url();
    if error.is_builder() {
        return Failure::Unsendable { cause: root(error) };
    }
    if let Some(problem) = find::<rustls::Error>(error) {
        return Failure::Tls(tls(problem));
    }
    if error.is_connect() {
        return connecting(error, connect_timeout);
    }
    match find::<hyper::Error>(error) {
        Some(hyper) if hyper.is_parse_too_large() => Failure::HeadersTooLarge,
        Some(hyper) if hyper.is_parse() => Failure::NotHttp { cause: root(error) },
        _ => Failure::NoAnswer { cause: root(error) },
    }
}

/// Why the body did not come to its end.
pub(super) fn within_body(error: reqwest::Error, received: u64, declared: Option<u64>) -> Failure {
    let error = &error.without_url();
    let from_network = find::<hyper::Error>(error).is_some();
    match find::<io::Error>(error).map(io::Error::kind) {
        _ if !from_network => Failure::Decode { cause: root(error) },
        Some(io::ErrorKind::UnexpectedEof) => Failure::Truncated { received, declared },
        _ => Failure::Reset { received, declared, cause: root(error) },
    }
}

fn connecting(error: &reqwest::Error, after: Duration) -> Failure {
    if error.is_dns() {
        return Failure::Unresolved { cause: root(error) };
    }
    if error.is_timeout() {
        return Failure::ConnectTimeout { after };
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => Failure::Refused,
        _ => Failure::Unreachable { cause: root(error) },
    }
}

fn tls(error: &rustls::Error) -> TlsProblem {
    match error {
        rustls::Error::InvalidCertificate(problem) => certificate(problem),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => TlsProblem::NotTls,
        rustls::Error::AlertReceived(alert) => refused(*alert),
        other => TlsProblem::Handshake { cause: other.to_string() },
    }
}

/// The server's word (RFC 8446, 6.2). Of certificates only the client's can be meant.
fn refused(alert: AlertDescription) -> TlsProblem {
    let cause = match alert {
        AlertDescription::CertificateRequired => return TlsProblem::NoClientCertificate,
        AlertDescription::CertificateExpired => "it has expired",
        AlertDescription::CertificateRevoked => "it was revoked",
        AlertDescription::UnknownCA => "nobody it trusts has signed it",
        AlertDescription::AccessDenied => "it may not connect",
        AlertDescription::UnsupportedCertificate => "it is of a kind it does not know",
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown => "it does not say why",
        other => {
            let cause = rustls::Error::AlertReceived(other).to_string();
            return TlsProblem::Handshake { cause };
        }
    };
    TlsProblem::ClientCertificate { cause: cause.to_owned() }
}

fn certificate(problem: &CertificateError) -> TlsProblem {
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsProblem::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsProblem::NotYetValid
        }
        CertificateError::NotValidForName => TlsProblem::WrongHost { presented: Vec::new() },
        CertificateError::NotValidForNameContext { presented, .. } => {
            TlsProblem::WrongHost { presented: presented.clone() }
        }
        CertificateError::UnknownIssuer => TlsProblem::UnknownIssuer,
        CertificateError::Revoked => TlsProblem::Revoked,
        other => TlsProblem::Certificate { cause: other.to_string() },
    }
}

/// The first error of a type, from the outside in.
fn find<'a, Wanted: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a Wanted> {
    chain(error).find_map(|cause| cause.downcast_ref::<Wanted>())
}

/// The words of the innermost error: the outer ones only tell which part of the client was at work.
fn root(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| inner(*cause))
}

/// An I/O error hides what it wraps from `source`, which goes on below that.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_about_the_client() {
        let cases = [
            (AlertDescription::CertificateRequired, "asks for a client certificate"),
            (AlertDescription::CertificateExpired, "refuses the client certificate: it has expired"),
            (AlertDescription::CertificateRevoked, "refuses the client certificate: it was revoked"),
            (AlertDescription::UnknownCA, "refuses the client certificate: nobody it trusts has signed it"),
            (AlertDescription::AccessDenied, "refuses the client certificate: it may not connect"),
            (
                AlertDescription::UnsupportedCertificate,
                "refuses the client certificate: it is of a kind it does not know",
            ),
            (AlertDescription::BadCertificate, "refuses the client certificate: it does not say why"),
            (
                AlertDescription::ProtocolVersion,
                "cannot agree on a secure connection: received fatal alert: ProtocolVersion",
            ),
        ];
        for (alert, expected) in cases {
            assert_eq!(tls(&rustls::Error::AlertReceived(alert)).to_string(), expected);
        }
    }
}
