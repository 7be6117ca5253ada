//! Templates and expressions, compiled once and evaluated many times; texts with expressions in them are checked once and
//! parsed again at each rendering, which takes microseconds, where keeping what the engine makes of each takes 8 kB.

use std::ops::Range;
use std::sync::OnceLock;

use minijinja::value::Value;
use minijinja::{Error, ErrorKind};

use super::environment::{self, CHAIN, MESSAGES, STRICT};
use super::names::{self, GuardedChain, NameUse, WordUse};

/// A compiled bare expression.
#[derive(Debug)]
pub struct Expression {
    uses: Vec<NameUse>,
    rewritten: Rewritten,
    compiled: minijinja::Expression<'static, 'static>,
}

/// A compiled template: text with `{{ … }}` in it.
#[derive(Debug)]
pub struct Template {
    uses: Vec<NameUse>,
    kind: TemplateKind,
}

#[derive(Debug)]
enum TemplateKind {
    Literal(String),
    /// Exactly one `{{ expression }}`, at this offset: the value keeps its type.
    Lone(usize, Expression),
    Mixed(Mixed),
}

/// Text with expressions in it.
#[derive(Debug)]
struct Mixed {
    rewritten: Rewritten,
    /// Its `{{ … }}`, each by itself; compiled only for templates with secrets in them.
    pieces: OnceLock<Vec<Expression>>,
}

/// An evaluation or compilation that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// Whether the reason is a value that is not there.
    pub undefined: bool,
    /// What is wrong.
    pub message: String,
    /// Where in the text, if it is known.
    pub range: Option<Range<usize>>,
}

/// The longest expression in bytes: the engine's parser recurses, and nobody writes one by hand that is longer.
const LONGEST: usize = 4096;

/// The most expressions and statements of a text, for the same reason: `elif` after `elif` nests too.
const MOST: usize = 1000;

impl Expression {
    /// Compiles a bare expression.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
        refuse_longest(text, &[text])?;
        let names = names::in_expression(text).map_err(|error| ExpressionError::new(&error, text, None))?;
        refuse_unknown(&names.words)?;
        let rewritten = Rewritten::new(text, names.guarded_chains);
        let compiled = STRICT
            .compile_expression(rewritten.text)
            .map_err(|error| ExpressionError::new(&error, text, Some(&rewritten)))?;
        Ok(Self { uses: names.uses, rewritten, compiled })
    }

    /// The names it uses.
    pub fn uses(&self) -> &[NameUse] {
        &self.uses
    }

    /// Its value; an undefined one is an error.
    pub fn value(&self, context: &Value) -> Result<Value, ExpressionError> {
        let error =
            |error: Error| ExpressionError::new(&error, self.rewritten.original, Some(&self.rewritten));
        let value = self.compiled.eval(context.clone()).map_err(error).and_then(defined);
        value.map_err(|error| error.naming_the_missing(&self.uses, context))
    }

    /// Its value, which must be a boolean.
    pub fn truth(&self, context: &Value) -> Result<bool, ExpressionError> {
        let value = self.value(context)?;
        bool::try_from(value.clone()).map_err(|_| ExpressionError {
            undefined: false,
            message: format!("a condition must be `true` or `false`, this one is {}", describe(&value)),
            range: None,
        })
    }
}

impl Template {
    /// Compiles a template.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
        if !text.contains("{{") && !text.contains("{%") && !text.contains("{#") {
            return Ok(Self { uses: vec![], kind: TemplateKind::Literal(text.to_owned()) });
        }

        let statements = blocks(text, "{%", "%}");
        refuse_longest(text, &expressions_in(text).chain(statements).collect::<Vec<_>>())?;
        let (names, lone) =
            names::in_template(text).map_err(|error| ExpressionError::new(&error, text, None))?;

        if let Some(range) = lone {
            let start = range.start;
            let expression = Expression::compile(&text[range]).map_err(|error| error.moved(start))?;
            return Ok(Self { uses: names.uses, kind: TemplateKind::Lone(start, expression) });
        }

