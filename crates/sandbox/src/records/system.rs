//! The fields that every module has.

use serde_json::{Value, json};

use super::users::OWNERS;
use super::{Field, Module, Record, Type, org_time};

const TAGS: &[(&str, &str, &str)] = &[
    ("trade fair", "4876876000000310007", "#F17574"),
    ("referral", "4876876000000310015", "#658BA8"),
    ("\"hot\"", "4876876000000310023", "#FEDA62"),
];

pub(super) const FIELDS: &[Field] = &[
    Field::new("id", Type::Id, |record| record.id().to_string().into()),
    Field::new("Owner", Type::OwnerLookup, |record| user(record, "owner")),
    Field::new("Tag", Type::Tags, tags),
    Field::new("Layout", Type::Lookup, |record| layout(record.module)),
    Field::new("Created_By", Type::OwnerLookup, |record| user(record, "created by")),
    Field::new("Modified_By", Type::OwnerLookup, |record| user(record, "modified by")),
    Field::new("Created_Time", Type::DateTime, |record| org_time(record.created()).into()),
    Field::new("Modified_Time", Type::DateTime, |record| org_time(record.modified()).into()),
    Field::new("Last_Activity_Time", Type::DateTime, |record| {
        if record.happens("activity", 60) { org_time(record.modified()).into() } else { Value::Null }
    }),
    Field::new("Record_Status__s", Type::Picklist, |_| "Available".into()),
    Field::new("Locked__s", Type::Boolean, |_| false.into()),
    Field::new("Unsubscribed_Mode", Type::Picklist, |_| Value::Null),
    Field::new("Unsubscribed_Time", Type::DateTime, |_| Value::Null),
    Field::new("Enrich_Status__s", Type::Picklist, |_| Value::Null),
    Field::new("Last_Enriched_Time__s", Type::DateTime, |_| Value::Null),
    Field::new("Change_Log_Time__s", Type::DateTime, |_| Value::Null),
    Field::new("Record_Image", Type::ProfileImage, |_| Value::Null),
    Field::new("$approval_state", Type::Internal, |_| "approved".into()),
    Field::new(
        "$approval",
        Type::Internal,
        |_| json!({"delegate": false, "approve": false, "reject": false, "resubmit": false}),
    ),
    Field::new("$approved", Type::Internal, |_| true.into()),
    Field::new("$review", Type::Internal, |_| Value::Null),
    Field::new(
        "$review_process",
        Type::Internal,
        |_| json!({"approve": false, "reject": false, "resubmit": false}),
    ),
    Field::new("$currency_symbol", Type::Internal, |_| "$".into()),
    Field::new("$editable", Type::Internal, |_| true.into()),
    Field::new("$in_merge", Type::Internal, |_| false.into()),
    Field::new("$process_flow", Type::Internal, |_| false.into()),
    Field::new("$orchestration", Type::Internal, |_| false.into()),
    Field::new("$pathfinder", Type::Internal, |_| false.into()),
    Field::new("$locked_for_me", Type::Internal, |_| false.into()),
    Field::new("$stop_processing", Type::Internal, |_| false.into()),
    Field::new("$zia_owner_assignment", Type::Internal, |_| "owner_recommendation_unavailable".into()),
    Field::new("$zia_visions", Type::Internal, |_| Value::Null),
    Field::new("$field_states", Type::Internal, |_| Value::Null),
    Field::new("$layout_id", Type::Internal, |record| layout(record.module)),
    // Guess, as is the form of the field above.
    Field::new("$sharing_permission", Type::Internal, |_| "full_access".into()),
    Field::new("$wizard_connection_path", Type::Internal, |_| Value::Null),
    Field::new("$has_more", Type::Internal, |_| json!({"Languages_Known": false})),
];

fn user(record: &Record<'_>, purpose: &str) -> Value {
    let user = record.pick(purpose, &OWNERS);
    json!({"name": user.full_name(), "id": user.id(), "email": user.email()})
}

fn tags(record: &Record<'_>) -> Value {
    if !record.happens("tagged", 20) {
        return json!([]);
    }
    let (name, id, color) = record.pick("tag", TAGS);
    json!([{"name": name, "id": id, "color_code": color}])
}

/// Zoho: the layout that every module has at first.
pub(crate) fn layout(module: Module) -> Value {
    json!({"name": "Standard", "id": format!("48768760000000910{:02}", module as u8 * 7 + 3)})
}
