//! A JSON body and where its parts lie, found in one pass.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::Value;

use super::batch::Batch;
use super::descent::{self, Level, Member};
use super::error::PageError;
use super::index::Index;
use super::reader::Mistake;
use super::{reference, scan};
use crate::expr::jsonpath::{JsonPath, PlainPath};

/// A JSON body whose records are known by their ranges.
#[derive(Debug)]
pub struct Page {
    text: Bytes,
    root: Range<usize>,
    /// The objects on the way to the records; what was not passed through is scanned when asked for.
    levels: Vec<Level>,
    found: Found,
    records: Arc<[Range<usize>]>,
    value: OnceLock<Value>,
}

/// What stands at the path of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The path leads nowhere.
    Missing,
    /// `null`: no records.
    Null,
    /// An object or a scalar: one record.
    One,
    /// A list of records, which may be empty.
    List,
}

impl Found {
    /// Whether there is nothing at all at the path: a mistake in it looks like this.
    pub fn is_missing(self) -> bool {
        match self {
            Self::Missing => true,
            Self::Null | Self::One | Self::List => false,
        }
    }
}

impl Page {
    /// Reads a body in one pass, down to the records at `records` (none: only the members of the root are kept).
    ///
    /// # Errors
    /// [`PageError::Invalid`] or [`PageError::Empty`]. A path that leads nowhere is [`Found::Missing`], no error.
    pub fn read(text: Bytes, records: Option<&PlainPath>) -> Result<Self, PageError> {
        let text = without_byte_order_mark(text);
        let root = PlainPath::default();
        let path = records.unwrap_or(&root);
        let descent = scan::descend(&text, path).or_else(|Mistake| reference::descend(&text, path));
        let mut descent = descent.map_err(|error| PageError::invalid(&text, &error))?;
        if records.is_none() {
            descent.found = Found::Missing;
            descent.records.clear();
        }
        Ok(Self {
            text,
            root: descent.root,
            levels: descent.levels,
            found: descent.found,
            records: descent.records.into(),
            value: OnceLock::new(),
        })
    }

    /// Reads a body with its records at any path. A path that is not plain needs the parsed body, once; its matches
    /// are still ranges of the received bytes.
    ///
    /// If such a path selects one array and does not end in `[*]`, the elements are the records; otherwise each
    /// match is one.
    ///
    /// # Errors
    /// As [`Self::read`], and [`PageError::Unsearchable`].
    pub fn read_records(text: Bytes, records: &JsonPath) -> Result<Self, PageError> {
        if let Some(plain) = records.plain() {
            return Self::read(text, Some(plain));
        }
        let mut page = Self::read(text, None)?;
        let matches = page.find(records)?;
        (page.found, page.records) = match matches.as_slice() {
            [] if records.is_singular() => (Found::Missing, Arc::default()),
            [one] if records.is_singular() && page.text[one.start] == b'n' => (Found::Null, Arc::default()),
            [one] if page.text[one.start] == b'[' && !records.ends_with_each() => {
                (Found::List, page.elements(one.clone()).into())
            }
            [_] if records.is_singular() => (Found::One, matches.into()),
            _ => (Found::List, matches.into()),
        };
        Ok(page)
    }

    /// What stands at the path of the records.
    pub fn found(&self) -> Found {
        self.found
    }

    /// The records, as slices of the body.
    pub fn batch(&self) -> Batch {
        Batch::new(self.text.clone(), Arc::clone(&self.records))
    }

    /// The body as received, without a byte order mark.
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// The JSON text of what stands at these keys; a final `[*]` is not looked at. Costs no scan of the records when
    /// the keys lie beside them.
    pub fn raw(&self, path: &PlainPath) -> Option<&[u8]> {
        self.range_at(&path.names).map(|range| &self.text[range])
    }

    /// Where the values lie that a path selects.
    ///
    /// # Errors
    /// [`PageError::Unsearchable`] when the path is not plain and the body has no value.
    pub fn find(&self, path: &JsonPath) -> Result<Vec<Range<usize>>, PageError> {
        if let Some(plain) = path.plain().filter(|plain| !plain.each) {
            return Ok(self.range_at(&plain.names).into_iter().collect());
        }
        let locations = path.locate(self.value()?);
        let mut index = Index::new(self);
        Ok(locations.iter().filter_map(|steps| index.range_of(steps)).collect())
    }

