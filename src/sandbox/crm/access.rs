//! Which scopes a route needs; pure.
//!
//! Zoho: a token may read records by `ZohoCRM.modules.ALL` or `.READ`, or by the same of the module. Search, COQL and
//! bulk read need a scope of their own besides; those are not part of `modules.ALL`.

use super::super::records::Module;
use super::route::Route;

/// Something that a token must be allowed to read, by the area and part of its scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need(String);

/// All that a route needs before anything else of its request is read.
pub(super) fn needs(route: &Route<'_>) -> Vec<Need> {
    match route {
        Route::Listing(module) | Route::Record(module, _) => vec![Need::records(*module)],
    }
}

impl Need {
    /// Records of a module, whatever the way to them.
    pub(super) fn records(module: Module) -> Self {
        Self::part_of_modules(module.name())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn part_of_modules(name: &str) -> Self {
        Self(format!("ZohoCRM.modules.{name}"))
    }
}

#[expect(dead_code, reason = "the routes that need them come next")]
impl Need {
    /// Notes, which are records of a module without listing here.
    pub(super) fn notes() -> Self {
        Self::part_of_modules("Notes")
    }

    /// `/{module}/search`, besides the records.
    pub(super) fn search() -> Self {
        Self("ZohoSearch.securesearch".to_owned())
    }

    /// `/coql`, besides the records of the module that the query names.
    pub(super) fn coql() -> Self {
        Self("ZohoCRM.coql".to_owned())
    }

    /// `/crm/bulk/…`, besides the records of the module that the job names.
    pub(super) fn bulk() -> Self {
        Self("ZohoCRM.bulk".to_owned())
    }

    /// `/settings/{part}`.
    pub(super) fn settings(part: &str) -> Self {
        Self(format!("ZohoCRM.settings.{part}"))
    }

    /// `/users`.
    pub(super) fn users() -> Self {
        Self("ZohoCRM.users".to_owned())
    }

    /// `/org`.
    pub(super) fn org() -> Self {
        Self("ZohoCRM.org".to_owned())
    }
}
