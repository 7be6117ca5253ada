//! The fields of an account.

use serde_json::Value;

use super::leads::{company, money, sometimes, website};
use super::words::{INDUSTRIES, RATINGS};
use super::{Field, Type, people};

pub(super) const FIELDS: &[Field] = &[
    Field::new("Account_Name", Type::Text, |record| company(record).into()),
    // Zoho: a number that may be large is sent as text.
    Field::new("Account_Number", Type::BigInteger, |record| (record.index + 1).to_string().into()),
    Field::new("Account_Type", Type::Picklist, |_| Value::Null),
    Field::new("Parent_Account", Type::Lookup, |_| Value::Null),
    Field::new("Phone", Type::Phone, |record| people::telephone(record, "phone", 80)),
    Field::new("Website", Type::Website, website),
    Field::new("Industry", Type::Picklist, |record| sometimes(record, "industry", 75, INDUSTRIES)),
    Field::new("Rating", Type::Picklist, |record| sometimes(record, "rating", 25, RATINGS)),
    Field::new("Annual_Revenue", Type::Currency, |record| money(record, "revenue", 60, 900_000_000)),
    Field::new("Employees", Type::Integer, |record| record.below("how many", 4_000).into()),
    Field::new("Billing_Street", Type::Text, people::street),
    Field::new("Billing_City", Type::Text, |record| people::location(record, |location| location.city)),
    Field::new("Billing_State", Type::Text, |record| people::location(record, |location| location.state)),
    Field::new("Billing_Code", Type::Text, |record| people::location(record, |location| location.zip_code)),
    Field::new("Billing_Country", Type::Text, |record| people::location(record, |location| location.country)),
    Field::new("Description", Type::TextArea, people::description),
];
