//! Scopes: what a token allows.
//!
//! Zoho: a scope is `SERVICE.AREA.OPERATION` or `SERVICE.AREA.PART.OPERATION`. Scopes are separated by commas in
//! requests and by spaces in answers.

/// Areas without parts.
const WHOLE_AREAS: [&str; 6] = [
    "ZohoCRM.users",
    "ZohoCRM.org",
    "ZohoCRM.coql",
    "ZohoCRM.bulk",
    "ZohoCRM.notifications",
    "ZohoSearch.securesearch",
];

/// Areas with their parts.
const AREAS_WITH_PARTS: [(&str, &[&str]); 2] = [
    (
        "ZohoCRM.modules",
        &[
            "accounts",
            "activities",
            "approvals",
            "calls",
            "campaigns",
            "cases",
            "contacts",
            "custom",
            "dashboards",
            "deals",
            "emails",
            "events",
            "invoices",
            "leads",
            "notes",
            "pricebooks",
            "products",
            "purchaseorders",
            "quotes",
            "salesorders",
            "solutions",
            "tasks",
            "vendors",
        ],
    ),
    (
        "ZohoCRM.settings",
        &[
            "currencies",
            "custom_buttons",
            "custom_links",
            "custom_views",
            "fields",
            "layouts",
            "macros",
            "modules",
            "profiles",
            "related_lists",
            "roles",
            "tab_groups",
            "tags",
            "territories",
            "variables",
        ],
    ),
];

const OPERATIONS: [&str; 6] = ["ALL", "READ", "CREATE", "UPDATE", "DELETE", "WRITE"];

/// One or more scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scopes(Vec<String>);

/// A word is not a known scope, or there is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownScope;

impl Scopes {
    /// The scopes of the built-in refresh token.
    pub(super) fn built_in() -> Self {
        Self(super::SCOPE.map(str::to_owned).into())
    }

    /// Reads scopes that are separated by commas. Guess: spaces around the commas are ignored.
    pub(super) fn read(text: &str) -> Result<Self, UnknownScope> {
        let scopes: Vec<_> = text.split(',').map(str::trim).collect();
        if scopes.iter().all(|scope| is_known(scope)) {
            Ok(Self(scopes.into_iter().map(str::to_owned).collect()))
        } else {
            Err(UnknownScope)
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// As in the answers of the token endpoint.
    pub(super) fn to_text(&self) -> String {
        self.0.join(" ")
    }

    /// Whether the scopes allow reading something, which is named by area and part: `ZohoCRM.modules.Leads`.
    pub(crate) fn allow_reading(&self, thing: &str) -> bool {
        self.0.iter().any(|scope| match scope.rsplit_once('.') {
            Some((area, "ALL" | "READ")) => is_within(thing, area),
            _ => false,
        })
    }
}

fn is_known(scope: &str) -> bool {
    let Some((area, operation)) = scope.rsplit_once('.') else { return false };
    let is_of = |(whole, parts): &(&str, &[&str])| match area.strip_prefix(whole) {
        Some("") => true,
        // Zoho writes `modules.leads`, some clients `modules.Leads`. Guess: both work.
        Some(part) => {
            parts.iter().any(|known| part[1..].eq_ignore_ascii_case(known) && part.starts_with('.'))
        }
        None => false,
    };
    OPERATIONS.contains(&operation) && (WHOLE_AREAS.contains(&area) || AREAS_WITH_PARTS.iter().any(is_of))
}

/// Whether `thing` is the area or a part of it.
fn is_within(thing: &str, area: &str) -> bool {
    match (thing.get(..area.len()), thing.get(area.len()..)) {
        (Some(start), Some(rest)) => {
            start.eq_ignore_ascii_case(area) && (rest.is_empty() || rest.starts_with('.'))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_known_by_their_grammar() {
        let cases = [
            ("ZohoCRM.modules.ALL", true),
            ("ZohoCRM.modules.leads.READ", true),
            ("ZohoCRM.modules.Leads.READ,ZohoCRM.users.READ", true),
            ("ZohoCRM.settings.fields.READ, ZohoCRM.org.ALL", true),
            ("ZohoSearch.securesearch.READ", true),
            ("ZohoCRM.modules", false),
            ("ZohoCRM.modules.leads", false),
            ("ZohoCRM.modulesleads.READ", false),
            ("ZohoCRM.modules.lead.READ", false),
            ("ZohoCRM.modules.READ ZohoCRM.users.READ", false),
            ("ZohoCRM.modules.read", false),
            ("ZohoBooks.invoices.READ", false),
            ("ZohoCRM.modules.ALL,", false),
            ("", false),
        ];
        for (text, known) in cases {
            assert_eq!(Scopes::read(text).is_ok(), known, "{text:?}");
        }
        assert_eq!(Scopes::read(&super::super::SCOPE.join(",")), Ok(Scopes::built_in()));
    }

    #[test]
    fn an_area_ends_at_a_dot() {
        assert!(is_within("ZohoCRM.modules.Leads", "ZohoCRM.modules"));
        assert!(!is_within("ZohoCRM.modules.Leads_Archive", "ZohoCRM.modules.leads"));
    }

    #[test]
    fn a_scope_allows_its_area_and_what_is_in_it() {
        let cases = [
            ("ZohoCRM.modules.ALL", "ZohoCRM.modules.Leads", true),
            ("ZohoCRM.modules.READ", "ZohoCRM.modules.Deals", true),
            ("ZohoCRM.modules.leads.READ", "ZohoCRM.modules.Leads", true),
            ("ZohoCRM.modules.Leads.ALL", "ZohoCRM.modules.Leads", true),
            ("ZohoCRM.modules.leads.READ", "ZohoCRM.modules.Deals", false),
            ("ZohoCRM.modules.leads.CREATE", "ZohoCRM.modules.Leads", false),
            ("ZohoCRM.modules.custom.READ", "ZohoCRM.modules", false),
            ("ZohoCRM.settings.READ", "ZohoCRM.settings.fields", true),
            ("ZohoCRM.settings.modules.READ", "ZohoCRM.settings.fields", false),
            ("ZohoCRM.org.READ", "ZohoCRM.users", false),
            ("ZohoCRM.org.READ,ZohoCRM.users.ALL", "ZohoCRM.users", true),
        ];
        for (scopes, thing, allowed) in cases {
            assert_eq!(Scopes::read(scopes).unwrap().allow_reading(thing), allowed, "{scopes} {thing}");
        }
    }
}
