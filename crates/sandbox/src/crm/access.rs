//! Which scopes a route needs.
//!
//! Zoho: `ZohoCRM.modules.ALL` or `.READ`, or the same scope for one module, lets a token read records. Search, COQL
//! and bulk read each need another scope as well, which is not part of `modules.ALL`.

use super::route::Route;
use crate::records::{Module, RelatedList};

/// A permission that a token needs, named by the area and part of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequiredScope(String);

/// What a route needs; checked before anything else in the request is read.
pub(super) fn needs(route: &Route<'_>) -> Vec<RequiredScope> {
    match *route {
        Route::Listing(module) | Route::Record(module, _) | Route::Deleted(module) | Route::Count(module) => {
            vec![RequiredScope::records(module)]
        }
        // Guess: a related list needs the scopes of both modules.
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
        // The scope of the module is known only after the query is parsed.
        Route::Coql => vec![RequiredScope::coql()],
    }
}

impl RequiredScope {
    /// To read the records of a module, by whichever endpoint.
    pub(crate) fn records(module: Module) -> Self {
        Self::part_of_modules(module.name())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// `/crm/bulk/…`, in addition to the scope for the module that a job names.
    pub(crate) fn bulk() -> Self {
        Self("ZohoCRM.bulk".to_owned())
    }

    /// `/{module}/search`, in addition to the scope for its records.
    fn search() -> Self {
        Self("ZohoSearch.securesearch".to_owned())
    }

    /// `/coql`, in addition to the scope for the module that the query names.
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
