//! `GET /{module}/deleted`: records in the recycle bin, and those that were deleted permanently.

use jiff::Timestamp;
use serde_json::Value;

use super::listing::{MOST_PER_PAGE, read_modified_since, read_number};
use super::page::{PlainInfo, nothing};
use super::{Call, PageServed, disturbed, permit};
use crate::errors::{self, ApiError};
use crate::guess::DeletedOrder;
use crate::records::{Deleted, Module};
use crate::wire::Reply;

#[derive(Debug, serde::Serialize)]
struct DeletedPage {
    data: Vec<Value>,
    info: PlainInfo,
}

/// Which deleted records to list.
#[derive(Debug, Clone, Copy)]
enum DeletedType {
    All,
    Recycle,
    Permanent,
}

/// Zoho: paged by `page` and `per_page` only. Guess: `fields` and `page_token` are ignored, and there is no highest
/// page.
pub(super) fn reply(call: &Call<'_>, module: Module) -> Result<Reply, ApiError> {
    permit(call, module)?;
    let kind = DeletedType::read(call)?;
    let per_page = read_number(call.request, "per_page", MOST_PER_PAGE, MOST_PER_PAGE)?;
    let page = read_number(call.request, "page", 1, u64::MAX)?;
    let since = read_modified_since(call.request)?;
    Ok(disturbed(call, page, |shown| {
        let page = if shown == PageServed::Previous { page - 1 } else { page };
        page_of(&meant(call, module, kind, since), page, per_page, since, call)
    }))
}

fn meant<'a>(
    call: &Call<'a>,
    module: Module,
    kind: DeletedType,
    since: Option<Timestamp>,
) -> Vec<Deleted<'a>> {
    let mut deleted = call.site.organisation.snapshot(module).deleted();
    deleted.retain(|deleted| {
        since.is_none_or(|since| deleted.time() >= since)
            && match kind {
                DeletedType::All => true,
                DeletedType::Recycle => !deleted.is_permanent(),
                DeletedType::Permanent => deleted.is_permanent(),
            }
    });
    if call.site.guesses.deleted_order == DeletedOrder::NewestFirst {
        deleted.reverse();
    }
    deleted
}

fn page_of(
    deleted: &[Deleted<'_>],
    page: u64,
    per_page: u64,
    since: Option<Timestamp>,
    call: &Call<'_>,
) -> Reply {
    let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).min(deleted.len());
    let (first, end) = (place((page - 1).saturating_mul(per_page)), place(page.saturating_mul(per_page)));
    let data: Vec<_> = deleted[first..end].iter().map(Deleted::row).collect();
    if data.is_empty() {
        return nothing(since.is_some(), call.site.guesses.unchanged);
    }
    let info = PlainInfo { per_page, count: data.len(), page, more_records: end < deleted.len() };
    Reply::json(200, &DeletedPage { data, info })
}

impl DeletedType {
    fn read(call: &Call<'_>) -> Result<Self, ApiError> {
        match call.request.parameter("type") {
            None | Some("all") => Ok(Self::All),
            Some("recycle") => Ok(Self::Recycle),
            Some("permanent") => Ok(Self::Permanent),
            Some(_) => Err(errors::invalid_parameter("type")),
        }
    }
}
