//! A mapping in the order of its entries, as an expression sees it.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Value};

#[derive(Debug)]
struct Mapping(Vec<(String, Value)>);

impl Object for Mapping {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        // The last of a name wins, as in a mapping that was filled in this order.
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(name, _)| Value::from(name.as_str())).collect())
    }
}

/// A mapping of these entries. (`Value::from_iter` would make a list of pairs.)
pub fn mapping<N: Into<String>>(entries: impl IntoIterator<Item = (N, Value)>) -> Value {
    Value::from_object(Mapping(entries.into_iter().map(|(name, value)| (name.into(), value)).collect()))
}
