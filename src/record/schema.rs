//! The columns that records have: in the order of first sight, each with the kinds of its values.

use std::collections::HashMap;

use super::fields::{Fields, LoneSurrogate, unescape};
use super::kind::{Kind, Kinds};

/// Columns by name, found fast by the key as it is written.
#[derive(Debug, Default)]
pub struct Schema {
    columns: Vec<Column>,
    /// Keys as they are written → place; several spellings of a name lead to one place.
    spellings: HashMap<Box<[u8]>, usize>,
    /// The spelling that was seen first at each place.
    first: Vec<Box<[u8]>>,
    names: HashMap<String, usize>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name: the key, unescaped.
    pub name: String,
    /// The kinds of its values.
    pub kinds: Kinds,
}

/// The range of a value in its record; an empty one where the record has none.
pub type Cell = (usize, usize);

impl Schema {
    /// A schema that begins with these columns.
    pub fn starting_with(names: impl IntoIterator<Item = String>) -> Self {
        let mut schema = Self::default();
        for name in names {
            schema.column(name);
        }
        schema
    }

    /// Its columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The place of a key as it is written; `hint` is looked at first.
    #[inline]
    pub fn place(&self, key: &[u8], hint: usize) -> Option<usize> {
        match self.first.get(hint) {
            Some(first) if **first == *key => Some(hint),
            _ => self.spellings.get(key).copied(),
        }
    }

    /// The place of a name.
    pub fn place_of(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// Notes a value of the column at `place`.
    #[inline]
    pub fn note(&mut self, place: usize, kind: Kind) {
        self.columns[place].kinds.add(kind);
    }

    /// Learns a key by its spelling; its column is new unless the name is known.
    ///
    /// # Errors
    /// If the key is no text.
    pub fn learn(&mut self, key: &[u8]) -> Result<usize, LoneSurrogate> {
        let name = name_of(key)?;
        let place = self.place_of(&name).unwrap_or_else(|| self.column(name));
        self.spellings.insert(key.into(), place);
        Ok(place)
    }

    /// Where the values of a record lie, column by column; of several members with one key the last. Keys that are no
    /// columns are left out.
    pub fn row(&mut self, record: &[u8], fields: Fields<'_>, cells: &mut Vec<Cell>) {
        cells.clear();
        cells.resize(self.columns.len(), (0, 0));
        let base = record.as_ptr().addr();
        let mut hint = 0;
        for field in fields {
            let place = self.place(field.key, hint).or_else(|| self.spelled(field.key));
            let Some(place) = place else { continue };
            let start = field.value.as_ptr().addr() - base;
            cells[place] = (start, start + field.value.len());
            hint = place + 1;
        }
    }

    /// A column of that name spelled with escapes.
    fn spelled(&mut self, key: &[u8]) -> Option<usize> {
        let name = name_of(key).ok()?;
        let place = self.place_of(&name)?;
        self.spellings.insert(key.into(), place);
        Some(place)
    }

    fn column(&mut self, name: String) -> usize {
        if let Some(place) = self.place_of(&name) {
            return place;
        }
        let place = self.columns.len();
        let spelling = spelling_of(&name);
        self.spellings.insert(spelling.clone(), place);
        self.first.push(spelling);
        self.names.insert(name.clone(), place);
        self.columns.push(Column { name, kinds: Kinds::default() });
        place
    }
}

/// The shortest way to write a name as a key: for most the name itself.
fn spelling_of(name: &str) -> Box<[u8]> {
    if name.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..=31)) {
        let quoted = serde_json::Value::from(name).to_string();
        return quoted.as_bytes()[1..quoted.len() - 1].into();
    }
    name.as_bytes().into()
}

/// The name that a key stands for.
///
/// # Errors
/// If it is no text.
pub fn name_of(key: &[u8]) -> Result<String, LoneSurrogate> {
    let mut name = Vec::with_capacity(key.len());
    unescape(key, &mut name)?;
    String::from_utf8(name).map_err(|_| LoneSurrogate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fields::fields;

    fn fold(records: &[&str]) -> Schema {
        let mut schema = Schema::default();
        for record in records {
            for field in fields(record.as_bytes()).unwrap() {
                let place = schema.learn(field.key).unwrap();
                schema.note(place, Kind::of(field.value));
            }
        }
        schema
    }

    fn row(schema: &mut Schema, record: &str) -> Vec<String> {
        let mut cells = Vec::new();
        schema.row(record.as_bytes(), fields(record.as_bytes()).unwrap(), &mut cells);
        cells.iter().map(|(start, end)| record[*start..*end].to_owned()).collect()
    }

    #[test]
    fn columns_come_in_the_order_of_first_sight() {
        let mut schema = fold(&[r#"{"a":1,"é":null}"#, r#"{"\u00e9":"x","b":1.5,"a":true}"#]);
        let names: Vec<&str> = schema.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["a", "é", "b"]);
        assert!(schema.columns()[0].kinds.are_within(&[Kind::Integer, Kind::Bool]));
        assert!(!schema.columns()[0].kinds.are_within(&[Kind::Integer]));
        assert!(schema.columns()[1].kinds.are_within(&[Kind::Text]));
        assert_eq!(row(&mut schema, r#"{"b":3,"\u0061":2,"zz":0}"#), ["2", "", "3"]);
        assert_eq!(row(&mut schema, r#"{"a":1,"b":2,"a":"last"}"#), ["\"last\"", "", "2"]);
    }

    #[test]
    fn keys_with_escapes_are_columns() {
        let mut schema = Schema::starting_with(["a\"b".to_owned(), String::new(), "n\n".to_owned()]);
        assert_eq!(row(&mut schema, r#"{"a\"b":1,"":2,"n\u000a":3}"#), ["1", "2", "3"]);
        assert_eq!(schema.learn(b"\\ud800"), Err(LoneSurrogate));
    }
}
