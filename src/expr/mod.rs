//! Templates, expressions and JSONPaths: compiled when the plan is made, evaluated when it runs.
//!
//! It knows values and names, not steps: which name is visible where is `plan`'s to say.

mod environment;
pub mod jsonpath;
mod mapping;
mod names;
mod template;

pub use mapping::mapping;
pub use names::NameUse;
pub use template::{Expression, ExpressionError, Template, describe, scalar_text};

/// Whether a name is a function of the expression language.
pub fn is_function(name: &str) -> bool {
    environment::function_names().any(|function| function == name)
}
