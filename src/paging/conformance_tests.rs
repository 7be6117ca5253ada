//! How each kind of paging ends, exactly: complete, incomplete, an error, or on to the next page.
//!
//! A row has a column for each kind; a new kind makes all rows too short, and they do not compile.

use super::*;
use crate::plan::paging::{PaginateKind, PagingRules};

const KINDS: usize = PaginateKind::ALL.len();

/// What happens on the way: the pages of a kind, and its rules.
type Walk = fn(PaginateKind) -> (PagingRules, Vec<PageFacts>);

const GOES_ON: &str = "goes on";
const COMPLETE: &str = "complete";
/// It has no such case.
const NONE: &str = "none";

fn rules(kind: PaginateKind) -> PagingRules {
    PagingRules { kind, start: kind.default_start(), size: None, max_pages: None, allow_repeat: false }
}

/// A page of two records; one that is named by the page before names the next.
fn page(kind: PaginateKind, number: u64) -> PageFacts {
    let next =
        if kind.is_counted() { NamedNext::NotLookedFor } else { NamedNext::This(format!("p{}", number + 1)) };
    PageFacts { records: 2, next, ..PageFacts::default() }
}

/// A page behind which there is nothing: counted pages are empty then, others name no next one.
fn last(kind: PaginateKind) -> PageFacts {
    if kind.is_counted() {
        PageFacts::default()
    } else {
        PageFacts { records: 2, next: NamedNext::Nothing, ..PageFacts::default() }
    }
}

/// What follows the last of some pages, which all follow each other.
fn end(rules: &PagingRules, pages: &[PageFacts]) -> String {
    let mut cursor = Cursor::first(rules);
    for (place, facts) in pages.iter().enumerate() {
        let is_last = place + 1 == pages.len();
        match advance(rules, facts, &cursor) {
            Next::Request(_) if is_last => return GOES_ON.to_owned(),
            Next::Request(next) => cursor = next,
            Next::Complete if is_last => return COMPLETE.to_owned(),
            Next::Incomplete(reason) if is_last => return format!("incomplete: {reason}"),
            Next::Error(error) if is_last => return format!("error: {error}"),
            early => return format!("{early:?} after page {}", place + 1),
        }
    }
    NONE.to_owned()
}

