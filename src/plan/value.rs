//! A value whose strings are templates: query parameters, JSON bodies, values of connections.

use std::collections::BTreeMap;

use minijinja::value::Value;

use super::context::Context;
use super::scope::{Meaning, Room, Scope};
use super::written::{EvaluationError, Written};
use crate::diagnostic::{Findings, Span};
use crate::expr::{NameUse, Template, mapping};
use crate::spec::node::{Node, NodeKind};
use crate::spec::table::Malformed;

/// A value that may hold templates.
#[derive(Debug)]
pub enum ValuePlan {
    /// Nothing in it is rendered.
    Constant(serde_json::Value),
    /// A template, and what its names mean.
    Template(Written<Template>, Meaning),
    /// A list with templates in it.
    List(Vec<ValuePlan>),
    /// A mapping with templates in it.
    Map(Vec<(String, ValuePlan)>),
}

impl ValuePlan {
    /// Compiles a node.
    pub fn build(node: &Node, scope: &Scope, room: Room, findings: &mut Findings) -> Result<Self, Malformed> {
        match &node.kind {
            NodeKind::Text(text) if text.value.contains("{{") || text.value.contains("{%") => {
                let written = Written::template(text, findings)?;
                let meaning = scope.check(written.item.uses(), text, room, findings);
                Ok(Self::Template(written, meaning))
            }
            NodeKind::List(items) => {
                let items: Vec<_> =
                    items.iter().map(|item| Self::build(item, scope, room, findings)).collect();
                Ok(Self::List(items.into_iter().collect::<Result<_, _>>()?))
            }
            NodeKind::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, item)| Ok((key.name.clone(), Self::build(item, scope, room, findings)?)))
                    .collect();
                Ok(Self::Map(entries.into_iter().collect::<Result<_, _>>()?))
            }
            NodeKind::Null
            | NodeKind::Bool(_)
            | NodeKind::Integer(_)
            | NodeKind::Number(_)
            | NodeKind::Text(_) => Ok(Self::Constant(node.to_json())),
        }
    }

    /// The value, rendered.
    pub fn value(&self, context: &dyn Context) -> Result<Value, EvaluationError> {
        match self {
            Self::Constant(value) => Ok(Value::from(minijinja::value::Serde(value))),
            Self::Template(written, _) => context.value(written),
            Self::List(items) => {
                items.iter().map(|item| item.value(context)).collect::<Result<Vec<_>, _>>().map(Value::from)
            }
            Self::Map(entries) => {
                let entries: Result<Vec<(String, Value)>, _> =
                    entries.iter().map(|(key, item)| Ok((key.clone(), item.value(context)?))).collect();
                entries.map(mapping)
            }
        }
    }

    /// Whether it is a mapping, rendered or not.
    pub fn is_map(&self) -> bool {
        match self {
            Self::Map(_) => true,
            Self::Constant(value) => value.is_object(),
            Self::Template(..) | Self::List(_) => false,
        }
    }

    /// What it is, if it was built of something in which nothing is rendered.
    pub fn constant(&self) -> Option<&serde_json::Value> {
        match self {
            Self::Constant(value) => Some(value),
            Self::Template(..) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Whether nothing in it is rendered.
    pub fn is_constant(&self) -> bool {
        self.span().is_none()
    }

    /// The text that it is, whatever a run knows.
    pub fn literal(&self) -> Option<&str> {
        self.constant()?.as_str()
    }

    /// Where its first template stands; none without templates.
    pub fn span(&self) -> Option<Span> {
        let mut span = None;
        self.visit(&mut |written, _| span = span.or(Some(written.text.span)));
        span
    }

    /// What all its names mean together.
    pub fn meaning(&self) -> Meaning {
        let mut all = Meaning::default();
        self.visit(&mut |_, meaning| all.add(meaning));
        all
    }

    /// The values of the connection that it needs.
    pub(super) fn connection_needs(&self) -> Vec<String> {
        let mut needs = Vec::new();
        self.visit(&mut |written, _| {
            let uses = written.item.uses().iter().filter(|found| found.path[0] == "connection");
            needs.extend(uses.filter_map(|found| found.path.get(1).cloned()));
        });
        needs
    }

    /// Whether it needs nothing but values of the connection that are known.
    pub(super) fn needs_only(&self, known: &BTreeMap<String, Value>) -> bool {
        let mut only = true;
        let is_known = |found: &NameUse| {
            found.path[0] == "connection" && found.path.get(1).is_some_and(|name| known.contains_key(name))
        };
        self.visit(&mut |written, _| only &= written.item.uses().iter().all(is_known));
        only
    }

    /// Whether `page` is read in it.
    pub(super) fn uses_page(&self) -> bool {
        let mut uses = false;
        self.visit(&mut |written, _| uses |= written.item.uses().iter().any(|found| found.path[0] == "page"));
        uses
    }

    /// Shows every template in it, with what its names mean.
    pub fn visit(&self, see: &mut impl FnMut(&Written<Template>, &Meaning)) {
        match self {
            Self::Constant(_) => {}
            Self::Template(written, meaning) => see(written, meaning),
            Self::List(items) => items.iter().for_each(|item| item.visit(see)),
            Self::Map(entries) => entries.iter().for_each(|(_, item)| item.visit(see)),
        }
    }
}

impl Meaning {
    /// Whether a value of the connection is in it.
    pub fn from_connection(&self) -> bool {
        !self.connection.is_empty()
    }

    /// Adds what another template means.
    pub fn add(&mut self, other: &Meaning) {
        self.secret |= other.secret;
        self.connection.extend(other.connection.iter().cloned());
        self.steps.extend(&other.steps);
        self.extracted.extend(other.extracted.iter().cloned());
        self.environment.extend(other.environment.iter().cloned());
        self.params.extend(other.params.iter().cloned());
        self.state.extend(other.state.iter().cloned());
        self.run.extend(other.run.iter().cloned());
    }
}
