//! A body as expressions see it (`response.json`): read where an expression looks, one level at a time.
//!
//! A missing key is undefined and can be followed further: `response.json.info.more is defined` is false when there
//! is no `info`. minijinja stops at the second step of such a path when undefined values are strict, so a missing key
//! gives a placeholder here. [`install`] teaches an environment to treat it as undefined, and [`take_missed`] tells
//! after an evaluation whether a placeholder was used for more than asking whether it is there.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Environment, Error, ErrorKind, Value};

use super::compact::append_line;
use super::page::Page;
use super::scan::Member;

/// Containers may be nested this deep in what an expression looks at; printing and comparing recurse.
const MAX_DEPTH: usize = 128;

/// An object or array of a body, as a minijinja object.
pub struct JsonView {
    page: Arc<Page>,
    range: Range<usize>,
    depth: usize,
    place: String,
    missed: Arc<Missed>,
    inside: OnceLock<Inside>,
}

/// Stands for something that is not there.
struct Missing {
    place: String,
    missed: Arc<Missed>,
    /// Its entry in `missed`; none for a body that is no JSON, which nobody looked for yet.
    entry: Option<usize>,
}

/// The places that were looked for in vain and not yet asked about with `is defined`, `default` or a condition.
#[derive(Default)]
struct Missed {
    places: Mutex<Vec<Option<String>>>,
}

enum Inside {
    Object(Vec<Member>),
    Array(Vec<Range<usize>>),
}

impl JsonView {
    /// The whole body. Numbers that are integers stay exact up to 128 bits, others become floats.
    pub fn root(page: Arc<Page>) -> Value {
        let range = page.root();
        Self { page, range, depth: 0, place: String::new(), missed: Arc::default(), inside: OnceLock::new() }
            .value()
    }

    /// What stands for a body that is no JSON: undefined, and so is everything in it.
    pub fn absent() -> Value {
        Value::from_object(Missing { place: String::new(), missed: Arc::default(), entry: None })
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

    fn child(&self, range: Range<usize>, step: &str) -> Value {
        let (page, missed) = (Arc::clone(&self.page), Arc::clone(&self.missed));
        let place = format!("{}{step}", self.place);
        Self { page, range, depth: self.depth + 1, place, missed, inside: OnceLock::new() }.value()
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
        let Inside::Object(members) = self.inside() else { return None };
        let member = members.iter().find(|member| &*member.key == name)?;
        Some(self.child(member.value.clone(), &format!(".{name}")))
    }

    fn element(&self, index: usize) -> Option<Value> {
        let Inside::Array(elements) = self.inside() else { return None };
        Some(self.child(elements.get(index)?.clone(), &format!("[{index}]")))
    }

    fn pair(&self, place: usize) -> Option<(Value, Value)> {
        let Inside::Object(members) = self.inside() else { return None };
        let member = members.get(place)?;
        let value = self.child(member.value.clone(), &format!(".{}", member.key));
        Some((Value::from(&*member.key), value))
    }

    fn missing(&self, step: &str) -> Value {
        Missing::value(format!("{}{step}", self.place), &self.missed)
    }

    /// The JSON text, on one line.
    fn compact(&self) -> String {
        let mut line = Vec::new();
        append_line(&self.page.text()[self.range.clone()], &mut line);
        line.pop();
        String::from_utf8_lossy(&line).into_owned()
    }
}

/// Teaches the tests `defined`, `undefined` and the filter `default` (`d`), which also replaces none, that a
/// placeholder is undefined.
pub fn install(environment: &mut Environment<'_>) {
    environment.add_test("defined", |value: &Value| !ask_missing(value));
    environment.add_test("undefined", ask_missing);
    environment.add_filter("default", default);
    environment.add_filter("d", default);
}

/// Whether the value is undefined or stands for something that is not there.
pub fn is_missing(value: &Value) -> bool {
    value.is_undefined() || value.downcast_object_ref::<Missing>().is_some()
}

/// The first place below `root` that was used although it is not there, such as `.info.more`, and forgets it and all
/// others. Asking `is defined`, `default`, a condition or a step further down are no use; comparing, printing, a
/// filter or being the result are.
pub fn take_missed(root: &Value) -> Option<String> {
    let view = root.downcast_object_ref::<JsonView>().map(|view| &view.missed);
    let missed = view.or_else(|| root.downcast_object_ref::<Missing>().map(|missing| &missing.missed))?;
    std::mem::take(&mut *missed.lock()).into_iter().flatten().next()
}

impl Object for JsonView {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.is_array() { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match (self.inside(), key.as_usize(), key.as_str()) {
            (Inside::Array(_), Some(index), _) => {
                Some(self.element(index).unwrap_or_else(|| self.missing(&format!("[{index}]"))))
            }
            // `'key' in response.json` asks the same way and must be false: no placeholder.
            (Inside::Object(_), _, Some(name)) => self.member(name),
            _ => None,
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        Some(self.member(key).unwrap_or_else(|| self.missing(&format!(".{key}"))))
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

impl Missing {
    fn value(place: String, missed: &Arc<Missed>) -> Value {
        let entry = missed.note(place.clone());
        Value::from_object(Self { place, missed: Arc::clone(missed), entry: Some(entry) })
    }

