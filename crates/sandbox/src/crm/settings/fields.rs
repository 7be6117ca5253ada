//! `GET /settings/fields?module=…` and `/settings/fields/{id}?module=…`: the fields of a module.
//!
//! The records are made from the same fields. `field` describes one of them as Zoho does.

use serde_json::{Value, json};

use super::super::Call;
use super::field::FieldDescription;
use super::modules;
use crate::errors::{self, ApiError};
use crate::records::Module;
use crate::wire::Reply;

/// The fields of a module in order; 204 for a module without records.
pub(in crate::crm) fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    let fields = read_module(call)?.map(described).unwrap_or_default();
    // Zoho: fields that are not in a layout are `unused`; here every field is in one.
    let is_any = match call.request.parameter("type") {
        None | Some("used" | "all") => !fields.is_empty(),
        Some("unused") => false,
        Some(_) => return Err(errors::invalid_parameter("type")),
    };
    Ok(if is_any { Reply::json(200, &json!({"fields": fields})) } else { Reply::empty(204) })
}

/// One field. Guess: how Zoho answers for an unknown id.
pub(in crate::crm) fn one(call: &Call<'_>, id: &str) -> Result<Reply, ApiError> {
    let fields = read_module(call)?.map(described).unwrap_or_default();
    let field = fields.into_iter().find(|field| field["id"] == id);
    Ok(field.map_or_else(|| Reply::empty(204), |field| Reply::json(200, &json!({"fields": [field]}))))
}

/// The module that the parameter names; `None` if it has no records.
fn read_module(call: &Call<'_>) -> Result<Option<Module>, ApiError> {
    let name = call.request.parameter("module").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| errors::required_param_missing("module"))?;
    let module = Module::named(name);
    if module.is_none() && !modules::is_without_records(name) {
        return Err(errors::invalid_module_parameter("module"));
    }
    Ok(module)
}

fn described(module: Module) -> Vec<Value> {
    let fields = (0..).zip(module.fields());
    fields
        .filter_map(|(place, field)| FieldDescription::new(module, place, field))
        .map(|field| field.json())
        .collect()
}
