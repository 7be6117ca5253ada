//! Which values of connections a run needs. What nothing uses is not looked up: a secret that is missing there fails
//! nothing, no prompt is asked, no command is run.

use std::collections::BTreeSet;

use super::connection::ConnectionPlan;

/// Whether a run needs a value of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Nothing uses it.
    #[default]
    Unused,
    /// It is used only where its absence is provided for: it may be missing, and is undefined then.
    Optional,
    /// It must be there.
    Required,
}

impl Need {
    /// Whether something uses it.
    pub fn is_used(self) -> bool {
        match self {
            Self::Unused => false,
            Self::Optional | Self::Required => true,
        }
    }

    /// Whether its absence is provided for wherever it is used.
    pub fn is_optional(self) -> bool {
        match self {
            Self::Optional => true,
            Self::Unused | Self::Required => false,
        }
    }

    /// Whether a run cannot be without it.
    pub fn is_required(self) -> bool {
        match self {
            Self::Required => true,
            Self::Unused | Self::Optional => false,
        }
    }
}

/// That something reads a value of the connection that is in force where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueUse {
    /// Its name; none where only a run knows which it is, or where all are meant: `connection[params.key]`.
    pub name: Option<String>,
    /// Whether its absence is provided for: `default(…)`, `is defined`.
    pub provided_for: bool,
}

impl ValueUse {
    /// Whether it reads one of these, and fails without it.
    pub fn is_one_of(&self, names: &BTreeSet<&str>) -> bool {
        !self.provided_for && self.name.as_deref().is_some_and(|name| names.contains(name))
    }

    fn need(&self) -> Need {
        if self.provided_for { Need::Optional } else { Need::Required }
    }

    fn means(&self, name: &str) -> bool {
        self.name.as_deref().is_none_or(|own| own == name)
    }
}

/// Marks what is needed: what the uses name, each with the index of its connection, and what these values need themselves.
pub(super) fn mark(connections: &mut [ConnectionPlan], uses: impl IntoIterator<Item = (usize, ValueUse)>) {
    for (index, found) in uses {
        raise(&mut connections[index], usize::MAX, &found, Need::Required);
    }
    connections.iter_mut().for_each(close_over);
}

/// A value only needs earlier ones.
fn close_over(connection: &mut ConnectionPlan) {
    for index in (0..connection.values.len()).rev() {
        let need = connection.values[index].need;
        for found in connection.values[index].source.uses() {
            raise(connection, index, &found, need);
        }
    }
}

/// A use needs no value more than what it stands in is needed itself.
fn raise(connection: &mut ConnectionPlan, before: usize, found: &ValueUse, most: Need) {
    let meant = connection.values.iter_mut().take(before).filter(|entry| found.means(&entry.name));
    meant.for_each(|entry| entry.need = entry.need.max(found.need().min(most)));
}

#[cfg(test)]
#[path = "need_tests.rs"]
mod tests;
