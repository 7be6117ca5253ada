//! Finding secrets in a text and masking them.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::MASK;
use super::form::{self, Needles, NeighbourBits};
use super::view::{self, DecodedView};

/// Values shorter than this (in bytes) are not searched for: masking them would garble every text. They are masked by
/// the code that knows where they are: a header, a query parameter, a key of a connection.
pub const SHORTEST_SEARCHED: usize = 4;

/// The most short-lived values that are known: more than the requests that are in flight at once.
pub const MOST_SHORT_LIVED: usize = 64;

/// Knows every secret of a run; a clone is another handle to the same knowledge.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Arc<RwLock<KnownSecrets>>,
}

#[derive(Default)]
struct KnownSecrets {
    forms: Needles,
    search: Option<Arc<Search>>,
    short_lived: ShortLivedSecrets,
}

/// Values of which only the newest are remembered.
#[derive(Default)]
struct ShortLivedSecrets {
    /// Oldest first.
    values: VecDeque<String>,
    /// None until somebody searches.
    search: Option<Arc<Search>>,
}

/// The needles, compiled.
struct Search {
    automaton: AhoCorasick,
    /// By pattern number.
    edges: Vec<NeighbourBits>,
}

impl Redactor {
    /// Masks `value` from now on, in every form; returns whether it is long enough to be searched for.
    pub fn learn(&self, value: &str) -> bool {
        if value.len() < SHORTEST_SEARCHED {
            return false;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = known.forms.len();
        form::collect(value, &mut known.forms);
        if known.forms.len() > before {
            known.search = Search::compile(&known.forms).map(Arc::new);
        }
        true
    }

    /// Masks `value` until [`MOST_SHORT_LIVED`] newer ones have been learnt; returns what [`Self::learn`] returns.
    /// For values that every request has anew, such as its signature: a run of 100,000 pages would otherwise search
    /// for as many.
    pub fn learn_short_lived(&self, value: &str) -> bool {
        if value.len() < SHORTEST_SEARCHED {
            return false;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.short_lived.learn(value);
        true
    }

    /// The text with `***` for every secret; secrets that overlap or touch share one mask.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let secrets = self.find(text.as_bytes());
        if secrets.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = String::with_capacity(text.len());
        let mut rest = 0;
        for secret in secrets {
            clean.push_str(&text[rest..boundary_before(text, secret.start).max(rest)]);
            clean.push_str(MASK);
            rest = boundary_after(text, secret.end);
        }
        clean.push_str(&text[rest..]);
        Cow::Owned(clean)
    }

    /// [`Self::redact`] for text that may not be UTF-8.
    pub fn redact_bytes<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let secrets = self.find(text);
        if secrets.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = Vec::with_capacity(text.len());
        let mut rest = 0;
        for secret in secrets {
            clean.extend_from_slice(&text[rest..secret.start]);
            clean.extend_from_slice(MASK.as_bytes());
            rest = secret.end;
        }
        clean.extend_from_slice(&text[rest..]);
        Cow::Owned(clean)
    }

    /// Where secrets stand: in order, apart from each other.
    fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let searches = self.searches();
        if searches.is_empty() {
            return Vec::new();
        }
        let views = view::all(text);
        let found = searches.iter().flat_map(|search| views.iter().flat_map(|view| search.in_view(view)));
        merge(found.collect())
    }

    fn searches(&self) -> Vec<Arc<Search>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.short_lived.is_ready() {
            return known.searches();
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.short_lived.compile();
        known.searches()
    }
}

impl KnownSecrets {
    fn searches(&self) -> Vec<Arc<Search>> {
        self.search.iter().chain(&self.short_lived.search).map(Arc::clone).collect()
    }
}

impl ShortLivedSecrets {
    /// A value that is learnt again is the newest again.
    fn learn(&mut self, value: &str) {
        if let Some(at) = self.values.iter().position(|known| known == value) {
            let value = self.values.remove(at);
            self.values.extend(value);
            return;
        }
        if self.values.len() == MOST_SHORT_LIVED {
            self.values.pop_front();
        }
        self.values.push_back(value.to_owned());
        self.search = None;
    }

    fn is_ready(&self) -> bool {
        self.search.is_some() || self.values.is_empty()
    }

    fn compile(&mut self) {
        let mut forms = Needles::default();
        self.values.iter().for_each(|value| form::collect(value, &mut forms));
        self.search = Search::compile(&forms).map(Arc::new);
    }
}

