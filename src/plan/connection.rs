//! Connections as a run uses them: where each value comes from. The values themselves are looked up when a run starts.

use std::collections::BTreeMap;

use serde_json::Value;

use super::need::{Need, ValueUse};
use super::scope::{ConnectionNames, Room, Scope, VariableUse};
use super::source::Outside;
use super::value::ValuePlan;
use super::written::EvaluationError;
use crate::diagnostic::{Code, Diagnostic, Findings, Span, nearest, quoted_list};
use crate::expr::mapping;
use crate::spec::connection::{ConnectionSpec, ConnectionUse, ConnectionValue};
use crate::spec::node::{Key, Node, NodeKind};

/// A connection, ready to be looked up.
#[derive(Debug)]
pub struct ConnectionPlan {
    /// Its name, or `inline`.
    pub name: String,
    /// Its values, in an order in which each only needs earlier ones.
    pub values: Vec<ConnectionEntry>,
    /// Word in an answer → what to say to the user.
    pub hints: Vec<(String, String)>,
}

impl ConnectionPlan {
    /// The environment variables that its templates read.
    pub(super) fn environment(&self) -> Vec<VariableUse> {
        let used = self.values.iter().filter(|entry| entry.need != Need::Unused);
        let variables = used.flat_map(|entry| {
            let optional = entry.need == Need::Optional;
            let written = entry.source.written().map(ValuePlan::meaning).unwrap_or_default();
            written.environment.into_iter().map(move |variable| VariableUse {
                provided_for: variable.provided_for || optional,
                ..variable
            })
        });
        variables.collect()
    }
}

/// One value of a connection.
#[derive(Debug)]
pub struct ConnectionEntry {
    /// Its name.
    pub name: String,
    /// Where it stands, if in a file.
    pub span: Option<Span>,
    /// Whether it is a secret.
    pub secret: bool,
    /// Where it comes from.
    pub source: ConnectionSource,
    /// Whether a run needs it.
    pub need: Need,
}

impl ConnectionEntry {
    /// Whether a run looks it up. A constant is there anyway.
    pub fn is_looked_up(&self) -> bool {
        let constant = matches!(self.source, ConnectionSource::Written(ValuePlan::Constant(_)));
        constant || self.need != Need::Unused
    }
}

/// Where a value of a connection comes from.
#[derive(Debug)]
pub enum ConnectionSource {
    /// The file; strings in it are templates.
    Written(ValuePlan),
    /// It is taken from outside when a run starts.
    Outside(Outside),
}

impl ConnectionSource {
    /// What of the connection it reads itself.
    pub fn uses(&self) -> Vec<ValueUse> {
        self.written().map(|plan| plan.meaning().connection).unwrap_or_default()
    }

    /// Where it comes from, for people, and never its value: "environment variable `X`". `file` is the connection's.
    pub fn describe(&self, file: &str) -> String {
        match self {
            Self::Written(_) => format!("written in {file}"),
            Self::Outside(outside) => outside.origin.to_string(),
        }
    }

    fn written(&self) -> Option<&ValuePlan> {
        match self {
            Self::Written(plan) => Some(plan),
            Self::Outside(_) => None,
        }
    }
}

/// The connections a pipeline and its steps use, made once each.
#[derive(Debug, Default)]
pub struct Connections {
    /// In the order of their first use.
    pub list: Vec<ConnectionPlan>,
    names: Vec<ConnectionNames>,
}

/// What `build` knows about connection files.
#[derive(Debug, Default)]
pub struct ConnectionFiles {
    /// Name → what was read; none where the file is malformed, which has its own findings.
    pub read: BTreeMap<String, Option<ConnectionSpec>>,
    /// The names of all files in `connections/`, for suggestions.
    pub there: Vec<String>,
    /// Name → values that replace the file's (`--sandbox`).
    pub overlays: BTreeMap<String, Vec<Overlay>>,
}

/// A value that replaces a connection's own.
#[derive(Debug, Clone)]
pub struct Overlay {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: String,
    /// Whether it is a secret.
    pub secret: bool,
}

