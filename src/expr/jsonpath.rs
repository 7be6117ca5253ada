//! JSON paths (RFC 9535) as authors write it: parsed once, its mistakes explained in our words.
//!
//! Most paths are only child names, such as `$.data` or `$.data[*]`. Those are also kept as a [`PlainPath`], which
//! needs no parsed document to be followed. This module must not read bytes of a response itself.

use std::fmt;

use jsonpath_rust::parser::errors::JsonPathError as ForeignError;
use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use serde_json::Value;

/// Brackets and parentheses may be nested this deep; the parser's time grows exponentially with unclosed ones.
const MAX_NESTING: usize = 8;

/// A parsed path into a JSON document.
#[derive(Clone)]
pub struct JsonPath {
    source: String,
    query: JpQuery,
    plain: Option<PlainPath>,
}

/// A path of child names only, with an optional `[*]` at its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlainPath {
    /// The keys from the root down.
    pub names: Vec<String>,
    /// Whether the path ends with `[*]`: each element (or member value) of what is found, not the thing itself.
    pub each: bool,
}

/// One step of a location inside a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocationStep {
    /// The member of an object with this key.
    Key(String),
    /// The element of an array, counted from 0.
    Index(usize),
}

/// Why a text is not a JSON path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonPathError {
    /// What is wrong, for the author of the path.
    pub message: String,
    /// Byte offset of the mistake in the path; its length when the path ends too early.
    pub offset_in_path: usize,
    /// The edit that most likely repairs it.
    pub help: Option<String>,
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// When the text is no RFC 9535 query; the error points at the byte where it stops being one.
    pub fn parse(text: &str) -> Result<Self, JsonPathError> {
        check_start(text)?;
        check_brackets(text)?;
        let query = parse_json_path(text).map_err(|error| explain(text, &error))?;
        let plain = plain_path(&query);
        Ok(Self { source: text.to_owned(), query, plain })
    }

    /// The path as its author wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The path as plain names, when it is nothing more.
    pub fn plain(&self) -> Option<&PlainPath> {
        self.plain.as_ref()
    }

    /// Whether the path can select at most one value: names and indexes only.
    pub fn is_singular(&self) -> bool {
        self.query
            .segments
            .iter()
            .all(|segment| matches!(segment, Segment::Selector(Selector::Name(_) | Selector::Index(_))))
    }

    /// Whether the path ends with `[*]`, so that each thing it selects stands for itself.
    pub fn ends_with_each(&self) -> bool {
        matches!(self.query.segments.last(), Some(Segment::Selector(Selector::Wildcard)))
    }

    /// The selected values, in the order of the path's rules; empty when nothing matches.
    pub fn evaluate<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        self.nodes(value).into_iter().map(|(node, _)| node).collect()
    }

    /// Where the selected values are, as steps from the root.
    pub fn locate(&self, value: &Value) -> Vec<Vec<LocationStep>> {
        self.nodes(value).into_iter().map(|(_, location)| read_location(&location)).collect()
    }

    fn nodes<'v>(&self, value: &'v Value) -> Vec<(&'v Value, String)> {
        // The only error is a query that ends in a computed value, which the grammar does not allow.
        let nodes = js_path_process(&self.query, value).unwrap_or_default();
        nodes.into_iter().map(|node| (node.val, node.path)).collect()
    }
}

impl PartialEq for JsonPath {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for JsonPath {}

impl fmt::Debug for JsonPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "JsonPath({})", self.source)
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.source)
    }
}

impl fmt::Display for PlainPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", show_names(&self.names))?;
        if self.each { formatter.write_str("[*]") } else { Ok(()) }
    }
}

/// The path of these keys, as an author would write it: `$.a['b-c']`.
pub fn show_names(names: &[String]) -> String {
    names.iter().fold(String::from("$"), |shown, name| shown + &name_segment(name))
}

fn plain_path(query: &JpQuery) -> Option<PlainPath> {
    let mut plain = PlainPath::default();
    for segment in &query.segments {
        match segment {
            _ if plain.each => return None,
            Segment::Selector(Selector::Name(name)) => plain.names.push(name.clone()),
            Segment::Selector(Selector::Wildcard) => plain.each = true,
            _ => return None,
        }
    }
    Some(plain)
}

/// Reads a normalised path such as `$['a'][0]`, which jsonpath-rust gives for each match.
fn read_location(location: &str) -> Vec<LocationStep> {
    let mut steps = Vec::new();
    let mut rest = location.strip_prefix('$').unwrap_or(location);
    while let Some(inside) = rest.strip_prefix('[') {
        let (step, after) = match inside.strip_prefix('\'') {
            Some(quoted) => read_quoted_key(quoted),
            None => read_index(inside),
        };
        steps.push(step);
        rest = after;
    }
    steps
}

