//! Fields with rows of their own, which listings leave out, and rich text.

use serde_json::{Value, json};

use super::products::PRODUCTS;
use super::users::OWNERS;
use super::words::DESCRIPTIONS;
use super::{Module, Record, lookup, org_time};

/// The distance between the ids of two kinds of rows; more than the ids of all modules need.
const BETWEEN_KINDS: u64 = 100_000_000_000_000;
const BETWEEN_ROWS: u64 = 10_000_000_000_000;
const MOST_ROWS: u64 = 4;

/// The kinds of rows. The ids of rows depend on it.
#[derive(Debug, Clone, Copy)]
enum RowKind {
    Interest = 1,
    LineItem,
    Favour,
    CoOwner,
}

/// A subform. Zoho: an array of rows, which can be empty.
pub(super) fn product_interests(record: &Record<'_>) -> Value {
    let row = |nth: u64| {
        let line = record.pick(&format!("interest {nth}"), PRODUCTS);
        json!({"Product_Line": line, "Quantity": record.below("interest", 40) + nth + 1})
    };
    (0..record.below("interests", MOST_ROWS))
        .map(|nth| subform_row(record, RowKind::Interest, nth, row(nth)))
        .collect()
}

/// A subform.
pub(super) fn line_items(record: &Record<'_>) -> Value {
    let row = |nth: u64| {
        let product = record.one_of(Module::Products, &format!("line item {nth}"));
        let (quantity, price) =
            (record.below("quantity", 12) + nth + 1, record.below("list price", 900) + 10);
        let total = quantity * price;
        json!({"Product_Name": lookup(product), "Quantity": quantity, "List_Price": price, "Total": total})
    };
    (0..=record.below("line items", MOST_ROWS))
        .map(|nth| subform_row(record, RowKind::LineItem, nth, row(nth)))
        .collect()
}

/// A lookup of several records. Zoho: an array of rows, each with its own id and a lookup named like the field.
pub(super) fn favoured_products(record: &Record<'_>) -> Value {
    (0..record.below("favours", MOST_ROWS))
        .filter_map(|nth| Some((nth, record.one_of(Module::Products, &format!("favour {nth}"))?)))
        .map(|(nth, product)| {
            json!({"Favoured_Products": lookup(Some(product)), "id": row_id(record, RowKind::Favour, nth)})
        })
        .collect()
}

/// A lookup of several users.
pub(super) fn co_owners(record: &Record<'_>) -> Value {
    let chosen = record.draw("co-owners");
    (0..)
        .zip(OWNERS)
        .filter(|(nth, _)| chosen >> (nth * 2) & 3 == 3)
        .map(|(nth, user)| {
            let user = json!({"name": user.full_name(), "id": user.id(), "email": user.email()});
            json!({"Co_Owners": user, "id": row_id(record, RowKind::CoOwner, nth)})
        })
        .collect()
}

/// A rich text, sometimes longer than what listings show of it.
pub(super) fn background(record: &Record<'_>) -> Value {
    if !record.happens("background", 30) {
        return Value::Null;
    }
    let paragraphs = record.below("paragraphs", 30) + 1;
    let paragraph = |nth: u64| {
        format!("<div>{}. {}</div>", nth + 1, record.pick(&format!("paragraph {nth}"), DESCRIPTIONS))
    };
    (0..paragraphs).map(paragraph).collect::<String>().into()
}

/// The members of every row of a subform, and its own fields.
fn subform_row(record: &Record<'_>, kind: RowKind, nth: u64, own: Value) -> Value {
    let mut row = json!({
        "id": row_id(record, kind, nth),
        "Parent_Id": lookup(Some(*record)),
        "Layout": {"name": "Standard", "id": (4_876_876_000_000_092_000 + kind as u64 * 7).to_string()},
        "Created_Time": org_time(record.created()),
        "Modified_Time": org_time(record.modified()),
        "$in_merge": false,
        "$field_states": null,
        "$zia_visions": null,
    });
    if let (Value::Object(row), Value::Object(own)) = (&mut row, own) {
        row.extend(own);
    }
    row
}

fn row_id(record: &Record<'_>, kind: RowKind, nth: u64) -> String {
    (record.id() + kind as u64 * BETWEEN_KINDS + nth * BETWEEN_ROWS).to_string()
}
