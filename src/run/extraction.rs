//! Taking the named values out of a response.

use std::sync::Arc;

use minijinja::value::Value;

use super::answer::Answer;
use super::{failure, secrets};
use crate::diagnostic::{Code, Diagnostic, Span, nearest, quoted_list};
use crate::expr::jsonpath::{JsonPath, PlainPath};
use crate::plan::extract::{ExtractPlan, ExtractSource};
use crate::plan::step::StepPlan;
use crate::plan::written::Written;
use crate::record::{Page, PageError};
use crate::secret::Redactor;

/// What is needed to take values out of a response.
#[derive(Debug)]
pub(super) struct Extraction<'a> {
    /// The step.
    pub step: &'a StepPlan,
    /// The response.
    pub answer: &'a Arc<Answer>,
    /// The names its expressions see.
    pub context: &'a Value,
    /// Learns the secrets.
    pub redactor: &'a Redactor,
}

impl Extraction<'_> {
    /// Teaches the redactor the secrets of an answer before anything of it can be shown. What cannot be found now is
    /// reported when it is needed.
    pub(super) fn learn_secrets(&self) {
        for extract in self.step.extract.iter().filter(|extract| extract.secret) {
            let _ = self.value(extract);
        }
    }

    /// All values of the step, in order.
    pub(super) fn values(&self) -> Result<Vec<(String, Value)>, Diagnostic> {
        self.step.extract.iter().map(|extract| Ok((extract.key.name.clone(), self.value(extract)?))).collect()
    }

    fn value(&self, extract: &ExtractPlan) -> Result<Value, Diagnostic> {
        let found = match &extract.source {
            ExtractSource::Path(path) => self.by_path(path, extract)?,
            ExtractSource::Header(name) => self.header(name).map(Value::from).into_iter().collect(),
            ExtractSource::Regex { pattern, header } => {
                self.by_regex(pattern, header.as_deref(), extract.all)
            }
            ExtractSource::Status => vec![Value::from(self.answer.response.status.as_u16())],
            ExtractSource::Expression(written) => match written.value(self.context) {
                Ok(value) => vec![value],
                Err(error) if error.undefined && extract.default.is_some() => vec![],
                Err(error) => return Err(failure::evaluation(&self.step.name, &error)),
            },
        };
        let value = self.one_or_all(found, extract)?;
        learn(extract, &value, self.redactor);
        Ok(value)
    }

    fn one_or_all(&self, found: Vec<Value>, extract: &ExtractPlan) -> Result<Value, Diagnostic> {
        if extract.all && !found.is_empty() {
            return Ok(Value::from(found));
        }
        match (found.into_iter().next(), &extract.default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(Value::from(minijinja::value::Serde(default))),
            (None, None) => Err(self.no_match(extract)),
        }
    }

    fn by_path(&self, path: &Written<JsonPath>, extract: &ExtractPlan) -> Result<Vec<Value>, Diagnostic> {
        let page = match self.answer.page() {
            Ok(page) => page,
            Err(_) if extract.default.is_some() => return Ok(vec![]),
            Err(error) => return Err(self.not_json(&error, path.text.span)),
        };
        let ranges = page.find(&path.item).map_err(|error| self.not_json(&error, path.text.span))?;
        ranges.into_iter().map(|range| self.parse(&page.text()[range], path.text.span)).collect()
    }

    fn parse(&self, raw: &[u8], span: Span) -> Result<Value, Diagnostic> {
        let value: serde_json::Value = serde_json::from_slice(raw).map_err(|error| {
            failure::at(
                Code::BadBody,
                &self.step.name,
                &format!("the value there cannot be read: {error}"),
                span,
            )
        })?;
        // A whole number that no number type holds keeps its digits as text.
        if value.is_f64() && raw.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') {
            let text = String::from_utf8_lossy(raw);
            return Ok(text.parse::<i128>().map_or_else(|_| Value::from(text.as_ref()), Value::from));
        }
        Ok(Value::from(minijinja::value::Serde(value)))
    }

    fn header(&self, name: &str) -> Option<String> {
        self.answer.response.header(name).map(str::to_owned)
    }

    fn by_regex(&self, pattern: &regex::Regex, header: Option<&str>, all: bool) -> Vec<Value> {
        let text = match header {
            Some(name) => self.header(name).unwrap_or_default(),
            None => String::from_utf8_lossy(&self.answer.response.body).into_owned(),
        };
        let most = if all { usize::MAX } else { 1 };
        let matches = pattern.captures_iter(&text).take(most);
        matches
            .filter_map(|found| Some(Value::from(found.get(1).or_else(|| found.get(0))?.as_str())))
            .collect()
    }

    fn not_json(&self, error: &PageError, span: Span) -> Diagnostic {
        not_json(&self.step.name, error, span)
    }

    fn no_match(&self, extract: &ExtractPlan) -> Diagnostic {
        let step = &self.step.name;
        let name = &extract.key.name;
        let or_default = "if it may be missing, give it a `default`";
        match &extract.source {
            ExtractSource::Path(path) => {
                let page = self.answer.page().ok();
                nothing_at(step, &format!("`{name}`"), path, page.map(Arc::as_ref)).help(or_default)
            }
            ExtractSource::Header(header) => {
                let there: Vec<&str> =
                    self.answer.response.headers.keys().map(http::HeaderName::as_str).collect();
                let guess =
                    nearest(header, there.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                failure::at(
                    Code::NoMatch,
                    step,
                    &format!("`{name}`: the answer has no header `{header}`"),
                    extract.key.span,
                )
                .note(format!("headers there: {}", quoted_list(there)))
                .help_if(guess)
                .help(or_default)
            }
            ExtractSource::Regex { .. } | ExtractSource::Status | ExtractSource::Expression(_) => {
                failure::at(
                    Code::NoMatch,
                    step,
                    &format!("`{name}`: nothing in the answer matches"),
                    extract.key.span,
                )
                .help(or_default)
            }
        }
    }
}

/// Masks a value from now on, if the plan says that it is a secret.
pub(super) fn learn(extract: &ExtractPlan, value: &Value, redactor: &Redactor) {
    if extract.secret {
        secrets::learn(redactor, value);
    }
}

/// The body is not JSON, where it should be.
pub(super) fn not_json(step: &str, error: &PageError, span: Span) -> Diagnostic {
    failure::at(Code::BadBody, step, &error.to_string(), span).help_if(error.help().map(str::to_owned))
}

/// Nothing at a path: the keys that are there say why.
pub(super) fn nothing_at(
    step: &str,
    what: &str,
    path: &Written<JsonPath>,
    page: Option<&Page>,
) -> Diagnostic {
    let finding = failure::at(
        Code::NoMatch,
        step,
        &format!("{what}: nothing at `{}` in the answer", path.item.source()),
        path.text.span,
    );
    let Some((page, plain)) = page.zip(path.item.plain()) else { return finding };
    let (depth, keys) = page.keys_at(&plain.names);
    let at = if depth == 0 {
        "at the top".to_owned()
    } else {
        format!("at `{}`", PlainPath { names: plain.names[..depth].to_vec(), each: false })
    };
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let there = if keys.is_empty() {
        format!("{at} there is no object with keys")
    } else {
        format!("the keys {at} are {}", quoted_list(keys.iter().copied()))
    };
    let guess = plain
        .names
        .get(depth)
        .and_then(|name| nearest(name, keys.iter().copied()))
        .map(|near| format!("did you mean `{near}`?"));
    finding.note(there).help_if(guess)
}