fn read_index(inside: &str) -> (LocationStep, &str) {
    let (digits, after) = inside.split_once(']').unwrap_or((inside, ""));
    (LocationStep::Index(digits.parse().unwrap_or(usize::MAX)), after)
}

fn read_quoted_key(quoted: &str) -> (LocationStep, &str) {
    let mut key = String::new();
    let mut letters = quoted.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => break,
            '\\' => key.extend(read_escape(&mut letters)),
            other => key.push(other),
        }
    }
    let after = letters.as_str();
    (LocationStep::Key(key), after.strip_prefix(']').unwrap_or(after))
}

fn read_escape(letters: &mut std::str::Chars<'_>) -> Option<char> {
    match letters.next()? {
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'u' => {
            let code: String = letters.by_ref().take(4).collect();
            u32::from_str_radix(&code, 16).ok().and_then(char::from_u32)
        }
        other => Some(other),
    }
}

fn check_start(text: &str) -> Result<(), JsonPathError> {
    if text.trim().is_empty() {
        let help = "write `$` for the whole document, or a path such as `$.data`";
        return Err(mistake("the path is empty", 0, Some(help.to_owned())));
    }
    if text.trim() != text {
        let offset = if text.starts_with(char::is_whitespace) { 0 } else { text.trim_end().len() };
        let help = format!("write `{}`", text.trim());
        return Err(mistake("a JSONPath has no spaces around it", offset, Some(help)));
    }
    if !text.starts_with('$') {
        let message = format!("a JSONPath starts with `$`, found `{}`", shorten(text));
        return Err(mistake(&message, 0, repaired(&format!("{}{text}", missing_start(text)))));
    }
    Ok(())
}

/// What to put in front of a path that was begun without `$`.
fn missing_start(text: &str) -> &'static str {
    if text.starts_with(['.', '[']) { "$" } else { "$." }
}

/// Finds what the parser would report at an unhelpful place or let pass: open brackets and quotes, stray spaces.
fn check_brackets(text: &str) -> Result<(), JsonPathError> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut letters = text.char_indices();
    while let Some((offset, letter)) = letters.next() {
        match letter {
            '\'' | '"' => skip_quoted(&mut letters, letter).ok_or_else(|| unclosed(letter, offset))?,
            '[' | '(' => open.push((offset, letter)),
            ']' | ')' => drop(open.pop()),
            _ if letter.is_whitespace() && open.is_empty() => return Err(stray_space(text, offset)),
            _ => {}
        }
        if open.len() > MAX_NESTING {
            let message = format!("brackets are nested more than {MAX_NESTING} deep");
            return Err(mistake(&message, offset, None));
        }
    }

    open.pop().map_or(Ok(()), |(offset, bracket)| Err(unclosed(bracket, offset)))
}

/// Moves behind the closing quote; none when there is none.
fn skip_quoted(letters: &mut std::str::CharIndices<'_>, quote: char) -> Option<()> {
    while let Some((_, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == quote {
            return Some(());
        }
    }
    None
}

fn unclosed(opening: char, offset: usize) -> JsonPathError {
    let closing = match opening {
        '[' => ']',
        '(' => ')',
        quote => quote,
    };
    mistake(&format!("`{opening}` is not closed"), offset, Some(format!("close it with `{closing}`")))
}

fn stray_space(text: &str, offset: usize) -> JsonPathError {
    mistake("a space cannot stand here", offset, unquoted_key(text, offset))
}

fn explain(text: &str, error: &ForeignError) -> JsonPathError {
    let offset = match error {
        ForeignError::PestError(pest) => offset_in(text, &pest.to_string()),
        _ => 1,
    };
    let (message, help) = match error {
        ForeignError::PestError(_) => syntax_mistake(text, offset),
        _ => (format!("`{}` is no valid JSONPath", shorten(text)), None),
    };
    mistake(&message, offset, help)
}

/// The byte offset behind the `--> line:column` of a pest message; the end of the text if it has none.
fn offset_in(text: &str, message: &str) -> usize {
    position_in(message).and_then(|(line, column)| byte_offset(text, line, column)).unwrap_or(text.len())
}

fn position_in(message: &str) -> Option<(usize, usize)> {
    let (_, after) = message.split_once("--> ")?;
    let (line, column) = after.lines().next()?.split_once(':')?;
    Some((line.trim().parse().ok()?, column.trim().parse().ok()?))
}

fn byte_offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let (offset, _) = text.get(start..)?.char_indices().nth(column.checked_sub(1)?)?;
    Some(start + offset)
}