/// Secrets are what must not be printed.
impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Search {
    /// None without needles. It fails only for gigabytes of needles.
    fn compile(forms: &Needles) -> Option<Self> {
        if forms.is_empty() {
            return None;
        }
        // `Standard` reports overlapping matches: all of them together are masked, so no tail can stay.
        // A DFA of a value that repeats itself (`xxxx…`) takes a time that grows with the square of its length to build.
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(forms.keys())
            .ok()?;
        let edges = forms.values().copied().collect();
        Some(Self { automaton, edges })
    }

    fn in_view(&self, view: &DecodedView<'_>) -> Vec<Range<usize>> {
        let text = view.text();
        self.automaton
            .find_overlapping_iter(text)
            .map(|found| {
                let edges = self.edges.get(found.pattern().as_usize()).copied().unwrap_or_default();
                view.source(&widen(text, found.range(), edges))
            })
            .collect()
    }
}

/// Takes in the neighbours in base64 that carry bits of the secret, and the padding.
fn widen(text: &[u8], found: Range<usize>, edges: NeighbourBits) -> Range<usize> {
    let Range { mut start, mut end } = found;
    if edges.left && start > 0 && text.get(start - 1).copied().is_some_and(is_base64) {
        start -= 1;
    }
    if edges.right && text.get(end).copied().is_some_and(is_base64) {
        end += 1;
        while text.get(end) == Some(&b'=') {
            end += 1;
        }
    }
    start..end
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

fn merge(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

fn boundary_before(text: &str, mut index: usize) -> usize {
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

fn boundary_after(text: &str, mut index: usize) -> usize {
    while !text.is_char_boundary(index) {
        index += 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    fn knowing(values: &[&str]) -> Redactor {
        let redactor = Redactor::default();
        for value in values {
            assert!(redactor.learn(value), "{value}");
        }
        redactor
    }

    #[test]
    fn forms_are_masked() {
        let cases = [
            ("plain", "s3cr&t/é", "token=s3cr&t/é.", "token=***."),
            ("percent, upper hex", "s3cr&t/é", "q=s3cr%26t%2F%C3%A9&x=1", "q=***&x=1"),
            ("percent, lower hex", "s3cr&t/é", "q=s3cr%26t%2f%c3%a9&x=1", "q=***&x=1"),
            ("url path", "s3cr&t/é", "/a/s3cr&t/%C3%A9/b", "/a/***/b"),
            ("form", "two words", "q=two+words&x=1", "q=***&x=1"),
            ("json", "a\"b\\c\n", r#"{"t":"a\"b\\c\n"}"#, r#"{"t":"***"}"#),
            ("json slash", "ab/cd", r"ab\/cd", "***"),
            ("json ascii", "clé😀", r"cl\u00e9\ud83d\ude00", "***"),
            ("json in json", "a\"bcd", r#""{\"t\":\"a\\\"bcd\"}""#, r#""{\"t\":\"***\"}""#),
            ("percent twice", "ab/cd", "ab%252Fcd", "***"),
            ("percent in json", "ab/é", r#""x=ab%2F%C3%A9""#, r#""x=***""#),
            ("basic", "password", "Basic dXNlcjpwYXNzd29yZA==", "Basic dXNlcj***"),
            ("base64 in a url", "??>>", "t=Pz8%2BPg%3D%3D&u", "t=***&u"),
        ];
        for (name, secret, text, expected) in cases {
            assert_eq!(knowing(&[secret]).redact(text), expected, "{name}");
        }
    }

    #[test]
    fn values_that_pass_are_masked_while_they_are_new() {
        let redactor = knowing(&["lasting"]);
        assert!(!redactor.learn_short_lived("abc"));
        for number in 0..=MOST_SHORT_LIVED {
            assert!(redactor.learn_short_lived("basic"));
            assert!(redactor.learn_short_lived(&format!("signature-{number}-")));
            let text = format!("lasting basic signature-{number}-");
            assert_eq!(redactor.redact(&text), "*** *** ***");
        }
        let text = format!("signature-0- signature-1- signature-2- signature-{MOST_SHORT_LIVED}-");
        assert_eq!(redactor.redact(&text), "signature-0- signature-1- *** ***");
        assert_eq!(redactor.redact_bytes(b"c2lnbmF0dXJlLTIt"), b"***".as_slice());
        assert_eq!(redactor.redact("signature%2D2%2D"), "***");
    }

    #[test]
    fn what_passes_may_overlap_what_lasts() {
        let redactor = knowing(&["abcdef"]);
        redactor.learn_short_lived("defghi");
        assert_eq!(redactor.redact("-abcdefghi-"), "-***-");
    }

    #[test]
    fn overlapping_secrets_leave_no_tail() {
        let redactor = knowing(&["abcd", "abcdefgh", "ghij"]);
        assert_eq!(redactor.redact("-abcdefgh- -abcdefghij- -abcdabcd- -ghi-"), "-***- -***- -***- -ghi-");
    }

    #[test]
    fn short_values_are_not_searched() {
        let redactor = Redactor::default();
        assert!(!redactor.learn("abc"));
        assert!(!redactor.learn(""));
        assert_eq!(redactor.redact("abcabc"), "abcabc");
    }

    #[test]
    fn clean_text_is_not_copied() {
        let redactor = knowing(&["secret"]);
        assert!(matches!(redactor.redact("nothing 100% here\\n"), Cow::Borrowed(_)));
        assert!(matches!(Redactor::default().redact("secret"), Cow::Borrowed("secret")));
    }

    /// A token endpoint that answers so would hold up a run for hours.
    #[test]
    fn long_values_that_repeat_themselves_are_known_at_once() {
        let redactor = Redactor::default();
        let value = "x".repeat(50_000);
        redactor.learn(&value);
        assert_eq!(redactor.redact(&format!("token={value};")), "token=***;");
    }

    #[test]
    fn clones_share_what_is_learned() {
        let redactor = Redactor::default();
        let other = redactor.clone();
        redactor.learn("secret");
        assert_eq!(other.redact("a secret"), "a ***");
        assert_eq!(format!("{other:?}"), "Redactor { .. }");
    }

    #[test]
    fn lines_of_a_key_are_masked() {
        let redactor = knowing(&["-----BEGIN KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END KEY-----\n"]);
        assert_eq!(redactor.redact("bad line BgkqhkiG9w0B in key"), "bad line *** in key");
    }

    #[test]
    fn bytes_that_are_no_text_are_masked_too() {
        let redactor = knowing(&["secret"]);
        assert_eq!(redactor.redact_bytes(b"\xff secret \xfe").as_ref(), b"\xff *** \xfe");
    }

    /// Everything that may be printed of a secret, with `+`, both hex cases and all alignments.
    fn spellings(secret: &str) -> Vec<String> {
        let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let query: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let json = serde_json::to_string(secret).unwrap();
        let json = json[1..json.len() - 1].to_owned();
        let debug = format!("{secret:?}");
        let ascii = secret.encode_utf16().fold(String::new(), |text, unit| format!("{text}\\u{unit:04X}"));
        let mut url = url::Url::parse("http://h/").unwrap();
        url.set_query(Some(secret));
        vec![
            url.query().unwrap_or_default().to_owned(),
            in_path(secret),
            secret.to_owned(),
            secret.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02x}")),
            percent,
            query,
            json.replace('/', "\\/"),
            json,
            ascii,
            debug[1..debug.len() - 1].to_owned(),
        ]
    }

    /// As a segment of a path; the leading letters keep dots from meaning a folder.
    fn in_path(secret: &str) -> String {
        let mut url = url::Url::parse("http://h/").unwrap();
        url.path_segments_mut().unwrap().push(&format!("xx{secret}"));
        url.path()["/xx".len()..].to_owned()
    }

    fn secret() -> impl Strategy<Value = String> {
        // No `*`: a mask beside the rest of a text could spell such a secret.
        "[ -)+-~éß€😀]{4,24}".prop_filter("searched", |text| text.len() >= SHORTEST_SEARCHED)
    }

    proptest! {
        #[test]
        fn no_spelling_survives(secret in secret(), before in "[ -$&-)+-\\[\\]-~é]{0,12}", after in "[ -)+-~é]{0,12}") {
            // `before` has no `%` and no backslash: in an escaped text they do not stand alone.
            let redactor = knowing(&[&secret]);
            for spelling in spellings(&secret) {
                let text = format!("{before}{spelling}{after}");
                let clean = redactor.redact(&text);
                prop_assert!(!clean.contains(&spelling), "{spelling} in {clean}");
                prop_assert!(clean.contains(MASK), "{spelling} in {clean}");
            }
        }

        #[test]
        fn base64_hides_nothing(secret in secret(), before in "[a-z:]{0,7}", after in "[a-z:]{0,7}") {
            let redactor = knowing(&[&secret]);
            let composed = format!("{before}{secret}{after}");
            for encoded in [STANDARD.encode(&composed), URL_SAFE_NO_PAD.encode(&composed)] {
                let clean = redactor.redact(&encoded);
                let (head, tail) = clean.split_once(MASK).expect("masked");
                // What is left on either side decodes to the surroundings alone.
                prop_assert!(head.len() * 6 / 8 <= before.len(), "{encoded} {clean}");
                prop_assert!(tail.trim_end_matches('=').len() * 6 / 8 <= after.len(), "{encoded} {clean}");
            }
        }

        #[test]
        fn bytes_and_text_agree(secret in secret(), text in "[ -)+-~é%\\\\]{0,40}") {
            let redactor = knowing(&[&secret]);
            let text = format!("{text}{secret}{text}");
            let (clean, bytes) = (redactor.redact(&text), redactor.redact_bytes(text.as_bytes()));
            prop_assert_eq!(clean.as_bytes(), bytes.as_ref());
        }

        #[test]
        fn any_text_is_taken(secret in ".{4,9}", text in any::<Vec<u8>>()) {
            let redactor = knowing(&[&secret]);
            redactor.redact_bytes(&text);
            redactor.redact(&String::from_utf8_lossy(&text));
        }
    }
}
