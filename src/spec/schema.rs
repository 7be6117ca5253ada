//! The field table as a JSON Schema (draft 2020-12): editors complete and validate pipelines with it.
//!
//! It allows everything that the readers in this folder allow: a file that `river check` accepts is valid here. What
//! only a plan can know (undefined names, keys that exclude each other) is left to `river check`.

use serde_json::{Map, Value, json};

use super::reader::Read;
use super::table::{KeyRow, KeyTable, Shape};

/// A string that is one `{{ … }}`, where a bare expression must stand.
const IN_BRACES: &str = r"^\s*\{\{[\s\S]*\}\}\s*$";
/// Numbers with a unit each: `1h30m`.
const PERIOD: &str = r"^\s*(([0-9]+\.?[0-9]*|\.[0-9]+)(ms|s|m|min|h|d)\s*)+$";
/// A name that the author chooses.
const NAME: &str = "^[a-z][a-z0-9_]*$";

/// The schema of a file that is read as `T`.
pub fn of<T: Read>() -> Value {
    let mut tables = Tables::default();
    let root = tables.root(&T::shape());
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("$comment".to_owned(), json!(concat!("river ", env!("CARGO_PKG_VERSION"))));
    schema.extend(root);
    schema.insert("$defs".to_owned(), Value::Object(tables.definitions));
    Value::Object(schema)
}

/// The definitions made so far: each table once, however often and deep it is used.
#[derive(Debug, Default)]
struct Tables {
    definitions: Map<String, Value>,
}

impl Tables {
    /// The schema of a whole file: its table is written in place, not referred to.
    fn root(&mut self, shape: &Shape) -> Map<String, Value> {
        match shape {
            Shape::Table(table) => self.closed(table),
            Shape::Open(table, other) => self.open(table, other),
            Shape::String
            | Shape::Name
            | Shape::Template
            | Shape::Expression
            | Shape::JsonPath
            | Shape::Duration
            | Shape::Count
            | Shape::Bool
            | Shape::Words(_)
            | Shape::List(_)
            | Shape::Named(_)
            | Shape::TableWith(..)
            | Shape::Either(_)
            | Shape::Plain
            | Shape::Any => self.shape(shape),
        }
    }

    fn shape(&mut self, shape: &Shape) -> Map<String, Value> {
        let value = match shape {
            Shape::String => json!({ "type": "string" }),
            Shape::Name => json!({ "type": "string", "pattern": NAME }),
            Shape::Template => json!({ "type": ["string", "number", "boolean"] }),
            Shape::Expression => {
                json!({ "type": ["string", "number", "boolean"], "not": { "type": "string", "pattern": IN_BRACES } })
            }
            Shape::JsonPath => json!({ "type": "string", "pattern": r"^\$" }),
            Shape::Duration => json!({ "type": "string", "pattern": PERIOD }),
            Shape::Count => json!({ "type": "integer", "minimum": 0 }),
            Shape::Bool => json!({ "type": "boolean" }),
            Shape::Words(words) => json!({ "enum": words }),
            Shape::List(item) => json!({ "type": "array", "items": self.shape(item) }),
            Shape::Named(value) => json!({ "type": "object", "additionalProperties": self.shape(value) }),
            Shape::Table(table) => self.reference(table, |tables| tables.closed(table)),
            Shape::Open(table, other) => self.reference(table, |tables| tables.open(table, other)),
            Shape::TableWith(keys, table) => {
                let any: Vec<Value> = keys.iter().map(|key| json!({ "required": [key] })).collect();
                let then = self.reference(table, |tables| tables.closed(table));
                json!({ "if": { "type": "object", "anyOf": any }, "then": then })
            }
            Shape::Either(shapes) => {
                json!({ "anyOf": shapes.iter().map(|shape| self.shape(shape)).collect::<Vec<_>>() })
            }
            Shape::Plain => json!({ "type": ["null", "boolean", "number", "string", "array"] }),
            Shape::Any => json!({}),
        };

        match value {
            Value::Object(schema) => schema,
            _ => Map::new(),
        }
    }

