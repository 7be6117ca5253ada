//! Objects with many members are put together from parts.

use serde_json::{Map, Value};

/// One object with the members of all; what is no object has none.
pub(super) fn joined<const N: usize>(parts: [Value; N]) -> Value {
    let members = parts.into_iter().filter_map(|part| match part {
        Value::Object(part) => Some(part),
        _ => None,
    });
    members.flatten().collect::<Map<_, _>>().into()
}
