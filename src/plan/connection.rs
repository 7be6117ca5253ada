//! Connections as a run uses them: where each value comes from. The values themselves are looked up when a run starts.

use std::collections::BTreeMap;

use serde_json::Value;

use super::auth::{self, AuthHome, AuthPlan};
use super::need::{self, Need, ValueUse};
use super::scope::{ConnectionNames, Room, Scope, VariableUse};
use super::source::Outside;
use super::value::ValuePlan;
use super::written::EvaluationError;
use crate::diagnostic::{Code, Diagnostic, Findings, Span, nearest, quoted_list};
use crate::expr::mapping;
use crate::spec::auth::AuthSpec;
use crate::spec::connection::{ConnectionSpec, ConnectionUse, ConnectionValue};
use crate::spec::node::{Key, Node, NodeKind};
use crate::spec::value::Placed;

/// A connection, ready to be looked up.
#[derive(Debug)]
pub struct ConnectionPlan {
    /// Its name, or `inline`.
    pub name: String,
    /// Its values, in an order in which each only needs earlier ones.
    pub values: Vec<ConnectionEntry>,
    /// Word in an answer → what to say to the user.
    pub hints: Vec<(String, String)>,
    /// How its requests prove who asks, by index in the plan.
    pub auth: Option<usize>,
    /// What only a sign-in brings.
    pub kept: Vec<String>,
}

impl ConnectionPlan {
    /// Whether a value is there only after a sign-in: it is kept, or needs what is.
    pub fn is_late(&self, name: &str) -> bool {
        let own = self.values.iter().any(|entry| entry.name == name && entry.late);
        own || (self.kept.iter().any(|kept| kept == name)
            && !self.values.iter().any(|entry| entry.name == name))
    }

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
    /// Whether it needs what only a sign-in brings.
    pub late: bool,
    /// Whether a run needs it.
    pub need: Need,
}

impl ConnectionEntry {
    /// The values of the connection that it needs.
    pub fn needs(&self) -> Vec<String> {
        self.source.uses().into_iter().filter_map(|found| found.name).collect()
    }

    /// The environment variable that it comes from.
    pub fn variable(&self) -> Option<&str> {
        match &self.source {
            ConnectionSource::Outside(outside) => outside.variable(),
            ConnectionSource::Written(_) => None,
        }
    }

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

    pub(super) fn written(&self) -> Option<&ValuePlan> {
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
    /// How requests prove who asks.
    pub auths: Vec<AuthPlan>,
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
        let file = matches!(used, ConnectionUse::Named(_)).then_some(name.as_str());
        let built = build(&name, file, spec, overlay, findings);
        let index = self.add(built);
        (Some(index), self.names[index].clone())
    }

    /// Takes over a connection with its `auth`.
    fn add(&mut self, built: Built) -> usize {
        let index = self.list.len();
        let Built { mut plan, names, auth } = built;
        plan.auth = auth.map(|auth| self.add_auth(auth, Some(index)));
        self.list.push(plan);
        self.names.push(names);
        index
    }

    /// Takes over what proves who asks, in the scope of a connection.
    fn add_auth(&mut self, auth: AuthPlan, connection: Option<usize>) -> usize {
        self.auths.push(AuthPlan { connection, ..auth });
        self.auths.len() - 1
    }

    /// What a request says for itself instead of its connection. None: nothing, or it is malformed.
    pub fn own_auth(
        &mut self,
        spec: &Placed<AuthSpec>,
        connection: Option<usize>,
        findings: &mut Findings,
    ) -> Option<usize> {
        let nobody = ConnectionNames::default();
        let plan = connection.map(|index| &self.list[index]);
        let late = plan.map(late_names).unwrap_or_default();
        let home = AuthHome {
            file: None,
            names: connection.map_or(&nobody, |index| &self.names[index]),
            late: &late,
            has_base_url: plan.is_some_and(has_base_url),
        };
        let auth = auth::build(spec, home, findings)?;
        Some(self.add_auth(auth, connection))
    }
}

/// A connection by itself, as `river auth` needs it.
#[derive(Debug)]
pub struct Alone {
    /// Its values.
    pub connection: ConnectionPlan,
    /// How its requests prove who asks.
    pub auth: Option<AuthPlan>,
}

impl Alone {
    /// Its `auth` is needed, and what that reads of the connection.
    pub fn mark_used(&mut self) {
        let Some(auth) = &mut self.auth else { return };
        auth.mark_used();
        let uses = auth.uses().into_iter().map(|found| (0, found));
        need::mark(std::slice::from_mut(&mut self.connection), uses);
    }

    /// The environment variables that its templates read.
    pub fn environment(&self) -> Vec<VariableUse> {
        let auth = self.auth.as_ref().map(AuthPlan::environment).unwrap_or_default();
        self.connection.environment().into_iter().chain(auth).collect()
    }
}

/// Compiles a connection by itself.
pub fn alone(name: &str, spec: &ConnectionSpec, overlay: &[Overlay], findings: &mut Findings) -> Alone {
    let built = build(name, Some(name), spec, overlay, findings);
    Alone { connection: built.plan, auth: built.auth }
}

fn late_names(plan: &ConnectionPlan) -> Vec<String> {
    let late = plan.values.iter().filter(|entry| entry.late).map(|entry| entry.name.clone());
    plan.kept.iter().cloned().chain(late).collect()
}

