//! The pure settings of paging, as `crate::paging` reads them.

pub use crate::spec::paginate::PaginateKind;

/// What says where the next page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextFrom {
    /// Nothing in the answer: pages are counted.
    Counting,
    /// What `next` names.
    TheAuthor,
    /// The `Link` header.
    LinkHeader,
}

/// What is true of each kind. A new kind answers all of these before it compiles.
impl PaginateKind {
    /// What says where the next page is.
    pub fn next_from(self) -> NextFrom {
        match self {
            Self::Page | Self::Offset => NextFrom::Counting,
            Self::Cursor | Self::NextUrl => NextFrom::TheAuthor,
            Self::LinkHeader => NextFrom::LinkHeader,
        }
    }

    /// Whether the author must say where the next page is named, with `next`.
    pub fn takes_next(self) -> bool {
        self.next_from().takes_next()
    }

    /// Whether pages are counted, from `start` on: no page names the next one.
    pub fn is_counted(self) -> bool {
        self.next_from().is_counting()
    }

    /// Whether the next page is a URL, which replaces that of the request and is resolved against it. Otherwise the
    /// request has a place for the page.
    pub fn follows_urls(self) -> bool {
        match self {
            Self::NextUrl | Self::LinkHeader => true,
            Self::Page | Self::Offset | Self::Cursor => false,
        }
    }

    /// Whether paging ends only when as many records came as `total` declares.
    pub fn must_reach_total(self) -> bool {
        match self {
            Self::Offset => true,
            Self::Page | Self::Cursor | Self::NextUrl | Self::LinkHeader => false,
        }
    }

    /// Whether later pages are known only if each holds as many records as `size` says.
    pub fn counts_records(self) -> bool {
        match self {
            Self::Offset => true,
            Self::Page | Self::Cursor | Self::NextUrl | Self::LinkHeader => false,
        }
    }

    /// Where paging begins if the author does not say; what is not counted has no start.
    pub fn default_start(self) -> u64 {
        match self {
            Self::Page => 1,
            Self::Offset | Self::Cursor | Self::NextUrl | Self::LinkHeader => 0,
        }
    }
}

impl NextFrom {
    fn takes_next(self) -> bool {
        match self {
            Self::TheAuthor => true,
            Self::Counting | Self::LinkHeader => false,
        }
    }

    fn is_counting(self) -> bool {
        match self {
            Self::Counting => true,
            Self::TheAuthor | Self::LinkHeader => false,
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
