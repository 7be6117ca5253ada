//! The description of one field as Zoho gives it, derived from its row in the table of fields.

use serde_json::{Value, json};

use super::super::object::joined;
use super::profiles;
use super::table::ModuleEntry;
use super::types::{WireType, wire};
use crate::records::{Field, Module, Type, layout};

const FIRST_ID: u64 = 4_876_876_000_000_010_000;
const FIRST_ID_OF_CHOICES: u64 = 4_876_876_000_000_500_000;
/// How many ids are reserved for the fields of a module, and for the choices of a field.
const MOST_FIELDS: u64 = 400;
const MOST_CHOICES: u64 = 50;

/// A field of a layout.
#[derive(Debug)]
pub(super) struct FieldDescription {
    module: Module,
    field: Field,
    wire: WireType,
    /// The number of the field among all fields of all modules.
    number: u64,
}

impl FieldDescription {
    /// `None` for a field that is not part of the layout.
    pub(super) fn new(module: Module, place: u64, field: Field) -> Option<Self> {
        let wire = wire(&field)?;
        Some(Self { module, field, wire, number: module as u64 * MOST_FIELDS + place })
    }

    /// The description as JSON.
    pub(super) fn json(&self) -> Value {
        joined([self.what_it_is(), self.what_it_holds(), self.who_may(), what_it_is_not()])
    }

    fn what_it_is(&self) -> Value {
        let label = self.label();
        json!({
            "id": (FIRST_ID + self.number).to_string(),
            "api_name": self.field.name,
            "field_label": label,
            "display_label": label,
            "data_type": self.wire.data_type,
            "json_type": self.wire.json_type,
            "length": self.wire.length,
            "decimal_place": (self.field.data_type == Type::Currency).then_some(2),
            "ui_type": self.wire.ui_type,
            "display_type": -1,
            "type": "used",
            "visible": true,
            "system_mandatory": self.is_mandatory(),
            // The only field that a new organisation does not have.
            "custom_field": self.field.name == "Languages_Known",
            "display_field": self.field.name == display_field(self.module),
            "layout_associations":
                [{"api_name": "Standard__s", "name": "Standard", "id": layout(self.module)["id"]}],
        })
    }

    fn what_it_holds(&self) -> Value {
        let currency = match self.field.data_type {
            Type::Currency => json!({"rounding_option": "normal", "precision": 2}),
            _ => json!({}),
        };
        json!({
            "pick_list_values": self.choices(),
            "lookup": self.lookup(),
            "currency": currency,
            "filterable": self.field.data_type != Type::TextArea,
            "sortable": !matches!(self.field.data_type, Type::TextArea | Type::Tags | Type::ProfileImage),
            "searchable": true,
        })
    }

    fn who_may(&self) -> Value {
        let (is_editable, is_read_only) = (self.is_editable(), self.is_read_only());
        json!({
            "read_only": is_read_only,
            "field_read_only": is_read_only || matches!(self.field.name, "Owner" | "Last_Activity_Time"),
            "mass_update": is_editable,
            "operation_type": {
                "web_update": is_editable, "api_create": is_editable,
                "web_create": is_editable, "api_update": is_editable,
            },
            "view_type": {
                "view": true, "edit": is_editable, "quick_create": self.is_mandatory(), "create": is_editable,
            },
            "profiles": permissions(is_read_only),
        })
    }

    fn choices(&self) -> Value {
        let first_id = FIRST_ID_OF_CHOICES + self.number * MOST_CHOICES;
        let choice = |(place, value): (u64, &str)| {
            json!({
                "display_value": value,
                "sequence_number": place + 1,
                "reference_value": value,
                "colour_code": null,
                "actual_value": value,
                "id": (first_id + place).to_string(),
                "type": "used",
            })
        };
        (0..).zip(self.field.choices()).map(choice).collect()
    }

    /// Zoho: an empty object for a field that leads to no module, such as the layout.
    fn lookup(&self) -> Value {
        match self.field.target().and_then(|module| ModuleEntry::named(module.name())) {
            Some(entry) => json!({
                "display_label": null,
                "revalidate_filter_during_edit": false,
                "api_name": null,
                "module": {"api_name": entry.api_name, "id": entry.id()},
                "id": null,
                "query_details": {},
            }),
            None => json!({}),
        }
    }

    /// The name with spaces, or the label that Zoho gives to some fields.
    fn label(&self) -> String {
        let singular = ModuleEntry::named(self.module.name()).map_or("Record", |entry| entry.singular);
        match self.field.name {
            "id" => "Record Id".to_owned(),
            "Owner" => format!("{singular} Owner"),
            "Record_Image" => format!("{singular} Image"),
            "Designation" => "Title".to_owned(),
            "No_of_Employees" => "No. of Employees".to_owned(),
            "Converted__s" => "Is Converted".to_owned(),
            name => name.trim_end_matches("__s").replace('_', " "),
        }
    }

    fn is_mandatory(&self) -> bool {
        match self.module.name() {
            "Accounts" => self.field.name == "Account_Name",
            "Deals" => matches!(self.field.name, "Deal_Name" | "Stage"),
            _ => self.field.name == "Last_Name",
        }
    }

    fn is_read_only(&self) -> bool {
        let name = self.field.name;
        let is_of_the_system = name.ends_with("__s") || name.starts_with("Unsubscribed_");
        self.field.data_type == Type::Id || is_of_the_system
    }

    /// Zoho: fields that the system fills in are not marked read-only, although no form lets you edit them.
    fn is_editable(&self) -> bool {
        let is_kept_by_zoho = matches!(
            self.field.name,
            "Created_By"
                | "Modified_By"
                | "Created_Time"
                | "Modified_Time"
                | "Last_Activity_Time"
                | "Converted_Date_Time"
                | "Full_Name"
                | "Tag"
        );
        !self.is_read_only() && !is_kept_by_zoho
    }
}

fn permissions(is_read_only: bool) -> Value {
    let permission = if is_read_only { "read_only" } else { "read_write" };
    let of = |(name, id)| json!({"permission_type": permission, "name": name, "id": id});
    profiles().map(of).into_iter().collect()
}

fn display_field(module: Module) -> &'static str {
    match module.name() {
        "Accounts" => "Account_Name",
        "Deals" => "Deal_Name",
        _ => "Full_Name",
    }
}

/// The members that are the same for all fields of the sandbox.
fn what_it_is_not() -> Value {
    json!({
        "associated_module": null,
        "association_details": null,
        "auto_number": {},
        "businesscard_supported": false,
        "colour_code_enabled_by_system": false,
        "created_source": "default",
        "created_time": null,
        "crypt": null,
        "customizable_properties": null,
        "email_parser": {"fields_update_supported": false, "record_operations_supported": false},
        "enable_colour_code": false,
        "external": null,
        "formula": {},
        "global_picklist": null,
        "hipaa_compliance": null,
        "hipaa_compliance_enabled": false,
        "history_tracking": null,
        "modified_time": null,
        "multi_module_lookup": {},
        "multiselectlookup": {},
        "pick_list_values_sorted_lexically": false,
        "rollup_summary": {},
        "separator": false,
        "tooltip": null,
        "unique": {},
        "virtual_field": false,
        "webhook": true,
    })
}
