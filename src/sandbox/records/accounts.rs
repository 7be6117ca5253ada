//! The fields of an account.

use serde_json::Value;

use super::leads::{company, money, sometimes, website};
use super::words::{INDUSTRIES, RATINGS};
use super::{Field, people};

pub(super) const FIELDS: &[Field] = &[
    Field::new("Account_Name", |record| company(record).into()),
    Field::new("Account_Number", |record| (record.index + 1).into()),
    Field::new("Account_Type", |_| Value::Null),
    Field::new("Parent_Account", |_| Value::Null),
    Field::new("Phone", |record| people::telephone(record, "phone", 80)),
    Field::new("Website", website),
    Field::new("Industry", |record| sometimes(record, "industry", 75, INDUSTRIES)),
    Field::new("Rating", |record| sometimes(record, "rating", 25, RATINGS)),
    Field::new("Annual_Revenue", |record| money(record, "revenue", 60, 900_000_000)),
    Field::new("Employees", |record| record.below("how many", 4_000).into()),
    Field::new("Billing_Street", people::street),
    Field::new("Billing_City", |record| people::place(record, |place| place.city)),
    Field::new("Billing_State", |record| people::place(record, |place| place.state)),
    Field::new("Billing_Code", |record| people::place(record, |place| place.zip_code)),
    Field::new("Billing_Country", |record| people::place(record, |place| place.country)),
    Field::new("Description", people::description),
];