fn syntax_mistake(text: &str, offset: usize) -> (String, Option<String>) {
    let before = &text[..offset];
    let rest = &text[offset..];
    if text.ends_with('.') && rest.trim_start_matches('.').is_empty() {
        let repaired = repaired(text.trim_end_matches('.'));
        return ("the path ends with a dot".to_owned(), repaired);
    }
    if rest.is_empty() {
        return ("the path ends too early".to_owned(), None);
    }
    if before.ends_with('[') && rest.starts_with(']') {
        let help = repaired(&format!("{before}*{rest}"));
        return ("nothing stands between `[` and `]`".to_owned(), help);
    }
    let found = rest.chars().next().unwrap_or_default();
    (format!("`{found}` cannot stand here"), unquoted_key(text, offset))
}

/// The repair for a key that needs quotes, or for `$key` without its dot.
fn unquoted_key(text: &str, offset: usize) -> Option<String> {
    if offset == 1 && text.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic) {
        return repaired(&format!("$.{}", &text[1..]));
    }
    let start = text[..offset].rfind(['.', ']', '[', '?', ' ']).filter(|&at| text[at..].starts_with('.'))?;
    let key = unquoted_key_at(&text[start + 1..]);
    if key.is_empty() || start + 1 + key.len() < offset {
        return None;
    }
    let fixed = format!("{}{}{}", &text[..start], name_segment(key), &text[start + 1 + key.len()..]);
    let advice = repaired(&fixed)?;
    Some(format!("a key of other characters than letters, digits and `_` is quoted: {advice}"))
}

/// Where a key that was written without quotes most likely ends. Some protocols have keys with a dot: `@odata.nextLink`.
fn unquoted_key_at(rest: &str) -> &str {
    let from = if rest.starts_with('@') { rest.find('.').map_or(0, |dot| dot + 1) } else { 0 };
    let length = rest[from..].find(['.', '[', ']']).map_or(rest.len(), |end| from + end);
    &rest[..length]
}

/// Advice to write `path`, given only when that is a path.
fn repaired(path: &str) -> Option<String> {
    parse_json_path(path).is_ok().then(|| format!("write `{path}`"))
}

fn name_segment(name: &str) -> String {
    let is_word = name.chars().all(|letter| letter == '_' || letter.is_ascii_alphanumeric());
    if is_word && !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit()) {
        format!(".{name}")
    } else {
        format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(39).chain(['…']).collect() }
}

