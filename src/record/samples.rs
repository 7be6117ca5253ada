//! JSON values and texts for the tests of this station.

use proptest::prelude::*;
use serde_json::{Map, Value};

/// Any JSON value of some depth, with odd strings and numbers.
pub(super) fn json() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 40, 5, |inside| {
        prop_oneof![
            prop::collection::vec(inside.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key(), inside), 0..5)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Keys that often repeat, so that paths meet.
pub(super) fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "data", "a-b", "", "é\n\"\\"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1000_i32..1000).prop_map(|number| Value::from(f64::from(number) / 8.0)),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec!["", "{", "]", "\\", "\"", "a\r\nb", "\u{1F600}"]).prop_map(Value::from),
    ]
}

/// The text of a value with white space of our choice between its parts, and every third string fully escaped.
pub(super) fn text_of(value: &Value, gaps: &[usize]) -> String {
    let mut writer = Writer { text: String::new(), gaps: gaps.iter().cycle(), strings: 0 };
    writer.value(value);
    writer.text
}

struct Writer<'g> {
    text: String,
    gaps: std::iter::Cycle<std::slice::Iter<'g, usize>>,
    strings: usize,
}

impl Writer<'_> {
    fn gap(&mut self) {
        let kind = self.gaps.next().copied().unwrap_or_default();
        self.text.push_str(["", " ", "\n", "\r\n\t", "    ", ""][kind % 6]);
    }

    fn token(&mut self, token: &str) {
        self.gap();
        self.text.push_str(token);
        self.gap();
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Array(elements) => {
                self.token("[");
                for (place, element) in elements.iter().enumerate() {
                    if place > 0 {
                        self.token(",");
                    }
                    self.value(element);
                }
                self.token("]");
            }
            Value::Object(members) => {
                self.token("{");
                for (place, (key, member)) in members.iter().enumerate() {
                    if place > 0 {
                        self.token(",");
                    }
                    self.string(key);
                    self.token(":");
                    self.value(member);
                }
                self.token("}");
            }
            Value::String(text) => self.string(text),
            scalar => self.token(&scalar.to_string()),
        }
    }

    fn string(&mut self, text: &str) {
        self.strings += 1;
        if self.strings.is_multiple_of(3) {
            let escaped: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            self.token(&format!("\"{}\"", escaped.concat()));
        } else {
            self.token(&Value::from(text).to_string());
        }
    }
}
