//! Where credentials belong: they are sent there and nowhere else.

use url::{Origin, Url};

use crate::http::is_local;

/// Where credentials may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    base: Option<Origin>,
    listed: Vec<Origin>,
}

/// Whether a URL belongs to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belongs {
    /// It does.
    Here,
    /// It does, and everybody on the way could read them: `http` to another machine that nobody listed.
    InClear,
    /// It does not.
    Elsewhere,
}

impl Home {
    /// The origin of `base_url`, and those that the author lists.
    pub fn new(base_url: Option<&str>, listed: impl IntoIterator<Item = String>) -> Self {
        let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin());
        Self {
            base: base_url.and_then(origin),
            listed: listed.into_iter().filter_map(|text| origin(&text)).collect(),
        }
    }

    /// Whether a URL belongs to it. `base_url` may come from elsewhere (a token's answer, a variable), so that `http` is
    /// meant only where it is listed.
    pub fn holds(&self, url: &Url) -> Belongs {
        let origin = url.origin();
        if self.listed.contains(&origin) {
            return Belongs::Here;
        }
        if self.base.as_ref() != Some(&origin) {
            return Belongs::Elsewhere;
        }
        if url.scheme() == "https" || is_local(url) { Belongs::Here } else { Belongs::InClear }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn belonging() {
        let cases = [
            ("https://api.example", "https://api.example/x", Belongs::Here),
            ("https://api.example", "https://API.example:443/x", Belongs::Here),
            ("https://api.example", "http://api.example/x", Belongs::Elsewhere),
            ("https://api.example", "https://api.example:8443/x", Belongs::Elsewhere),
            ("https://api.example", "https://api.example@evil.example/x", Belongs::Elsewhere),
            ("https://api.example", "https://api.example.evil.example/x", Belongs::Elsewhere),
            ("https://bücher.example", "https://xn--bcher-kva.example/x", Belongs::Here),
            ("https://api.example", "https://files.example/x", Belongs::Here),
            ("https://api.example", "http://intranet.example/x", Belongs::Here),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/x", Belongs::Here),
            ("http://api.example", "http://api.example/x", Belongs::InClear),
            ("http://intranet.example", "http://intranet.example/x", Belongs::Here),
            ("", "https://api.example/x", Belongs::Elsewhere),
            ("data:x", "data:x", Belongs::Elsewhere),
        ];
        for (base, url, expected) in cases {
            let listed = ["https://files.example", "http://intranet.example"].map(str::to_owned);
            let home = Home::new(Some(base), listed);
            assert_eq!(home.holds(&Url::parse(url).unwrap()), expected, "{base} {url}");
        }
    }
}