fn has_base_url(plan: &ConnectionPlan) -> bool {
    plan.values.iter().any(|entry| entry.name == "base_url")
}

struct Built {
    plan: ConnectionPlan,
    names: ConnectionNames,
    auth: Option<AuthPlan>,
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
    file: Option<&str>,
    spec: &ConnectionSpec,
    overlay: &[Overlay],
    findings: &mut Findings,
) -> Built {
    let kept = kept_names(spec, findings);
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
    names.extend(kept.iter().map(|name| (name.clone(), false)));
    let shown = format!("`{name}`");
    let mut builder = Builder { names: ConnectionNames { values: Some(names), shown }, findings };
    let mut values: Vec<ConnectionEntry> = overlay.iter().map(overlaid).collect();
    values.extend(builder.in_order(&own));
    mark_late(&mut values, &kept);
    let names = builder.names;
    let hints = spec.hints.given().map(|hints| {
        hints
            .0
            .iter()
            .filter_map(|(key, text)| Some((key.name.clone(), text.given()?.value.clone())))
            .collect()
    });
    let plan =
        ConnectionPlan { name: name.to_owned(), values, hints: hints.unwrap_or_default(), auth: None, kept };
    let late = late_names(&plan);
    let home = AuthHome { file, names: &names, late: &late, has_base_url: has_base_url(&plan) };
    let auth = spec.auth.given().and_then(|auth| auth::build(auth, home, findings));
    Built { plan, names, auth }
}

/// The names that a sign-in fills.
fn kept_names(spec: &ConnectionSpec, findings: &mut Findings) -> Vec<String> {
    let Some(AuthSpec::OAuth2(oauth2)) = spec.auth.given().map(|auth| &auth.value) else { return vec![] };
    let keys = oauth2.keep.given().into_iter().flat_map(|keep| &keep.0).map(|(key, _)| key);
    keys.map(|key| {
        if let Some((own, _)) = spec.values.0.iter().find(|(own, _)| own.name == key.name) {
            let message = format!("`{}` is a value of the connection already", key.name);
            let finding = Diagnostic::error(Code::NameConflict, message).at(key.span, "kept under this name");
            findings.push(finding.at(own.span, "set here").help("give one of them another name"));
        }
        key.name.clone()
    })
    .collect()
}

/// What needs a kept value is there only after a sign-in. The values are in an order in which each needs earlier ones.
fn mark_late(values: &mut [ConnectionEntry], kept: &[String]) {
    let mut late: Vec<String> = kept.to_vec();
    for entry in values {
        entry.late = entry.needs().iter().any(|need| late.contains(need));
        if entry.late {
            late.push(entry.name.clone());
        }
    }
}

fn overlaid(value: &Overlay) -> ConnectionEntry {
    let source = ConnectionSource::Written(ValuePlan::Constant(Value::from(value.value.as_str())));
    ConnectionEntry {
        name: value.name.clone(),
        span: None,
        secret: value.secret,
        source,
        late: false,
        need: Need::Unused,
    }
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
        let entry = make_entry(&key.name, &self.names, value, self.findings)?;
        if let Some(values) = self.names.values.as_mut() {
            values.insert(key.name.clone(), entry.secret);
        }
        let needs = entry.needs();
        Some((ConnectionEntry { span: Some(key.span), ..entry }, needs))
    }
}

/// Compiles one value. None: it is malformed, and a finding says why.
pub(super) fn make_entry(
    name: &str,
    names: &ConnectionNames,
    value: &ConnectionValue,
    findings: &mut Findings,
) -> Option<ConnectionEntry> {
    let (source, secret, span) = match value {
        ConnectionValue::Source(table) => {
            let source = ConnectionSource::Outside(Outside::build(table, findings)?);
            (source, is_secret(Some(value)), table.span)
        }
        ConnectionValue::Literal(node) => {
            if looks_secret(name) {
                warn_in_clear(name, &names.shown, node, findings);
            }
            let scope = Scope { connection: Some(names.clone()), ..Scope::default() };
            let plan = ValuePlan::build(node, &scope, Room::Before, findings).ok()?;
            let secret = plan.meaning().secret || looks_secret(name);
            (ConnectionSource::Written(plan), secret, node.span)
        }
    };
    Some(ConnectionEntry {
        name: name.to_owned(),
        span: Some(span),
        secret,
        source,
        late: false,
        need: Need::Unused,
    })
}

/// The warning does not print the value; whoever shows the file's lines masks it.
pub(super) fn warn_in_clear(name: &str, connection: &str, node: &Node, findings: &mut Findings) {
    if !is_written(node) {
        return;
    }
    let name = name.rsplit('.').next().unwrap_or(name);
    let variable = format!("{}_{}", connection.trim_matches('`'), name).to_uppercase();
    findings.push(
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

/// Whether a connection's value is probably a secret that stands in the file as plain text.
pub fn secret_in_clear(name: &str, node: &Node) -> bool {
    is_written(node) && looks_secret(name)
}

fn is_written(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Text(text) if !text.value.is_empty() && !text.value.contains("{{"))
}

/// Whether something of this name is probably a secret.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let ends = ["secret", "password", "passwd", "token", "api_key", "apikey", "private_key", "access_key"];
    ends.iter().any(|end| name.ends_with(end))
}
