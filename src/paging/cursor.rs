//! Where the paging of a step stands.

use serde::{Deserialize, Serialize};

use crate::plan::paging::{PagingKind, PagingRules};

/// The page that is requested, and what was received before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Ordinal of the page, counted from 1.
    pub page: u64,
    /// What the request of the page says.
    pub position: Position,
    /// Records received on the pages before this one.
    pub records: u64,
    /// The total that the last page which declared one declared.
    pub total: Option<u64>,
    /// Whether the page before this one said that there is more.
    pub promised: bool,
    /// Hashes of the tokens and URLs requested so far, sorted.
    seen: Vec<u64>,
}

/// What a request says about the page it wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Nothing: the request as the author wrote it.
    First,
    /// A page number.
    Number(u64),
    /// An offset in records.
    Offset(u64),
    /// A token from the page before.
    Token(String),
    /// A URL from the page before.
    Url(String),
}

impl Cursor {
    /// Where paging by these rules begins.
    pub fn first(rules: &PagingRules) -> Self {
        let position = match rules.kind {
            PagingKind::Page => Position::Number(rules.start),
            PagingKind::Offset => Position::Offset(rules.start),
            PagingKind::Cursor | PagingKind::NextUrl | PagingKind::LinkHeader => Position::First,
        };
        Self { page: 1, position, records: 0, total: None, promised: false, seen: Vec::new() }
    }

    /// Where the page stands that comes `by` pages after this one, if it can be counted: by number, or by offset when
    /// pages are full. None past the total, past `max_pages`, and where each page names the next.
    pub fn ahead(&self, rules: &PagingRules, by: u64) -> Option<Self> {
        let page = self.page + by;
        let position = match (&self.position, rules.size) {
            (Position::Number(number), _) => Position::Number(number + by),
            (Position::Offset(offset), Some(size)) => Position::Offset(offset + by * size),
            _ => return None,
        };
        let past_total =
            matches!((&position, self.total), (Position::Offset(offset), Some(total)) if *offset >= total);
        let past_pages = rules.max_pages.is_some_and(|most| page > most);
        (!past_total && !past_pages).then(|| Self { page, position, seen: Vec::new(), ..*self })
    }

    /// The cursor of the page after this one.
    pub(super) fn after(&self, position: Position, records: u64, total: Option<u64>, promised: bool) -> Self {
        let mut next =
            Self { page: self.page + 1, position, records, total, promised, seen: self.seen.clone() };
        if let Position::Token(text) | Position::Url(text) = &next.position {
            let hash = hash_of(text);
            next.remember(hash);
        }
        next
    }

    /// Counts a URL as requested, so that a page which points to it is a repetition; for the URL of the first request.
    pub fn remember_url(&mut self, url: &str) {
        self.remember(hash_of(url));
    }

    /// Whether this token or URL was requested before.
    pub(super) fn has_seen(&self, text: &str) -> bool {
        self.seen.binary_search(&hash_of(text)).is_ok()
    }

    fn remember(&mut self, hash: u64) {
        if let Err(place) = self.seen.binary_search(&hash) {
            self.seen.insert(place, hash);
        }
    }
}

/// FNV-1a. A checkpoint holds these hashes, so they must not depend on the compiler's version.
fn hash_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_never_change() {
        assert_eq!(hash_of(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash_of("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_cursor_survives_a_checkpoint() {
        let rules = PagingRules {
            kind: PagingKind::NextUrl,
            start: 0,
            size: None,
            max_pages: None,
            allow_repeat: false,
        };
        let mut cursor = Cursor::first(&rules);
        cursor.remember_url("https://a/1");
        let next = cursor.after(Position::Url("https://a/2".into()), 5, Some(9), false);
        let stored = serde_json::to_string(&next).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&stored).unwrap(), next);
        assert!(
            next.has_seen("https://a/1") && next.has_seen("https://a/2") && !next.has_seen("https://a/3")
        );
    }
}
