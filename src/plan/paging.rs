//! The pure settings of paging, as `crate::paging` reads them.

/// How the pages of a step follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PagingKind {
    /// A page number that counts up by one.
    Page,
    /// A record offset that counts up by the records received.
    Offset,
    /// A token of the answer that goes into the next request.
    Cursor,
    /// A URL of the answer that replaces the request's URL and query.
    NextUrl,
    /// A URL in the answer's `Link` header with `rel="next"`.
    LinkHeader,
}

/// Paging without its expressions: what `paging::advance` needs besides the facts of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagingRules {
    /// How pages follow each other.
    pub kind: PagingKind,
    /// First page number or offset (page: 1, offset: 0 unless given).
    pub start: u64,
    /// Records asked for per page, where the author declared it.
    pub size: Option<u64>,
    /// The most pages a run may read; reaching it with more to come is incomplete.
    pub max_pages: Option<u64>,
    /// A page equal to its predecessor is an error unless this is set.
    pub allow_repeat: bool,
}
