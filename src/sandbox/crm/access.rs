//! Which scopes a route needs; pure.
//!
//! Zoho: a token may read records by `ZohoCRM.modules.ALL` or `.READ`, or by the same of the module. Search, COQL and
//! bulk read need a scope of their own besides; those are not part of `modules.ALL`.

use super::super::records::Module;
use super::route::Route;

/// Something that a token must be allowed to read, by the area and part of its scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Need(String);

/// All that a route needs before anything else of its request is read.
pub(super) fn needs(route: &Route<'_>) -> Vec<Need> {
    match route {
        Route::Listing(module) | Route::Record(module, _) => vec![Need::records(*module)],
    }
}

impl Need {
    /// Records of a module, whatever the way to them.
    pub(in crate::sandbox) fn records(module: Module) -> Self {
        Self::part_of_modules(module.name())
    }

    pub(in crate::sandbox) fn as_str(&self) -> &str {
        &self.0
    }

    fn part_of_modules(name: &str) -> Self {
        Self(format!("ZohoCRM.modules.{name}"))
    }
}

#[expect(dead_code, reason = "the routes that need them come next")]
impl Need {
    /// Notes, which are records of a module without listing here.
    pub(in crate::sandbox) fn notes() -> Self {
        Self::part_of_modules("Notes")
    }

    /// Records of a module that has none here.
    pub(in crate::sandbox) fn records_of_any_module() -> Self {
        Self("ZohoCRM.modules".to_owned())
    }

    /// `/{module}/search`, besides the records.
    pub(in crate::sandbox) fn search() -> Self {
        Self("ZohoSearch.securesearch".to_owned())
    }

    /// `/coql`, besides the records of the module that the query names.
    pub(in crate::sandbox) fn coql() -> Self {
        Self("ZohoCRM.coql".to_owned())
    }

    /// `/crm/bulk/…`, besides the records of the module that the job names.
    pub(in crate::sandbox) fn bulk() -> Self {
        Self("ZohoCRM.bulk".to_owned())
    }

    /// `/settings/{part}`.
    pub(in crate::sandbox) fn settings(part: &str) -> Self {
        Self(format!("ZohoCRM.settings.{part}"))
    }

    /// `/users`.
    pub(in crate::sandbox) fn users() -> Self {
        Self("ZohoCRM.users".to_owned())
    }

    /// `/org`.
    pub(in crate::sandbox) fn org() -> Self {
        Self("ZohoCRM.org".to_owned())
    }
}
