//! A body as expressions see it (`response.json`): read where an expression looks, one level at a time.
//!
//! A missing key is undefined. That `response.json.info.more is defined` is false, and no error, when there is no `info`
//! is the work of `expr`, which rewrites such guarded paths.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, Value};

use super::compact::append_line;
use super::descent::Member;
use super::page::Page;

/// Containers may be nested this deep in what an expression looks at; printing and comparing recurse.
const MAX_DEPTH: usize = 128;

/// An object or array of a body, as a minijinja object.
pub struct JsonView {
    page: Arc<Page>,
    range: Range<usize>,
    depth: usize,
    inside: OnceLock<Inside>,
}

enum Inside {
    Object(Vec<Member>),
    Array(Vec<Range<usize>>),
}

impl Inside {
    /// Those of an object.
    fn members(&self) -> &[Member] {
        match self {
            Self::Object(members) => members,
            Self::Array(_) => &[],
        }
    }

    /// Those of an array.
    fn elements(&self) -> &[Range<usize>] {
        match self {
            Self::Array(elements) => elements,
            Self::Object(_) => &[],
        }
    }
}

impl JsonView {
    /// The whole body. Numbers that are integers stay exact up to 128 bits, others become floats.
    pub fn root(page: Arc<Page>) -> Value {
        let range = page.root();
        Self { page, range, depth: 0, inside: OnceLock::new() }.value()
    }

    /// One record of a page.
    pub fn record(page: Arc<Page>, range: Range<usize>) -> Value {
        Self { page, range, depth: 0, inside: OnceLock::new() }.value()
    }

    fn value(self) -> Value {
        let text = &self.page.text()[self.range.clone()];
        match text.first() {
            Some(b'{' | b'[') if self.depth >= MAX_DEPTH => {
                invalid(format!("the body is nested more than {MAX_DEPTH} levels deep"))
            }
            Some(b'{' | b'[') => Value::from_object(self),
            Some(b'"') => string(text),
            Some(b't') => Value::from(true),
            Some(b'f') => Value::from(false),
            Some(b'n') => Value::from(()),
            _ => number(text),
        }
    }

    fn child(&self, range: Range<usize>) -> Value {
        Self { page: Arc::clone(&self.page), range, depth: self.depth + 1, inside: OnceLock::new() }.value()
    }

    fn inside(&self) -> &Inside {
        self.inside.get_or_init(|| {
            if self.is_array() {
                Inside::Array(self.page.elements(self.range.clone()))
            } else {
                Inside::Object(self.page.members(self.range.clone()))
            }
        })
    }

    fn is_array(&self) -> bool {
        self.page.text().get(self.range.start) == Some(&b'[')
    }

    fn member(&self, name: &str) -> Option<Value> {
        let member = self.inside().members().iter().find(|member| &*member.key == name)?;
        Some(self.child(member.value.clone()))
    }

    fn element(&self, index: usize) -> Option<Value> {
        Some(self.child(self.inside().elements().get(index)?.clone()))
    }

    fn pair(&self, place: usize) -> Option<(Value, Value)> {
        let member = self.inside().members().get(place)?;
        Some((Value::from(&*member.key), self.child(member.value.clone())))
    }

    /// The JSON text, on one line.
    fn compact(&self) -> String {
        let mut line = Vec::new();
        append_line(&self.page.text()[self.range.clone()], &mut line);
        line.pop();
        String::from_utf8_lossy(&line).into_owned()
    }
}

impl Object for JsonView {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.is_array() { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match self.inside() {
            Inside::Array(_) => self.element(key.as_usize()?),
            Inside::Object(_) => self.member(key.as_str()?),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.inside() {
            Inside::Array(elements) => Enumerator::Seq(elements.len()),
            Inside::Object(members) => {
                let view = Arc::clone(self);
                Enumerator::KeyValueIter(Box::new(
                    (0..members.len()).filter_map(move |place| view.pair(place)),
                ))
            }
        }
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(match self.inside() {
            Inside::Array(elements) => elements.len(),
            Inside::Object(members) => members.len(),
        })
    }

    fn render(self: &Arc<Self>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.compact())
    }
}

impl fmt::Debug for JsonView {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.compact())
    }
}

fn string(text: &[u8]) -> Value {
    match serde_json::from_slice::<String>(text) {
        Ok(read) => Value::from(read),
        Err(_) => invalid("a string of the body holds half a surrogate pair".to_owned()),
    }
}

