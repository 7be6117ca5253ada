//! Spec → plan of a connection: its values in an order in which each only needs earlier ones, with every finding.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    ConnectionEntry, ConnectionPlan, ConnectionSource, Overlay, has_base_url, is_written, late_names,
    looks_secret,
};
use crate::diagnostic::{Code, Diagnostic, Findings, quoted_list};
use crate::expr::mapping;
use crate::plan::auth::{self, AuthHome, AuthPlan};
use crate::plan::need::Need;
use crate::plan::scope::{ConnectionNames, Room, Scope};
use crate::plan::source::Outside;
use crate::plan::value::ValuePlan;
use crate::plan::written::EvaluationError;
use crate::spec;
use crate::spec::connection::{ConnectionSpec, ConnectionValue};
use crate::spec::node::{Key, Node};

pub(super) struct Built {
    pub(super) plan: ConnectionPlan,
    pub(super) names: ConnectionNames,
    pub(super) auth: Option<AuthPlan>,
}

pub(super) fn build(
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
    refuse_base_url(&values, builder.findings);
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
    let Some(oauth2) = spec.auth.given().and_then(|auth| auth.value.oauth2()) else { return vec![] };
    let keys = oauth2.keep.given().into_iter().flat_map(|keep| &keep.0).map(|(key, _)| key);
    keys.map(|key| {
        if spec::connection::OWN_KEYS.contains(&key.name.as_str()) {
            let message = format!("`{}` is a key of connections, and cannot be a value", key.name);
            let finding = Diagnostic::error(Code::NameConflict, message).at(key.span, "kept under this name");
            findings.push(finding.help("give it another name"));
        }
        if let Some((own, _)) = spec.values.0.iter().find(|(own, _)| own.name == key.name) {
            let message = format!("`{}` is a value of the connection already", key.name);
            let finding = Diagnostic::error(Code::NameConflict, message).at(key.span, "kept under this name");
            findings.push(finding.at(own.span, "set here").help("give one of them another name"));
        }
        key.name.clone()
    })
    .collect()
}

/// A `base_url` that stands in the file and is none would fail in every step that joins it.
fn refuse_base_url(values: &[ConnectionEntry], findings: &mut Findings) {
    let base = values.iter().find(|entry| entry.name == "base_url");
    let Some(base) = base.filter(|base| base.span.is_some()) else { return };
    let Some(text) = base.source.written().and_then(ValuePlan::literal) else { return };
    let is_web = url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !is_web {
        let finding = Diagnostic::error(Code::BadUrl, format!("`base_url` is `{text}`, which is not a URL"));
        findings.push(finding.at_if(base.span).help("a URL is `https://HOST` or `https://HOST/PATH`"));
    }
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
        Some(ConnectionValue::Literal(_)) | None => false,
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
            let Some(plan) = entry.source.written() else { continue };
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
            let constant = entry.source.written().and_then(ValuePlan::constant);
            let scalar = constant.is_some_and(|value| !value.is_object() && !value.is_array());
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
pub(in crate::plan) fn make_entry(
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
pub(in crate::plan) fn warn_in_clear(name: &str, connection: &str, node: &Node, findings: &mut Findings) {
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
