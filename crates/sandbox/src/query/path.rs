//! A field of a record, or of a record that its lookups refer to: `Account_Name.Industry`, `Owner.id`.

use serde_json::Value;

use super::{FieldKind, Operand};
use crate::records::{Field, Module, Organisation, Record, Type};

/// Zoho: a path follows at most two lookups.
const MOST_LOOKUPS: usize = 2;

/// A resolved path.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    name: String,
    /// The lookups to follow, with the modules they refer to.
    lookups: Vec<(Field, Module)>,
    field: Field,
    part: Option<LookupMember>,
}

/// A member of a lookup that does not refer to a record: of a user, a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LookupMember {
    Id,
    Name,
    Email,
    FirstName,
    LastName,
}

impl Path {
    /// `None` if there is no such field, or the path follows too many lookups.
    pub(crate) fn find(module: Module, name: &str) -> Option<Self> {
        let mut lookups: Vec<(Field, Module)> = Vec::new();
        let mut here = module;
        let mut segments = name.split('.').peekable();
        loop {
            // Guess: fields that listings leave out cannot be used here either.
            let field = here.field(segments.next()?).filter(Field::is_in_lists)?;
            let path = |part| Self { name: name.to_owned(), lookups: lookups.clone(), field, part };
            let Some(next) = segments.peek() else {
                return Some(path(None));
            };
            match field.target() {
                Some(target) if lookups.len() < MOST_LOOKUPS => {
                    lookups.push((field, target));
                    here = target;
                }
                Some(_) => return None,
                None => {
                    let part = LookupMember::of(field, next)?;
                    segments.next();
                    return segments.next().is_none().then(|| path(Some(part)));
                }
            }
        }
    }

    /// The path as it was written.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn kind(&self) -> FieldKind {
        match self.part {
            None => FieldKind::of(self.field.data_type),
            Some(LookupMember::Id) => FieldKind::Id,
            Some(_) => FieldKind::Text,
        }
    }

    /// Whether this is the id of the record itself.
    pub(crate) fn is_id(&self) -> bool {
        self.name == "id"
    }

    pub(crate) fn value(&self, organisation: &Organisation, record: &Record<'_>) -> Value {
        let Some(record) = self.follow(organisation, record) else {
            return Value::Null;
        };
        let value = self.field.value(&record);
        match self.part {
            Some(part) => part.value(&value),
            None => value,
        }
    }

    /// The value for comparisons; `None` for null.
    pub(crate) fn operand(&self, organisation: &Organisation, record: &Record<'_>) -> Option<Operand> {
        self.kind().operand(&self.value(organisation, record))
    }

    fn follow<'a>(&self, organisation: &'a Organisation, record: &Record<'a>) -> Option<Record<'a>> {
        self.lookups.iter().try_fold(*record, |record, (field, target)| {
            let id = field.value(&record).get("id")?.as_str()?.parse().ok()?;
            organisation.record_with_id(*target, id)
        })
    }
}

impl LookupMember {
    fn of(field: Field, name: &str) -> Option<Self> {
        match (field.data_type, name) {
            (Type::Lookup | Type::OwnerLookup, "id") => Some(Self::Id),
            (Type::Lookup, "name") | (Type::OwnerLookup, "name" | "full_name") => Some(Self::Name),
            (Type::OwnerLookup, "email") => Some(Self::Email),
            (Type::OwnerLookup, "first_name") => Some(Self::FirstName),
            (Type::OwnerLookup, "last_name") => Some(Self::LastName),
            _ => None,
        }
    }

    fn value(self, lookup: &Value) -> Value {
        let (key, shorten): (_, fn(&str) -> &str) = match self {
            Self::Id => ("id", |text| text),
            Self::Name => ("name", |text| text),
            Self::Email => ("email", |text| text),
            Self::FirstName => ("name", |name| name.split_once(' ').map_or("", |(first, _)| first)),
            Self::LastName => ("name", |name| name.split_once(' ').map_or(name, |(_, last)| last)),
        };
        lookup.get(key).and_then(Value::as_str).map_or(Value::Null, |text| shorten(text).into())
    }
}
