//! The parameters of a request to the accounts server, wherever they stand.
//!
//! Zoho: its documents put them into the body, its samples into the query, its collections into `multipart/form-data`.

use crate::wire::WireRequest;

/// The parameters of body and query, those of the body first.
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
