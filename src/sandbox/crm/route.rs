//! What a path below `/crm/{version}` means; pure.

use http::Method;

use super::super::errors::{self, Refusal};
use super::super::records::Module;

/// The versions of the CRM's API that are served; what differs between them asks this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Version {
    V2,
    V8,
}

/// One thing that can be asked of the CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Route<'a> {
    /// `GET /{module}`
    Listing(Module),
    /// `GET /{module}/{id}`
    Record(Module, &'a str),
    /// `GET /{module}/search`
    Search(Module),
    /// `POST /coql`
    Coql,
}

impl Version {
    pub(in crate::sandbox) fn named(name: &str) -> Option<Self> {
        match name {
            "v2" => Some(Self::V2),
            "v8" => Some(Self::V8),
            _ => None,
        }
    }

    pub(in crate::sandbox) fn name(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::V8 => "v8",
        }
    }
}

impl<'a> Route<'a> {
    /// Reads the path that follows the version.
    pub(in crate::sandbox) fn read(method: &Method, path: &[&'a str]) -> Result<Self, Refusal> {
        match *path {
            ["coql"] if *method == Method::POST => Ok(Self::Coql),
            _ if *method != Method::GET => Err(errors::invalid_request()),
            ["coql"] => Err(errors::invalid_request()),
            [name] if !name.is_empty() => Ok(Self::Listing(module(name)?)),
            [name, "search"] => Ok(Self::Search(module(name)?)),
            [name, id] if is_number(id) => Ok(Self::Record(module(name)?, id)),
            _ => Err(errors::invalid_url_pattern()),
        }
    }
}

fn module(name: &str) -> Result<Module, Refusal> {
    Module::named(name).ok_or_else(errors::invalid_module)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
