//! Params: their defaults, their types, and what the command line sets.

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Findings, Span, nearest, quoted_list};
use crate::secret::Environment;
use crate::spec::node::{Key, Node, NodeKind};
use crate::spec::pipeline::{ParamSpec, ParamTable, ParamType};
use crate::spec::table::SpecField;
use crate::spec::value::NamedMap;

/// One param with its value for this run.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Whether the value is a secret.
    pub secret: bool,
}

/// Works out the value of every param. `given` is what the command line sets; `complete` is false when only the file
/// is checked, and a required param may still come. None when the params cannot be read.
pub fn params(
    spec: &SpecField<NamedMap<ParamSpec>>,
    given: &[(String, String)],
    environment: &Environment,
    complete: bool,
    findings: &mut Findings,
) -> Option<Vec<Param>> {
    let empty = NamedMap(vec![]);
    let declared = match spec {
        SpecField::Given(named) => named,
        SpecField::Absent => &empty,
        SpecField::Malformed => return None,
    };
    report_unknown(declared, given, findings);
    let mut maker = Maker { environment, complete, findings };
    Some(
        declared
            .0
            .iter()
            .filter_map(|(key, spec)| maker.param(key, spec.given()?, last_given(given, &key.name)))
            .collect(),
    )
}

fn last_given<'g>(given: &'g [(String, String)], name: &str) -> Option<&'g str> {
    given.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
}

fn report_unknown(declared: &NamedMap<ParamSpec>, given: &[(String, String)], findings: &mut Findings) {
    let names: Vec<&str> = declared.0.iter().map(|(key, _)| key.name.as_str()).collect();
    for (name, _) in given.iter().filter(|(name, _)| !names.contains(&name.as_str())) {
        let guess = nearest(name, names.iter().copied()).map(|word| format!("did you mean `-p {word}=…`?"));
        let has = if names.is_empty() {
            "it has no params".to_owned()
        } else {
            format!("it has {}", quoted_list(names.iter().copied()))
        };
        findings.push(
            Diagnostic::error(Code::BadParam, format!("the pipeline has no param `{name}`"))
                .help_if(guess)
                .help(has),
        );
    }
}

struct Maker<'a> {
    environment: &'a Environment,
    complete: bool,
    findings: &'a mut Findings,
}

impl Maker<'_> {
    fn param(&mut self, key: &Key, spec: &ParamSpec, given: Option<&str>) -> Option<Param> {
        match spec {
            ParamSpec::Default(node) => self.short(key, node, given),
            ParamSpec::Table(table) => self.long(key, table, given),
        }
    }

    fn short(&mut self, key: &Key, node: &Node, given: Option<&str>) -> Option<Param> {
        let given = given.map(|text| Given { text, secret: comes_from_environment(text) });
        let value = match given {
            Some(given) => self.given(key, given, type_of(node))?,
            None => node.to_json(),
        };
        Some(Param { name: key.name.clone(), value, secret: given.is_some_and(|given| given.secret) })
    }

    fn long(&mut self, key: &Key, table: &ParamTable, given: Option<&str>) -> Option<Param> {
        let default = table.default.given().map(|any| &any.0);
        let kind = table.kind.given().copied().or_else(|| default.and_then(type_of));
        let secret = table.secret.given() == Some(&true) || given.is_some_and(comes_from_environment);
        let given = given.map(|text| Given { text, secret });
        if let (Some(kind), Some(node)) = (kind, default) {
            self.check_default(node, kind);
        }
        let value = match (given, default) {
            (Some(given), _) => self.given(key, given, kind)?,
            (None, Some(node)) => node.to_json(),
            (None, None) if table.required.given() == Some(&true) && self.complete => {
                self.missing(key, table);
                return None;
            }
            (None, None) => Value::Null,
        };
        let open = value.is_null() && given.is_none();
        if let Some(allowed) = table.one_of.given()
            && !open
            && !allowed.iter().any(|any| any.0.to_json() == value)
        {
            let allowed: Vec<String> = allowed.iter().map(|any| text_of(&any.0.to_json())).collect();
            let found = (!secret).then(|| text_of(&value));
            let at = if given.is_none() { default.map(|node| node.span) } else { None };
            self.not_one_of(key, found.as_deref(), &allowed, at);
        }
        Some(Param { name: key.name.clone(), value, secret })
    }

    fn given(&mut self, key: &Key, given: Given<'_>, kind: Option<ParamType>) -> Option<Value> {
        let text = match given.text.strip_prefix("env:") {
            None => given.text.to_owned(),
            Some(variable) => self.variable(key, variable)?,
        };
        let kind = kind.unwrap_or(ParamType::String);
        let value = read(&text, kind);
        if value.is_none() {
            // What comes from the environment is named, never shown.
            let shown = if given.secret && !comes_from_environment(given.text) { "***" } else { given.text };
            let message = format!("`-p {}={shown}` is not {}", key.name, describe(kind));
            let help = format!("for example `-p {}={}`", key.name, example(kind));
            self.findings.push(Diagnostic::error(Code::BadParam, message).help(help));
        }
        value
    }

    fn variable(&mut self, key: &Key, variable: &str) -> Option<String> {
        let value = self.environment.get(variable).map(|value| value.expose().to_owned());
        if value.is_none() {
            let message = format!(
                "`-p {}=env:{variable}`: there is no `{variable}` in the environment, in `.env` or among the kept secrets",
                key.name
            );
            let finding = Diagnostic::error(Code::MissingSecret, message);
            self.findings.push(finding.help(format!(
                "`export {variable}=…`, or add a line `{variable}=…` to `.env`, or keep it: `river secrets set {variable}`"
            )));
        }
        value
    }

    fn check_default(&mut self, node: &Node, kind: ParamType) {
        if fits(node, kind) {
            return;
        }
        self.findings.push(
            Diagnostic::error(Code::BadValue, format!("the default is not {}", describe(kind)))
                .at(node.span, format!("found {}", node.describe()))
                .help(format!("for example `{}`", example(kind))),
        );
    }

    fn missing(&mut self, key: &Key, table: &ParamTable) {
        let what = table.description.given().map(|text| format!(": {}", text.value)).unwrap_or_default();
        self.findings.push(
            Diagnostic::error(Code::BadParam, format!("param `{}` is required{what}", key.name))
                .at(key.span, "has no default")
                .help(format!("give it: `-p {}=…`", key.name)),
        );
    }

    fn not_one_of(&mut self, key: &Key, found: Option<&str>, allowed: &[String], at: Option<Span>) {
        let allowed = allowed.iter().map(String::as_str);
        let guess = found
            .and_then(|found| nearest(found, allowed.clone()))
            .map(|word| format!("did you mean `{word}`?"));
        let shown = found.map_or("this secret value".to_owned(), |found| format!("`{found}`"));
        let finding =
            Diagnostic::error(Code::BadParam, format!("param `{}` cannot be {shown}", key.name)).at_if(at);
        self.findings.push(finding.help_if(guess).help(format!("allowed: {}", quoted_list(allowed))));
    }
}

