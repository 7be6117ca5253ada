//! The fields that Zoho keeps in every module.

use serde_json::{Value, json};

use super::{Field, Record, org_time};

const USERS: &[(&str, &str, &str)] = &[
    ("Meera Raghunathan", "4876876000000229001", "meera.raghunathan@example.com"),
    ("Jürgen Weiß", "4876876000000229013", "juergen.weiss@example.com"),
    ("Aoife O'Sullivan", "4876876000000229027", "aoife.osullivan@example.com"),
    ("Tomás Ibáñez", "4876876000000229041", "tomas.ibanez@example.com"),
];

const TAGS: &[(&str, &str, &str)] = &[
    ("trade fair", "4876876000000310007", "#F17574"),
    ("referral", "4876876000000310015", "#658BA8"),
    ("\"hot\"", "4876876000000310023", "#FEDA62"),
];

pub(super) const FIELDS: &[Field] = &[
    Field::new("id", |record| record.id().to_string().into()),
    Field::new("Owner", |record| user(record, "owner")),
    Field::new("Tag", tags),
    Field::new("Layout", layout),
    Field::new("Created_By", |record| user(record, "created by")),
    Field::new("Modified_By", |record| user(record, "modified by")),
    Field::new("Created_Time", |record| org_time(record.created()).into()),
    Field::new("Modified_Time", |record| org_time(record.modified()).into()),
    Field::new("Last_Activity_Time", |record| {
        if record.happens("activity", 60) { org_time(record.modified()).into() } else { Value::Null }
    }),
    Field::new("Record_Status__s", |_| "Available".into()),
    Field::new("Locked__s", |_| false.into()),
    Field::new("Unsubscribed_Mode", |_| Value::Null),
    Field::new("Unsubscribed_Time", |_| Value::Null),
    Field::new("Enrich_Status__s", |_| Value::Null),
    Field::new("Last_Enriched_Time__s", |_| Value::Null),
    Field::new("Change_Log_Time__s", |_| Value::Null),
    Field::new("Record_Image", |_| Value::Null),
    Field::new("$approval_state", |_| "approved".into()),
    Field::new(
        "$approval",
        |_| json!({"delegate": false, "approve": false, "reject": false, "resubmit": false}),
    ),
    Field::new("$approved", |_| true.into()),
    Field::new("$review", |_| Value::Null),
    Field::new("$review_process", |_| json!({"approve": false, "reject": false, "resubmit": false})),
    Field::new("$currency_symbol", |_| "$".into()),
    Field::new("$editable", |_| true.into()),
    Field::new("$in_merge", |_| false.into()),
    Field::new("$process_flow", |_| false.into()),
    Field::new("$orchestration", |_| false.into()),
    Field::new("$pathfinder", |_| false.into()),
    Field::new("$locked_for_me", |_| false.into()),
    Field::new("$stop_processing", |_| false.into()),
    Field::new("$zia_owner_assignment", |_| "owner_recommendation_unavailable".into()),
    Field::new("$zia_visions", |_| Value::Null),
    Field::new("$field_states", |_| Value::Null),
    Field::new("$layout_id", layout),
    // A guess, as the shape of the field above is.
    Field::new("$sharing_permission", |_| "full_access".into()),
    Field::new("$wizard_connection_path", |_| Value::Null),
    Field::new("$has_more", |_| json!({"Languages_Known": false})),
];

fn user(record: &Record<'_>, purpose: &str) -> Value {
    let (name, id, email) = record.pick(purpose, USERS);
    json!({"name": name, "id": id, "email": email})
}

fn tags(record: &Record<'_>) -> Value {
    if !record.happens("tagged", 20) {
        return json!([]);
    }
    let (name, id, color) = record.pick("tag", TAGS);
    json!([{"name": name, "id": id, "color_code": color}])
}

fn layout(record: &Record<'_>) -> Value {
    json!({"name": "Standard", "id": format!("48768760000000910{:02}", record.module as u8 * 7 + 3)})
}