#[test]
fn every_kind_ends_as_it_must() {
    const CAP: &str = "incomplete: `max_pages: 2` is reached and there are more pages";
    const MISSED: &str = "incomplete: the pages declare 7 records in total, but held 4";
    const BROKEN: &str = "incomplete: page 2 is empty, though the page before it said that there is more";
    const EQUAL: &str = "error: page 2 is equal to the page before it";
    const AGAIN: &str = "error: page 3 names a next page that was already requested: `p2`";
    const NO_NEXT: &str = "error: page 2 says there is more but names no next page";
    const STALLED: &str =
        "error: page 2 says there is more but holds no records, so offset 2 would be requested again";
    //                                 page       offset     cursor    next_url  link_header
    let table: [(&str, Walk, [&str; KINDS]); 14] = [
        ("more to come", |kind| (rules(kind), vec![page(kind, 1), page(kind, 2)]), [GOES_ON; KINDS]),
        ("the end is found", |kind| (rules(kind), vec![page(kind, 1), last(kind)]), [COMPLETE; KINDS]),
        ("`more` is false", |kind| (rules(kind), vec![page(kind, 1), told(kind, false)]), [COMPLETE; KINDS]),
        ("the cap is reached", |kind| (capped(kind), vec![page(kind, 1), page(kind, 2)]), [CAP; KINDS]),
        (
            "the cap is the end",
            |kind| (capped(kind), vec![page(kind, 1), told(kind, false)]),
            [COMPLETE; KINDS],
        ),
        ("a page is repeated", |kind| (rules(kind), vec![page(kind, 1), equal(kind)]), [EQUAL; KINDS]),
        (
            "a page may be repeated",
            |kind| (PagingRules { allow_repeat: true, ..rules(kind) }, vec![page(kind, 1), equal(kind)]),
            [GOES_ON; KINDS],
        ),
        (
            "the total is missed",
            |kind| (rules(kind), vec![declared(page(kind, 1)), declared(told(kind, false))]),
            // The plan refuses `total` for all others.
            [COMPLETE, MISSED, COMPLETE, COMPLETE, COMPLETE],
        ),
        ("a name is repeated", |kind| (rules(kind), names_again(kind)), [NONE, NONE, AGAIN, AGAIN, AGAIN]),
        (
            "there is more and no way on",
            |kind| (rules(kind), vec![page(kind, 1), PageFacts { more: Some(true), ..last(kind) }]),
            // An empty page with a number is followed by another, as the author says.
            [GOES_ON, STALLED, NO_NEXT, NO_NEXT, NO_NEXT],
        ),
        (
            "a promise is broken",
            |kind| (rules(kind), vec![told(kind, true), ended(Ended::Empty)]),
            [BROKEN; KINDS],
        ),
        (
            "a rule finds nothing",
            |kind| (rules(kind), vec![page(kind, 1), ended(Ended::Empty)]),
            [COMPLETE; KINDS],
        ),
        ("a rule stops", |kind| (rules(kind), vec![told(kind, true), ended(Ended::Stop)]), [COMPLETE; KINDS]),
        // That a page is missing is said where it was dropped.
        ("a rule skips", |kind| (rules(kind), vec![told(kind, true), ended(Ended::Skip)]), [COMPLETE; KINDS]),
    ];
    for (what, walk, expected) in table {
        for (kind, expected) in PaginateKind::ALL.iter().zip(expected) {
            let (rules, pages) = walk(*kind);
            assert_eq!(end(&rules, &pages), expected, "{}: {what}", kind.word());
        }
    }
}

fn capped(kind: PaginateKind) -> PagingRules {
    PagingRules { max_pages: Some(2), ..rules(kind) }
}

/// A page that says whether there is more.
fn told(kind: PaginateKind, more: bool) -> PageFacts {
    PageFacts { more: Some(more), ..page(kind, 1) }
}

fn equal(kind: PaginateKind) -> PageFacts {
    PageFacts { same_as_previous: true, ..page(kind, 2) }
}

fn declared(page: PageFacts) -> PageFacts {
    PageFacts { total: Some(7), ..page }
}

fn names_again(kind: PaginateKind) -> Vec<PageFacts> {
    if kind.is_counted() { vec![] } else { vec![page(kind, 1), page(kind, 2), page(kind, 1)] }
}

fn ended(ended: Ended) -> PageFacts {
    PageFacts { ended: Some(ended), ..PageFacts::default() }
}

/// What a kind says of itself fits together.
#[test]
fn the_facts_of_every_kind_agree() {
    for &kind in PaginateKind::ALL {
        let word = kind.word();
        let first = Cursor::first(&rules(kind));
        assert_eq!(first.position.count().is_some(), kind.is_counted(), "{word}: counted");
        assert!(
            !(kind.is_counted() && (kind.takes_next() || kind.follows_urls())),
            "{word}: counted and named"
        );
        assert!(kind.is_counted() || !kind.must_reach_total(), "{word}: a total of what is not counted");
        let Next::Request(second) = advance(&rules(kind), &page(kind, 1), &first) else {
            panic!("{word}: no second page")
        };
        assert_ne!(second.position, first.position, "{word}: the same page again");
        assert_eq!(second.position.url().is_some(), kind.follows_urls(), "{word}: URLs");
        assert_eq!(
            second.position.text().is_none(),
            kind.follows_urls(),
            "{word}: what is put into the request"
        );
        assert_eq!(
            first.ahead(&PagingRules { size: Some(2), ..rules(kind) }, 1).is_some(),
            kind.is_counted()
        );
    }
}
