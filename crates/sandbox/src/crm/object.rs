//! Builds large JSON objects from parts.

use serde_json::{Map, Value};

/// One object with the members of all parts. Parts that are not objects are ignored.
pub(super) fn joined<const N: usize>(parts: [Value; N]) -> Value {
    let members = parts.into_iter().filter_map(|part| match part {
        Value::Object(part) => Some(part),
        _ => None,
    });
    members.flatten().collect::<Map<_, _>>().into()
}
