//! Values that a step takes out of a response, compiled.

use regex::Regex;

use super::scope::{Meaning, RESERVED, Room, Scope};
use super::written::Written;
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::expr::Expression;
use crate::expr::jsonpath::JsonPath;
use crate::spec::extract::{ExtractSpec, ExtractTable};
use crate::spec::node::{Key, Text};
use crate::spec::reader::SpecReader;
use crate::spec::table::Malformed;
use crate::spec::value;

/// One value to take out.
#[derive(Debug)]
pub struct ExtractPlan {
    /// What the names of its expression mean.
    pub meaning: Meaning,
    /// Its name, and where it stands.
    pub key: Key,
    /// Where the value is.
    pub source: ExtractSource,
    /// Whether it is a secret.
    pub secret: bool,
    /// The value when there is none.
    pub default: Option<serde_json::Value>,
    /// Whether all matches are taken, as a list.
    pub all: bool,
}

/// Where a value is.
#[derive(Debug)]
pub enum ExtractSource {
    /// In the JSON body.
    Path(Written<JsonPath>),
    /// In a header.
    Header(String),
    /// In the body's text, or in a header: the first group, else the whole match.
    Regex {
        /// The pattern.
        pattern: Regex,
        /// The header, if not the body.
        header: Option<String>,
    },
    /// The status code.
    Status,
    /// Computed.
    Expression(Written<Expression>),
}

impl ExtractSource {
    /// The path into the body, if that is where it is.
    pub fn path(&self) -> Option<&Written<JsonPath>> {
        match self {
            Self::Path(path) => Some(path),
            Self::Header(_) | Self::Regex { .. } | Self::Status | Self::Expression(_) => None,
        }
    }
}

/// Compiles one value.
pub fn build(
    key: &Key,
    spec: &ExtractSpec,
    scope: &Scope,
    findings: &mut Findings,
) -> Result<ExtractPlan, Malformed> {
    check_name(key, spec, scope, findings);
    match spec {
        ExtractSpec::Path(path) => {
            let path = Written::path(&path.0, findings)?;
            Ok(ExtractPlan {
                key: key.clone(),
                source: ExtractSource::Path(path),
                meaning: Meaning::default(),
                secret: false,
                default: None,
                all: false,
            })
        }
        ExtractSpec::Table(table) => {
            let (source, meaning) = source(table, scope, findings)?;
            Ok(ExtractPlan {
                key: key.clone(),
                source,
                secret: meaning.secret || table.secret.given() == Some(&true),
                meaning,
                default: table.default.given().map(|any| any.0.to_json()),
                all: table.all.given().copied().unwrap_or(false),
            })
        }
    }
}

fn check_name(key: &Key, spec: &ExtractSpec, scope: &Scope, findings: &mut Findings) {
    let mut reader = SpecReader::new(findings);
    if value::name(&key.name, key.span, &mut reader).is_none() {
        return;
    }
    if RESERVED.contains(&key.name.as_str()) || crate::expr::is_function(&key.name) {
        let finding =
            Diagnostic::error(Code::NameConflict, format!("`{}` is a name of the language itself", key.name));
        findings.push(finding.at(key.span, "").help("choose another name"));
        return;
    }
    if let (Some(earlier), false) = (scope.visible(&key.name, Room::Response), spec.replaces()) {
        findings.push(
            Diagnostic::error(
                Code::NameConflict,
                format!("step `{}` extracts `{}` already", earlier.step_name, key.name),
            )
            .at(key.span, "")
            .help("choose another name, or say `override: true` to replace the earlier value"),
        );
    }
}

/// The source, and what the names in it mean.
fn source(
    table: &ExtractTable,
    scope: &Scope,
    findings: &mut Findings,
) -> Result<(ExtractSource, Meaning), Malformed> {
    refuse_two_places(table, findings)?;
    if let Some(pattern) = table.regex.given() {
        let header = table.header.given().map(|text| text.value.clone());
        let pattern = regex(&pattern.0, findings)?;
        return Ok((ExtractSource::Regex { pattern, header }, Meaning::default()));
    }
    if let Some(header) = table.header.given() {
        return Ok((ExtractSource::Header(header.value.clone()), Meaning::default()));
    }
    if let Some(path) = table.jsonpath.given() {
        let path = Written::path(&path.0, findings)?;
        return Ok((ExtractSource::Path(path), Meaning::default()));
    }
    if let Some(text) = table.expr.given() {
        let written = Written::expression(&text.0, findings)?;
        let meaning = scope.check(written.item.uses(), &text.0, Room::Response, findings);
        return Ok((ExtractSource::Expression(written), meaning));
    }
    Ok((ExtractSource::Status, Meaning::default()))
}

fn refuse_two_places(table: &ExtractTable, findings: &mut Findings) -> Result<(), Malformed> {
    let places = [
        ("jsonpath", !table.jsonpath.is_absent()),
        ("header", !table.header.is_absent() && table.regex.is_absent()),
        ("regex", !table.regex.is_absent()),
        ("status", table.status.given() == Some(&true)),
        ("expr", !table.expr.is_absent()),
    ];
    let given: Vec<&str> = places.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    if given.len() == 1 {
        return Ok(());
    }
    let message = match given.as_slice() {
        [] => "this does not say where the value is".to_owned(),
        names => format!(
            "a value is found in one place, here are {}",
            crate::diagnostic::quoted_list(names.iter().copied())
        ),
    };
    let help = "give one of `jsonpath`, `header`, `regex`, `status: true` and `expr`; `regex` may name a `header` to read";
    findings.push(Diagnostic::error(Code::KeyConflict, message).at(table.span, "").help(help));
    Err(Malformed)
}

fn regex(text: &Text, findings: &mut Findings) -> Result<Regex, Malformed> {
    match Regex::new(&text.value) {
        Ok(pattern) => Ok(pattern),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let finding =
                Diagnostic::error(Code::BadRegex, format!("this is not a regular expression: {reason}"));
            findings.push(finding.at(text.span, "").help("single quotes keep `\\` as it is: `'id=(\\d+)'`"));
            Err(Malformed)
        }
    }
}