        refuse_unknown(&names.words)?;
        let rewritten = Rewritten::new(text, names.guarded_chains);
        STRICT
            .template_from_str(rewritten.text)
            .map_err(|error| ExpressionError::new(&error, text, Some(&rewritten)))?;
        let mixed = Mixed { rewritten, pieces: OnceLock::new() };
        Ok(Self { uses: names.uses, kind: TemplateKind::Mixed(mixed) })
    }

    /// The names it uses.
    pub fn uses(&self) -> &[NameUse] {
        &self.uses
    }

    /// The text, if nothing in it is rendered.
    pub fn literal(&self) -> Option<&str> {
        match &self.kind {
            TemplateKind::Literal(text) => Some(text),
            TemplateKind::Lone(..) | TemplateKind::Mixed(_) => None,
        }
    }

    /// Its value: text, or for exactly one `{{ expression }}` the value of whatever type.
    pub fn value(&self, context: &Value) -> Result<Value, ExpressionError> {
        match &self.kind {
            TemplateKind::Literal(text) => Ok(Value::from(text.as_str())),
            TemplateKind::Lone(start, expression) => {
                expression.value(context).map_err(|error| error.moved(*start))
            }
            TemplateKind::Mixed(Mixed { rewritten, .. }) => {
                let error = |error: Error| ExpressionError::new(&error, rewritten.original, Some(rewritten));
                let template = STRICT.template_from_str(rewritten.text).map_err(error)?;
                let text = template.render(context.clone()).map(Value::from).map_err(error);
                text.map_err(|error| error.naming_the_missing(&self.uses, context))
            }
        }
    }

    /// Its value as text; a list, mapping or none is an error.
    pub fn text(&self, context: &Value) -> Result<String, ExpressionError> {
        let value = self.value(context)?;
        scalar_text(&value).ok_or_else(|| ExpressionError {
            undefined: false,
            message: format!("expected text, this is {}", describe(&value)),
            range: None,
        })
    }

    /// Whether it has statements (`{% … %}`), which may change a value before it is written.
    pub fn has_statements(&self) -> bool {
        match &self.kind {
            TemplateKind::Mixed(mixed) => mixed.rewritten.original.contains("{%"),
            TemplateKind::Literal(_) | TemplateKind::Lone(..) => false,
        }
    }

    /// The values that its expressions compute, each by itself. Left out are those that fail, as those that only mean
    /// something inside a loop do, and in a longer text plain names, whose values are known anyway.
    pub fn pieces(&self, context: &Value) -> Vec<Value> {
        match &self.kind {
            TemplateKind::Literal(_) => vec![],
            TemplateKind::Lone(_, expression) => expression.value(context).into_iter().collect(),
            TemplateKind::Mixed(mixed) => {
                let pieces = mixed.pieces.get_or_init(|| computed_in(mixed.rewritten.original));
                pieces.iter().filter_map(|piece| piece.value(context).ok()).collect()
            }
        }
    }

    /// Its text as a message to a person: what is missing prints `(undefined)`, nothing fails.
    pub fn message(&self, context: &Value) -> String {
        let source = match &self.kind {
            TemplateKind::Literal(text) => return text.clone(),
            TemplateKind::Lone(_, expression) => format!("{{{{{}}}}}", expression.rewritten.text),
            TemplateKind::Mixed(mixed) => mixed.rewritten.text.to_owned(),
        };
        MESSAGES
            .render_str(&source, context.clone())
            .unwrap_or_else(|error| format!("(message failed: {error})"))
    }
}

/// Filters, tests and functions that are not there are found before anything runs.
fn refuse_unknown(words: &[WordUse]) -> Result<(), ExpressionError> {
    let unknown = words.iter().find_map(|word| Some((word, environment::unknown_word(word)?)));
    match unknown {
        Some((word, message)) => {
            Err(ExpressionError { undefined: false, message, range: Some(word.range.clone()) })
        }
        None => Ok(()),
    }
}

fn refuse_longest(text: &str, expressions: &[&str]) -> Result<(), ExpressionError> {
    let refused = |message: String, part: &str| {
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        Err(ExpressionError { undefined: false, message, range: Some(start..start + part.len()) })
    };
    if let Some(long) = expressions.iter().find(|expression| expression.len() > LONGEST) {
        return refused(
            format!("an expression has at most {LONGEST} bytes, this one has {}", long.len()),
            long,
        );
    }
    match expressions.get(MOST) {
        Some(one_more) => refused(format!("a text has at most {MOST} expressions and statements"), one_more),
        None => Ok(()),
    }
}

