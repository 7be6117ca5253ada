//! Which endpoint a path below `/crm/{version}` leads to.

use http::Method;

use super::settings::modules::is_without_records;
use crate::errors::{self, ApiError};
use crate::records::Module;

/// The versions of the CRM's API that are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V2,
    V8,
}

/// An endpoint of the CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// `GET /{module}`
    Listing(Module),
    /// `GET /{module}/{id}`
    Record(Module, &'a str),
    /// `GET /{module}/{id}/{related_list}`
    Related(Module, &'a str, &'a str),
    /// `GET /{module}/deleted`
    Deleted(Module),
    /// `GET /{module}/actions/count`
    Count(Module),
    /// `GET /{module}` and `GET /{module}/{id}` for a module that has no records in the sandbox
    NoRecords(&'a str),
    /// `GET /settings/modules`
    Modules,
    /// `GET /settings/modules/{name or id}`
    ModuleNamed(&'a str),
    /// `GET /settings/fields`
    Fields,
    /// `GET /settings/fields/{id}`
    FieldWithId(&'a str),
    /// `GET /users`
    Users,
    /// `GET /users/{id}`
    UserWithId(&'a str),
    /// `GET /org`
    Org,
    /// `GET /{module}/search`
    Search(Module),
    /// `POST /coql`
    Coql,
}

impl Version {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "v2" => Some(Self::V2),
            "v8" => Some(Self::V8),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::V8 => "v8",
        }
    }
}

impl<'a> Route<'a> {
    /// Reads the path that follows the version.
    pub(crate) fn read(method: &Method, path: &[&'a str]) -> Result<Self, ApiError> {
        match *path {
            ["settings", "modules"] => Ok(Self::Modules),
            ["settings", "modules", name] => Ok(Self::ModuleNamed(name)),
            ["settings", "fields"] => Ok(Self::Fields),
            ["settings", "fields", id] if is_number(id) => Ok(Self::FieldWithId(id)),
            ["users"] => Ok(Self::Users),
            ["users", id] if is_number(id) => Ok(Self::UserWithId(id)),
            ["org"] => Ok(Self::Org),
            [name] if is_without_records(name) => Ok(Self::NoRecords(name)),
            [name, id] if is_without_records(name) && is_number(id) => Ok(Self::NoRecords(name)),
            ["coql"] if *method == Method::POST => Ok(Self::Coql),
            _ if *method != Method::GET => Err(errors::invalid_request()),
            ["coql"] => Err(errors::invalid_request()),
            [name] if !name.is_empty() => Ok(Self::Listing(module(name)?)),
            [name, "search"] => Ok(Self::Search(module(name)?)),
            [name, id] if is_number(id) => Ok(Self::Record(module(name)?, id)),
            [name, id, list] if is_number(id) => Ok(Self::Related(module(name)?, id, list)),
            [name, "deleted"] => Ok(Self::Deleted(module(name)?)),
            [name, "actions", "count"] => Ok(Self::Count(module(name)?)),
            _ => Err(errors::invalid_url_pattern()),
        }
    }
}

fn module(name: &str) -> Result<Module, ApiError> {
    Module::named(name).ok_or_else(errors::invalid_module)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