impl Connections {
    /// The index of the connection in force, and its names. None: it cannot be used, and a finding says why.
    pub fn resolve(
        &mut self,
        used: &ConnectionUse,
        files: &ConnectionFiles,
        findings: &mut Findings,
    ) -> (Option<usize>, ConnectionNames) {
        let (name, spec) = match used {
            ConnectionUse::Inline(spec) => ("inline".to_owned(), spec),
            ConnectionUse::Named(name) => match files.read.get(&name.text) {
                Some(Some(spec)) => (name.text.clone(), spec),
                Some(None) => return (None, unknown_names(&name.text)),
                None => {
                    findings.push(not_there(&name.text, name.span, files));
                    return (None, unknown_names(&name.text));
                }
            },
        };
        let known = |plan: &ConnectionPlan| matches!(used, ConnectionUse::Named(_)) && plan.name == name;
        if let Some(index) = self.list.iter().position(known) {
            return (Some(index), self.names[index].clone());
        }
        let overlay = files.overlays.get(&name).map(Vec::as_slice).unwrap_or_default();
        let (plan, names) = build(&name, spec, overlay, findings);
        self.list.push(plan);
        self.names.push(names.clone());
        (Some(self.list.len() - 1), names)
    }
}

/// Checks a connection by itself.
pub fn check(name: &str, spec: &ConnectionSpec, findings: &mut Findings) {
    build(name, spec, &[], findings);
}

fn unknown_names(name: &str) -> ConnectionNames {
    ConnectionNames { values: None, shown: format!("`{name}`") }
}

fn not_there(name: &str, span: Span, files: &ConnectionFiles) -> Diagnostic {
    let there = files.there.iter().map(String::as_str);
    let guess =
        nearest(name, there.clone()).map(|word| format!("did you mean `{word}`?")).unwrap_or_default();
    let help = if files.there.is_empty() {
        format!("write `connections/{name}.yaml` in the project's folder")
    } else {
        format!("in `connections/` there are {}", quoted_list(there))
    };
    Diagnostic::error(Code::BadConnection, format!("there is no connection `{name}`"))
        .at(span, guess)
        .help(help)
}

fn build(
    name: &str,
    spec: &ConnectionSpec,
    overlay: &[Overlay],
    findings: &mut Findings,
) -> (ConnectionPlan, ConnectionNames) {
    let replaced = |key: &str| overlay.iter().any(|value| value.name == key);
    let own: Vec<(&Key, &ConnectionValue)> = spec
        .values
        .0
        .iter()
        .filter(|(key, _)| !replaced(&key.name))
        .filter_map(|(key, value)| Some((key, value.given()?)))
        .collect();
    let mut names: BTreeMap<String, bool> =
        spec.values.0.iter().map(|(key, value)| (key.name.clone(), is_secret(value.given()))).collect();
    names.extend(overlay.iter().map(|value| (value.name.clone(), value.secret)));
    let shown = format!("`{name}`");
    let mut builder = Builder { names: ConnectionNames { values: Some(names), shown }, findings };
    let mut values: Vec<ConnectionEntry> = overlay.iter().map(overlaid).collect();
    values.extend(builder.in_order(&own));
    let hints = spec.hints.given().map(|hints| {
        hints
            .0
            .iter()
            .filter_map(|(key, text)| Some((key.name.clone(), text.given()?.value.clone())))
            .collect()
    });
    (ConnectionPlan { name: name.to_owned(), values, hints: hints.unwrap_or_default() }, builder.names)
}

fn overlaid(value: &Overlay) -> ConnectionEntry {
    let source = ConnectionSource::Written(ValuePlan::Constant(Value::from(value.value.as_str())));
    ConnectionEntry { name: value.name.clone(), span: None, secret: value.secret, source, need: Need::Unused }
}

fn is_secret(value: Option<&ConnectionValue>) -> bool {
    match value {
        Some(ConnectionValue::Source(source)) => source.secret.given().copied().unwrap_or(true),
        _ => false,
    }
}

struct Builder<'f> {
    names: ConnectionNames,
    findings: &'f mut Findings,
}

