//! The values of pick lists, including some that no record has.

use super::Field;
use super::tasks::{PRIORITIES, STATUSES};
use super::words::{INDUSTRIES, LANGUAGES, LEAD_SOURCES, LEAD_STATUSES, RATINGS, SALUTATIONS, STAGES};

/// Zoho: what a pick list shows if nothing was picked; the record then has null.
const NONE: &str = "-None-";
const ACCOUNT_TYPES: &[&str] = &["Analyst", "Competitor", "Customer", "Investor", "Partner", "Supplier"];
const DEAL_TYPES: &[&str] = &["Existing Business", "New Business"];
const PRODUCT_CATEGORIES: &[&str] = &["Hardware", "Software"];
const UNSUBSCRIBED_MODES: &[&str] = &["Consent form", "Manual", "Unsubscribe link", "Zoho campaigns"];
const ENRICH_STATUSES: &[&str] = &["Available", "Enriched", "Data not found"];
const RECORD_STATUSES: &[&str] = &["Trash", "Available", "Draft"];

impl Field {
    /// The values to pick from, in order; empty if the field is not a pick list.
    pub(crate) fn choices(&self) -> Vec<&'static str> {
        let with_none = |values: &[&'static str]| [&[NONE], values].concat();
        match self.name {
            "Lead_Source" => with_none(LEAD_SOURCES),
            "Lead_Status" => with_none(LEAD_STATUSES),
            "Industry" => with_none(INDUSTRIES),
            "Rating" => with_none(RATINGS),
            "Salutation" => with_none(SALUTATIONS),
            "Account_Type" => with_none(ACCOUNT_TYPES),
            "Type" => with_none(DEAL_TYPES),
            "Stage" => STAGES.iter().map(|(name, _)| *name).collect(),
            "Languages_Known" => LANGUAGES.to_vec(),
            "Status" => STATUSES.to_vec(),
            "Priority" => PRIORITIES.to_vec(),
            "Product_Category" => with_none(PRODUCT_CATEGORIES),
            "Unsubscribed_Mode" => UNSUBSCRIBED_MODES.to_vec(),
            "Enrich_Status__s" => ENRICH_STATUSES.to_vec(),
            "Record_Status__s" => RECORD_STATUSES.to_vec(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::{Module, Organisation, Type};

    #[test]
    fn every_pick_list_offers_what_the_records_hold() {
        let organisation = Organisation::new(1, 400);
        for module in Module::ALL {
            for field in module.fields() {
                let choices = field.choices();
                let is_pick_list = matches!(field.data_type, Type::Picklist | Type::MultiPicklist);
                assert_eq!(is_pick_list, !choices.is_empty(), "{}", field.name);
                let count = if is_pick_list { organisation.count(module) } else { 0 };
                for index in 0..count {
                    let held = match field.value(&organisation.record(module, index)) {
                        Value::Null => Vec::new(),
                        Value::Array(values) => values,
                        value => vec![value],
                    };
                    for value in held {
                        assert!(choices.iter().any(|choice| value == *choice), "{}: {value}", field.name);
                    }
                }
            }
        }
    }
}
