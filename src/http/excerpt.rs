//! A line of an answer's body for a message.

use std::fmt::Write;

use crate::secret::Redactor;

/// Bytes of a body that are looked at: an HTML page can have much before its first word.
const WINDOW: usize = 64 * 1024;

/// Bytes at the end of a cut window that are not shown, so that no secret is cut in two and missed.
const MARGIN: usize = 4 * 1024;

/// At most `longest` characters of `body`, fit to print.
pub fn of(body: &[u8], media_type: &str, longest: usize, redactor: &Redactor) -> String {
    if body.is_empty() {
        return "an empty body".to_owned();
    }
    let window = &body[..body.len().min(WINDOW)];
    if is_binary(window) {
        return binary(body.len(), media_type);
    }
    let text = masked(window, body.len() > WINDOW, redactor);
    if !is_html(&text, media_type) {
        return line(&text, longest, body.len());
    }
    // Entities hid secrets from the first look.
    let visible = visible_text(&text);
    format!("an HTML page: {}", line(&redactor.redact(&visible), longest, body.len()))
}

fn masked(window: &[u8], is_cut: bool, redactor: &Redactor) -> String {
    let clean = redactor.redact_bytes(window);
    let shown = if is_cut { clean.len().saturating_sub(MARGIN) } else { clean.len() };
    String::from_utf8_lossy(&clean[..shown]).into_owned()
}

fn binary(length: usize, media_type: &str) -> String {
    match media_type {
        "" => format!("{length} bytes of binary data"),
        _ => format!("{length} bytes of binary data (`{media_type}`)"),
    }
}

/// Text of any charset has few bytes below the blank, and Latin-1 few characters that are no UTF-8.
fn is_binary(window: &[u8]) -> bool {
    if window.contains(&0) {
        return true;
    }
    let text = String::from_utf8_lossy(window);
    let strange = text.chars().filter(|character| is_strange(*character)).count();
    strange * 5 > text.chars().count()
}

fn is_strange(character: char) -> bool {
    character == char::REPLACEMENT_CHARACTER || (character.is_control() && !character.is_whitespace())
}

/// White space becomes one blank, what a terminal would act on becomes visible, the rest is cut.
fn line(text: &str, longest: usize, length: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut shown = String::new();
    for (count, character) in words.join(" ").chars().enumerate() {
        if count >= longest {
            let _ = write!(shown, "… ({length} bytes)");
            break;
        }
        push_visible(&mut shown, character);
    }
    shown
}

fn push_visible(text: &mut String, character: char) {
    if character.is_control() || is_invisible(character) {
        text.extend(character.escape_unicode());
    } else {
        text.push(character);
    }
}

/// Characters that reorder or hide text (Unicode, general category Cf).
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn is_html(text: &str, media_type: &str) -> bool {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let starts_with = |tag: &str| start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    let declared = media_type.eq_ignore_ascii_case("text/html")
        || media_type.eq_ignore_ascii_case("application/xhtml+xml");
    // Some services call their JSON HTML.
    (declared && start.contains('<') && !start.starts_with(['{', '[']))
        || starts_with("<!doctype html")
        || starts_with("<html")
}

/// The title, then the text between the tags.
fn visible_text(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let title = between(html, &lower, "<title", "</title").unwrap_or_default();
    let text = without_tags(html, &lower);
    let (title, text) = (unescape(title.trim()), unescape(text.trim()));
    if title.is_empty() || text.starts_with(&title) {
        return text;
    }
    format!("{title}: {text}")
}

fn between<'a>(html: &'a str, lower: &str, open: &str, close: &str) -> Option<&'a str> {
    let tag = lower.find(open)?;
    let start = tag + lower.get(tag..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find(close)?;
    html.get(start..end)
}

fn without_tags(html: &str, lower: &str) -> String {
    let mut text = String::new();
    let mut position = 0;
    while let Some(tag) = lower[position..].find('<').map(|found| position + found) {
        text.push_str(&html[position..tag]);
        text.push(' ');
        position = tag + markup_length(&lower[tag..]);
    }
    text.push_str(&html[position..]);
    text
}

/// Elements whose content no reader sees as text.
const UNSEEN: [&str; 6] = ["script", "style", "title", "svg", "template", "head"];

