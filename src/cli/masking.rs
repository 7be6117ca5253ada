//! Secrets that stand in a file in clear are not shown with its lines, also where the file is not what it should be: a
//! misspelt key, no YAML at all. This goes by the text of the lines, and masks rather too much.

use crate::diagnostic::{FileId, Sources, nearest};
use crate::plan::connection::looks_secret;

/// Keys below `auth` that hold a secret: whatever is nearer to one of them than to an [`OPEN`] one holds one as well.
const SECRET: [&str; 12] = [
    "token",
    "key",
    "secret",
    "password",
    "pass",
    "pwd",
    "passphrase",
    "private_key",
    "client_secret",
    "refresh_token",
    "access_token",
    "secret_access_key",
];

/// Keys below `auth` that look like those, and hold none.
const OPEN: [&str; 10] = [
    "keep",
    "key_id",
    "access_key_id",
    "consumer_key",
    "token_url",
    "token_type",
    "secret_encoding",
    "names",
    "into",
    "realm",
];

/// Which keys of a file may hold secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// All of them: a connection, or a file that cannot be read.
    Connection,
    /// Those below an `auth`: a pipeline, whose other secrets are found by its spec.
    Pipeline,
}

impl Kind {
    fn may_hold_secrets_anywhere(self) -> bool {
        match self {
            Self::Connection => true,
            Self::Pipeline => false,
        }
    }
}

/// Masks what stands behind a key that looks secret.
pub(super) fn mask_lines(sources: &mut Sources, file: FileId, kind: Kind) {
    let text = sources.text(file).to_owned();
    let whole = sources.start_of(file);
    let mut reader = Reader { kind, auth: None, block: None };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        for (from, to) in reader.secrets(line) {
            sources.mask(whole.with_range(start + from..start + to));
        }
        start += line.len();
    }
}

/// Reads a file line by line.
struct Reader {
    kind: Kind,
    /// How deep the key `auth` stands whose value goes over several lines.
    auth: Option<usize>,
    /// How deep the key stands whose secret is a block of lines.
    block: Option<usize>,
}

impl Reader {
    /// Where in a line secrets stand.
    fn secrets(&mut self, line: &str) -> Vec<(usize, usize)> {
        let depth = line.len() - line.trim_start().len();
        if line.trim().is_empty() {
            return vec![];
        }
        if self.block.is_some_and(|block| depth > block) {
            return vec![(depth, line.trim_end().len())];
        }
        self.block = None;
        if self.auth.is_some_and(|auth| depth <= auth && !line.trim_start().starts_with(['}', '#'])) {
            self.auth = None;
        }
        let mut in_auth = self.auth.is_some();
        let mut found = Vec::new();
        for (colon, _) in line.match_indices(':') {
            let before = line[..colon].trim_end_matches(['"', '\'', ' ']);
            let key = before.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next();
            let (Some(key), value) = (key, line[colon + 1..].trim_start()) else { continue };
            let at = line.len() - value.len();
            let value = value.trim_end();
            if key == "auth" {
                in_auth = true;
                if value.is_empty() || value.starts_with(['{', '#']) && !value.contains('}') {
                    self.auth = Some(depth);
                }
                // `auth: Bearer abc`
                if !value.starts_with(['{', '[', '#']) && value.contains(' ') {
                    found.push((at, at + value.len()));
                }
            } else if self.is_secret(key, in_auth) {
                if value.starts_with(['|', '>']) {
                    self.block = Some(depth);
                } else if in_auth && is_odd_mapping(value) {
                    found.push((at, at + value.find('}').map_or(value.len(), |end| end + 1)));
                } else if is_written(value) {
                    found.push((at, at + length_of_scalar(value)));
                }
            }
        }
        found
    }

    fn is_secret(&self, key: &str, in_auth: bool) -> bool {
        let is_near =
            || nearest(key, OPEN.into_iter().chain(SECRET)).is_some_and(|near| SECRET.contains(&near));
        (looks_secret(key) && (in_auth || self.kind.may_hold_secrets_anywhere())) || (in_auth && is_near())
    }
}

/// `{ value: abc }`, which is no source.
fn is_odd_mapping(value: &str) -> bool {
    value.starts_with('{') && !value.starts_with("{{") && !value.contains("from") && value.len() > 1
}

fn is_written(value: &str) -> bool {
    let bare = value.trim_start_matches(['"', '\'']);
    !value.is_empty() && !["true", "false", "{", "$"].iter().any(|start| bare.starts_with(start))
}

/// Up to the closing quote, or to what ends a bare value in a flow mapping; else all of it.
fn length_of_scalar(text: &str) -> usize {
    let end = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => text[1..].find(quote).map(|end| end + 2),
        _ => [", ", " }", " #"].iter().filter_map(|end| text.find(end)).min(),
    };
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, kind: Kind) -> String {
        let mut reader = Reader { kind, auth: None, block: None };
        let lines = text.split_inclusive('\n').map(|line| {
            let mut line = line.to_owned();
            for (from, to) in reader.secrets(&line).into_iter().rev() {
                line.replace_range(from..to, "***");
            }
            line
        });
        lines.collect()
    }

    #[test]
    fn what_is_masked_below_auth() {
        let cases = [
            ("auth: { kind: bearer, token: abc }", "auth: { kind: bearer, token: *** }"),
            (
                "auth: { kind: api_key, key: abc, into: headers.X }",
                "auth: { kind: api_key, key: ***, into: headers.X }",
            ),
            ("auth: { kind: bearer, tokn: abc }", "auth: { kind: bearer, tokn: *** }"),
            ("auth: { kind: basic, user: me, pass: \"a, b\" }", "auth: { kind: basic, user: me, pass: *** }"),
            ("auth: { token: { value: abc }, into: x }", "auth: { token: ***, into: x }"),
            ("auth: Bearer abc", "auth: ***"),
            ("auth: bearer", "auth: bearer"),
            (
                "auth:\n  jwt:\n    key_id: abc\n    private_key: |\n      abc\n\n      def\n    issuer: x",
                "auth:\n  jwt:\n    key_id: abc\n    private_key: |\n      ***\n\n      ***\n    issuer: x",
            ),
            (
                "auth:\n  kind: aws_sigv4\n  access_key_id: abc\n  secret_access_key: def",
                "auth:\n  kind: aws_sigv4\n  access_key_id: abc\n  secret_access_key: ***",
            ),
            (
                "auth: {\n  kind: bearer,\n  key: abc\n}\nkey: def",
                "auth: {\n  kind: bearer,\n  key: ***\n}\nkey: def",
            ),
            (
                "auth:\n  keep: { token: $.token }\n  token_url: https://x\n  token: { from: env:X }",
                "auth:\n  keep: { token: $.token }\n  token_url: https://x\n  token: { from: env:X }",
            ),
            ("steps:\n  - token: abc\n    key: def", "steps:\n  - token: abc\n    key: def"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text, Kind::Pipeline), expected);
        }
    }

    #[test]
    fn a_connection_has_secrets_elsewhere_too() {
        let text = "api_token: abc # mine\nkey: abc\nprivate_key: >-\n  abc\nbase_url: x\n";
        let expected = "api_token: *** # mine\nkey: abc\nprivate_key: >-\n  ***\nbase_url: x\n";
        assert_eq!(shown(text, Kind::Connection), expected);
    }
}