fn computed_in(text: &str) -> Vec<Expression> {
    let plain =
        |piece: &&str| piece.trim().chars().all(|next| next.is_alphanumeric() || matches!(next, '_' | '.'));
    let computed = expressions_in(text).filter(|piece| !plain(piece));
    computed.filter_map(|piece| Expression::compile(piece).ok()).collect()
}

/// What stands between `{{` and `}}`.
fn expressions_in(text: &str) -> impl Iterator<Item = &str> {
    blocks(text, "{{", "}}")
        .into_iter()
        .map(|piece| piece.trim_start_matches(['-', '+']).trim_end_matches(['-', '+']))
}

/// What stands between two signs; the closing one is not looked for inside quotes, as the engine does not either.
fn blocks<'t>(text: &'t str, open: &str, close: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let inner = &rest[start + open.len()..];
        let end = end_of(inner, close);
        found.push(&inner[..end]);
        rest = &inner[end..];
    }
    found
}

fn end_of(inner: &str, close: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, next) in inner.char_indices() {
        match quote {
            None if inner[at..].starts_with(close) => return at,
            None if next == '\'' || next == '"' => quote = Some(next),
            Some(_) if escaped => escaped = false,
            Some(_) if next == '\\' => escaped = true,
            Some(open) if next == open => quote = None,
            _ => {}
        }
    }
    inner.len()
}

/// The text of a scalar as it goes into a URL, header or form.
pub fn scalar_text(value: &Value) -> Option<String> {
    use minijinja::value::ValueKind::{Bool, Number, String};
    match value.kind() {
        Bool => Some(value.is_true().to_string()),
        Number | String => Some(value.to_string()),
        _ => None,
    }
}

/// A value's type in words, with its article.
pub fn describe(value: &Value) -> &'static str {
    use minijinja::value::ValueKind;
    match value.kind() {
        ValueKind::Undefined => "undefined",
        ValueKind::None => "none",
        ValueKind::Bool => "a boolean",
        ValueKind::Number => "a number",
        ValueKind::String => "a string",
        ValueKind::Bytes => "bytes",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a mapping",
        _ => "a value of another kind",
    }
}

impl ExpressionError {
    fn new(error: &Error, text: &str, rewritten: Option<&Rewritten>) -> Self {
        let range = error
            .range()
            .map(|range| rewritten.map_or(range.clone(), |rewritten| rewritten.original_range(range)));
        let range = range.filter(|range| text.get(range.clone()).is_some());
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        Self { undefined: error.kind() == ErrorKind::UndefinedError, message: detail, range }
    }

    /// The engine points at the operation that failed; what helps is the name that is missing in it.
    fn naming_the_missing(self, uses: &[NameUse], context: &Value) -> Self {
        if !self.undefined {
            return self;
        }

        let inside = |found: &&NameUse| {
            self.range
                .as_ref()
                .is_none_or(|range| found.range.start < range.end && range.start < found.range.end)
        };

        let missing = |found: &&NameUse| !found.guarded && !is_defined(&found.path, context);
        match uses.iter().filter(inside).find(missing) {
            Some(found) => Self {
                undefined: true,
                message: format!("`{}` is undefined", found.path.join(".")),
                range: Some(found.range.clone()),
            },
            None => self,
        }
    }

    fn moved(self, by: usize) -> Self {
        Self { range: self.range.map(|range| range.start + by..range.end + by), ..self }
    }
}

fn defined(value: Value) -> Result<Value, ExpressionError> {
    if value.is_undefined() {
        return Err(ExpressionError {
            undefined: true,
            message: "the value is undefined".to_owned(),
            range: None,
        });
    }
    Ok(value)
}

fn is_defined(path: &[String], context: &Value) -> bool {
    let value = path.iter().try_fold(context.clone(), |value, link| {
        value.get_attr(link).ok().filter(|found| !found.is_undefined())
    });
    value.is_some()
}

/// A text in which guarded chains are replaced by calls that do not fail on a missing link. The texts live as long as
/// the process: a pipeline is compiled once.
#[derive(Debug)]
struct Rewritten {
    original: &'static str,
    text: &'static str,
    /// Ranges of the original and of what stands there now, in order.
    edits: Vec<(Range<usize>, Range<usize>)>,
}

