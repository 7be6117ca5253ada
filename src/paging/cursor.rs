//! Where the paging of a step stands.

use serde::{Deserialize, Serialize};

use crate::plan::paging::{PagingRules, Way};

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

impl Position {
    /// The page number or the offset, where pages are counted.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Number(count) | Self::Offset(count) => Some(*count),
            Self::First | Self::Token(_) | Self::Url(_) => None,
        }
    }

    /// What the page before named.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Token(name) | Self::Url(name) => Some(name),
            Self::First | Self::Number(_) | Self::Offset(_) => None,
        }
    }

    /// The URL that replaces the request's.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Url(url) => Some(url),
            Self::First | Self::Number(_) | Self::Offset(_) | Self::Token(_) => None,
        }
    }

    /// As it is put into the request; none where nothing is.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Number(count) | Self::Offset(count) => Some(count.to_string()),
            Self::Token(token) => Some(token.clone()),
            Self::First | Self::Url(_) => None,
        }
    }

    /// The position `by` full pages later; none where pages are not counted.
    fn ahead(&self, by: u64, size: Option<u64>) -> Option<Self> {
        match self {
            Self::Number(number) => Some(Self::Number(number + by)),
            Self::Offset(offset) => Some(Self::Offset(offset + by * size?)),
            Self::First | Self::Token(_) | Self::Url(_) => None,
        }
    }

    /// Whether all records that were declared lie before it.
    fn is_past(&self, total: u64) -> bool {
        match self {
            Self::Offset(offset) => *offset >= total,
            Self::First | Self::Number(_) | Self::Token(_) | Self::Url(_) => false,
        }
    }
}

impl Cursor {
    /// Where paging by these rules begins.
    pub fn first(rules: &PagingRules) -> Self {
        let position = match rules.kind.way() {
            Way::Number => Position::Number(rules.start),
            Way::Offset => Position::Offset(rules.start),
            Way::Named(..) => Position::First,
        };
        Self { page: 1, position, records: 0, total: None, promised: false, seen: Vec::new() }
    }

    /// Where the page stands that comes `by` pages after this one, if it can be counted: by number, or by offset when
    /// pages are full. None past the total, past `max_pages`, and where each page names the next.
    pub fn ahead(&self, rules: &PagingRules, by: u64) -> Option<Self> {
        let page = self.page + by;
        let position = self.position.ahead(by, rules.size)?;
        let past_total = self.total.is_some_and(|total| position.is_past(total));
        let past_pages = rules.max_pages.is_some_and(|most| page > most);
        (!past_total && !past_pages).then(|| Self { page, position, seen: Vec::new(), ..*self })
    }

    /// The cursor of the page after this one.
    pub(super) fn after(&self, position: Position, records: u64, total: Option<u64>, promised: bool) -> Self {
        let mut next =
            Self { page: self.page + 1, position, records, total, promised, seen: self.seen.clone() };
        if let Some(hash) = next.position.name().map(hash_of) {
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
    use crate::plan::paging::PaginateKind;

    #[test]
    fn hashes_never_change() {
        assert_eq!(hash_of(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash_of("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_cursor_survives_a_checkpoint() {
        let rules = PagingRules {
            kind: PaginateKind::NextUrl,
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
