//! What in an answer is probably a token, wherever it stands: a failure shows a part of the answer, and must not show it.

use serde_json::Value;

use crate::plan::connection::looks_secret;
use crate::secret::Redactor;

/// A shorter text is rather a word.
const SHORTEST_TOKEN: usize = 16;

/// Learns what has a telling name.
pub(super) fn learn_named(body: &Value, redactor: &Redactor) {
    match body {
        Value::Object(members) => members.iter().for_each(|(name, value)| match value {
            Value::String(text) if looks_secret(name) => drop(redactor.learn(text)),
            value => learn_named(value, redactor),
        }),
        Value::Array(items) => items.iter().for_each(|item| learn_named(item, redactor)),
        _ => {}
    }
}

/// Learns what could be the token of an answer that is fine and has none where it should be.
pub(super) fn learn_lookalikes(body: &Value, redactor: &Redactor) {
    match body {
        Value::Object(members) => members.values().for_each(|value| learn_lookalikes(value, redactor)),
        Value::Array(items) => items.iter().for_each(|item| learn_lookalikes(item, redactor)),
        Value::String(text) if is_lookalike(text) => drop(redactor.learn(text)),
        _ => {}
    }
}

/// Learns from an answer that is no JSON: a form, as some servers write it, or nothing but a token.
pub(super) fn learn_text(body: &[u8], redactor: &Redactor) {
    for (name, value) in url::form_urlencoded::parse(body) {
        if looks_secret(&name) {
            redactor.learn(&value);
        }
    }
    let text = String::from_utf8_lossy(body);
    if is_lookalike(text.trim()) {
        redactor.learn(text.trim());
    }
}

fn is_lookalike(text: &str) -> bool {
    let is_bare = !text.contains(|next: char| next.is_whitespace() || matches!(next, '<' | '=' | '&'));
    text.len() >= SHORTEST_TOKEN && is_bare && !text.contains("://")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_that_stand_elsewhere() {
        let redactor = Redactor::default();
        let body = json!({ "result": ["0123456789abcdef"], "id_token": "short", "url": "https://shop.example/a", "note": "a few words of text" });
        learn_named(&body, &redactor);
        learn_lookalikes(&body, &redactor);
        assert_eq!(
            redactor.redact(&body.to_string()),
            r#"{"result":["***"],"id_token":"***","url":"https://shop.example/a","note":"a few words of text"}"#
        );
    }

    #[test]
    fn answers_that_are_no_json() {
        let cases = [
            ("access_token=abc%20def&token_type=bearer", "access_token=***&token_type=bearer"),
            ("0123456789abcdef\n", "***\n"),
            ("<html>nothing</html>", "<html>nothing</html>"),
            ("Unavailable", "Unavailable"),
        ];
        for (body, expected) in cases {
            let redactor = Redactor::default();
            learn_text(body.as_bytes(), &redactor);
            assert_eq!(redactor.redact(body), expected);
        }
    }
}