impl Rewritten {
    fn new(original: &str, chains: Vec<GuardedChain>) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut edits = Vec::new();
        let mut copied = 0;
        for chain in chains {
            text.push_str(&original[copied..chain.range.start]);
            let start = text.len();
            let links = chain.links.iter().map(|link| format!("{link:?}"));
            let arguments: Vec<String> = std::iter::once(chain.root).chain(links).collect();
            text.extend([CHAIN, "(", &arguments.join(", "), ")"]);
            copied = chain.range.end;
            edits.push((chain.range, start..text.len()));
        }
        text.push_str(&original[copied..]);
        Self { original: original.to_owned().leak(), text: text.leak(), edits }
    }

    fn original_range(&self, range: Range<usize>) -> Range<usize> {
        self.original_offset(range.start, false)..self.original_offset(range.end, true)
    }

    fn original_offset(&self, at: usize, end: bool) -> usize {
        let mut shift = 0_isize;
        for (before, now) in &self.edits {
            if at < now.start || (end && at == now.start) {
                break;
            }
            if at < now.end || (end && at == now.end) {
                return if end { before.end } else { before.start };
            }
            shift = before.end.cast_signed() - now.end.cast_signed();
        }
        at.saturating_add_signed(shift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(json: &str) -> Value {
        Value::from(minijinja::value::Serde(serde_json::from_str::<serde_json::Value>(json).unwrap()))
    }

    fn evaluate(text: &str) -> Result<String, String> {
        let context =
            context(r#"{"a":{"b":null,"n":3,"big":9007199254740993,"list":[1,2]},"t":true,"s":"x y"}"#);
        Template::compile(text)
            .map_err(|error| error.message)?
            .value(&context)
            .map(|value| value.to_string())
            .map_err(|error| error.message)
    }

    #[test]
    fn templates() {
        let table: &[(&str, Result<&str, &str>)] = &[
            ("plain", Ok("plain")),
            ("{{ a.big }}", Ok("9007199254740993")),
            ("n{{ a.n }} {{ t }}", Ok("n3 true")),
            ("{{ a.x }}", Err("`a.x` is undefined")),
            ("x{{ a.x }}", Err("`a.x` is undefined")),
            ("{{ a.x.y.z | default('d') }}", Ok("d")),
            ("{{ a.x.y.z | default('d') ~ a.zz }}", Err("`a.zz` is undefined")),
            ("{{ a.b | default('d') }}", Ok("d")),
            (
                "x{{ a.b }}",
                Err("a none value cannot be put into text: use `default(…)`, or make it the whole value"),
            ),
            ("x{{ a.list }}", Err("a list cannot be put into text: use `join(',')` or `tojson`")),
            ("{{ a.list | join(',') }}", Ok("1,2")),
            ("{{ a | pick('q') }}", Err("`q` is not one of `b`, `n`, `big`, `list`")),
            ("{{ nope }}", Err("`nope` is undefined")),
            ("{{ a.n | uper }}", Err("there is no filter `uper`; did you mean `upper`?")),
            ("{{ rnage(3) }}", Err("there is no function `rnage`; did you mean `range`?")),
            ("{{ a.n is definde }}", Err("there is no test `definde`; did you mean `defined`?")),
            ("{{ s | urlencode }}", Ok("x%20y")),
        ];
        for (text, expected) in table {
            assert_eq!(evaluate(text), expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn conditions_are_boolean_and_guards_reach_deep() {
        let context = context(r#"{"response":{"status":401}}"#);
        let truth = |text: &str| Expression::compile(text).unwrap().truth(&context);
        assert_eq!(truth("response.json.a.b is defined"), Ok(false));
        assert_eq!(truth("response.status == 401 and response.json.a.b is undefined"), Ok(true));
        assert_eq!(truth("response.status == 200 and response.json.a.b == 1"), Ok(false));
        assert!(truth("response.json.a.b == 1").unwrap_err().undefined);
        assert_eq!(
            truth("response.status").unwrap_err().message,
            "a condition must be `true` or `false`, this one is a number"
        );
    }

    #[test]
    fn messages_never_fail() {
        let template = Template::compile("refused: {{ response.json.error }}").unwrap();
        assert_eq!(template.message(&context("{}")), "refused: (undefined)");
    }

    #[test]
    fn places_survive_the_rewriting() {
        let text = "{{ (a.x.y | default(1)) ~ a.zz }}";
        let error = Template::compile(text).unwrap().value(&context(r#"{"a":{}}"#)).unwrap_err();
        assert_eq!(error.range.map(|range| &text[range]), Some("a.zz"));
    }
}
