//! The two environments in which everything is evaluated: the strict one, and the one for messages.
//!
//! Strict: an undefined or none value never becomes text by itself. In messages it prints `(undefined)`, since a message
//! about a failure may not fail.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Rest, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};

use super::names::{WordKind, WordUse};
use crate::diagnostic::{nearest, quoted_list};

/// The name of the function that walks a chain of which any link may be missing.
pub(super) const CHAIN: &str = "__chain";

/// Steps an evaluation may take; a template that loops over a large list stops instead of hanging.
const FUEL: u64 = 1_000_000;

pub(super) static STRICT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = base();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(write_strictly);
    environment
});

pub(super) static MESSAGES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = base();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_formatter(write_leniently);
    environment
});

/// The names of functions, which no step may take for a value.
pub(super) fn function_names() -> impl Iterator<Item = String> {
    STRICT
        .globals()
        .map(|(name, _)| name.to_owned())
        .filter(|name| name != CHAIN)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Filters that authors use most, for suggestions; the engine has more.
const FILTERS: &[&str] = &[
    "abs",
    "default",
    "first",
    "float",
    "int",
    "join",
    "items",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pick",
    "reject",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "urlencode",
];

/// Tests that authors use most.
const TESTS: &[&str] = &[
    "defined",
    "undefined",
    "none",
    "string",
    "number",
    "integer",
    "boolean",
    "true",
    "false",
    "in",
    "mapping",
    "sequence",
    "startingwith",
    "endingwith",
];

/// Why a word is not one of the language; none if it is.
pub(super) fn unknown_word(word: &WordUse) -> Option<String> {
    let functions: Vec<String> = function_names().collect();
    let (noun, unknown, near): (_, bool, Vec<&str>) = match word.kind {
        WordKind::Filter => {
            ("filter", probe(&format!("'' | {}", word.name), ErrorKind::UnknownFilter), FILTERS.to_vec())
        }
        WordKind::Test => {
            ("test", probe(&format!("'' is {}", word.name), ErrorKind::UnknownTest), TESTS.to_vec())
        }
        WordKind::Function => {
            ("function", !functions.contains(&word.name), functions.iter().map(String::as_str).collect())
        }
    };
    let guess = nearest(&word.name, near).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    unknown.then(|| format!("there is no {noun} `{}`{guess}", word.name))
}

/// The engine looks words up when it evaluates, and has no list of them: it is asked with an empty text.
fn probe(expression: &str, unknown: ErrorKind) -> bool {
    let asked = STRICT.compile_expression_owned(expression.to_owned()).and_then(|compiled| compiled.eval(()));
    asked.is_err_and(|error| error.kind() == unknown)
}

/// A text keeps its last line break, as it stands in the file.
pub(super) fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().keep_trailing_newline(true).build().unwrap_or_default()
}

fn base() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_debug(true); // ranges in errors
    environment.set_syntax(syntax());
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_filter("default", default);
    environment.add_filter("d", default);
    environment.add_filter("pick", pick);
    environment.add_function(CHAIN, chain);
    environment
}

/// Replaces an undefined value, and a none value too: JSON's null is how most services say "nothing".
#[expect(clippy::needless_pass_by_value, reason = "the shape that the engine's functions have")]
fn default(value: &Value, other: Rest<Value>) -> Value {
    if value.is_undefined() || value.is_none() {
        // Not `Option`, for which `default(none)` would be no argument at all.
        other.first().cloned().unwrap_or_else(|| Value::from(""))
    } else {
        value.clone()
    }
}

/// The value of a key of a mapping; an error that lists the keys if it is not there.
fn pick(map: &Value, key: &Value) -> Result<Value, Error> {
    let found = map.get_item(key)?;
    if !found.is_undefined() {
        return Ok(found);
    }
    let keys: Vec<String> = map.try_iter()?.map(|key| key.to_string()).collect();
    let wanted = key.to_string();
    let guess =
        nearest(&wanted, keys.iter().map(String::as_str)).map(|word| format!("; did you mean `{word}`?"));
    let message = format!(
        "`{wanted}` is not one of {}{}",
        quoted_list(keys.iter().map(String::as_str)),
        guess.unwrap_or_default()
    );
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that the engine's functions have")]
fn chain(root: Value, links: Rest<Value>) -> Value {
    let mut value = root;
    for link in links.iter() {
        if value.is_undefined() || value.is_none() {
            return Value::UNDEFINED;
        }
        value = value.get_item(link).unwrap_or(Value::UNDEFINED);
    }
    value
}

fn write_strictly(output: &mut Output<'_>, _state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let refusal = match value.kind() {
        ValueKind::Undefined => {
            return Err(Error::new(ErrorKind::UndefinedError, "an undefined value cannot be put into text"));
        }
        ValueKind::None => {
            "a none value cannot be put into text: use `default(…)`, or make it the whole value"
        }
        ValueKind::Seq | ValueKind::Iterable => "a list cannot be put into text: use `join(',')` or `tojson`",
        ValueKind::Map => "a mapping cannot be put into text: name the value in it, or use `tojson`",
        ValueKind::Bool => return Ok(output.write_str(if value.is_true() { "true" } else { "false" })?),
        _ => return Ok(output.write_str(&value.to_string())?),
    };
    Err(Error::new(ErrorKind::InvalidOperation, refusal))
}

fn write_leniently(output: &mut Output<'_>, _state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let text = match value.kind() {
        ValueKind::Undefined => "(undefined)".to_owned(),
        ValueKind::None => "none".to_owned(),
        ValueKind::Bool => value.is_true().to_string(),
        ValueKind::Seq | ValueKind::Map => serde_json::to_string(value).unwrap_or_else(|_| value.to_string()),
        _ => value.to_string(),
    };
    Ok(output.write_str(&text)?)
}
