//! The values of an `auth`, looked up.

use std::collections::BTreeMap;

use minijinja::value::{Value, ValueKind};

use crate::expr::scalar_text;

/// Values by their name in the plan: `client_id`, `extra.token.audience`. Empty and none are as good as not there.
#[derive(Clone, Default)]
pub struct AuthValues(BTreeMap<String, Value>);

impl AuthValues {
    /// Adds a value.
    pub fn insert(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// A value as text; none where there is none, or where it is no text.
    pub fn text(&self, name: &str) -> Option<String> {
        let text = scalar_text(self.0.get(name)?)?;
        (!text.is_empty()).then_some(text)
    }

    /// The values below a name, in the order of their names: `extra.token` gives `audience`.
    pub fn group(&self, name: &str) -> Vec<(String, String)> {
        let start = format!("{name}.");
        let members = self.0.iter().filter_map(|(key, value)| Some((key.strip_prefix(&start)?, value)));
        members.filter_map(|(key, value)| Some((key.to_owned(), scalar_text(value)?))).collect()
    }

    /// All of them, in the order of their names.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.to_string()))
    }

    /// The texts of a list, or of a mapping's values.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let Some(value) = self.0.get(name) else { return vec![] };
        let items = value.try_iter().into_iter().flatten();
        match value.kind() {
            ValueKind::Map => items
                .filter_map(|key| value.get_item(&key).ok())
                .filter_map(|item| scalar_text(&item))
                .collect(),
            ValueKind::Seq | ValueKind::Iterable => items.filter_map(|item| scalar_text(&item)).collect(),
            _ => scalar_text(value).into_iter().collect(),
        }
    }
}

/// Names, not values.
impl std::fmt::Debug for AuthValues {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("AuthValues").field(&self.0.keys().collect::<Vec<_>>()).finish()
    }
}