    /// A reference to a table's definition, which is made when the table is first used. Its name is reserved before
    /// that, so that a table may contain itself.
    fn reference(&mut self, table: &KeyTable, make: impl FnOnce(&mut Self) -> Map<String, Value>) -> Value {
        if !self.definitions.contains_key(table.name) {
            self.definitions.insert(table.name.to_owned(), Value::Null);
            let definition = make(self);
            self.definitions.insert(table.name.to_owned(), Value::Object(definition));
        }
        json!({ "$ref": format!("#/$defs/{}", table.name) })
    }

    fn closed(&mut self, table: &KeyTable) -> Map<String, Value> {
        let mut schema = self.mapping(table);
        schema.insert("additionalProperties".to_owned(), json!(false));
        schema
    }

    fn open(&mut self, table: &KeyTable, other: &Shape) -> Map<String, Value> {
        let mut schema = self.mapping(table);
        schema.insert("additionalProperties".to_owned(), Value::Object(self.shape(other)));
        schema
    }

    fn mapping(&mut self, table: &KeyTable) -> Map<String, Value> {
        let properties: Map<String, Value> =
            table.rows.iter().map(|row| (row.key.to_owned(), Value::Object(self.row(row)))).collect();
        let required: Vec<&str> =
            table.rows.iter().filter(|row| row.presence.is_required()).map(|row| row.key).collect();
        let mut schema = Map::new();
        schema.insert("title".to_owned(), json!(table.name));
        schema.insert("description".to_owned(), json!(text(table.doc)));
        schema.insert("type".to_owned(), json!("object"));
        schema.insert("properties".to_owned(), Value::Object(properties));
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema
    }

    fn row(&mut self, row: &KeyRow) -> Map<String, Value> {
        let shape = (row.shape)();
        let mut schema = Map::new();
        schema.insert("description".to_owned(), json!(text(row.doc)));
        schema.extend(self.shape(&shape));
        if let Some(default) = row.presence.default() {
            schema.insert("default".to_owned(), default_value(default, &shape));
        }
        schema
    }
}

/// The lines of a doc comment as one text.
fn text(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

/// A default in the type of its key; the table holds all defaults as text.
fn default_value(default: &str, shape: &Shape) -> Value {
    let text = || Value::from(default);
    if shape.has_json_default() { serde_json::from_str(default).unwrap_or_else(|_| text()) } else { text() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::pipeline::PipelineSpec;

    /// Definitions go by the tables' names, so that two tables of one name would be one.
    #[test]
    fn every_table_has_its_own_name() {
        fn collect(shape: &Shape, tables: &mut Vec<&'static KeyTable>) {
            let table = match shape {
                Shape::List(inner) | Shape::Named(inner) => return collect(inner, tables),
                Shape::Either(shapes) => return shapes.iter().for_each(|shape| collect(shape, tables)),
                Shape::Open(table, inner) => {
                    collect(inner, tables);
                    table
                }
                Shape::Table(table) | Shape::TableWith(_, table) => table,
                _ => return,
            };
            if !tables.iter().any(|known| std::ptr::eq(*known, *table)) {
                tables.push(table);
                table.rows.iter().for_each(|row| collect(&(row.shape)(), tables));
            }
        }
        let mut tables = Vec::new();
        collect(&PipelineSpec::shape(), &mut tables);
        for (index, table) in tables.iter().enumerate() {
            let same = tables[..index].iter().find(|other| other.name == table.name);
            assert!(
                same.is_none_or(|other| other.doc == table.doc),
                "two tables are called `{}`",
                table.name
            );
        }
        assert!(tables.len() > 12, "{}", tables.len());
    }

    #[test]
    fn defaults_have_the_type_of_their_key() {
        let schema = of::<PipelineSpec>();
        let property = |table: &str, key: &str| schema["$defs"][table]["properties"][key]["default"].clone();
        assert_eq!(property("request", "follow_redirects"), json!(true));
        assert_eq!(property("retry", "max_retries"), json!(5));
        assert_eq!(property("retry", "first"), json!("1s"));
        assert_eq!(property("request", "method"), json!("GET"));
    }
}