    /// The whole body as a value, parsed when first asked for.
    ///
    /// # Errors
    /// [`PageError::Unsearchable`].
    pub fn value(&self) -> Result<&Value, PageError> {
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let value = serde_json::from_slice(&self.text).map_err(|error| PageError::unsearchable(&error))?;
        Ok(self.value.get_or_init(|| value))
    }

    /// How many of these keys exist one inside the other, and the keys of the object where the next one is missing
    /// (none if that is no object): for the message that nothing stands at a path.
    pub fn keys_at(&self, names: &[String]) -> (usize, Vec<String>) {
        let mut here = self.root.clone();
        for (depth, name) in names.iter().enumerate() {
            match self.member(here.clone(), name) {
                Some(value) => here = value,
                None => return (depth, self.keys(here)),
            }
        }
        (names.len(), self.keys(here))
    }

    pub(super) fn root(&self) -> Range<usize> {
        self.root.clone()
    }

    /// The members of the object at this range, each key once.
    pub(super) fn members(&self, object: Range<usize>) -> Vec<Member> {
        let members = match self.remembered(object.start) {
            Some(members) => members.to_vec(),
            None => scan::members(&self.text, object),
        };
        descent::without_duplicates(members)
    }

    pub(super) fn elements(&self, array: Range<usize>) -> Vec<Range<usize>> {
        scan::elements(&self.text, array)
    }

    fn keys(&self, object: Range<usize>) -> Vec<String> {
        self.members(object).into_iter().map(|member| member.key.into()).collect()
    }

    fn range_at(&self, names: &[String]) -> Option<Range<usize>> {
        names.iter().try_fold(self.root.clone(), |here, name| self.member(here, name))
    }

    fn member(&self, object: Range<usize>, name: &str) -> Option<Range<usize>> {
        let found = match self.remembered(object.start) {
            Some(members) => descent::find(members, name).cloned(),
            None => descent::find(&scan::members(&self.text, object), name).cloned(),
        };
        found.map(|member| member.value)
    }

    fn remembered(&self, start: usize) -> Option<&[Member]> {
        let level = self.levels.iter().find(|level| level.start == start)?;
        Some(&level.members)
    }
}

