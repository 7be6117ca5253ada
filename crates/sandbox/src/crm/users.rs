//! `GET /users` and `/users/{id}`: the users of the organisation.

use serde_json::{Value, json};

use super::listing::{self, as_count};
use super::object::joined;
use super::page::PlainInfo;
use super::{Call, PageServed, disturbed, modified};
use crate::errors::{self, ApiError};
use crate::records::User;
use crate::wire::Reply;

const MOST_PER_PAGE: u64 = 200;
const CREATED: &str = "2023-01-02T08:30:00+05:30";
/// Zoho: the offset of the user's time zone in milliseconds; here that of India.
const OFFSET: u32 = 19_800_000;

/// Zoho: the values of `type`. Guess: without it, all users are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UserType {
    All,
    Active,
    Deactive,
    Confirmed,
    NotConfirmed,
    Deleted,
    ActiveConfirmed,
    Admin,
    ActiveConfirmedAdmins,
    Current,
}

/// A page of the users of the requested type, ordered by id.
pub(super) fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    let user_type = read_type(call)?;
    let per_page = listing::read_number(call.request, "per_page", MOST_PER_PAGE, MOST_PER_PAGE)?;
    let page = listing::read_number(call.request, "page", 1, u64::MAX)?;
    if !modified::is_newer(call, CREATED)? {
        return Ok(Reply::empty(304));
    }
    Ok(disturbed(call, page, |shown| {
        page_of(call, user_type, if shown == PageServed::Previous { page - 1 } else { page }, per_page)
    }))
}

fn page_of(call: &Call<'_>, user_type: UserType, page: u64, per_page: u64) -> Reply {
    let ids = call.request.parameter("ids").map(|ids| ids.split(',').collect::<Vec<_>>());
    let is_meant = |user: &User| {
        user_type.takes(*user) && ids.as_ref().is_none_or(|ids| ids.contains(&user.id().as_str()))
    };
    let skipped = as_count((page - 1).saturating_mul(per_page));
    let mut rest = call.site.users.all().filter(is_meant).skip(skipped);
    let users: Vec<_> = rest.by_ref().take(as_count(per_page)).map(describe).collect();
    if users.is_empty() {
        return Reply::empty(204);
    }
    let info = PlainInfo { per_page, count: users.len(), page, more_records: rest.next().is_some() };
    Reply::json(200, &json!({"users": users, "info": info}))
}

/// One user. Guess: how Zoho answers for an unknown id.
pub(super) fn one(call: &Call<'_>, id: &str) -> Reply {
    match call.site.users.with_id(id) {
        Some(user) => Reply::json(200, &json!({"users": [describe(user)]})),
        None => Reply::empty(204),
    }
}

/// Guess: an unknown value is `INVALID_DATA`. Zoho's description also allows `PATTERN_NOT_MATCHED`.
fn read_type(call: &Call<'_>) -> Result<UserType, ApiError> {
    match call.request.parameter("type") {
        None => Ok(UserType::All),
        Some(name) => UserType::named(name).ok_or_else(|| errors::invalid_parameter("type")),
    }
}

impl UserType {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "AllUsers" => Self::All,
            "ActiveUsers" => Self::Active,
            "DeactiveUsers" => Self::Deactive,
            "ConfirmedUsers" => Self::Confirmed,
            "NotConfirmedUsers" => Self::NotConfirmed,
            "DeletedUsers" => Self::Deleted,
            "ActiveConfirmedUsers" => Self::ActiveConfirmed,
            "AdminUsers" => Self::Admin,
            "ActiveConfirmedAdmins" => Self::ActiveConfirmedAdmins,
            "CurrentUser" => Self::Current,
            _ => return None,
        })
    }

    fn takes(self, user: User) -> bool {
        match self {
            Self::All => true,
            Self::Active => user.is_active(),
            Self::Deactive => !user.is_active(),
            Self::Confirmed => user.is_confirmed(),
            Self::NotConfirmed => !user.is_confirmed(),
            Self::Deleted => false,
            Self::ActiveConfirmed => user.is_active() && user.is_confirmed(),
            Self::Admin => user.is_admin(),
            Self::ActiveConfirmedAdmins => user.is_active() && user.is_confirmed() && user.is_admin(),
            Self::Current => user == User::CURRENT,
        }
    }
}

fn describe(user: User) -> Value {
    joined([person(user), account(user), preferences()])
}

fn person(user: User) -> Value {
    json!({
        "id": user.id(),
        "zuid": user.zuid(),
        "full_name": user.full_name(),
        "first_name": user.first_name(),
        "last_name": user.last_name(),
        "email": user.email(),
        "alias": null,
        "dob": null,
        "phone": null,
        "mobile": null,
        "fax": null,
        "website": null,
        "street": null,
        "city": null,
        "state": null,
        "zip": null,
        "country": "IN",
        "signature": null,
    })
}

fn account(user: User) -> Value {
    let author = json!({"name": User::CURRENT.full_name(), "id": User::CURRENT.id()});
    json!({
        "role": user.role(),
        "profile": user.profile(),
        "status": if user.is_active() { "active" } else { "inactive" },
        "status_reason__s": null,
        "confirm": user.is_confirmed(),
        "type__s": "Regular User",
        "category": "regular_user",
        "personal_account": false,
        "microsoft": false,
        "sandboxDeveloper": false,
        "Isonline": user == User::CURRENT,
        "created_by": author,
        "created_time": CREATED,
        "Modified_By": author,
        "Modified_Time": CREATED,
        "$current_shift": null,
        "$next_shift": null,
        "$shift_effective_from": null,
    })
}

/// The same for all users.
fn preferences() -> Value {
    json!({
        "language": "en_US",
        "locale": "en_US",
        "country_locale": "en_US",
        "time_zone": "Asia/Kolkata",
        "offset": OFFSET,
        "time_format": "hh:mm a",
        "date_format": "MMM d, yyyy",
        "decimal_separator": "Period",
        "number_separator": "Comma",
        "name_format__s": "Salutation,First Name,Last Name",
        "sort_order_preference__s": "First Name,Last Name",
        "default_tab_group": "0",
    })
}
