//! The `Link` header (RFC 8288): where the next page is.

/// The target of the link with the relation `next`, as sent (it may be relative); none if there is no such link.
///
/// Several `Link` lines are read as one, joined with commas. A link with an `anchor` speaks about another resource
/// than the page and is passed over. What cannot be read ends the search.
pub fn parse_link_header(header: &str) -> Option<String> {
    let mut rest = Reader { rest: header };
    while let Some(link) = rest.link() {
        if link.is_next && !link.is_elsewhere {
            return Some(link.target.to_owned());
        }
    }
    None
}

struct Link<'h> {
    target: &'h str,
    is_next: bool,
    is_elsewhere: bool,
}

struct Reader<'h> {
    rest: &'h str,
}

impl<'h> Reader<'h> {
    fn link(&mut self) -> Option<Link<'h>> {
        self.rest = self.rest.trim_start_matches(is_space_or_comma);
        let (target, rest) = self.rest.strip_prefix('<')?.split_once('>')?;
        self.rest = rest;
        let mut link = Link { target: target.trim(), is_next: false, is_elsewhere: false };
        let mut relation = None;
        while self.take(';') {
            let (name, value) = self.parameter();
            match name.to_ascii_lowercase().as_str() {
                "rel" => relation = relation.or(Some(value)), // of several only the first counts
                "anchor" => link.is_elsewhere = true,
                _ => {}
            }
        }
        link.is_next = relation.is_some_and(|words| is_next(&words));
        Some(link)
    }

    fn parameter(&mut self) -> (&'h str, String) {
        let name = self.until(&['=', ';', ',']);
        let value = if self.take('=') { self.parameter_value() } else { String::new() };
        (name, value)
    }

    fn parameter_value(&mut self) -> String {
        if self.take('"') { self.quoted() } else { self.until(&[';', ',']).to_owned() }
    }

    /// Reads up to one of `ends`, which stays.
    fn until(&mut self, ends: &[char]) -> &'h str {
        let (text, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest;
        text.trim()
    }

    /// Reads the inside of a quoted string and its closing quote.
    fn quoted(&mut self) -> String {
        let mut text = String::new();
        let mut letters = self.rest.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => break,
                '\\' => text.extend(letters.next()),
                other => text.push(other),
            }
        }
        self.rest = letters.as_str();
        text
    }

    fn take(&mut self, token: char) -> bool {
        let trimmed = self.rest.trim_start();
        self.rest = trimmed.strip_prefix(token).unwrap_or(trimmed);
        self.rest.len() < trimmed.len()
    }
}

fn is_next(relation: &str) -> bool {
    relation.split_whitespace().any(|word| word.eq_ignore_ascii_case("next"))
}

fn is_space_or_comma(letter: char) -> bool {
    letter.is_whitespace() || letter == ','
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_next_link_is_found() {
        let cases = [
            (r#"<https://a/?page=2>; rel="next""#, Some("https://a/?page=2")),
            (
                r#"<https://a/?page=1>; rel="prev", <https://a/?page=3>; rel="next""#,
                Some("https://a/?page=3"),
            ),
            (r"<b>;rel=next", Some("b")),
            (r#"<b>; REL = "first NEXT"; title="x, y; z""#, Some("b")),
            (r#"<a,b;c>; title="say \"hi\", <x>; rel=next"; rel="prev", <d>; rel=next"#, Some("d")),
            (r#"<a>; title*=UTF-8''x; rel="next last""#, Some("a")),
            (r#"<a>; rel="prev"; rel="next""#, None),
            (r#"<a>; rel="next"; anchor="https://other", <b>; rel=next"#, Some("b")),
            (r#" , ,<a>; rel="last" , <b>;rel="next""#, Some("b")),
            (r#"<a>; rel="nextpage", <b>; rev="next""#, None),
            ("<a>; rel", None),
            ("<a", None),
            ("a; rel=next", None),
            ("", None),
            (r#"<>; rel="next""#, Some("")),
            (r#"< a >; rel="next"#, Some("a")),
        ];
        for (header, expected) in cases {
            assert_eq!(parse_link_header(header).as_deref(), expected, "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(header in "\\PC{0,40}|([<>;,=\"\\\\ ]|rel|next|é){0,20}") {
            let _ = parse_link_header(&header);
        }

        #[test]
        fn neighbours_do_not_matter(before in "[a-z;, ]{0,9}", title in "[a-z;,<> =]{0,9}") {
            let header = format!(r#"<{before}>; title="{title}"; rel=prev, <x>; title="{title}"; rel="next""#);
            prop_assert_eq!(parse_link_header(&header), Some("x".to_owned()));
        }
    }
}