fn without_byte_order_mark(text: Bytes) -> Bytes {
    if text.starts_with(b"\xef\xbb\xbf") { text.slice(3..) } else { text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::record::samples;

    fn plain(path: &str) -> PlainPath {
        JsonPath::parse(path).unwrap().plain().cloned().unwrap()
    }

    fn page(text: &str, path: &str) -> Page {
        let text = Bytes::from(text.to_owned());
        Page::read_records(text, &JsonPath::parse(path).unwrap()).unwrap()
    }

    fn records(page: &Page) -> Vec<String> {
        page.batch().iter().map(|record| String::from_utf8(record.to_vec()).unwrap()).collect()
    }

    #[test]
    fn records_are_slices_of_the_body() {
        let body = r#" { "info": {"n": 2}, "data" : [ {"a": 1.10}, 123456789012345678901 ,null] , "e": [] , "o": {"x":
             1, "y": {} , "x": 3}, "s": "\ud800", "z": null} "#;
        let cases: [(&str, Found, &[&str]); 15] = [
            ("$.data", Found::List, &[r#"{"a": 1.10}"#, "123456789012345678901", "null"]),
            ("$.data[*]", Found::List, &[r#"{"a": 1.10}"#, "123456789012345678901", "null"]),
            ("$.e", Found::List, &[]),
            ("$.info", Found::One, &[r#"{"n": 2}"#]),
            ("$.info.n", Found::One, &["2"]),
            ("$.info.n[*]", Found::Missing, &[]),
            ("$.o.y", Found::One, &["{}"]),
            ("$.o[*]", Found::List, &["3", "{}"]),
            ("$.s", Found::One, &[r#""\ud800""#]),
            ("$.z", Found::Null, &[]),
            ("$.z[*]", Found::Null, &[]),
            ("$.z.q", Found::Missing, &[]),
            ("$.data.a", Found::Missing, &[]),
            ("$.dta", Found::Missing, &[]),
            ("$.o.x", Found::One, &["3"]),
        ];
        for (path, found, expected) in cases {
            let page = page(body, path);
            assert_eq!(
                (page.found(), records(&page)),
                (found, expected.iter().map(|&r| r.to_owned()).collect()),
                "{path}"
            );
        }
        assert_eq!(records(&page(body, "$")), [body.trim()]);
        assert_eq!(records(&page(" [1, 2 ]\n", "$")), ["1", "2"]);
        assert_eq!(records(&page("{ }", "$")), ["{ }"]);
        assert_eq!(records(&page(" 7 ", "$")), ["7"]);
    }

    #[test]
    fn of_equal_keys_the_last_counts() {
        let page = page(r#"{"a":{"data":[1,2]},"b":0,"a":{"data":[3],"t":"x"},"d":1}"#, "$.a.data");
        assert_eq!(records(&page), ["3"]);
        assert_eq!(page.raw(&plain("$.a.t")), Some(&b"\"x\""[..]));
        let page = super::tests::page(r#"{"a":{"data":[1,2]},"a":5}"#, "$.a.data");
        assert_eq!((page.found(), page.batch().len()), (Found::Missing, 0));
    }

    #[test]
    fn other_paths_give_slices_too() {
        let body = r#"{"r":[{"k":"a","rows":[1.10, 2]},{"k":"b","rows":[123456789012345678901]}],"n":null}"#;
        let cases: [(&str, Found, &[&str]); 9] = [
            ("$.r[0].rows", Found::List, &["1.10", "2"]),
            ("$.r[1].rows", Found::List, &["123456789012345678901"]),
            ("$.r[*].k", Found::List, &["\"a\"", "\"b\""]),
            ("$.r[?@.k == 'b'].rows", Found::List, &["123456789012345678901"]),
            ("$.r[?@.k == 'c'].rows", Found::List, &[]),
            ("$.r[?@.k == 'b'].rows[*]", Found::List, &["123456789012345678901"]),
            ("$.r[0].k", Found::One, &["\"a\""]),
            ("$.r[7].k", Found::Missing, &[]),
            ("$..rows[0]", Found::List, &["1.10", "123456789012345678901"]),
        ];
        for (path, found, expected) in cases {
            let page = page(body, path);
            assert_eq!(
                (page.found(), records(&page)),
                (found, expected.iter().map(|&r| r.to_owned()).collect()),
                "{path}"
            );
        }
    }

    #[test]
    fn neighbours_of_the_records_are_at_hand() {
        let page = page(r#"{"data":[{"id":1}],"info":{"next_page_token":"t","\u0061":{}}}"#, "$.data[*]");
        assert_eq!(page.raw(&plain("$.info.next_page_token")), Some(&b"\"t\""[..]));
        assert_eq!(page.raw(&plain("$.info.a")), Some(&b"{}"[..]));
        assert_eq!(page.raw(&plain("$.info.b")), None);
        assert_eq!(page.raw(&plain("$.data.id")), None);
        assert_eq!(page.raw(&plain("$")), Some(page.text().as_ref()));
        let keys = |names: &[&str]| page.keys_at(&names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>());
        assert_eq!(keys(&["dta"]), (0, vec!["data".into(), "info".into()]));
        assert_eq!(keys(&["info", "x", "y"]), (1, vec!["next_page_token".into(), "a".into()]));
        assert_eq!(keys(&["data", "x"]), (1, vec![]));
        assert_eq!(keys(&["info", "a"]), (2, vec![]));
    }

    #[test]
    fn mistakes_in_a_body_have_a_place() {
        let cases: [(&[u8], usize, &str); 10] = [
            (b"<html>", 0, "at line 1, column 1: expected value, found `<`"),
            (b"{\"a\":1,\n\"b\" 2}", 12, "at line 2, column 5: expected `:`, found `2`"),
            (
                b"{\"data\":[1,2",
                12,
                "at line 1, column 12: the text ends too early, found the end of the body",
            ),
            (b"{\"data\":[1,2]} x", 15, "at line 1, column 16: trailing characters, found `x`"),
            (b"{\"data\":[01]}", 10, "at line 1, column 11: invalid number, found `1`"),
            (b"{\"data\":[1,]}", 11, "at line 1, column 12: trailing comma, found `]`"),
            (b"{1:2}", 1, "at line 1, column 2: key must be a string, found `1`"),
            (
                b"{\"data\":[\"\xff\"]}",
                10,
                "at line 1, column 11: invalid unicode code point, found the byte 0xff",
            ),
            (b"{\"data\" [1]}", 8, "at line 1, column 9: expected `:`, found `[`"),
            (b"nul", 3, "at line 1, column 3: the text ends too early, found the end of the body"),
        ];
        for (body, place, message) in cases {
            let error = Page::read(Bytes::from(body), Some(&plain("$.data"))).unwrap_err();
            assert_eq!(error.to_string(), format!("the body is not valid JSON {message}"));
            assert!(matches!(error, PageError::Invalid { offset, .. } if offset == place), "{error:?}");
        }
        assert_eq!(Page::read(Bytes::from(" \n"), None).unwrap_err(), PageError::Empty);
        assert!(Page::read(Bytes::from("<html>"), None).unwrap_err().help().unwrap().contains("HTML"));
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        assert_eq!(records(&page("\u{feff}[1]", "$")), ["1"]);
    }

    #[test]
    fn depth_does_not_overflow_the_stack() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let body = format!(r#"{{"data":[{deep}],"x":{deep}}}"#);
        let page = page(&body, "$.data");
        assert_eq!((page.batch().len(), page.batch().byte_len()), (1, 400_000));
        assert_eq!(page.raw(&plain("$.x")).map(<[u8]>::len), Some(400_000));
        assert!(matches!(page.value(), Err(PageError::Unsearchable { .. })));
        assert!(Page::read(Bytes::from("[".repeat(200_000)), Some(&plain("$.a"))).is_err());
        assert!(Page::read(Bytes::from(r#"{"a":"#.repeat(200_000)), Some(&plain("$.a.a"))).is_err());
    }

    #[test]
    fn what_has_no_value_says_so() {
        let error = page(r#"{"a":1e400}"#, "$.a").value().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the body cannot be searched at line 1, column 10: number out of range"
        );
    }

    #[test]
    fn batches_share_the_body() {
        let page = page(r#"{"data":[1,2]}"#, "$.data");
        assert_eq!(page.batch().text().as_ptr(), page.text().as_ptr());
        assert_eq!(page.value().unwrap(), &json!({"data": [1, 2]}));
    }

    fn expected<'v>(value: &'v Value, path: &PlainPath) -> Vec<&'v Value> {
        let here = path.names.iter().try_fold(value, |here, name| here.get(name));
        match here {
            Some(Value::Array(elements)) => elements.iter().collect(),
            Some(Value::Object(members)) if path.each => members.values().collect(),
            None | Some(Value::Null) => Vec::new(),
            Some(_) if path.each && !here.is_some_and(Value::is_object) => Vec::new(),
            Some(one) => vec![one],
        }
    }

    proptest! {
        #[test]
        fn slices_are_what_the_path_selects(
            value in samples::json(),
            gaps in prop::collection::vec(0_usize..6, 1..9),
            names in prop::collection::vec(samples::key(), 0..3),
            each: bool,
        ) {
            let text = samples::text_of(&value, &gaps);
            let path = PlainPath { names, each };
            let page = Page::read(Bytes::from(text), Some(&path)).unwrap();
            let batch = page.batch();
            let read: Vec<Value> = batch.iter().map(|raw| serde_json::from_slice(raw).unwrap()).collect();
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), expected(&value, &path));
            let raw = page.raw(&path).map(|raw| serde_json::from_slice::<Value>(raw).unwrap());
            let direct = path.names.iter().try_fold(&value, |here, name| here.get(name));
            prop_assert_eq!(raw.as_ref(), direct);
            prop_assert_eq!(page.value().unwrap(), &value);
            prop_assert_eq!(page.keys_at(&path.names).0 == path.names.len(), direct.is_some());
        }

        #[test]
        fn every_path_maps_to_slices(
            value in samples::json(),
            gaps in prop::collection::vec(0_usize..6, 1..9),
            path in prop::sample::select(vec!["$..a", "$..*", "$[*]", "$.data[0]", "$[?@.a]", "$..[-1:]", "$['a','b']"]),
        ) {
            let path = JsonPath::parse(path).unwrap();
            let page = Page::read(Bytes::from(samples::text_of(&value, &gaps)), None).unwrap();
            let ranges = page.find(&path).unwrap();
            let read: Vec<Value> =
                ranges.into_iter().map(|range| serde_json::from_slice(&page.text()[range]).unwrap()).collect();
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), path.evaluate(&value));
        }

        #[test]
        fn no_bytes_panic(
            bytes in prop::collection::vec(prop::sample::select(&b"{}[]\",:\\ u01e-.ntruefalsd\n\xff\xc3\xa9"[..]), 0..40),
            each: bool,
        ) {
            let path = PlainPath { names: vec!["a".into()], each };
            let valid = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok()
                && std::str::from_utf8(&bytes).is_ok();
            prop_assert_eq!(Page::read(Bytes::from(bytes), Some(&path)).is_ok(), valid);
        }
    }
}