    fn further(&self, step: &str) -> Value {
        self.excuse();
        Self::value(format!("{}{step}", self.place), &self.missed)
    }

    /// Takes it from the list of places that were used in vain.
    fn excuse(&self) {
        if let Some(entry) = self.entry
            && let Some(place) = self.missed.lock().get_mut(entry)
        {
            *place = None;
        }
    }
}

impl Object for Missing {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(self.further(&format!("[{key:?}]")))
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        Some(self.further(&format!(".{key}")))
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.excuse();
        false
    }

    fn render(self: &Arc<Self>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.missed.note(self.place.clone());
        formatter.write_str("(undefined)")
    }
}

impl fmt::Debug for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(undefined)")
    }
}

impl Missed {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Option<String>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, place: String) -> usize {
        let mut places = self.lock();
        places.push(Some(place));
        places.len() - 1
    }
}

fn ask_missing(value: &Value) -> bool {
    if let Some(missing) = value.downcast_object_ref::<Missing>() {
        missing.excuse();
    }
    is_missing(value)
}

fn default(value: &Value, other: Option<Value>, lax: Option<bool>) -> Value {
    if ask_missing(value) || value.is_none() || (lax == Some(true) && !value.is_true()) {
        other.unwrap_or_else(|| Value::from(""))
    } else {
        value.clone()
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
    use minijinja::{UndefinedBehavior, context};
    use proptest::prelude::*;

    use super::*;
    use crate::record::samples;

    const BODY: &str = r#"{"info": {"more": true, "n": 9007199254740993, "none": null, "a-b": 1, "é": "\u00e9"},
        "data": [{"id": 123456789012345678901}, {"id": 1.10}, [1, 2]], "empty": "", "info2": {}, "huge": 1e400,
        "half": "\ud800", "twice": 1, "twice": 2}"#;

    fn environment() -> Environment<'static> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        install(&mut environment);
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
            ("json.info.none | default(5)", "5"),
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
            assert_eq!(take_missed(&root), None, "{expression}");
        }
    }

    #[test]
    fn what_is_missing_can_be_asked_about() {
        let cases = [
            ("json.nothing.more.deep is defined", "False"),
            ("json.nothing is undefined", "True"),
            ("json.nothing.more['x'][0] is defined", "False"),
            ("json.info.n.deep is defined", "False"),
            ("json.data[7].id is defined", "False"),
            ("json.data.id is defined", "False"),
            ("json.nothing.more | default('x')", "x"),
            ("json['nothing'] is defined", "False"),
            ("not json.nothing.more", "True"),
            ("json.nothing and json.nothing.more == 1", "(undefined)"),
        ];
        let root = root(BODY);
        for (expression, expected) in cases {
            assert_eq!(evaluate(&root, expression).unwrap().to_string(), expected, "{expression}");
        }
    }

    #[test]
    fn using_what_is_missing_is_told() {
        let cases = [
            ("json.nothing.more == 1", ".nothing.more"),
            ("json.nothing.more != 1", ".nothing.more"),
            ("json.nothing > 1", ".nothing"),
            ("json.info.mroe", ".info.mroe"),
            ("json.data[9].id ~ 'x'", ".data[9].id"),
            ("json.data[0].nmae | upper", ".data[0].nmae"),
            ("1 in json.nothing", ".nothing"),
            ("json.nothing in [1]", ".nothing"),
            ("[json.nothing, 1] | join", ".nothing"),
        ];
        let root = root(BODY);
        for (expression, place) in cases {
            evaluate(&root, expression).unwrap();
            assert_eq!(take_missed(&root).as_deref(), Some(place), "{expression}");
            assert_eq!(take_missed(&root), None);
        }
        assert!(is_missing(&evaluate(&root, "json.nothing.more").unwrap()));
    }

    #[test]
    fn a_body_that_is_no_json_is_missing() {
        let absent = JsonView::absent();
        assert_eq!(evaluate(&absent, "json.a.b is defined").unwrap(), Value::from(false));
        assert_eq!(evaluate(&absent, "json is defined").unwrap(), Value::from(false));
        assert_eq!(take_missed(&absent), None);
        evaluate(&absent, "json.a == 1").unwrap();
        assert_eq!(take_missed(&absent).as_deref(), Some(".a"));
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