/// A value of the command line.
#[derive(Debug, Clone, Copy)]
struct Given<'g> {
    text: &'g str,
    secret: bool,
}

fn comes_from_environment(text: &str) -> bool {
    text.starts_with("env:")
}

fn type_of(node: &Node) -> Option<ParamType> {
    Some(match &node.kind {
        NodeKind::Null | NodeKind::Map(_) => return None,
        NodeKind::Bool(_) => ParamType::Boolean,
        NodeKind::Integer(_) => ParamType::Integer,
        NodeKind::Number(_) => ParamType::Number,
        NodeKind::Text(_) => ParamType::String,
        NodeKind::List(_) => ParamType::List,
    })
}

fn fits(node: &Node, kind: ParamType) -> bool {
    let of_kind = match kind {
        ParamType::String => node.as_text().is_some(),
        ParamType::Integer => node.as_integer().is_some(),
        ParamType::Number => node.is_number(),
        ParamType::Boolean => node.as_bool().is_some(),
        ParamType::List => node.as_list().is_some(),
        ParamType::Date | ParamType::Datetime => {
            node.as_text().is_some_and(|text| read(&text.value, kind).is_some())
        }
    };
    of_kind || node.is_null()
}

/// Reads text of the command line by a type.
fn read(text: &str, kind: ParamType) -> Option<Value> {
    match kind {
        ParamType::String => Some(Value::from(text)),
        ParamType::Integer => text.parse::<i64>().ok().map(Value::from),
        ParamType::Number => text.parse::<serde_json::Number>().ok().map(Value::Number),
        ParamType::Boolean => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        ParamType::List if text.trim_start().starts_with('[') => {
            serde_json::from_str(text).ok().filter(Value::is_array)
        }
        ParamType::List => {
            Some(text.split(',').map(|item| Value::from(item.trim())).filter(|item| item != "").collect())
        }
        ParamType::Date => text.parse::<jiff::civil::Date>().ok().map(|_| Value::from(text)),
        ParamType::Datetime => text.parse::<jiff::Timestamp>().ok().map(|_| Value::from(text)),
    }
}

fn describe(kind: ParamType) -> &'static str {
    match kind {
        ParamType::String => "text",
        ParamType::Integer => "a whole number",
        ParamType::Number => "a number",
        ParamType::Boolean => "`true` or `false`",
        ParamType::List => "a list",
        ParamType::Date => "a day",
        ParamType::Datetime => "an instant with its offset",
    }
}

fn example(kind: ParamType) -> &'static str {
    match kind {
        ParamType::String => "text",
        ParamType::Integer => "42",
        ParamType::Number => "0.5",
        ParamType::Boolean => "true",
        ParamType::List => "a,b,c",
        ParamType::Date => "2026-11-23",
        ParamType::Datetime => "2026-11-23T12:00:00+01:00",
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
