//! The answer to a listing: `data` and `info`.

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::super::page_token::PageToken;
use super::super::records::{Field, Record, org_time};
use super::super::wire::Reply;
use super::listing::{Listing, Start};

/// The page that was asked for.
pub(super) fn reply(listing: &Listing<'_>, now: Timestamp) -> Reply {
    match Page::of(listing, now) {
        Some(page) => Reply::json(200, &page),
        // Zoho: an empty set has status 204 and no body. That a header which leaves nothing makes it 304 is a guess.
        None => Reply::empty(if listing.modified_since.is_some() { 304 } else { 204 }),
    }
}

/// The page that was asked for, which claims that there is more but does not say where.
pub(super) fn reply_without_token(listing: &Listing<'_>, now: Timestamp) -> Reply {
    match Page::of(listing, now) {
        Some(mut page) => {
            page.info.more_records = true;
            page.info.next_page_token = None;
            page.info.page_token_expiry = None;
            Reply::json(200, &page)
        }
        None => reply(listing, now),
    }
}

#[derive(Debug, serde::Serialize)]
struct Page<'a> {
    data: Vec<Row<'a>>,
    info: Info,
}

/// Zoho: on the last page both tokens and the expiry are null.
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

#[derive(Debug)]
struct Row<'a> {
    record: Record<'a>,
    fields: &'a [Field],
}

impl<'a> Page<'a> {
    /// None when there is no record.
    fn of(listing: &'a Listing<'a>, now: Timestamp) -> Option<Self> {
        let mut records = listing.records_from(listing.start.position);
        let per_page = usize::try_from(listing.per_page).unwrap_or(usize::MAX);
        let data: Vec<_> = records
            .by_ref()
            .take(per_page)
            .map(|(_, record)| Row { record, fields: &listing.fields })
            .collect();
        let next = records
            .next()
            .map(|(position, _)| Start { served: listing.start.served + listing.per_page, position });
        let info = Info::of(listing, data.len(), next, now);
        (!data.is_empty()).then_some(Self { data, info })
    }
}

impl Info {
    fn of(listing: &Listing<'_>, count: usize, next: Option<Start>, now: Timestamp) -> Self {
        let expires = PageToken::expiry(now);
        let token = |start: Start| {
            let (served, position) = (start.served, start.position);
            PageToken { served, position, bound: listing.bound, expires }.seal(listing.key())
        };
        let previous = (next.is_some() && listing.page() > 1).then(|| listing.previous().start);
        Self {
            call: false,
            per_page: listing.per_page,
            next_page_token: next.map(token),
            count,
            sort_by: listing.sort_by.as_str(),
            page: listing.page(),
            previous_page_token: previous.map(token),
            page_token_expiry: next.and_then(|_| Timestamp::from_second(expires).ok()).map(org_time),
            sort_order: if listing.descending { "desc" } else { "asc" },
            email: false,
            more_records: next.is_some(),
        }
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for field in self.fields {
            map.serialize_entry(field.name, &field.value(&self.record))?;
        }
        map.end()
    }
}
