//! Which hosts are this machine: what goes there passes no wire.

use url::{Host, Url};

/// Whether the host is a loopback address or `localhost` (RFC 6761, 6.3).
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine() {
        let cases = [
            ("http://localhost:8765/", true),
            ("http://127.0.0.1/", true),
            ("http://127.9.9.9/", true),
            ("http://2130706433/", true),
            ("http://[::1]:1/", true),
            ("http://localhost.example/", false),
            ("http://127.0.0.1.example/", false),
            ("http://localhost@evil.example/", false),
            ("http://10.0.0.1/", false),
            ("http://0.0.0.0/", false),
        ];
        for (url, expected) in cases {
            assert_eq!(is_local(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