impl Builder<'_> {
    /// Values that only need others come after them; a ring is a finding.
    fn in_order(&mut self, own: &[(&Key, &ConnectionValue)]) -> Vec<ConnectionEntry> {
        let mut waiting: Vec<(ConnectionEntry, Vec<String>)> =
            own.iter().filter_map(|(key, value)| self.entry(key, value)).collect();
        let mut done: Vec<ConnectionEntry> = Vec::new();
        while !waiting.is_empty() {
            let blocked = |needs: &[String]| {
                needs.iter().any(|need| waiting.iter().any(|(other, _)| other.name == *need))
            };
            let Some(next) = waiting.iter().position(|(_, needs)| !blocked(needs)) else {
                self.report_ring(&waiting);
                break;
            };
            done.push(waiting.remove(next).0);
        }
        self.evaluate_known(&done);
        done
    }

    /// What fails with the values that stand in the file would fail in every run. Secrets are left alone, since
    /// messages quote values.
    fn evaluate_known(&mut self, entries: &[ConnectionEntry]) {
        let mut known = BTreeMap::new();
        for entry in entries.iter().filter(|entry| !entry.secret) {
            let ConnectionSource::Written(plan) = &entry.source else { continue };
            if !plan.needs_only(&known) {
                continue;
            }
            let own = mapping(
                known.iter().map(|(name, value): (&String, &minijinja::Value)| (name.clone(), value.clone())),
            );
            match plan.value(&mapping([("connection", own)])) {
                Ok(value) => drop(known.insert(entry.name.clone(), value)),
                Err(error) => self.report_evaluation(&error, plan, entries),
            }
        }
    }

    fn report_evaluation(&mut self, error: &EvaluationError, plan: &ValuePlan, entries: &[ConnectionEntry]) {
        let message = format!("connection {}: {}", self.names.shown, error.message);
        let finding = Diagnostic::error(Code::BadConnection, message).at(error.span, "");
        let needs = plan.connection_needs();
        let scalars = entries.iter().filter(|entry| {
            let scalar = matches!(&entry.source, ConnectionSource::Written(ValuePlan::Constant(value)) if !value.is_object() && !value.is_array());
            scalar && needs.contains(&entry.name)
        });
        let finding = scalars
            .filter_map(|entry| Some((entry.span?, &entry.name)))
            .fold(finding, |finding, (span, name)| finding.at(span, format!("`{name}` is set here")));
        self.findings.push(finding);
    }

    fn report_ring(&mut self, ring: &[(ConnectionEntry, Vec<String>)]) {
        let names = quoted_list(ring.iter().map(|(entry, _)| entry.name.as_str()));
        let finding = Diagnostic::error(
            Code::BadConnection,
            format!("these values of the connection need each other: {names}"),
        );
        let finding = ring
            .iter()
            .filter_map(|(entry, _)| entry.span)
            .fold(finding, |finding, span| finding.at(span, ""));
        self.findings.push(finding.help("write one of them out"));
    }

    fn entry(&mut self, key: &Key, value: &ConnectionValue) -> Option<(ConnectionEntry, Vec<String>)> {
        let (source, secret, needs) = match value {
            ConnectionValue::Source(table) => {
                let source = ConnectionSource::Outside(Outside::build(table, self.findings)?);
                (source, is_secret(Some(value)), vec![])
            }
            ConnectionValue::Literal(node) => {
                self.warn_of_secret(&key.name, node);
                let scope = Scope { connection: Some(self.names.clone()), ..Scope::default() };
                let plan = ValuePlan::build(node, &scope, Room::Before, self.findings).ok()?;
                let (meaning, needs) = (plan.meaning(), plan.connection_needs());
                (ConnectionSource::Written(plan), meaning.secret || looks_secret(&key.name), needs)
            }
        };
        if let Some(values) = self.names.values.as_mut() {
            values.insert(key.name.clone(), secret);
        }
        let (name, span) = (key.name.clone(), Some(key.span));
        Some((ConnectionEntry { name, span, secret, source, need: Need::Unused }, needs))
    }

    /// The warning does not print the value; whoever shows the file's lines masks it.
    fn warn_of_secret(&mut self, name: &str, node: &Node) {
        if !secret_in_clear(name, node) {
            return;
        }
        let variable = format!("{}_{}", self.names.shown.trim_matches('`'), name).to_uppercase();
        self.findings.push(
            Diagnostic::warning(
                Code::SecretInClear,
                format!("`{name}` looks like a secret that is written in the file"),
            )
            .at(node.span, "its value is not shown")
            .help(format!(
                "write `{name}: {{ secret: true, from: env:{variable} }}` and put the value in `.env`"
            )),
        );
    }
}

/// Whether a connection's value is probably a secret that stands in the file as plain text.
pub fn secret_in_clear(name: &str, node: &Node) -> bool {
    let literal =
        matches!(&node.kind, NodeKind::Text(text) if !text.value.is_empty() && !text.value.contains("{{"));
    literal && looks_secret(name)
}

/// Whether something of this name is probably a secret.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let ends = ["secret", "password", "passwd", "token", "api_key", "apikey", "private_key", "access_key"];
    ends.iter().any(|end| name.ends_with(end))
}
