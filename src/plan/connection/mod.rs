//! Connections as a run uses them: where each value comes from. The values themselves are looked up when a run starts.

mod build;

use std::collections::BTreeMap;

use super::auth::{self, AuthHome, AuthPlan};
use super::need::{self, Need, ValueUse};
use super::scope::{ConnectionNames, VariableUse};
use super::source::Outside;
use super::value::ValuePlan;
use crate::diagnostic::{Code, Diagnostic, Findings, Span, nearest, quoted_list};
use crate::spec::auth::AuthSpec;
use crate::spec::connection::{ConnectionSpec, ConnectionUse};
use crate::spec::node::Node;
use crate::spec::value::Spanned;
use build::build;
pub(super) use build::{make_entry, warn_in_clear};

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
        let used = self.values.iter().filter(|entry| entry.need.is_used());
        let variables = used.flat_map(|entry| {
            let optional = entry.need.is_optional();
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
        let is_constant = self.source.written().and_then(ValuePlan::constant).is_some();
        is_constant || self.need.is_used()
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

    /// What stands in the file.
    pub fn written(&self) -> Option<&ValuePlan> {
        match self {
            Self::Written(plan) => Some(plan),
            Self::Outside(_) => None,
        }
    }

    /// Where it is taken from when a run starts.
    pub fn outside(&self) -> Option<&Outside> {
        match self {
            Self::Outside(outside) => Some(outside),
            Self::Written(_) => None,
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
        let known = |plan: &ConnectionPlan| used.name().is_some_and(|name| plan.name == name);
        if let Some(index) = self.list.iter().position(known) {
            return (Some(index), self.names[index].clone());
        }
        let overlay = files.overlays.get(&name).map(Vec::as_slice).unwrap_or_default();
        let built = build(&name, used.name(), spec, overlay, findings);
        let index = self.add(built);
        (Some(index), self.names[index].clone())
    }

    /// Takes over a connection with its `auth`.
    fn add(&mut self, built: build::Built) -> usize {
        let index = self.list.len();
        let build::Built { mut plan, names, auth } = built;
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
        spec: &Spanned<AuthSpec>,
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
        || plan.kept.iter().any(|kept| kept == "base_url")
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

/// Whether a connection's value is probably a secret that stands in the file as plain text.
pub fn secret_in_clear(name: &str, node: &Node) -> bool {
    is_written(node) && looks_secret(name)
}

fn is_written(node: &Node) -> bool {
    node.as_text().is_some_and(|text| !text.value.is_empty() && !text.value.contains("{{"))
}

/// Whether something of this name is probably a secret.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let ends = ["secret", "password", "passwd", "token", "api_key", "apikey", "private_key", "access_key"];
    ends.iter().any(|end| name.ends_with(end))
}
