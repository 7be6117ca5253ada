//! How the next page is found.

use super::node::{Node, Text};
use super::reader::{Read, SpecReader};
use super::table::{Shape, table};
use super::value::{Count, ExpressionText, PathText, words};

table! {
    /// How pages follow each other.
    pub struct PaginateSpec("paginate") {
        /// By which means.
        kind: PaginateKind = Required,
        /// Where the next token or URL is: a JSONPath, or `{ header: … }` or `{ expr: … }`.
        next: NextSpec = Optional,
        /// Which part of the request takes it: `query.page_token`, `headers.X-Next`, `form.page`, `json.paging.after`.
        into: Text = Optional,
        /// The first page number or offset.
        start: Count = Optional,
        /// How many records a page is asked for, as `{{ page.size }}`.
        size: Count = Optional,
        /// Whether there is more; read first.
        more: ExpressionText = Optional,
        /// Ends the paging after the page for which it is true.
        stop_when: ExpressionText = Optional,
        /// How many records there are in all, by the server's word.
        total: PathText = Optional,
        /// The most pages to read; more than that is incomplete.
        max_pages: Count = Optional,
        /// With `kind: page` and `offset`: how many pages are asked for before their turn, at most 32.
        prefetch: Count = Optional,
        /// Other origins that a next URL may name.
        allow_origin: Vec<Text> = Optional,
        /// Whether a page may equal the one before it.
        allow_repeat: bool = Default("false"),
    }
    other_words { "type" => "kind", "cursor_path" => "next", "next_url_path" => "next", "next_page_token" => "next", "cursor_param" => "into", "param" => "into", "page_param" => "into", "offset_param" => "into", "limit" => "size", "page_size" => "size", "base_page" => "start", "initial_value" => "start", "total_path" => "total", "has_more" => "more", "has_more_path" => "more", "stop_condition" => "stop_when", "maximum_page" => "max_pages" }
}

words! {
    /// The means of paging. What is true of each is in `plan/paging.rs`.
    pub enum PaginateKind("kind of paging") {
        /// A page number that counts up by one.
        Page = "page",
        /// A record offset that counts up by the records received.
        Offset = "offset",
        /// A token of the answer, which goes into the next request.
        Cursor = "cursor",
        /// A URL of the answer, which replaces the request's URL and query.
        NextUrl = "next_url",
        /// The answer's `Link` header with `rel="next"`.
        LinkHeader = "link_header",
    }
    other_words { "json_link" => "next_url", "json_response" => "cursor", "header_link" => "link_header", "page_number" => "page", "page_increment" => "page", "limit_offset" => "offset", "offset_increment" => "offset", "cursor_path" => "cursor", "json_cursor" => "cursor", "next_state" => "cursor" }
}

table! {
    /// Where the next token or URL is.
    pub struct NextTable("next") {
        /// In the JSON body.
        jsonpath: PathText = Optional,
        /// In a header.
        header: Text = Optional,
        /// Computed.
        expr: ExpressionText = Optional,
    }
}

/// Where the next token or URL is.
#[derive(Debug, Clone, PartialEq)]
pub enum NextSpec {
    /// A JSONPath into the body.
    Path(PathText),
    /// Elsewhere.
    Table(NextTable),
}

impl Read for NextSpec {
    fn read(node: &Node, reader: &mut SpecReader<'_>) -> Option<Self> {
        match node.as_map() {
            Some(_) => NextTable::read(node, reader).map(Self::Table),
            None => PathText::read(node, reader).map(Self::Path),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::JsonPath, NextTable::shape()])
    }
}