fn number(text: &[u8]) -> Value {
    let text = String::from_utf8_lossy(text);
    if let Ok(integer) = text.parse::<i64>() {
        return Value::from(integer);
    }
    if let Ok(integer) = text.parse::<i128>() {
        return Value::from(integer);
    }
    match text.parse::<f64>() {
        Ok(float) if float.is_finite() => Value::from(float),
        _ => invalid(format!("the number `{text}` of the body is out of range")),
    }
}

/// A value that fails the evaluation which touches it.
fn invalid(problem: String) -> Value {
    Value::from(Error::new(ErrorKind::BadSerialization, problem))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use minijinja::{Environment, UndefinedBehavior, context};
    use proptest::prelude::*;

    use super::*;
    use crate::record::samples;

    const BODY: &str = r#"{"info": {"more": true, "n": 9007199254740993, "none": null, "a-b": 1, "é": "\u00e9"},
        "data": [{"id": 123456789012345678901}, {"id": 1.10}, [1, 2]], "empty": "", "info2": {}, "huge": 1e400,
        "half": "\ud800", "twice": 1, "twice": 2}"#;

    fn environment() -> Environment<'static> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment
    }

    fn root(body: &str) -> Value {
        JsonView::root(Arc::new(Page::read(Bytes::from(body.to_owned()), None).unwrap()))
    }

    fn evaluate(root: &Value, expression: &str) -> Result<Value, Error> {
        environment().compile_expression(expression)?.eval(context! { json => root.clone() })
    }

    #[test]
    fn expressions_read_the_body() {
        let cases = [
            ("json.info.more", "True"),
            ("json.info.n", "9007199254740993"),
            ("json.data[0].id", "123456789012345678901"),
            ("json.data[0].id + 1", "123456789012345678902"),
            ("json.data[1].id", "1.1"),
            ("json.data[-1][1]", "2"),
            ("json.data | length", "3"),
            ("json.info['a-b']", "1"),
            ("json.info['é']", "é"),
            ("json.info.none is none", "True"),
            ("json.twice", "2"),
            ("json.info | list | join(',')", "more,n,none,a-b,é"),
            ("json.data[2]", "[1, 2]"),
            ("json.info2", "{}"),
            ("json.data[2] == [1, 2]", "True"),
            ("json.data[1] == {'id': 1.1}", "True"),
            ("json.data[2] | tojson", "[1, 2]"),
            ("'more' in json.info", "True"),
            ("'less' in json.info", "False"),
            ("2 in json.data[2]", "True"),
            ("json.info | dictsort | length", "5"),
        ];
        let root = root(BODY);
        for (expression, expected) in cases {
            assert_eq!(evaluate(&root, expression).unwrap().to_string(), expected, "{expression}");
        }
    }

    #[test]
    fn what_is_missing_is_undefined() {
        let root = root(BODY);
        for expression in
            ["json.nothing", "json['nothing']", "json.data[7]", "json.info.mroe", "json.data.id"]
        {
            assert!(evaluate(&root, expression).unwrap().is_undefined(), "{expression}");
        }
    }

    #[test]
    fn what_cannot_be_a_value_fails_when_used() {
        let root = root(BODY);
        assert!(evaluate(&root, "json.huge").unwrap_err().to_string().contains("out of range"));
        assert!(evaluate(&root, "json.half").unwrap_err().to_string().contains("surrogate"));
    }

    #[test]
    fn depth_does_not_overflow_the_stack() {
        let deep = root(&format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)));
        assert_eq!(evaluate(&deep, "json[0][0] is defined").unwrap(), Value::from(true));
        assert_eq!(evaluate(&deep, "json ~ ''").unwrap().to_string().len(), 40_000);
        assert!(evaluate(&deep, "json | tojson").is_err());
        assert_eq!(evaluate(&deep, "json == json[0]").unwrap(), Value::from(false));
    }

    proptest! {
        #[test]
        fn a_view_shows_what_the_body_holds(value in samples::json(), gaps in prop::collection::vec(0_usize..6, 1..9)) {
            let shown = evaluate(&root(&samples::text_of(&value, &gaps)), "json | tojson").unwrap();
            let shown: serde_json::Value = serde_json::from_str(shown.as_str().unwrap()).unwrap();
            prop_assert_eq!(shown, value);
        }
    }
}
