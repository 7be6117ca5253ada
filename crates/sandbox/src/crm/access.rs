//! Which scopes a route needs; pure.
//!
//! Zoho: a token may read records by `ZohoCRM.modules.ALL` or `.READ`, or by the same of the module. Search, COQL and
//! bulk read need a scope of their own besides; those are not part of `modules.ALL`.

use super::route::Route;
use crate::records::{Module, RelatedList};

/// Something that a token must be allowed to read, by the area and part of its scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequiredScope(String);

/// All that a route needs before anything else of its request is read.
pub(super) fn needs(route: &Route<'_>) -> Vec<RequiredScope> {
    match *route {
        Route::Listing(module) | Route::Record(module, _) | Route::Deleted(module) | Route::Count(module) => {
            vec![RequiredScope::records(module)]
        }
        // That those of both modules are needed is a guess.
        Route::Related(module, _, name) => {
            let list = RelatedList::named(module, name).map(|list| RequiredScope::records(list.module));
            [RequiredScope::records(module)].into_iter().chain(list).collect()
        }
        Route::NoRecords(name) => vec![RequiredScope::part_of_modules(name)],
        Route::Modules | Route::ModuleNamed(_) => vec![RequiredScope::settings("modules")],
        Route::Fields | Route::FieldWithId(_) => vec![RequiredScope::settings("fields")],
        Route::Users | Route::UserWithId(_) => vec![RequiredScope::users()],
        Route::Org => vec![RequiredScope::org()],
        Route::Search(module) => vec![RequiredScope::search(), RequiredScope::records(module)],
        // That of the module is known once the query is read.
        Route::Coql => vec![RequiredScope::coql()],
    }
}

impl RequiredScope {
    /// Records of a module, whatever the way to them.
    pub(crate) fn records(module: Module) -> Self {
        Self::part_of_modules(module.name())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// `/crm/bulk/…`, besides the records of the module that a job names.
    pub(crate) fn bulk() -> Self {
        Self("ZohoCRM.bulk".to_owned())
    }

    /// `/{module}/search`, besides the records.
    fn search() -> Self {
        Self("ZohoSearch.securesearch".to_owned())
    }

    /// `/coql`, besides the records of the module that the query names.
    fn coql() -> Self {
        Self("ZohoCRM.coql".to_owned())
    }

    /// `/settings/{part}`.
    fn settings(part: &str) -> Self {
        Self(format!("ZohoCRM.settings.{part}"))
    }

    /// `/users`.
    fn users() -> Self {
        Self("ZohoCRM.users".to_owned())
    }

    /// `/org`.
    fn org() -> Self {
        Self("ZohoCRM.org".to_owned())
    }

    fn part_of_modules(name: &str) -> Self {
        Self(format!("ZohoCRM.modules.{name}"))
    }
}
