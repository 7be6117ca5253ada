//! From the facts of one page to the next request.

use super::cursor::{Cursor, Position};
use crate::plan::paging::{Name, PagingRules, Way};

/// What a page says that matters for paging.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageFacts {
    /// Records on this page.
    pub records: u64,
    /// A rule said that paging ends here.
    pub ended: Option<Ended>,
    /// What `more` evaluated to; none if the author gave no `more`.
    pub more: Option<bool>,
    /// What `stop_when` evaluated to; none if the author gave no `stop_when`.
    pub stop: Option<bool>,
    /// The token or resolved URL of the next page.
    pub next: NamedNext,
    /// How many records there are on all pages, if the page declares it.
    pub total: Option<u64>,
    /// The page is equal to the one before it.
    pub same_as_previous: bool,
}

/// What was found where a page names the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum NamedNext {
    /// Nobody looked: pages are counted, or it is known already that this one is the last.
    #[default]
    NotLookedFor,
    /// Nothing: it is missing, null or empty. There is no next page.
    Nothing,
    /// A token or URL.
    This(String),
}

/// By which rule paging ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// `empty`: there was nothing on this page.
    Empty,
    /// `stop`: the author wants no more.
    Stop,
    /// `skip`: the page is dropped, and what would follow it is not known.
    Skip,
}

/// What follows a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Another page.
    Request(Cursor),
    /// All pages were read.
    Complete,
    /// Paging ends before all pages were read: the run is not a success.
    Incomplete(IncompleteReason),
    /// The pages contradict themselves or the rules.
    Error(PagingError),
}

/// Why paging ended too early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IncompleteReason {
    /// `max_pages` was reached while there is more.
    #[error("`max_pages: {max_pages}` is reached and there are more pages")]
    MaxPages {
        /// The allowed number of pages.
        max_pages: u64,
    },
    /// A page said that there is more, and the next one was empty.
    #[error("page {page} is empty, though the page before it said that there is more")]
    PromiseBroken {
        /// Ordinal of the empty page.
        page: u64,
    },
    /// Fewer records came than the pages declare.
    #[error("the pages declare {declared} records in total, but held {received}")]
    TotalMissed {
        /// The declared total.
        declared: u64,
        /// The records received.
        received: u64,
    },
}

/// How pages contradict themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PagingError {
    /// `more` is true and there is no way on.
    #[error("page {page} says there is more but names no next page")]
    NoNext {
        /// Ordinal of the page.
        page: u64,
    },
    /// The next page is named by this one, and nobody looked for the name: a fault of river.
    #[error("page {page} was not looked at for the next one, though pages here name each other")]
    NotLookedFor {
        /// Ordinal of the page.
        page: u64,
    },
    /// A token or URL comes a second time, so the pages go round in a circle.
    #[error("page {page} names a next page that was already requested: `{next}`")]
    RepeatedNext {
        /// Ordinal of the page.
        page: u64,
        /// The token or URL.
        next: String,
    },
    /// A page is equal to the one before it.
    #[error("page {page} is equal to the page before it")]
    RepeatedPage {
        /// Ordinal of the page.
        page: u64,
    },
    /// There is more, but the page moves the offset by nothing.
    #[error(
        "page {page} says there is more but holds no records, so offset {offset} would be requested again"
    )]
    Stalled {
        /// Ordinal of the page.
        page: u64,
        /// The offset that cannot move.
        offset: u64,
    },
}

/// Decides what follows the page that `cursor` requested.
pub fn advance(rules: &PagingRules, facts: &PageFacts, cursor: &Cursor) -> Next {
    let step = Step { rules, facts, cursor };
    if step.repeats_page() {
        return Next::Error(PagingError::RepeatedPage { page: cursor.page });
    }
    match facts.ended {
        Some(ended) if ended.says_nothing_came() && cursor.promised => {
            return Next::Incomplete(IncompleteReason::PromiseBroken { page: cursor.page });
        }
        Some(Ended::Empty | Ended::Stop | Ended::Skip) => return step.end(),
        None => {}
    }
    if facts.more == Some(false) || facts.stop == Some(true) {
        return step.end();
    }
    match rules.kind.way() {
        Way::Number => step.next_number(),
        Way::Offset => step.next_offset(),
        Way::Named(Name::Token, _) => step.next_named(Position::Token),
        Way::Named(Name::Url, _) => step.next_named(Position::Url),
    }
}

impl Ended {
    /// Whether there was nothing where the page before may have promised more.
    fn says_nothing_came(self) -> bool {
        match self {
            Self::Empty => true,
            Self::Stop | Self::Skip => false,
        }
    }
}

