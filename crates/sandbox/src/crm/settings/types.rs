//! How the API describes the type of a field. The table is from the sample for `Leads` in Zoho's documentation.

use crate::records::{Field, Type};

/// What the API says about the type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WireType {
    pub(super) data_type: &'static str,
    pub(super) json_type: &'static str,
    pub(super) length: u32,
    pub(super) ui_type: u32,
}

/// `None` for a field that is not part of the layout.
pub(super) fn wire(field: &Field) -> Option<WireType> {
    let of = |data_type, json_type, length, ui_type| Some(WireType { data_type, json_type, length, ui_type });
    match field.data_type {
        // Zoho: 18, although ids have 19 digits by now.
        Type::Id => of("bigint", "string", 18, 52),
        Type::Text => of("text", "string", text_length(field.name), 1),
        Type::TextArea => of("textarea", "string", 32_000, 3),
        Type::Email => of("email", "string", 100, 25),
        Type::Phone => of("phone", "string", 30, 33),
        Type::Website => of("website", "string", 255, 21),
        Type::Picklist => of("picklist", "string", 120, 2),
        Type::MultiPicklist => of("multiselectpicklist", "jsonarray", 1_000, 100),
        Type::Boolean => of("boolean", "boolean", 5, 301),
        Type::Integer => of("integer", "integer", 9, 32),
        Type::BigInteger => of("bigint", "string", 19, 52),
        Type::Currency => of("currency", "double", 16, 36),
        // Guess: the number.
        Type::Date => of("date", "string", 20, 24),
        Type::DateTime if is_stamp(field.name) => of("datetime", "string", 120, 200),
        Type::DateTime => of("datetime", "string", 120, 333),
        Type::Lookup if field.name == "Layout" => of("layout", "jsonobject", 50, 208),
        Type::Lookup => of("lookup", "jsonobject", 120, 133),
        Type::OwnerLookup if field.name == "Owner" => of("ownerlookup", "jsonobject", 120, 8),
        Type::OwnerLookup => of("ownerlookup", "jsonobject", 120, 20),
        Type::ProfileImage => of("profileimage", "string", 255, 66),
        Type::Tags => of("text", "jsonarray", 2_000, 209),
        // Guess: the lengths and numbers of these.
        Type::Subform => of("subform", "jsonarray", 120, 201),
        Type::MultiSelectLookup => of("multiselectlookup", "jsonarray", 120, 444),
        Type::MultiUserLookup => of("multiuserlookup", "jsonarray", 120, 445),
        Type::RichText => of("textarea", "string", 50_000, 3),
        Type::Internal => None,
    }
}

fn is_stamp(name: &str) -> bool {
    matches!(name, "Created_Time" | "Modified_Time")
}

/// 120 for fields that are not in the sample.
fn text_length(name: &str) -> u32 {
    match name {
        "Company" | "Account_Name" => 200,
        "First_Name" => 40,
        "Last_Name" => 80,
        "Designation" | "Title" => 100,
        "Skype_ID" | "Twitter" => 50,
        _ if name.ends_with("Street") => 250,
        _ if name.ends_with("City") || name.ends_with("State") || name.ends_with("Country") => 100,
        _ if name.ends_with("Zip") || name.ends_with("Code") => 30,
        _ => 120,
    }
}