/// The length of the tag, comment or unseen element that starts here; all of the rest if it has no end.
fn markup_length(lower: &str) -> usize {
    let end_of = |end: &str| lower.find(end).map_or(lower.len(), |found| found + end.len());
    if lower.starts_with("<!--") {
        return end_of("-->");
    }
    let name: &str =
        lower[1..].split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
    if UNSEEN.contains(&name) { end_of(&format!("</{name}>")) } else { end_of(">") }
}

/// The entities that error pages use.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let known = after.split_once(';').and_then(|(name, after)| Some((entity(name)?, after)));
        let (character, after) = known.unwrap_or(('&', after));
        plain.push_str(before);
        plain.push(character);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        "copy" => Some('©'),
        "mdash" => Some('—'),
        "ndash" => Some('–'),
        "hellip" => Some('…'),
        _ => {
            let number = name.strip_prefix('#')?;
            let hexadecimal = number.strip_prefix(['x', 'X']);
            let code = hexadecimal.map_or_else(|| number.parse(), |digits| u32::from_str_radix(digits, 16));
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn excerpt(body: &[u8], media_type: &str) -> String {
        let redactor = Redactor::default();
        redactor.learn("s3cret&key");
        of(body, media_type, 60, &redactor)
    }

    #[test]
    fn bodies_in_one_line() {
        let long = "word ".repeat(50);
        let long_expected = format!("{}… (250 bytes)", &long[..60]);
        let cases: [(&str, &str, &str); 12] = [
            ("", "application/json", "an empty body"),
            (
                "{\n  \"code\": \"BAD\",\r\n\t\"n\": 1\n}\n",
                "application/json",
                "{ \"code\": \"BAD\", \"n\": 1 }",
            ),
            ("red \u{1b}[31m\u{7}alert", "text/plain", "red \\u{1b}[31m\\u{7}alert"),
            ("abc\u{202e}fed\u{9b}0m", "text/plain", "abc\\u{202e}fed\\u{9b}0m"),
            ("key s3cret&key used", "text/plain", "key *** used"),
            (&long, "text/plain", &long_expected),
            (
                "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>",
                "text/html",
                "an HTML page: 502 Bad Gateway nginx",
            ),
            (
                "<!DOCTYPE html><title>Login</title><style>p{}</style><script>if (a<b) x()</script><!-- <p> --><p>Sign&nbsp;in &#x26; go",
                "",
                "an HTML page: Login: Sign in & go",
            ),
            ("<p>bad key s3cret&amp;key</p>", "text/html", "an HTML page: bad key ***"),
            ("<p>un &bogus; <scr", "text/html", "an HTML page: un &bogus;"),
            ("{\"error\": \"<b>no</b>\"}", "text/html", "{\"error\": \"<b>no</b>\"}"),
            ("plain words", "text/html", "plain words"),
        ];
        for (body, media_type, expected) in cases {
            assert_eq!(excerpt(body.as_bytes(), media_type), expected, "{body}");
        }
    }

    #[test]
    fn binary_is_named() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        assert_eq!(excerpt(png, "image/png"), "16 bytes of binary data (`image/png`)");
        assert_eq!(excerpt(&[0xff, 0xfe, 0x81, 0x01], ""), "4 bytes of binary data");
        assert_eq!(
            excerpt(b"Erreur : acc\xe8s refus\xe9", "text/plain"),
            "Erreur : acc\u{fffd}s refus\u{fffd}"
        );
    }

    #[test]
    fn a_secret_at_the_windows_edge_is_not_shown() {
        let mut body = " ".repeat(WINDOW - 5);
        body.push_str("s3cret&key");
        assert!(!excerpt(body.as_bytes(), "text/plain").contains("s3c"));
    }

    proptest! {
        #[test]
        fn nothing_that_acts_on_a_terminal_is_left(body in any::<Vec<u8>>(), html in any::<bool>()) {
            let shown = excerpt(&body, if html { "text/html" } else { "text/plain" });
            prop_assert!(!shown.chars().any(|character| character.is_control() || is_invisible(character)));
        }

        #[test]
        fn any_html_is_taken(html in "(<|>|&|;|!--|-->|/|title|script|head|#x|é|K|[a-z ]){0,40}") {
            visible_text(&html);
        }
    }
}
