//! What templates are rendered with.

use minijinja::value::Value;

use super::written::{EvaluationError, Written};
use crate::expr::{Template, describe, scalar_text};

/// The names that templates see: the values of a run, or stand-ins for what only a run knows.
pub trait Context: std::fmt::Debug {
    /// The value of a template.
    fn value(&self, template: &Written<Template>) -> Result<Value, EvaluationError>;

    /// The value of a name; undefined where there is none.
    fn name(&self, name: &str) -> Value;

    /// The values of its expressions, each by itself.
    fn pieces(&self, template: &Written<Template>) -> Vec<Value>;

    /// The value of a template as text; a list, mapping or none is an error.
    fn text(&self, template: &Written<Template>) -> Result<String, EvaluationError> {
        let value = self.value(template)?;
        scalar_text(&value).ok_or_else(|| EvaluationError {
            undefined: false,
            message: format!("expected text, this is {}", describe(&value)),
            span: template.text.span,
        })
    }
}

impl Context for Value {
    fn value(&self, template: &Written<Template>) -> Result<Value, EvaluationError> {
        template.value(self)
    }

    fn pieces(&self, template: &Written<Template>) -> Vec<Value> {
        template.item.pieces(self)
    }

    fn name(&self, name: &str) -> Value {
        self.get_attr(name).unwrap_or_default()
    }
}