impl IncompleteReason {
    /// What the author can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::MaxPages { .. } => "raise or remove `max_pages`",
            Self::PromiseBroken { .. } => {
                "run again; records that were deleted in between look like this too"
            }
            Self::TotalMissed { .. } => "run again; if it stays, look at what `total` and `into` name",
        }
    }
}

impl PagingError {
    /// What the author can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotLookedFor { .. } => "this is a fault of river: please report it with the pipeline",
            Self::NoNext { .. } => "look at the path in `next` and at the expression in `more`",
            Self::RepeatedNext { .. } => {
                "look at what `next` names, and whether the server reads what it is asked"
            }
            Self::RepeatedPage { .. } => {
                "look whether `into` is what the server reads; if equal pages are right, set `allow_repeat: true`"
            }
            Self::Stalled { .. } => "look at the expression in `more` and at the path in `records`",
        }
    }
}

struct Step<'s> {
    rules: &'s PagingRules,
    facts: &'s PageFacts,
    cursor: &'s Cursor,
}

impl Step<'_> {
    fn next_number(&self) -> Next {
        let author_says_when = self.facts.more.is_some() || self.facts.stop.is_some();
        if self.facts.records == 0 && !author_says_when {
            return Next::Complete;
        }
        let number = self.cursor.position.count().unwrap_or(self.rules.start);
        self.request(Position::Number(number.saturating_add(1)))
    }

    /// Moves by the records received: a server that caps its pages would make `size` skip some.
    fn next_offset(&self) -> Next {
        let offset = self.cursor.position.count().unwrap_or(self.rules.start);
        let more = self.facts.more == Some(true);
        match self.facts.records {
            0 if more => Next::Error(PagingError::Stalled { page: self.cursor.page, offset }),
            0 => self.end(),
            _ if !more && self.has_reached_total() => Next::Complete,
            records => self.request(Position::Offset(offset.saturating_add(records))),
        }
    }

    fn next_named(&self, position: fn(String) -> Position) -> Next {
        let page = self.cursor.page;
        match &self.facts.next {
            // Taken for the end, it would be one after the first page.
            NamedNext::NotLookedFor => Next::Error(PagingError::NotLookedFor { page }),
            NamedNext::Nothing if self.facts.more == Some(true) => Next::Error(PagingError::NoNext { page }),
            NamedNext::Nothing => Next::Complete,
            NamedNext::This(next) if self.cursor.has_seen(next) => {
                Next::Error(PagingError::RepeatedNext { page, next: next.clone() })
            }
            NamedNext::This(next) => self.request(position(next.clone())),
        }
    }

    fn request(&self, position: Position) -> Next {
        match self.rules.max_pages {
            Some(max_pages) if self.cursor.page >= max_pages => {
                Next::Incomplete(IncompleteReason::MaxPages { max_pages })
            }
            _ => {
                let promised = self.facts.more == Some(true);
                Next::Request(self.cursor.after(position, self.received(), self.total(), promised))
            }
        }
    }

    /// Ends paging; by offset, only if all declared records came.
    fn end(&self) -> Next {
        match self.total() {
            Some(declared)
                if self.rules.kind.must_reach_total() && self.received() < self.least(declared) =>
            {
                let received = self.received();
                Next::Incomplete(IncompleteReason::TotalMissed { declared, received })
            }
            _ => Next::Complete,
        }
    }

    fn has_reached_total(&self) -> bool {
        let skipped = self.rules.start.saturating_sub(1);
        self.total().is_some_and(|declared| self.received() >= declared.saturating_sub(skipped))
    }

    /// The records there must be when paging starts at `start`. Offsets of some servers count from 1, so a start of 1
    /// skips nothing; of a later start we cannot know from where it counts and take the smaller number.
    fn least(&self, declared: u64) -> u64 {
        let skipped = if self.rules.start > 1 { self.rules.start } else { 0 };
        declared.saturating_sub(skipped)
    }

    fn repeats_page(&self) -> bool {
        // An equal empty page ends most pagings anyway; where the author says that there is more, it never would.
        let goes_on =
            self.facts.records > 0 || self.facts.more == Some(true) || self.facts.stop == Some(false);
        self.facts.same_as_previous && goes_on && !self.rules.allow_repeat
    }

    fn received(&self) -> u64 {
        self.cursor.records.saturating_add(self.facts.records)
    }

    fn total(&self) -> Option<u64> {
        self.facts.total.or(self.cursor.total)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::paging::PaginateKind;

    fn rules(kind: PaginateKind) -> PagingRules {
        PagingRules { kind, start: kind.default_start(), size: None, max_pages: None, allow_repeat: false }
    }

    fn facts(records: u64) -> PageFacts {
        PageFacts { records, ..PageFacts::default() }
    }

    fn next(text: &str) -> PageFacts {
        PageFacts { next: NamedNext::This(text.to_owned()), ..facts(1) }
    }

    /// A page that names no next one.
    fn last(records: u64) -> PageFacts {
        PageFacts { next: NamedNext::Nothing, ..facts(records) }
    }

    /// Goes through pages and says in short what followed each.
    fn walk(rules: &PagingRules, pages: &[PageFacts]) -> Vec<String> {
        let mut cursor = Cursor::first(rules);
        let mut steps = Vec::new();
        for page in pages {
            match advance(rules, page, &cursor) {
                Next::Request(next) => {
                    steps.push(format!("{:?}", next.position));
                    assert_eq!(next.page, cursor.page + 1);
                    cursor = next;
                }
                Next::Complete => steps.push("complete".to_owned()),
                Next::Incomplete(reason) => steps.push(format!("incomplete: {reason}")),
                Next::Error(error) => steps.push(format!("error: {error}")),
            }
        }
        steps
    }

    #[test]
    fn pages_are_counted() {
        let page = rules(PaginateKind::Page);
        let more = |records, more| PageFacts { more: Some(more), ..facts(records) };
        let stop = |records, stop| PageFacts { stop: Some(stop), ..facts(records) };
        let broken = "incomplete: page 2 is empty, though the page before it said that there is more";
        let cases: [(&[PageFacts], &[&str]); 8] = [
            (&[facts(2), facts(1), facts(0)], &["Number(2)", "Number(3)", "complete"]),
            (&[more(2, true), more(0, true), more(2, false)], &["Number(2)", "Number(3)", "complete"]),
            (&[stop(0, false), stop(2, true)], &["Number(2)", "complete"]),
            (&[PageFacts { ended: Some(Ended::Stop), more: Some(true), ..facts(2) }], &["complete"]),
            (&[more(2, true), PageFacts { ended: Some(Ended::Empty), ..facts(0) }], &["Number(2)", broken]),
            (&[facts(2), PageFacts { ended: Some(Ended::Empty), ..facts(0) }], &["Number(2)", "complete"]),
            (&[facts(0)], &["complete"]),
            (&[PageFacts { total: Some(9), ..facts(0) }], &["complete"]),
        ];
        for (pages, expected) in cases {
            assert_eq!(walk(&page, pages), expected, "{pages:?}");
        }
        let sized = PagingRules { size: Some(200), start: 0, ..page };
        assert_eq!(
            walk(&sized, &[facts(200), facts(150), facts(200)]),
            ["Number(1)", "Number(2)", "Number(3)"]
        );
    }

    #[test]
    fn offsets_move_by_what_was_received() {
        let offset = PagingRules { size: Some(100), ..rules(PaginateKind::Offset) };
        let total = |records, total| PageFacts { total: Some(total), ..facts(records) };
        let more = |records, more| PageFacts { more: Some(more), ..facts(records) };
        let missed = "incomplete: the pages declare 200 records in total, but held 150";
        let cases: [(&[PageFacts], &[&str]); 10] = [
            (&[facts(100), facts(50), facts(0)], &["Offset(100)", "Offset(150)", "complete"]),
            (&[total(100, 150), total(50, 150)], &["Offset(100)", "complete"]),
            (&[total(150, 200), total(0, 200)], &["Offset(150)", missed]),
            (&[total(150, 200), facts(0)], &["Offset(150)", missed]),
            (
                &[total(150, 200), PageFacts { ended: Some(Ended::Empty), ..facts(0) }],
                &["Offset(150)", missed],
            ),
            (&[total(100, 100)], &["complete"]),
            (&[total(0, 0)], &["complete"]),
            (&[more(100, true), more(30, false)], &["Offset(100)", "complete"]),
            (
                &[more(0, true)],
                &[
                    "error: page 1 says there is more but holds no records, so offset 0 would be requested again",
                ],
            ),
            (&[PageFacts { total: Some(100), more: Some(true), ..facts(100) }], &["Offset(100)"]),
        ];
        for (pages, expected) in cases {
            assert_eq!(walk(&offset, pages), expected, "{pages:?}");
        }
    }

    #[test]
    fn a_later_start_leaves_records_out_of_the_total() {
        let total = |records| PageFacts { total: Some(150), ..facts(records) };
        let from = |start| PagingRules { start, ..rules(PaginateKind::Offset) };
        assert_eq!(walk(&from(1), &[total(149), total(1)]), ["Offset(150)", "complete"]);
        assert_eq!(walk(&from(100), &[total(50), total(0)]), ["Offset(150)", "complete"]);
        assert_eq!(walk(&from(101), &[total(50)]), ["complete"]);
        let missed = "incomplete: the pages declare 150 records in total, but held 149";
        assert_eq!(walk(&from(1), &[total(149), total(0)]), ["Offset(150)", missed]);
    }

    #[test]
    fn names_of_next_pages_are_followed() {
        let cursor = rules(PaginateKind::Cursor);
        let more = |page: PageFacts, more| PageFacts { more: Some(more), ..page };
        let seen = "error: page 3 names a next page that was already requested: `a`";
        let cases: [(&[PageFacts], &[&str]); 8] = [
            (&[next("a"), next("b"), last(1)], &["Token(\"a\")", "Token(\"b\")", "complete"]),
            (&[next("a"), next("b"), next("a")], &["Token(\"a\")", "Token(\"b\")", seen]),
            (&[more(next("a"), true), more(next("b"), false)], &["Token(\"a\")", "complete"]),
            (&[more(last(5), true)], &["error: page 1 says there is more but names no next page"]),
            (
                &[facts(1)],
                &["error: page 1 was not looked at for the next one, though pages here name each other"],
            ),
            (&[PageFacts { records: 0, ..next("a") }, last(3)], &["Token(\"a\")", "complete"]),
            (&[PageFacts { stop: Some(true), ..next("a") }], &["complete"]),
            (&[PageFacts { stop: Some(false), ..last(1) }], &["complete"]),
        ];
        for (pages, expected) in cases {
            assert_eq!(walk(&cursor, pages), expected, "{pages:?}");
        }
        for kind in [PaginateKind::NextUrl, PaginateKind::LinkHeader] {
            assert_eq!(
                walk(&rules(kind), &[next("https://a/2"), last(1)]),
                ["Url(\"https://a/2\")", "complete"]
            );
        }
    }

    #[test]
    fn a_page_that_points_to_the_first_url_repeats() {
        let rules = rules(PaginateKind::NextUrl);
        let mut cursor = Cursor::first(&rules);
        cursor.remember_url("https://a/1");
        let error = PagingError::RepeatedNext { page: 1, next: "https://a/1".to_owned() };
        assert_eq!(advance(&rules, &next("https://a/1"), &cursor), Next::Error(error));
    }

    #[test]
    fn equal_pages_are_an_error() {
        let same = |records| PageFacts { same_as_previous: true, ..facts(records) };
        let page = rules(PaginateKind::Page);
        assert_eq!(
            walk(&page, &[facts(2), same(2)]),
            ["Number(2)", "error: page 2 is equal to the page before it"]
        );
        assert_eq!(walk(&page, &[facts(2), same(0)]), ["Number(2)", "complete"]);
        let allowed = PagingRules { allow_repeat: true, ..page };
        assert_eq!(walk(&allowed, &[facts(2), same(2)]), ["Number(2)", "Number(3)"]);
    }

    #[test]
    fn too_many_pages_are_incomplete() {
        let page = PagingRules { max_pages: Some(2), ..rules(PaginateKind::Page) };
        let reached = "incomplete: `max_pages: 2` is reached and there are more pages";
        assert_eq!(walk(&page, &[facts(1), facts(1)]), ["Number(2)", reached]);
        assert_eq!(walk(&page, &[facts(1), facts(0)]), ["Number(2)", "complete"]);
    }

    fn any_facts() -> impl Strategy<Value = PageFacts> {
        let flags = (any::<Option<bool>>(), any::<Option<bool>>(), prop::bool::weighted(0.1), any::<bool>());
        let next = prop::option::of("[a-z]{0,3}");
        (0_u64..5, flags, next, prop::option::of(0_u64..40)).prop_map(|(records, flags, next, total)| {
            PageFacts {
                records,
                ended: flags.2.then_some(Ended::Empty),
                more: flags.0,
                stop: flags.1,
                next: next.filter(|next| !next.is_empty()).map_or(NamedNext::Nothing, NamedNext::This),
                total,
                same_as_previous: flags.3,
            }
        })
    }

    fn any_rules() -> impl Strategy<Value = PagingRules> {
        let kinds = PaginateKind::ALL;
        (prop::sample::select(kinds.to_vec()), any::<u64>(), any::<bool>(), 0_u64..12).prop_map(
            |(kind, start, allow_repeat, max_pages)| PagingRules {
                kind,
                start,
                size: None,
                max_pages: Some(max_pages),
                allow_repeat,
            },
        )
    }

    proptest! {
        #[test]
        fn paging_ends_and_counts(rules in any_rules(), pages in prop::collection::vec(any_facts(), 1..6)) {
            let mut cursor = Cursor::first(&rules);
            let mut records = 0;
            for facts in pages.iter().cycle() {
                prop_assert!(cursor.page <= rules.max_pages.unwrap_or_default().max(1));
                records += facts.records;
                let Next::Request(next) = advance(&rules, facts, &cursor) else { break };
                prop_assert_eq!(next.page, cursor.page + 1);
                prop_assert_eq!(next.records, records);
                prop_assert!(next.position != cursor.position || rules.start > u64::MAX - 50);
                cursor = next;
            }
        }
    }
}
