//! The pure settings of paging, as `crate::paging` reads them.

pub use crate::spec::paginate::PaginateKind;

/// How a later page is asked for. All that is true of a kind of paging follows from it, so that no two facts about a kind
/// can disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By its number, which counts up by one.
    Number,
    /// By how many records come before it.
    Offset,
    /// By what the page before names.
    Named(Name, NamedIn),
}

/// What a page names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// A token, for which the request has a place.
    Token,
    /// A URL, which replaces that of the request and is resolved against it.
    Url,
}

/// Where a page names the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedIn {
    /// Where `next` says.
    TheAuthorsPlace,
    /// In the `Link` header, with `rel="next"`.
    LinkHeader,
}

impl PaginateKind {
    /// How a later page is asked for.
    pub fn way(self) -> Way {
        match self {
            Self::Page => Way::Number,
            Self::Offset => Way::Offset,
            Self::Cursor => Way::Named(Name::Token, NamedIn::TheAuthorsPlace),
            Self::NextUrl => Way::Named(Name::Url, NamedIn::TheAuthorsPlace),
            Self::LinkHeader => Way::Named(Name::Url, NamedIn::LinkHeader),
        }
    }

    /// Whether the author must say where the next page is named, with `next`.
    pub fn takes_next(self) -> bool {
        match self.way() {
            Way::Named(_, NamedIn::TheAuthorsPlace) => true,
            Way::Number | Way::Offset | Way::Named(_, NamedIn::LinkHeader) => false,
        }
    }

    /// Whether pages are counted, from `start` on: no page names the next one.
    pub fn is_counted(self) -> bool {
        match self.way() {
            Way::Number | Way::Offset => true,
            Way::Named(..) => false,
        }
    }

    /// Whether the next page is a URL. Otherwise the request has a place for the page.
    pub fn follows_urls(self) -> bool {
        match self.way() {
            Way::Named(Name::Url, _) => true,
            Way::Number | Way::Offset | Way::Named(Name::Token, _) => false,
        }
    }

    /// Whether paging ends only when as many records came as `total` declares.
    pub fn must_reach_total(self) -> bool {
        self.counts_records()
    }

    /// Whether records are counted: then later pages are known only if each is as long as `size` says.
    pub fn counts_records(self) -> bool {
        match self.way() {
            Way::Offset => true,
            Way::Number | Way::Named(..) => false,
        }
    }

    /// Where paging begins if the author does not say; what is not counted has no start.
    pub fn default_start(self) -> u64 {
        match self.way() {
            Way::Number => 1,
            Way::Offset | Way::Named(..) => 0,
        }
    }
}

/// Paging without its expressions: what `paging::advance` needs besides the facts of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagingRules {
    /// How pages follow each other.
    pub kind: PaginateKind,
    /// First page number or offset (page: 1, offset: 0 unless given).
    pub start: u64,
    /// Records asked for per page, where the author declared it.
    pub size: Option<u64>,
    /// The most pages a run may read; reaching it with more to come is incomplete.
    pub max_pages: Option<u64>,
    /// A page equal to its predecessor is an error unless this is set.
    pub allow_repeat: bool,
}
