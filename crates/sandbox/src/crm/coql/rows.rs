//! The rows of a query without functions.

use serde_json::{Map, Value, json};

use super::Version;
use super::statement::Statement;
use crate::query::{FieldKind, Path, Selection};
use crate::records::Record;

/// The requested rows, and whether there are more.
pub(super) fn of(
    columns: &[(String, Path)],
    statement: &Statement,
    selection: Selection<'_>,
) -> (Vec<Map<String, Value>>, bool) {
    let (records, more_records) = selection.slice(&statement.order, statement.offset, statement.limit);
    let row = |record: &Record<'_>| -> Map<_, _> {
        let cell = |(name, path): &(String, Path)| {
            (name.clone(), cell(path.kind(), path.value(selection.organisation, record), statement.version))
        };
        // Zoho: the id is always included.
        columns.iter().map(cell).chain([("id".to_owned(), record.id().to_string().into())]).collect()
    };
    (records.iter().map(row).collect(), more_records)
}

/// From published examples of Zoho's answers: several choices are one string, and a lookup in v2 is only an id. In v8
/// it also has a name (of a user, the last name), which fewer examples confirm.
pub(super) fn cell(kind: FieldKind, value: Value, version: Version) -> Value {
    match (kind, &value) {
        (FieldKind::Choices, Value::Array(texts)) if texts.is_empty() => Value::Null,
        (FieldKind::Choices, Value::Array(texts)) => {
            texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(";").into()
        }
        (FieldKind::Lookup, Value::Object(lookup)) => match version {
            Version::V2 => json!({"id": lookup["id"]}),
            Version::V8 => json!({"name": name(lookup), "id": lookup["id"]}),
        },
        _ => value,
    }
}

fn name(lookup: &Map<String, Value>) -> &str {
    let name = lookup["name"].as_str().unwrap_or_default();
    let is_user = lookup.contains_key("email");
    name.split_once(' ').filter(|_| is_user).map_or(name, |(_, last)| last)
}
