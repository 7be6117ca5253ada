//! The answer to a listing: `data` and `info`.

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Version;
use super::listing::{Listing, PageStart, as_count};
use crate::guess::Unchanged;
use crate::page_token::PageToken;
use crate::records::{Field, Record, org_time};
use crate::wire::Reply;

/// The requested page.
pub(super) fn reply(listing: &Listing<'_>, now: Timestamp) -> Reply {
    let page = ListingPage::of(listing, now);
    if page.data.is_empty() {
        return nothing(listing.modified_since.is_some(), listing.guesses.unchanged);
    }
    page.reply(listing.version)
}

/// The requested page, which says that there are more records but has no page token.
pub(super) fn reply_without_token(listing: &Listing<'_>, now: Timestamp) -> Reply {
    let mut page = ListingPage::of(listing, now);
    if page.data.is_empty() {
        return reply(listing, now);
    }
    page.info.more_records = true;
    page.info.next_page_token = None;
    page.info.page_token_expiry = None;
    page.reply(listing.version)
}

/// Zoho: an empty result has status 204 and no body. Guess: it is 304 if `If-Modified-Since` was sent.
pub(super) fn nothing(is_conditional: bool, unchanged: Unchanged) -> Reply {
    Reply::empty(if is_conditional && unchanged == Unchanged::NotModified { 304 } else { 204 })
}

/// The `info` of a page in v2, and of deleted records in every version.
#[derive(Debug, serde::Serialize)]
pub(super) struct PlainInfo {
    pub(super) per_page: u64,
    pub(super) count: usize,
    pub(super) page: u64,
    pub(super) more_records: bool,
}

#[derive(Debug)]
struct ListingPage<'a> {
    data: Vec<ListedRecord<'a>>,
    info: Info,
}

/// The `info` of a page in v8. Zoho: on the last page, both tokens and the expiry are null.
#[derive(Debug, serde::Serialize)]
struct Info {
    call: bool,
    per_page: u64,
    next_page_token: Option<String>,
    count: usize,
    sort_by: &'static str,
    page: u64,
    previous_page_token: Option<String>,
    page_token_expiry: Option<String>,
    sort_order: &'static str,
    email: bool,
    more_records: bool,
}

#[derive(Debug, serde::Serialize)]
struct ListingBody<'a, I> {
    data: &'a [ListedRecord<'a>],
    info: I,
}

#[derive(Debug)]
struct ListedRecord<'a> {
    record: Record<'a>,
    fields: &'a [Field],
}

impl<'a> ListingPage<'a> {
    fn of(listing: &'a Listing<'a>, now: Timestamp) -> Self {
        let mut records = listing.records();
        let data: Vec<_> = records
            .by_ref()
            .take(as_count(listing.per_page))
            .map(|record| ListedRecord { record, fields: &listing.fields })
            .collect();
        let next = records.next().and_then(|_| data.last()).map(|last| listing.start_after(&last.record));
        let info = Info::of(listing, data.len(), next, now);
        Self { data, info }
    }

    fn reply(self, version: Version) -> Reply {
        let Info { per_page, count, page, more_records, .. } = self.info;
        let plain = PlainInfo { per_page, count, page, more_records };
        match version {
            Version::V2 => Reply::json(200, &ListingBody { data: &self.data, info: plain }),
            Version::V8 => Reply::json(200, &ListingBody { data: &self.data, info: self.info }),
        }
    }
}

impl Info {
    fn of(listing: &Listing<'_>, count: usize, next: Option<PageStart>, now: Timestamp) -> Self {
        let expires = PageToken::expiry(now);
        let token = |start: PageStart| {
            let served = u32::try_from(start.served).unwrap_or(u32::MAX);
            PageToken { served, after: start.after, bound: listing.bound, expires }.seal(listing.key)
        };
        let previous = (next.is_some() && listing.page() > 1).then(|| listing.previous().start);
        Self {
            call: false,
            per_page: listing.per_page,
            next_page_token: next.map(token),
            count,
            sort_by: listing.order.sort_by.as_str(),
            page: listing.page(),
            previous_page_token: previous.map(token),
            page_token_expiry: next.and_then(|_| Timestamp::from_second(expires.into()).ok()).map(org_time),
            sort_order: if listing.order.descending { "desc" } else { "asc" },
            email: false,
            more_records: next.is_some(),
        }
    }
}

impl Serialize for ListedRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for field in self.fields {
            map.serialize_entry(field.name, &field.value_in_list(&self.record))?;
        }
        map.end()
    }
}
