//! What Zoho's documentation leaves open, as settings. The default of each is the sandbox's guess; if you have seen
//! Zoho behave differently, set it to that.

use std::str::FromStr;

use super::nearest::nearest;
use super::records::Module;

/// The value of every guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guesses {
    pub(super) unchanged: Unchanged,
    pub(super) unknown_id: UnknownId,
    pub(super) page_token: PageTokenKind,
    pub(super) page_token_binds_modified_since: bool,
    pub(super) deleted_order: DeletedOrder,
    pub(super) search_lag: u32,
    pub(super) is_admin: bool,
    pub(super) no_permission: Option<Module>,
}

/// A value for one guess, written `NAME=VALUE`:
///
/// | guess | values, the default first | what it decides |
/// |---|---|---|
/// | `unchanged` | `304`, `204` | the status when nothing is newer than `If-Modified-Since` |
/// | `unknown-id` | `204`, `400` | the status when a single record is requested that does not exist |
/// | `page-token` | `keyset`, `offset` | whether a page token continues after the last record or after a number of records |
/// | `page-token-binds-modified-since` | `no`, `yes` | whether a page token is bound to the `If-Modified-Since` of its request |
/// | `deleted-order` | `newest-first`, `oldest-first` | the order of deleted records |
/// | `search-lag` | `0`, a whole number | for how many steps of churn a search does not see a change |
/// | `admin` | `yes`, `no` | whether the user is an administrator; others may not list notes |
/// | `no-permission` | `none`, a module | the module whose records the user is not allowed to see |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guess(Setting);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    Unchanged(Unchanged),
    UnknownId(UnknownId),
    PageToken(PageTokenKind),
    PageTokenBindsModifiedSince(bool),
    DeletedOrder(DeletedOrder),
    SearchLag(u32),
    Admin(bool),
    NoPermission(Option<Module>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unchanged {
    NotModified,
    NoContent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnknownId {
    NoContent,
    InvalidData,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageTokenKind {
    Keyset,
    Offset,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeletedOrder {
    NewestFirst,
    OldestFirst,
}

/// Why a text is not a guess. Every message says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuessError {
    /// There is no such guess.
    #[error("unknown guess `{found}`{}; allowed: {NAMES_AS_TEXT}", hint(*nearest))]
    UnknownName {
        /// What was written.
        found: String,
        /// The most similar name, if there is one.
        nearest: Option<&'static str>,
    },
    /// The guess has no such value.
    #[error("the guess `{name}` cannot be `{found}`; allowed: {allowed}")]
    BadValue {
        /// The guess.
        name: &'static str,
        /// What was written.
        found: String,
        /// The values that it takes.
        allowed: &'static str,
    },
}

const NAMES: [&str; 8] = [
    "unchanged",
    "unknown-id",
    "page-token",
    "page-token-binds-modified-since",
    "deleted-order",
    "search-lag",
    "admin",
    "no-permission",
];
const NAMES_AS_TEXT: &str = "`unchanged`, `unknown-id`, `page-token`, `page-token-binds-modified-since`, \
                             `deleted-order`, `search-lag`, `admin`, `no-permission`";
const MODULES: &str = "`none`, `Leads`, `Contacts`, `Accounts`, `Deals`, `Notes`, `Tasks`, `Products`";

impl Default for Guesses {
    fn default() -> Self {
        Self {
            unchanged: Unchanged::NotModified,
            unknown_id: UnknownId::NoContent,
            page_token: PageTokenKind::Keyset,
            page_token_binds_modified_since: false,
            deleted_order: DeletedOrder::NewestFirst,
            search_lag: 0,
            is_admin: true,
            no_permission: None,
        }
    }
}

impl FromIterator<Guess> for Guesses {
    /// The last value for a guess wins.
    fn from_iter<I: IntoIterator<Item = Guess>>(guesses: I) -> Self {
        let mut all = Self::default();
        for Guess(setting) in guesses {
            match setting {
                Setting::Unchanged(unchanged) => all.unchanged = unchanged,
                Setting::UnknownId(unknown_id) => all.unknown_id = unknown_id,
                Setting::PageToken(kind) => all.page_token = kind,
                Setting::PageTokenBindsModifiedSince(binds) => all.page_token_binds_modified_since = binds,
                Setting::DeletedOrder(order) => all.deleted_order = order,
                Setting::SearchLag(steps) => all.search_lag = steps,
                Setting::Admin(is_admin) => all.is_admin = is_admin,
                Setting::NoPermission(module) => all.no_permission = module,
            }
        }
        all
    }
}

impl FromStr for Guess {
    type Err = GuessError;

    fn from_str(text: &str) -> Result<Self, GuessError> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let Some(name) = NAMES.into_iter().find(|known| *known == name) else {
            return Err(GuessError::UnknownName { found: name.to_owned(), nearest: nearest(name, NAMES) });
        };
        let bad = |allowed| GuessError::BadValue { name, found: value.to_owned(), allowed };
        setting(name, value).map(Self).map_err(bad)
    }
}

/// The setting for a name and a value. The error lists the allowed values.
fn setting(name: &str, value: &str) -> Result<Setting, &'static str> {
    Ok(match (name, value) {
        ("unchanged", "304") => Setting::Unchanged(Unchanged::NotModified),
        ("unchanged", "204") => Setting::Unchanged(Unchanged::NoContent),
        ("unchanged", _) => return Err("`304`, `204`"),
        ("unknown-id", "204") => Setting::UnknownId(UnknownId::NoContent),
        ("unknown-id", "400") => Setting::UnknownId(UnknownId::InvalidData),
        ("unknown-id", _) => return Err("`204`, `400`"),
        ("page-token", "keyset") => Setting::PageToken(PageTokenKind::Keyset),
        ("page-token", "offset") => Setting::PageToken(PageTokenKind::Offset),
        ("page-token", _) => return Err("`keyset`, `offset`"),
        ("page-token-binds-modified-since", _) => Setting::PageTokenBindsModifiedSince(yes_or_no(value)?),
        ("deleted-order", "newest-first") => Setting::DeletedOrder(DeletedOrder::NewestFirst),
        ("deleted-order", "oldest-first") => Setting::DeletedOrder(DeletedOrder::OldestFirst),
        ("deleted-order", _) => return Err("`newest-first`, `oldest-first`"),
        ("search-lag", _) => Setting::SearchLag(value.parse().map_err(|_| "a whole number of steps")?),
        ("admin", _) => Setting::Admin(yes_or_no(value)?),
        (_, "none") => Setting::NoPermission(None),
        (_, _) => Setting::NoPermission(Some(Module::named(value).ok_or(MODULES)?)),
    })
}

fn yes_or_no(value: &str) -> Result<bool, &'static str> {
    match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("`yes`, `no`"),
    }
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(", nearest is `{name}`")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_can_stand_otherwise_and_back() {
        for (name, values) in [
            ("unchanged", ["304", "204"]),
            ("unknown-id", ["204", "400"]),
            ("page-token", ["keyset", "offset"]),
            ("page-token-binds-modified-since", ["no", "yes"]),
            ("deleted-order", ["newest-first", "oldest-first"]),
            ("search-lag", ["0", "3"]),
            ("admin", ["yes", "no"]),
            ("no-permission", ["none", "Deals"]),
        ] {
            assert!(NAMES.contains(&name) && NAMES_AS_TEXT.contains(&format!("`{name}`")));
            let [guessed, other] = values.map(|value| format!("{name}={value}").parse::<Guess>().unwrap());
            assert_eq!(Guesses::from_iter([guessed]), Guesses::default(), "{name}");
            assert_ne!(Guesses::from_iter([other]), Guesses::default(), "{name}");
            assert_eq!(Guesses::from_iter([other, guessed]), Guesses::default(), "{name}");
        }
    }

    #[test]
    fn what_is_no_guess_is_told_what_is() {
        let names = NAMES_AS_TEXT;
        for (text, message) in [
            ("unchangd=204", format!("unknown guess `unchangd`, nearest is `unchanged`; allowed: {names}")),
            ("", format!("unknown guess ``; allowed: {names}")),
            ("unchanged", "the guess `unchanged` cannot be ``; allowed: `304`, `204`".to_owned()),
            ("unchanged=200", "the guess `unchanged` cannot be `200`; allowed: `304`, `204`".to_owned()),
            ("admin=maybe", "the guess `admin` cannot be `maybe`; allowed: `yes`, `no`".to_owned()),
            (
                "search-lag=-1",
                "the guess `search-lag` cannot be `-1`; allowed: a whole number of steps".to_owned(),
            ),
            (
                "no-permission=leads",
                format!("the guess `no-permission` cannot be `leads`; allowed: {MODULES}"),
            ),
        ] {
            assert_eq!(text.parse::<Guess>().unwrap_err().to_string(), message);
        }
        for module in Module::ALL {
            assert!(MODULES.contains(&format!("`{}`", module.name())));
        }
    }
}
