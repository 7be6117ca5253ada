//! The fields of a product.

use serde_json::Value;

use super::leads::money;
use super::{Field, Type, people};

pub(super) const PRODUCTS: &[&str] =
    &["Pump", "Valve ½\"", "Dichtung", "Papier A4", "Ventilateur", "Licence", "自転車"];

pub(super) const FIELDS: &[Field] = &[
    Field::new("Product_Name", Type::Text, |record| {
        format!("{} {}", record.pick("product", PRODUCTS), record.index + 1).into()
    }),
    Field::new("Product_Code", Type::Text, |record| format!("{:05}", record.index + 1).into()),
    Field::new("Product_Active", Type::Boolean, |record| record.happens("product active", 90).into()),
    Field::new("Product_Category", Type::Picklist, |_| Value::Null),
    Field::new("Unit_Price", Type::Currency, |record| money(record, "unit price", 95, 9_000)),
    Field::new("Qty_in_Stock", Type::Integer, |record| record.below("stock", 500).into()),
    Field::new("Description", Type::TextArea, people::description),
];
