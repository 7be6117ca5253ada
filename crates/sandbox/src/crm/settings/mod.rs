//! `GET /settings/…`: modules and fields. It describes records and never reads one.

mod field;
pub(super) mod fields;
pub(super) mod modules;
mod table;
mod types;

use serde_json::{Value, json};

use crate::records::User;

/// Zoho: modules and fields say which profiles may use them.
fn profiles() -> [(&'static str, &'static str); 2] {
    [("Administrator", "4876876000000026011"), ("Standard", "4876876000000026014")]
}

fn named_profiles() -> Value {
    profiles().map(|(name, id)| json!({"name": name, "id": id})).into_iter().collect()
}

/// The user who created all settings.
fn author() -> Value {
    json!({"name": User::CURRENT.full_name(), "id": User::CURRENT.id()})
}
