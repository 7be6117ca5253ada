//! The fields of a lead.

use serde_json::{Value, json};

use super::users::OWNERS;
use super::words::{
    COMPANIES, COMPANY_FORMS, INDUSTRIES, LANGUAGES, LEAD_SOURCES, LEAD_STATUSES, RATINGS, SALUTATIONS,
    TITLES,
};
use super::{Field, Module, Record, Type, org_time, people, rows};

pub(super) const FIELDS: &[Field] = &[
    Field::new("Company", Type::Text, |record| company(record).into()),
    Field::new("Salutation", Type::Picklist, |record| sometimes(record, "salutation", 40, SALUTATIONS)),
    Field::new("First_Name", Type::Text, people::first_name),
    Field::new("Last_Name", Type::Text, people::last_name),
    Field::new("Full_Name", Type::Text, |record| people::full_name(record).into()),
    Field::new("Designation", Type::Text, |record| sometimes(record, "designation", 55, TITLES)),
    Field::new("Email", Type::Email, people::email),
    Field::new("Secondary_Email", Type::Email, |_| Value::Null),
    Field::new("Phone", Type::Phone, |record| people::telephone(record, "phone", 70)),
    Field::new("Mobile", Type::Phone, |record| people::telephone(record, "mobile", 35)),
    Field::new("Fax", Type::Phone, |_| Value::Null),
    Field::new("Website", Type::Website, website),
    Field::new("Skype_ID", Type::Text, |_| Value::Null),
    Field::new("Twitter", Type::Text, |_| Value::Null),
    Field::new("Lead_Source", Type::Picklist, |record| sometimes(record, "lead source", 80, LEAD_SOURCES)),
    Field::new("Lead_Status", Type::Picklist, |record| sometimes(record, "lead status", 85, LEAD_STATUSES)),
    Field::new("Industry", Type::Picklist, |record| sometimes(record, "industry", 65, INDUSTRIES)),
    Field::new("Rating", Type::Picklist, |record| sometimes(record, "rating", 25, RATINGS)),
    Field::new("Annual_Revenue", Type::Currency, |record| money(record, "revenue", 60, 900_000_000)),
    Field::new("No_of_Employees", Type::Integer, |record| {
        if record.happens("employees", 55) { record.below("how many", 4_000).into() } else { Value::Null }
    }),
    Field::new("Email_Opt_Out", Type::Boolean, |record| record.happens("opt out", 8).into()),
    Field::new("Languages_Known", Type::MultiPicklist, languages),
    Field::new("Street", Type::Text, people::street),
    Field::new("City", Type::Text, |record| people::location(record, |location| location.city)),
    Field::new("State", Type::Text, |record| people::location(record, |location| location.state)),
    Field::new("Zip_Code", Type::Text, |record| people::location(record, |location| location.zip_code)),
    Field::new("Country", Type::Text, |record| people::location(record, |location| location.country)),
    Field::new("Description", Type::TextArea, people::description),
    Field::new("Converted__s", Type::Boolean, |record| record.is_converted().into()),
    Field::new("Converted_Date_Time", Type::DateTime, |record| {
        record.converted().map_or(Value::Null, |time| org_time(time).into())
    }),
    Field::new("$converted", Type::Internal, |record| record.is_converted().into()),
    Field::new("$converted_detail", Type::Internal, converted_detail),
    Field::new("Background", Type::RichText, rows::background),
    Field::new("Product_Interests", Type::Subform, rows::product_interests),
    Field::new("Co_Owners", Type::MultiUserLookup, rows::co_owners),
];

/// The records that a lead was converted to, if it was. They exist at the start.
fn converted_detail(record: &Record<'_>) -> Value {
    let Some(converted) = record.converted() else { return json!({}) };
    let id = |module, purpose| record.one_of(module, purpose).map(|record| record.id().to_string());
    json!({
        "deal": id(Module::Deals, "converted deal"),
        "contact": id(Module::Contacts, "converted contact"),
        "account": id(Module::Accounts, "converted account"),
        "converted_date": org_time(converted),
        "converted_by": record.pick("converted by", &OWNERS).id(),
    })
}

/// The name of a company. Accounts use the same names.
pub(super) fn company(record: &Record<'_>) -> String {
    let name = record.pick("company", COMPANIES);
    if record.happens("company form", 60) {
        format!("{name} {}", record.pick("which company form", COMPANY_FORMS))
    } else {
        name.to_owned()
    }
}

pub(super) fn website(record: &Record<'_>) -> Value {
    if record.happens("website", 45) {
        format!("https://www{}.example.com/?from=crm&lead=1", record.below("which website", 90)).into()
    } else {
        Value::Null
    }
}

/// One value of a pick list, or null.
pub(super) fn sometimes(record: &Record<'_>, purpose: &str, percent: u64, values: &[&str]) -> Value {
    // Whether there is a value and which one must be drawn independently.
    let draw = record.draw(purpose);
    let place = usize::try_from(draw / 100 % values.len() as u64).unwrap_or_default();
    if draw % 100 < percent { values[place].into() } else { Value::Null }
}

/// An amount: null, whole, or with one or two decimal places.
pub(super) fn money(record: &Record<'_>, purpose: &str, percent: u64, most: u64) -> Value {
    let draw = record.draw(purpose);
    if draw % 100 >= percent {
        return Value::Null;
    }
    let whole = draw / 1_000 % most;
    match draw / 100 % 10 {
        0..=5 => whole.into(),
        tenths => json!(decimal(whole, tenths)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the amounts are far below 2^53")]
fn decimal(whole: u64, hundredths: u64) -> f64 {
    (whole * 100 + hundredths * 7) as f64 / 100.0
}

/// Zoho: a pick list with several values is an array of strings.
fn languages(record: &Record<'_>) -> Value {
    let chosen = record.draw("languages");
    LANGUAGES
        .iter()
        .enumerate()
        .filter(|(bit, _)| chosen >> (bit * 2) & 3 == 3)
        .map(|(_, name)| *name)
        .collect()
}
