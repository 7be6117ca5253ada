//! Where credentials may be sent besides `base_url`: scheme, host and port, and nothing else.

use url::Url;

/// A text that is no origin. It is not part of the message: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`origins` holds something that is no origin: {0}")]
pub struct OriginError(&'static str);

/// What helps.
pub const ORIGIN_HELP: &str = "an origin is `https://HOST` or `https://HOST:PORT`, and nothing else";

/// Reads an origin. A user before the host, a path or a query would look as if they were compared as well.
pub fn parse_origin(text: &str) -> Result<Url, OriginError> {
    let url = Url::parse(text).map_err(|_| OriginError("it is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(OriginError("it does not begin with `https://`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OriginError("it has a user before the host"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(OriginError("it has something behind the host"));
    }
    if url.host_str().is_some_and(|host| host.contains('*')) {
        return Err(OriginError("it has a `*`, and every host has to be named"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let good = ["https://files.shop.example", "https://files.shop.example/", "http://10.0.0.1:8080"];
        for text in good {
            assert!(parse_origin(text).is_ok(), "{text}");
        }
        let cases = [
            ("files.shop.example", "it is not a URL"),
            ("", "it is not a URL"),
            ("https://", "it is not a URL"),
            ("localhost:80", "it does not begin with `https://`"),
            ("https://api.example@evil.example", "it has a user before the host"),
            ("https://api.example/v1", "it has something behind the host"),
            ("https://api.example?x", "it has something behind the host"),
            ("https://*.example", "it has a `*`, and every host has to be named"),
        ];
        for (text, why) in cases {
            assert_eq!(parse_origin(text), Err(OriginError(why)), "{text}");
        }
    }
}