fn mistake(message: &str, offset_in_path: usize, help: Option<String>) -> JsonPathError {
    JsonPathError { message: message.to_owned(), offset_in_path, help }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parsed(path: &str) -> JsonPath {
        JsonPath::parse(path).unwrap_or_else(|error| panic!("{path}: {error:?}"))
    }

    fn store() -> Value {
        json!({
            "data": [{"id": 1, "tag": "a"}, {"id": 2, "tag": "b"}, {"id": 3, "tag": "a"}],
            "info": {"more": true, "a-b": 7},
            "it's": {"id": 9},
        })
    }

    #[test]
    fn plain_paths_are_recognised() {
        let plain = |path: &str| parsed(path).plain().map(|plain| (plain.names.join("/"), plain.each));
        assert_eq!(plain("$"), Some((String::new(), false)));
        assert_eq!(plain("$.a.b"), Some(("a/b".into(), false)));
        assert_eq!(plain("$.a.b[*]"), Some(("a/b".into(), true)));
        assert_eq!(plain("$['a-b'][\"c d\"].*"), Some(("a-b/c d".into(), true)));
        assert_eq!(plain("$[*]"), Some((String::new(), true)));
        assert_eq!(plain("$['a\\u00e9\\'']"), Some(("aé'".into(), false)));
        for path in ["$..a", "$.a[0]", "$.a[1:2]", "$[*].a", "$.a[*][*]", "$['a','b']", "$.a[?@.b]"] {
            assert_eq!(plain(path), None, "{path}");
        }
    }

    #[test]
    fn paths_select() {
        let cases = [
            ("$.data[?@.tag == 'a'].id", json!([1, 3])),
            ("$.data[?@.id > 1 && @.tag == 'a'].id", json!([3])),
            ("$.data[1:].id", json!([2, 3])),
            ("$.data[::-1].id", json!([3, 2, 1])),
            ("$.data[-1].id", json!([3])),
            ("$..id", json!([1, 2, 3, 9])),
            ("$.info['more','a-b']", json!([true, 7])),
            ("$.data[?search(@.tag, 'b')].id", json!([2])),
            ("$.nothing.here", json!([])),
            ("$[\"it's\"].id", json!([9])),
        ];
        for (path, expected) in cases {
            let found: Vec<Value> = parsed(path).evaluate(&store()).into_iter().cloned().collect();
            assert_eq!(Value::from(found), expected, "{path}");
        }
    }

    #[test]
    fn locations_are_steps_from_the_root() {
        let value = json!({"it's": [{"a\\b\n": 1}]});
        let located = parsed("$..*").locate(&value);
        let deepest = vec![
            LocationStep::Key("it's".into()),
            LocationStep::Index(0),
            LocationStep::Key("a\\b\n".into()),
        ];
        assert!(located.contains(&deepest), "{located:?}");
    }

    #[test]
    fn kinds_of_paths() {
        assert!(parsed("$.a[0]['b']").is_singular());
        assert!(!parsed("$.a[*]").is_singular());
        assert!(parsed("$..a[*]").ends_with_each());
        assert!(!parsed("$.a[*].b").ends_with_each());
    }

    #[test]
    fn mistakes_are_explained() {
        let cases = [
            ("", 0, "the path is empty", "write `$` for the whole document, or a path such as `$.data`"),
            ("data.id", 0, "a JSONPath starts with `$`, found `data.id`", "write `$.data.id`"),
            ("[0]", 0, "a JSONPath starts with `$`, found `[0]`", "write `$[0]`"),
            (" $.a", 0, "a JSONPath has no spaces around it", "write `$.a`"),
            ("$.a ", 3, "a JSONPath has no spaces around it", "write `$.a`"),
            ("$data", 1, "`d` cannot stand here", "write `$.data`"),
            ("$.data.", 7, "the path ends with a dot", "write `$.data`"),
            ("$.data[]", 7, "nothing stands between `[` and `]`", "write `$.data[*]`"),
            ("$.data[0", 6, "`[` is not closed", "close it with `]`"),
            ("$['it\\'s]", 2, "`'` is not closed", "close it with `'`"),
        ];
        for (path, offset, message, help) in cases {
            let error = JsonPath::parse(path).expect_err(path);
            let found = (error.offset_in_path, error.message.as_str(), error.help.as_deref());
            assert_eq!(found, (offset, message, Some(help)), "{path}");
        }
    }

    #[test]
    fn keys_that_need_quotes_are_quoted_in_the_help() {
        let cases = [
            ("$.page-info.next", 6, "$['page-info'].next"),
            ("$.é.page-info[*]", 9, "$.é['page-info'][*]"),
            ("$.@odata.nextLink", 2, "$['@odata.nextLink']"),
            ("$.a b", 3, "$['a b']"),
            ("$.1st.b", 2, "$['1st'].b"),
        ];
        for (path, offset, repaired) in cases {
            let error = JsonPath::parse(path).expect_err(path);
            let help = error.help.unwrap_or_default();
            assert!(help.ends_with(&format!("write `{repaired}`")), "{path}: {help}");
            assert_eq!(error.offset_in_path, offset, "{path}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_quickly() {
        let error = JsonPath::parse(&format!("$[?{}", "length(".repeat(60))).expect_err("too deep");
        assert_eq!(error.message, "brackets are nested more than 8 deep");
        let near = format!("$[?{}", "length(".repeat(7));
        assert!(JsonPath::parse(&near).is_err());
    }

    #[test]
    fn plain_paths_print_as_written() {
        for path in ["$", "$.a.b[*]", "$['a-b'].c", "$['it\\'s']"] {
            assert_eq!(parsed(path).plain().map(ToString::to_string).as_deref(), Some(path));
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = JsonPath::parse(&text);
        }

        #[test]
        fn no_query_panics(text in "\\$([.\\[\\]'\"a-c@?*:,()<>=!&|0-9 \\\\\n-]|length|\\.\\.){0,14}") {
            match JsonPath::parse(&text) {
                Ok(path) => drop(path.locate(&json!({"a": [1, {"b": [2, "x"]}], "c": {"a": null}}))),
                Err(error) => {
                    prop_assert!(error.offset_in_path <= text.len());
                    prop_assert!(text.is_char_boundary(error.offset_in_path));
                }
            }
        }
    }
}
