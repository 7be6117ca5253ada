//! Secrets that stand in a pipeline as plain text. Their values are in no message; whoever shows the file's lines
//! masks the spans that are given here.

use super::connection::looks_secret;
use crate::diagnostic::{Code, Diagnostic, Findings, Span};
use crate::spec::node::{Node, NodeKind, Text};
use crate::spec::pipeline::{ParamSpec, PipelineSpec};
use crate::spec::request::RequestSpec;
use crate::spec::table::SpecField;
use crate::spec::value::{AnyValue, NamedMap};

/// A secret in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearSecret {
    /// What it is called: a param, a header, a field.
    pub name: String,
    /// Where its value stands.
    pub span: Span,
    /// The value; for the redactor, and nobody else.
    pub value: String,
    /// Whether it is the default of a param.
    of_param: bool,
}

impl ClearSecret {
    fn of(name: &str, node: &Node) -> Option<Self> {
        let text = node.as_text().filter(|text| is_written(&text.value))?;
        Some(Self { name: name.to_owned(), span: node.span, value: text.value.clone(), of_param: false })
    }

    fn help(&self) -> String {
        let upper = |next: char| if next.is_ascii_alphanumeric() { next.to_ascii_uppercase() } else { '_' };
        let variable: String = self.name.chars().map(upper).collect();
        if self.of_param {
            let name = &self.name;
            return format!(
                "write `{name}: {{ secret: true, required: true }}`, and run with `-p {name}=env:{variable}`"
            );
        }
        format!("write `{{{{ env.{variable} }}}}` in its place, and put the value in `.env`")
    }

    fn in_text(name: &str, text: &Text, at: usize, value: &str) -> Self {
        let span = text.span_of(at..at + value.len());
        Self { name: name.to_owned(), span, value: value.to_owned(), of_param: false }
    }
}

/// Headers whose value is a secret, whatever their name looks like.
const SECRET_HEADERS: [&str; 2] = ["authorization", "proxy-authorization"];

/// Every one of a pipeline, its inline connections aside.
pub fn of_pipeline(pipeline: &PipelineSpec) -> Vec<ClearSecret> {
    let steps = pipeline.steps.given().into_iter().flatten();
    let requests = steps.filter_map(|step| step.request.given()).flat_map(of_request);
    of_params(pipeline).into_iter().chain(requests).collect()
}

/// Warns of every one, without its value.
pub(super) fn warn(pipeline: &PipelineSpec, findings: &mut Findings) {
    for secret in of_pipeline(pipeline) {
        let message = format!("`{}` looks like a secret that is written in the file", secret.name);
        let finding =
            Diagnostic::warning(Code::SecretInClear, message).at(secret.span, "its value is not shown");
        findings.push(finding.help(secret.help()));
    }
}

fn of_params(pipeline: &PipelineSpec) -> Vec<ClearSecret> {
    let params = pipeline.params.given().into_iter().flat_map(|named| &named.0);
    let secret = params.filter_map(|(key, param)| {
        let default = match param.given()? {
            ParamSpec::Table(table) if table.secret.given() == Some(&true) => &table.default.given()?.0,
            ParamSpec::Default(node) if looks_secret(&key.name) => node,
            ParamSpec::Table(_) | ParamSpec::Default(_) => return None,
        };
        Some(ClearSecret { of_param: true, ..ClearSecret::of(&key.name, default)? })
    });
    secret.collect()
}

fn of_request(request: &RequestSpec) -> Vec<ClearSecret> {
    let mut found = request.url.given().map(|url| in_url(&url.0)).unwrap_or_default();
    for (name, node) in entries(&request.headers) {
        let lower = name.to_lowercase();
        if SECRET_HEADERS.contains(&lower.as_str()) || looks_secret(&lower.replace('-', "_")) {
            found.extend(ClearSecret::of(name, node));
        }
    }
    for (name, node) in entries(&request.query).chain(entries(&request.form)) {
        in_value(name, node, &mut found);
    }
    if let Some(json) = request.json.given() {
        in_value("", &json.0, &mut found);
    }
    found
}

fn entries(field: &SpecField<NamedMap<AnyValue>>) -> impl Iterator<Item = (&str, &Node)> {
    let named = field.given().into_iter().flat_map(|named| &named.0);
    named.filter_map(|(key, value)| Some((key.name.as_str(), &value.given()?.0)))
}

fn in_value(name: &str, node: &Node, found: &mut Vec<ClearSecret>) {
    match &node.kind {
        NodeKind::Map(members) => members.iter().for_each(|(key, member)| in_value(&key.name, member, found)),
        NodeKind::List(items) => items.iter().for_each(|item| in_value(name, item, found)),
        NodeKind::Text(_) if looks_secret(name) => found.extend(ClearSecret::of(name, node)),
        NodeKind::Null
        | NodeKind::Bool(_)
        | NodeKind::Integer(_)
        | NodeKind::Number(_)
        | NodeKind::Text(_) => {}
    }
}

/// A password before the host, and parameters behind the question mark.
fn in_url(text: &Text) -> Vec<ClearSecret> {
    let url = text.value.as_str();
    let mut found = Vec::new();
    let start = url.find("://").map_or(0, |at| at + 3);
    let authority = url[start..].split(['/', '?', '#']).next().unwrap_or_default();
    if let Some((user, _)) = authority.rsplit_once('@')
        && let Some((name, password)) = user.split_once(':')
        && is_written(password)
    {
        let at = start + name.len() + 1;
        found.push(ClearSecret::in_text("password", text, at, password));
    }
    let mut at = url.find('?').map_or(url.len(), |at| at + 1);
    for pair in url.get(at..).unwrap_or_default().split('&') {
        if let Some((name, value)) = pair.split_once('=')
            && looks_secret(name)
            && is_written(value)
        {
            found.push(ClearSecret::in_text(name, text, at + name.len() + 1, value));
        }
        at += pair.len() + 1;
    }
    found
}

fn is_written(text: &str) -> bool {
    !text.is_empty() && !text.contains("{{") && !text.contains("{%")
}
