//! A request as a command of curl, for a person who wants to try it by hand.
//!
//! Parts that are not in the request stand as shell variables. Every word is quoted so that the shell changes nothing.

use super::request::Request;
use crate::secret::Redactor;

/// A piece of a text of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it is sent.
    Text(String),
    /// What a shell variable holds.
    Variable(String),
}

impl Piece {
    fn is_variable(&self) -> bool {
        match self {
            Self::Variable(_) => true,
            Self::Text(_) => false,
        }
    }
}

/// Takes a text of a request apart.
pub type Pieces<'p> = &'p dyn Fn(&str) -> Vec<Piece>;

const FORM: &str = "application/x-www-form-urlencoded";

/// The command, one option a line.
pub fn command(request: &Request, pieces: Pieces<'_>) -> String {
    let writer = Writer { request, pieces };
    let mut lines = vec![writer.start()];
    let (url, computed) = writer.url();
    lines.push(format!("--url {}", writer.word(&url)));
    lines.extend(computed.iter().map(|pair| writer.encoded("--url-query", pair)));
    let named = |header: &super::Header| {
        format!("{}: {}", header.name, String::from_utf8_lossy(header.value.as_bytes()))
    };
    lines.extend(request.headers.iter().map(|header| format!("--header {}", writer.word(&named(header)))));
    lines.extend(writer.body());
    lines.join(" \\\n  ")
}

struct Writer<'a> {
    request: &'a Request,
    pieces: Pieces<'a>,
}

impl Writer<'_> {
    /// The options that do not depend on a value. A method that curl chooses by itself is left to it, since a redirect
    /// may change it then.
    fn start(&self) -> String {
        let method = self.request.method.as_str();
        let has_body = self.request.body.text().is_some();
        let mut words = vec!["curl --compressed".to_owned()];
        words.push(format!("--max-time {}", self.request.timeouts.total.as_secs().max(1)));
        words.extend(self.request.follow_redirects.then(|| "--location".to_owned()));
        match (method, has_body) {
            ("HEAD", _) => words.push("--head".to_owned()),
            ("GET", false) | ("POST", true) => {}
            _ => words.push(format!("--request {method}")),
        }
        words.join(" ")
    }

    /// The URL, and the parameters that curl itself must encode, since their value is a variable's.
    fn url(&self) -> (String, Vec<String>) {
        let described = self.request.describe(&Redactor::default());
        let url = described.split_once(' ').map_or(described.as_str(), |(_, url)| url);
        let Some((place, query)) = url.split_once('?') else { return (url.to_owned(), vec![]) };
        let (computed, written): (Vec<&str>, Vec<&str>) =
            query.split('&').partition(|pair| self.is_computed(pair));
        let url =
            if written.is_empty() { place.to_owned() } else { format!("{place}?{}", written.join("&")) };
        (url, computed.into_iter().map(str::to_owned).collect())
    }

    fn body(&self) -> Vec<String> {
        let Some((content_type, text)) = self.request.body.text() else { return vec![] };
        let text = String::from_utf8_lossy(text);
        let mut lines = Vec::new();
        let own = self.request.headers.iter().any(|header| header.name == http::header::CONTENT_TYPE);
        if !own && content_type != FORM {
            lines.push(format!("--header {}", self.word(&format!("content-type: {content_type}"))));
        }
        if content_type != FORM {
            lines.push(format!("--data-raw {}", self.word(&text)));
            return lines;
        }
        lines.extend(text.split('&').map(|pair| {
            if self.is_computed(pair) {
                self.encoded("--data-urlencode", pair)
            } else {
                format!("--data-raw {}", self.word(pair))
            }
        }));
        lines
    }

    fn is_computed(&self, text: &str) -> bool {
        (self.pieces)(text).iter().any(Piece::is_variable)
    }

    /// A pair whose value curl encodes: what is written in it is given as it is before that.
    fn encoded(&self, option: &str, pair: &str) -> String {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded: String = url::form_urlencoded::parse(format!("={value}").as_bytes())
            .map(|(_, value)| value.into_owned())
            .collect();
        format!("{option} {}", self.word(&format!("{name}={decoded}")))
    }

    /// A word of the shell.
    fn word(&self, text: &str) -> String {
        (self.pieces)(text)
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => quoted(&text),
                Piece::Variable(name) => format!("\"${name}\""),
            })
            .collect()
    }
}

/// Text as the shell takes it: single quotes leave everything as it is.
pub fn quoted(text: &str) -> String {
    let safe = |next: char| next.is_ascii_alphanumeric() || "_-./:=@%+,".contains(next);
    if !text.is_empty() && text.chars().all(safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::http::{Body, Header};

    fn pieces(text: &str) -> Vec<Piece> {
        let mut parts = text.split("TOKEN");
        let mut pieces = vec![Piece::Text(parts.next().unwrap_or_default().to_owned())];
        for part in parts {
            pieces.extend([Piece::Variable("token".to_owned()), Piece::Text(part.to_owned())]);
        }
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        pieces
    }

    /// What a shell makes of a command: its words, with `curl` as a function that prints them.
    fn words(command: &str) -> Vec<String> {
        let script =
            format!("curl() {{ for word in \"$@\"; do printf '%s\\0' \"$word\"; done; }}\n{command}");
        let output = Command::new("sh").args(["-c", &script]).env("token", "a b&$HOME'\"").output().unwrap();
        assert!(output.status.success(), "{command}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    #[test]
    fn the_shell_changes_nothing() {
        let url = "https://a.example/it's/$HOME?q=a%20b&t=xTOKEN&n=1".parse().unwrap();
        let mut request = Request::new(http::Method::POST, url);
        request.headers.push(Header::new("X-Odd", "`id` \"!\" \\ TOKEN", true, false).unwrap());
        request.body = Body::Text {
            content_type: "application/json".to_owned(),
            text: "{\"a\": \"it's\",\n \"b\": \"TOKEN\"}".into(),
            secret_parts: true,
        };
        let expected = [
            "--compressed",
            "--max-time",
            "300",
            "--location",
            "--url",
            "https://a.example/it's/$HOME?q=a%20b&n=1",
            "--url-query",
            "t=xa b&$HOME'\"",
            "--header",
            "x-odd: `id` \"!\" \\ a b&$HOME'\"",
            "--header",
            "content-type: application/json",
            "--data-raw",
            "{\"a\": \"it's\",\n \"b\": \"a b&$HOME'\"\"}",
        ];
        assert_eq!(words(&command(&request, &pieces)), expected);
    }

    #[test]
    fn forms_are_encoded_by_curl_where_a_variable_is() {
        let mut request = Request::new(http::Method::PUT, "https://a.example/".parse().unwrap());
        request.follow_redirects = false;
        request.body = Body::Text {
            content_type: FORM.to_owned(),
            text: "a=b+c%26d&t=x%2FTOKEN".into(),
            secret_parts: false,
        };
        let expected = "curl --compressed --max-time 300 --request PUT \\\n  --url https://a.example/ \\\n  \
             --data-raw a=b+c%26d \\\n  --data-urlencode t=x/\"$token\"";
        assert_eq!(command(&request, &pieces), expected);
    }
}
