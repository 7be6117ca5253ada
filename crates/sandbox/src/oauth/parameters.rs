//! The parameters of a request to the accounts server, wherever they are.
//!
//! Zoho: the documentation sends them in the body, its samples in the query, its collections as `multipart/form-data`.

use crate::wire::WireRequest;

/// The parameters in the body and the query, those in the body first.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn of(request: &WireRequest) -> Self {
        Self(request.form().into_iter().chain(request.query.iter().cloned()).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
