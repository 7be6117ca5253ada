//! Something compiled, together with the text it was written as: run-time errors can point at it.

use std::ops::Range;

use minijinja::value::Value;

use crate::diagnostic::{Code, Diagnostic, Findings, Span};
use crate::expr::jsonpath::JsonPath;
use crate::expr::{Expression, ExpressionError, Template};
use crate::spec::node::Text;
use crate::spec::table::Malformed;

/// A compiled thing and its text.
#[derive(Debug)]
pub struct Written<T> {
    /// What it was compiled to.
    pub item: T,
    /// How it stands in the file.
    pub text: Text,
}

impl<T> Written<T> {
    /// The span of a range of the text, or of all of it.
    pub fn span_of(&self, range: Option<Range<usize>>) -> Span {
        range.map_or(self.text.span, |range| self.text.span_of(range))
    }
}

/// An evaluation that failed, and where in the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvaluationError {
    /// Whether the reason is a value that is not there.
    pub undefined: bool,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
}

impl Written<Expression> {
    /// Compiles an expression; what is wrong becomes a finding.
    pub fn expression(text: &Text, findings: &mut Findings) -> Result<Self, Malformed> {
        let compiled = Expression::compile(&text.value).map_err(|error| syntax(text, error, "expression"));
        Self::of(text, compiled, findings)
    }

    /// Its value.
    pub fn value(&self, context: &Value) -> Result<Value, EvaluationError> {
        self.item.value(context).map_err(|error| self.evaluation(error))
    }

    /// Its value as a condition.
    pub fn truth(&self, context: &Value) -> Result<bool, EvaluationError> {
        self.item.truth(context).map_err(|error| self.evaluation(error))
    }
}

impl Written<Template> {
    /// Compiles a template; what is wrong becomes a finding.
    pub fn template(text: &Text, findings: &mut Findings) -> Result<Self, Malformed> {
        let compiled = Template::compile(&text.value).map_err(|error| syntax(text, error, "template"));
        Self::of(text, compiled, findings)
    }

    /// Its value.
    pub fn value(&self, context: &Value) -> Result<Value, EvaluationError> {
        self.item.value(context).map_err(|error| self.evaluation(error))
    }

    /// Its value as text.
    pub fn rendered(&self, context: &Value) -> Result<String, EvaluationError> {
        self.item.text(context).map_err(|error| self.evaluation(error))
    }
}

impl Written<JsonPath> {
    /// Parses a JSONPath; what is wrong becomes a finding.
    pub fn path(text: &Text, findings: &mut Findings) -> Result<Self, Malformed> {
        let parsed = JsonPath::parse(&text.value).map_err(|error| {
            let at = error.offset_in_path.min(text.value.len());
            let end = text.value[at..].chars().next().map_or(at, |next| at + next.len_utf8());
            Diagnostic::error(Code::BadJsonpath, format!("this is not a JSONPath: {}", error.message))
                .at(text.span_of(at..end), "")
                .help_if(error.help)
        });
        Self::of(text, parsed, findings)
    }
}

impl<T> Written<T> {
    fn of(text: &Text, compiled: Result<T, Diagnostic>, findings: &mut Findings) -> Result<Self, Malformed> {
        match compiled {
            Ok(item) => Ok(Self { item, text: text.clone() }),
            Err(finding) => {
                findings.push(finding);
                Err(Malformed)
            }
        }
    }

    fn evaluation(&self, error: ExpressionError) -> EvaluationError {
        EvaluationError {
            undefined: error.undefined,
            message: error.message,
            span: self.span_of(error.range),
        }
    }
}

fn syntax(text: &Text, error: ExpressionError, what: &str) -> Diagnostic {
    let span = error.range.map_or(text.span, |range| text.span_of(range));
    let finding =
        Diagnostic::error(Code::TemplateSyntax, format!("this {what} is not well formed: {}", error.message));
    let unfinished = what == "template" && text.value.contains("{{") && !text.value.contains("}}");
    let comment = text.style.is_plain() && (unfinished || error.message.contains("unexpected end of"));
    let help = comment
        .then(|| "a ` #` starts a comment in YAML: put the whole value in quotes if it has one".to_owned());
    finding.at(span, "").help_if(help)
}
