//! The only registered client.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use url::{Host, Url};

use super::parameters::Parameters;
use crate::faults::TokenError;
use crate::wire::WireRequest;
use crate::{CLIENT_ID, CLIENT_SECRET};

/// The name of the client on the consent page.
pub(super) const NAME: &str = "river sandbox client";

/// Checks the credentials of the client, which are in parameters or in `Authorization: Basic`.
///
/// Zoho: its discovery document names both ways. Guess: which one wins if both are used.
pub(super) fn authenticate(request: &WireRequest, parameters: &Parameters) -> Result<(), TokenError> {
    let basic = basic_credentials(request);
    let basic = basic.as_deref().and_then(|pair| pair.split_once(':'));
    let id = parameters.get("client_id").or(basic.map(|(id, _)| id));
    let secret = parameters.get("client_secret").or(basic.map(|(_, secret)| secret));
    if id != Some(CLIENT_ID) {
        return Err(TokenError::InvalidClient);
    }
    if secret != Some(CLIENT_SECRET) {
        return Err(TokenError::InvalidClientSecret);
    }
    Ok(())
}

/// Whether a redirect to this URI is allowed: it is configured, or any port on this machine.
///
/// Guess: Zoho accepts `http://127.0.0.1:PORT` and `http://localhost:PORT`. Zoho compares the URI with the registered
/// one, letter by letter; here any port is allowed, because a native client picks its port at run time.
pub(super) fn may_redirect_to(uri: &str, configured: &[String]) -> bool {
    // It is copied into a header unchanged.
    let can_be_sent = uri.bytes().all(|byte| byte.is_ascii_graphic());
    can_be_sent && (configured.iter().any(|known| known == uri) || is_on_this_machine(uri))
}

fn is_on_this_machine(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| {
        let is_loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            _ => false,
        };
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        url.scheme() == "http" && is_loopback && is_plain
    })
}

fn basic_credentials(request: &WireRequest) -> Option<String> {
    let (scheme, encoded) = request.header("authorization")?.split_once(' ')?;
    let is_basic = scheme.eq_ignore_ascii_case("basic");
    let bytes = is_basic.then(|| BASE64_STANDARD.decode(encoded.trim()).ok()).flatten()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_go_to_this_machine_or_where_it_was_registered() {
        let configured = ["https://app.example/callback".to_owned()];
        let cases = [
            ("http://127.0.0.1:8765/callback", true),
            ("http://localhost:1/", true),
            ("http://localhost:1/a?b=c", true),
            ("https://app.example/callback", true),
            ("https://app.example/callback/", false),
            ("https://127.0.0.1:8765/callback", false),
            ("http://127.0.0.1.example:80/", false),
            ("http://localhost.example/", false),
            ("http://user@localhost:1/", false),
            ("http://localhost:1/#part", false),
            ("http://localhost:1/a\r\nset-cookie: b", false),
            ("http://192.168.0.1:1/", false),
            ("localhost:1", false),
            ("", false),
        ];
        for (uri, expected) in cases {
            assert_eq!(may_redirect_to(uri, &configured), expected, "{uri:?}");
        }
    }
}
