//! Which records can land, and which columns they have.

use std::collections::HashSet;

use crate::plan::target::{ColumnType, ColumnsPlan, OnNewColumn};
use crate::record::fields::{fields, unescape};
use crate::record::key::{KeyReader, NoKey, is_name};
use crate::record::kind::Kind;
use crate::record::schema::Schema;

/// What every record must pass before it is spooled.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// For targets with columns.
    pub(super) table: Option<TableGate>,
    /// For targets with a key.
    pub(super) key: Option<KeyReader>,
    /// The fields that name folders.
    pub(super) partition_by: Vec<String>,
    pub(super) scratch: Vec<u8>,
}

/// Why a record cannot land.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Something is wrong with the record.
    Bad(String),
    /// It has a field that is no column, and none may be added.
    NewColumn(String),
}

impl Gate {
    /// Looks at a record that is to land, and notes its columns if it can.
    pub(super) fn check(&mut self, record: &[u8]) -> Result<(), Refusal> {
        self.check_key(record)?;
        if !self.partition_by.is_empty() {
            check_partition(&self.partition_by, record)?;
        }
        match &mut self.table {
            Some(table) => table.check(record),
            None => Ok(()),
        }
    }

    /// Looks at a record whose key is to go.
    pub(super) fn check_key(&mut self, record: &[u8]) -> Result<(), Refusal> {
        let Some(key) = &mut self.key else { return Ok(()) };
        key.read(record, &mut self.scratch).map_err(|problem| Refusal::Bad(problem.to_string()))
    }
}

fn check_partition(names: &[String], record: &[u8]) -> Result<(), Refusal> {
    let fields = fields(record).ok_or_else(|| Refusal::Bad(NoKey::NoObject.to_string()))?;
    for field in fields {
        if matches!(field.value.first(), Some(b'{' | b'['))
            && let Some(name) = names.iter().find(|name| is_name(field.key, name))
        {
            let problem = format!("its `{name}` is a list or an object, which cannot name a folder");
            return Err(Refusal::Bad(problem));
        }
    }
    Ok(())
}

fn no_object() -> Refusal {
    Refusal::Bad("it is no object, and a table needs fields".to_owned())
}

/// The columns of a table while records come in.
#[derive(Debug)]
pub(super) struct TableGate {
    schema: Schema,
    /// The types that the author gave, by place.
    types: Vec<Option<ColumnType>>,
    /// Whether fields that are no columns are left out, or fail the run; neither: they become columns.
    on_new: OnNewColumn,
    /// Keys that are left out, as they are written.
    ignored: HashSet<Box<[u8]>>,
    /// Whether a table of this kind takes no NUL in a name.
    refuses_nul: bool,
    /// The fields of the record at hand: column and kind.
    seen: Vec<(usize, Kind)>,
    /// Whether it has keys that were not seen before in their spelling.
    has_new: bool,
    text: Vec<u8>,
}

