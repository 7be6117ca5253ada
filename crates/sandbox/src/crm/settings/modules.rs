//! `GET /settings/modules` and `/settings/modules/{name or id}`: the modules of the organisation.

use serde_json::{Value, json};

use super::super::object::joined;
use super::super::{Call, modified};
use super::table::{GeneratedType, ModuleEntry, ModuleStatus, TABLE};
use super::{author, named_profiles};
use crate::errors::{self, ApiError};
use crate::records::{Field, Module, Type};
use crate::wire::Reply;

/// When the settings were last changed.
const CHANGED: &str = "2023-01-02T09:00:00+05:30";

/// All modules, or those with the requested statuses.
pub(in crate::crm) fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    let states = read_states(call)?;
    if !modified::is_newer(call, CHANGED)? {
        return Ok(Reply::empty(304));
    }
    let is_meant = |entry: &&ModuleEntry| states.as_ref().is_none_or(|states| states.contains(&entry.status));
    let modules: Vec<_> =
        (1..).zip(TABLE).filter(|(_, entry)| is_meant(entry)).map(|(n, e)| row(n, e)).collect();
    // Guess: like the other lists.
    if modules.is_empty() {
        return Ok(Reply::empty(204));
    }
    Ok(Reply::json(200, &json!({"modules": modules})))
}

/// One module in detail.
pub(in crate::crm) fn one(name_or_id: &str) -> Result<Reply, ApiError> {
    let is_it = |entry: &ModuleEntry| entry.api_name == name_or_id || entry.id() == name_or_id;
    let (number, entry) =
        (1..).zip(TABLE).find(|(_, entry)| is_it(entry)).ok_or_else(|| errors::invalid_module_at(2))?;
    let module = joined([row(number, entry), details(entry)]);
    Ok(Reply::json(200, &json!({"modules": [module]})))
}

/// Whether the module exists but has no records in the sandbox. Guess: listing it is not an error.
pub(in crate::crm) fn is_without_records(name: &str) -> bool {
    Module::named(name).is_none() && ModuleEntry::named(name).is_some_and(|entry| entry.api_supported)
}

fn read_states(call: &Call<'_>) -> Result<Option<Vec<ModuleStatus>>, ApiError> {
    let Some(names) = call.request.parameter("status") else {
        return Ok(None);
    };
    // Nothing is scheduled for deletion.
    let known = names.split(',').filter(|name| *name != "scheduled_for_deletion");
    let states: Option<_> = known.map(ModuleStatus::named).collect();
    states.map(Some).ok_or_else(|| errors::invalid_parameter("status"))
}

fn row(number: usize, entry: &ModuleEntry) -> Value {
    joined([what_it_is(number, entry), what_can_be_done(entry)])
}

fn what_it_is(number: usize, entry: &ModuleEntry) -> Value {
    json!({
        "id": entry.id(),
        "api_name": entry.api_name,
        "module_name": entry.module_name,
        "singular_label": entry.singular,
        "plural_label": entry.plural,
        "actual_singular_label": entry.singular,
        "actual_plural_label": entry.plural,
        "generated_type": entry.kind.as_str(),
        "status": entry.status.as_str(),
        "parent_module": parent(entry),
        "sequence_number": number,
        "description": null,
        "arguments": [],
        "web_link": null,
        "modified_by": if entry.writable { author() } else { Value::Null },
        "modified_time": entry.writable.then_some(CHANGED),
        "profiles": named_profiles(),
        "profile_count": super::profiles().len(),
        "has_more_profiles": false,
        "private_profile": null,
        "access_type": "org_based",
        "visibility": if entry.parent.is_some() { 2 } else { 1 },
    })
}

fn what_can_be_done(entry: &ModuleEntry) -> Value {
    let is_of_people = entry.writable && entry.kind == GeneratedType::Default && entry.has_tab();
    json!({
        "api_supported": entry.api_supported,
        "viewable": entry.viewable,
        "show_as_tab": entry.has_tab(),
        "creatable": entry.writable,
        "editable": entry.writable,
        "deletable": entry.writable,
        "recycle_bin_on_delete": entry.writable,
        "sub_menu_available": entry.writable,
        "convertable": entry.api_name == "Leads",
        "quick_create": is_of_people,
        "presence_sub_menu": is_of_people,
        "global_search_supported": is_of_people,
        "lookupable": is_of_people,
        "isBlueprintSupported": is_of_people,
        "feeds_required": false,
        "public_fields_configured": false,
        "business_card_field_limit": 5,
    })
}

/// Zoho: an empty object if there is no other module.
fn parent(entry: &ModuleEntry) -> Value {
    match entry.parent.and_then(ModuleEntry::named) {
        Some(parent) => json!({"api_name": parent.api_name, "id": parent.id()}),
        None => json!({}),
    }
}

/// The members that only the answer about one module has. There are many more; these are the ones likely to matter.
fn details(entry: &ModuleEntry) -> Value {
    let (internal, fields): (Vec<_>, Vec<_>) = Module::named(entry.api_name)
        .into_iter()
        .flat_map(Module::fields)
        .partition(|field| field.data_type == Type::Internal);
    let first = names(&fields[..fields.len().min(5)]);
    json!({
        "per_page": 10,
        "$properties": names(&internal),
        "$on_demand_properties": [],
        "$field_states": [],
        "business_card_fields": first,
        "search_layout_fields": first,
        "related_list_properties": {"sort_by": null, "fields": first, "sort_order": null},
        "filter_supported": entry.viewable,
        "filter_status": entry.viewable,
        "kanban_view": false,
        "kanban_view_supported": false,
        "activity_badge": null,
        "track_current_data": false,
    })
}

fn names(fields: &[Field]) -> Value {
    fields.iter().map(|field| field.name).collect()
}