impl TableGate {
    /// The columns that are there or that the author gave come first. Without any, every field is one.
    pub(super) fn new(plan: &ColumnsPlan, former: &[String], refuses_nul: bool) -> Self {
        let declared = plan.declared.iter().flatten();
        let names = former.iter().cloned().chain(declared.clone().map(|column| column.name.clone()));
        let schema = Schema::starting_with(names);
        let mut types = vec![None; schema.columns().len()];
        for column in declared {
            if let Some(place) = schema.place_of(&column.name) {
                types[place] = column.kind;
            }
        }
        let on_new = if types.is_empty() { OnNewColumn::Add } else { plan.on_new };
        Self {
            schema,
            types,
            on_new,
            ignored: HashSet::new(),
            refuses_nul,
            seen: vec![],
            has_new: false,
            text: vec![],
        }
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The type that the author gave to the column at `place`.
    pub(super) fn type_of(&self, place: usize) -> Option<ColumnType> {
        self.types.get(place).copied().flatten()
    }

    pub(super) fn check(&mut self, record: &[u8]) -> Result<(), Refusal> {
        let mut fields = fields(record).ok_or_else(no_object)?;
        self.seen.clear();
        self.has_new = false;
        let mut hint = 0;
        for field in fields.by_ref() {
            let Some(place) = self.schema.place(field.key, hint) else {
                self.check_new(field.key, field.value)?;
                continue;
            };
            let kind = Kind::of(field.value);
            let declared = self.types.get(place).copied().flatten();
            if let Some(problem) = self.problem(kind, field.value, declared) {
                let name = &self.schema.columns()[place].name;
                return Err(Refusal::Bad(format!("its `{name}` {problem}")));
            }
            self.seen.push((place, kind));
            hint = place + 1;
        }
        if !fields.is_whole() {
            return Err(no_object());
        }
        for (place, kind) in &self.seen {
            self.schema.note(*place, *kind);
        }
        if self.has_new { self.learn(record) } else { Ok(()) }
    }

    /// A key that was not seen before in this spelling.
    fn check_new(&mut self, key: &[u8], value: &[u8]) -> Result<(), Refusal> {
        if self.ignored.contains(key) {
            return Ok(());
        }
        let shown = String::from_utf8_lossy(key).into_owned();
        let name = crate::record::schema::name_of(key)
            .map_err(|error| Refusal::Bad(format!("its field `{shown}` has a name with {error}")))?;
        if self.refuses_nul && name.contains('\0') {
            return Err(Refusal::Bad(format!("its field `{shown}` has a name with a NUL")));
        }
        let kind = Kind::of(value);
        let place = self.schema.place_of(&name);
        let declared = place.and_then(|place| self.type_of(place));
        if let Some(problem) = self.problem(kind, value, declared) {
            return Err(Refusal::Bad(format!("its `{name}` {problem}")));
        }
        match (place, self.on_new) {
            (Some(_), _) | (None, OnNewColumn::Add) => self.has_new = true,
            (None, OnNewColumn::Ignore) => drop(self.ignored.insert(key.into())),
            (None, OnNewColumn::Fail) => return Err(Refusal::NewColumn(name)),
        }
        Ok(())
    }

    /// Adds the columns and spellings of a record that is good as a whole.
    fn learn(&mut self, record: &[u8]) -> Result<(), Refusal> {
        let mut hint = 0;
        for field in fields(record).into_iter().flatten() {
            if let Some(place) = self.schema.place(field.key, hint) {
                hint = place + 1;
                continue;
            }
            if self.ignored.contains(field.key) {
                continue;
            }
            let place = self.schema.learn(field.key).map_err(|error| Refusal::Bad(error.to_string()))?;
            self.schema.note(place, Kind::of(field.value));
            self.types.resize(self.schema.columns().len(), None);
            hint = place + 1;
        }
        Ok(())
    }

    /// What is wrong with a value, if something is.
    fn problem(&mut self, kind: Kind, value: &[u8], declared: Option<ColumnType>) -> Option<String> {
        if kind.is_text() {
            self.text.clear();
            let inside = &value[1..value.len() - 1];
            if memchr::memchr(b'\\', inside).is_some() {
                if unescape(inside, &mut self.text).is_err() {
                    return Some("holds half a surrogate pair, which is no text".to_owned());
                }
            } else if declared.is_some() {
                self.text.extend_from_slice(inside);
            }
        }
        let declared = declared?;
        let fits = kind.is_null() || fits(declared, kind, &self.text);
        (!fits).then(|| {
            let shown: String = String::from_utf8_lossy(value).chars().take(60).collect();
            format!("is {}, `{shown}`, and its column has the type `{}`", kind.describe(), declared.word())
        })
    }
}

/// Whether a column of this type holds a value without loss. A text that reads exactly like a value of the type is
/// one.
fn fits(declared: ColumnType, kind: Kind, text: &[u8]) -> bool {
    let text = || std::str::from_utf8(text).unwrap_or_default();
    match declared {
        ColumnType::Text | ColumnType::Json => true,
        ColumnType::Integer => match kind {
            Kind::Integer | Kind::LongInteger => true,
            Kind::NumericText => text().parse::<i64>().is_ok_and(|number| number.to_string() == text()),
            Kind::Null | Kind::Bool | Kind::Real | Kind::Digits | Kind::Text | Kind::Nested => false,
        },
        ColumnType::Number => match kind {
            Kind::Integer | Kind::LongInteger | Kind::Real => true,
            Kind::NumericText => Kind::of(text().as_bytes()).fits_a_double() && is_json_number(text()),
            Kind::Null | Kind::Bool | Kind::Digits | Kind::Text | Kind::Nested => false,
        },
        ColumnType::Boolean => kind.is_bool() || (kind.is_plain_text() && matches!(text(), "true" | "false")),
        ColumnType::Date => {
            kind.is_plain_text() && text().len() == 10 && text().parse::<jiff::civil::Date>().is_ok()
        }
        ColumnType::Datetime => {
            kind.is_plain_text()
                && (text().parse::<jiff::Timestamp>().is_ok()
                    || (text().len() > 10 && text().parse::<jiff::civil::DateTime>().is_ok()))
        }
    }
}

fn is_json_number(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok_and(|raw| raw.get() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::target::DeclaredColumn;

    fn table(columns: &[(&str, Option<ColumnType>)], on_new: OnNewColumn) -> TableGate {
        let columns: Vec<_> = columns
            .iter()
            .map(|(name, kind)| DeclaredColumn { name: (*name).to_owned(), kind: *kind })
            .collect();
        let plan = ColumnsPlan { declared: (!columns.is_empty()).then_some(columns), on_new };
        TableGate::new(&plan, &[], true)
    }

    fn names(gate: &TableGate) -> Vec<&str> {
        gate.schema().columns().iter().map(|column| column.name.as_str()).collect()
    }

    #[test]
    fn values_fit_their_types() {
        let cases = [
            (ColumnType::Text, "[1]", true),
            (ColumnType::Integer, "12", true),
            (ColumnType::Integer, "\"12\"", true),
            (ColumnType::Integer, "\"012\"", false),
            (ColumnType::Integer, "1.5", false),
            (ColumnType::Integer, "9223372036854775808", false),
            (ColumnType::Integer, "null", true),
            (ColumnType::Number, "1.5", true),
            (ColumnType::Number, "\"1.50\"", true),
            (ColumnType::Number, "\" 1.5\"", false),
            (ColumnType::Number, "1e400", false),
            (ColumnType::Boolean, "true", true),
            (ColumnType::Boolean, "\"false\"", true),
            (ColumnType::Boolean, "1", false),
            (ColumnType::Json, "\"x\"", true),
            (ColumnType::Date, "\"2026-11-23\"", true),
            (ColumnType::Date, "\"2026-02-30\"", false),
            (ColumnType::Date, "\"2026-11-23T00:00:00Z\"", false),
            (ColumnType::Datetime, "\"2026-11-23T12:00:00+01:00\"", true),
            (ColumnType::Datetime, "\"2026-11-23T12:00:00\"", true),
            (ColumnType::Datetime, "\"2026-11-23\"", false),
            (ColumnType::Datetime, "1700000000", false),
            (ColumnType::Text, "\"\\ud800\"", false),
        ];
        for (declared, value, good) in cases {
            let mut gate = table(&[("a", Some(declared))], OnNewColumn::Add);
            let checked = gate.check(format!("{{\"a\":{value}}}").as_bytes());
            assert_eq!(checked.is_ok(), good, "{declared:?} {value}: {checked:?}");
        }
    }

    #[test]
    fn new_fields_are_added_left_out_or_refused() {
        let record = br#"{"b":1,"a":2,"\u0062":3}"#;
        let mut adds = table(&[("a", None)], OnNewColumn::Add);
        adds.check(record).unwrap();
        assert_eq!(names(&adds), ["a", "b"]);
        let mut ignores = table(&[("a", None)], OnNewColumn::Ignore);
        for _again in 0..2 {
            ignores.check(record).unwrap();
        }
        assert_eq!(names(&ignores), ["a"]);
        let mut fails = table(&[("a", None)], OnNewColumn::Fail);
        assert_eq!(fails.check(record), Err(Refusal::NewColumn("b".to_owned())));
        let mut first = table(&[], OnNewColumn::Fail);
        first.check(record).unwrap();
        assert_eq!(names(&first), ["b", "a"]);
    }

    #[test]
    fn a_bad_record_adds_no_column() {
        let mut gate = table(&[], OnNewColumn::Add);
        for bad in [r#"{"new":1,"a":"\ud800"}"#, "[1]", "1", r#"{"\udc00":1}"#, r#"{"a\u0000":1}"#] {
            assert!(matches!(gate.check(bad.as_bytes()), Err(Refusal::Bad(_))), "{bad}");
        }
        assert!(names(&gate).is_empty());
    }
}
