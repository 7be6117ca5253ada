//! Criteria whose fields and values were resolved, so that they can be evaluated for a record.

use std::cmp::Ordering;
use std::ops::RangeInclusive;

use super::{Comparison, Criteria, Dialect, FieldKind, Junction, Operand, Operator, Path, Rules, TextMatch};
use crate::records::{Module, Organisation, Record, Type};

const ALL_IDS: RangeInclusive<u64> = 0..=u64::MAX;

#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Test(Test),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// One comparison.
#[derive(Debug, Clone)]
pub(crate) struct Test {
    path: Path,
    negated: bool,
    check: Check,
}

#[derive(Debug, Clone, PartialEq)]
enum Check {
    Null,
    OneOf(Vec<Operand>),
    Ordered(Inequality, Operand),
    Between(Operand, Operand),
    Text(TextMatch, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inequality {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// Why criteria do not apply to a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConditionError {
    Field { field: String },
    Operator { field: String, word: &'static str, kind: FieldKind },
    Value { field: String, value: String, kind: FieldKind },
    TooManyValues { field: String, limit: usize },
}

impl Condition {
    pub(crate) const EVERYTHING: Self = Self::All(Vec::new());
    pub(crate) const NOTHING: Self = Self::Any(Vec::new());

    /// Resolves the fields and parses the values.
    pub(crate) fn of(module: Module, criteria: &Criteria, rules: Rules) -> Result<Self, ConditionError> {
        match criteria {
            Criteria::One(comparison) => Test::of(module, comparison, rules).map(Self::Test),
            Criteria::Group(junction, parts) => {
                let parts: Result<_, _> = parts.iter().map(|part| Self::of(module, part, rules)).collect();
                parts.map(match junction {
                    Junction::And => Self::All,
                    Junction::Or => Self::Any,
                })
            }
        }
    }

    /// Holds if a field of one of these types contains the text.
    pub(crate) fn found_in(module: Module, types: &[Type], how: TextMatch, text: &str) -> Self {
        let check = Check::Text(how, super::kind::lower(text));
        let fields = module.fields().filter(|field| types.contains(&field.data_type));
        let paths = fields.filter_map(|field| Path::find(module, field.name));
        Self::Any(paths.map(|path| Self::Test(Test { path, negated: false, check: check.clone() })).collect())
    }

    /// Holds if a boolean field has this value. `None` if the module has no such field.
    pub(crate) fn flag(module: Module, field: &str, value: bool) -> Option<Self> {
        let path = Path::find(module, field)?;
        let check = Check::OneOf(vec![Operand::Boolean(value)]);
        Some(Self::Test(Test { path, negated: false, check }))
    }

    pub(crate) fn holds(&self, organisation: &Organisation, record: &Record<'_>) -> bool {
        match self {
            Self::Test(test) => test.holds(organisation, record),
            Self::All(parts) => parts.iter().all(|part| part.holds(organisation, record)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(organisation, record)),
        }
    }

    /// Whether the condition has a comparison with this field.
    pub(super) fn speaks_of(&self, field: &str) -> bool {
        match self {
            Self::Test(test) => test.path.name() == field,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.speaks_of(field)),
        }
    }

    /// The range of ids outside of which no record can match.
    pub(crate) fn ids(&self) -> RangeInclusive<u64> {
        match self {
            Self::Test(test) => test.ids(),
            Self::All(parts) => parts
                .iter()
                .map(Self::ids)
                .fold(ALL_IDS, |all, part| *all.start().max(part.start())..=*all.end().min(part.end())),
            Self::Any(parts) => parts
                .iter()
                .map(Self::ids)
                .reduce(|all, part| *all.start().min(part.start())..=*all.end().max(part.end()))
                .unwrap_or(ALL_IDS),
        }
    }
}

impl Test {
    fn of(module: Module, comparison: &Comparison, rules: Rules) -> Result<Self, ConditionError> {
        let field = comparison.field.clone();
        let path = Path::find(module, &field).ok_or(ConditionError::Field { field: field.clone() })?;
        let (kind, negated) = (path.kind(), comparison.negated);
        if !rules.dialect.allows(comparison.operator, negated, kind) {
            let word = rules.dialect.word(comparison.operator, negated).unwrap_or_default();
            return Err(ConditionError::Operator { field, word, kind });
        }
        if comparison.values.len() > rules.most_values {
            return Err(ConditionError::TooManyValues { field, limit: rules.most_values });
        }
        let check = Check::of(comparison, kind, rules.dialect)?;
        Ok(Self { path, negated, check })
    }

    /// Guess: as in SQL, null is neither equal nor unequal to anything.
    fn holds(&self, organisation: &Organisation, record: &Record<'_>) -> bool {
        match (self.path.operand(organisation, record), &self.check) {
            (value, Check::Null) => value.is_none() != self.negated,
            (None, _) => false,
            (Some(value), check) => check.holds(&value) != self.negated,
        }
    }

    fn ids(&self) -> RangeInclusive<u64> {
        if self.negated || !self.path.is_id() {
            return ALL_IDS;
        }
        match &self.check {
            Check::OneOf(ids) => {
                let ids = || ids.iter().filter_map(id);
                ids().min().unwrap_or(0)..=ids().max().unwrap_or(u64::MAX)
            }
            Check::Ordered(Inequality::Less | Inequality::LessEqual, most) => {
                0..=id(most).unwrap_or(u64::MAX)
            }
            Check::Ordered(Inequality::Greater | Inequality::GreaterEqual, least) => {
                id(least).unwrap_or(0)..=u64::MAX
            }
            Check::Between(least, most) => id(least).unwrap_or(0)..=id(most).unwrap_or(u64::MAX),
            Check::Null | Check::Text(..) => ALL_IDS,
        }
    }
}

impl Check {
    fn of(comparison: &Comparison, kind: FieldKind, dialect: Dialect) -> Result<Self, ConditionError> {
        let mistake = |value: &str| {
            let (field, value) = (comparison.field.clone(), value.to_owned());
            ConditionError::Value { field, value, kind }
        };
        let read = |text: &String| kind.read(text).ok_or_else(|| mistake(text));
        let first = || comparison.values.first().ok_or_else(|| mistake(""));
        let text = |how| Ok(Self::Text(how, super::kind::lower(first()?)));
        let ordered = |side| Ok(Self::Ordered(side, read(first()?)?));
        match comparison.operator {
            // Zoho: `equals` in a search behaves like "contains". Guess: it matches whole words.
            Operator::Equal if dialect == Dialect::Search && kind == FieldKind::Text => {
                text(TextMatch::Words)
            }
            Operator::Equal => Ok(Self::OneOf(vec![read(first()?)?])),
            Operator::In if comparison.values.is_empty() => Err(mistake("")),
            Operator::In => comparison.values.iter().map(read).collect::<Result<_, _>>().map(Self::OneOf),
            Operator::Less => ordered(Inequality::Less),
            Operator::LessEqual => ordered(Inequality::LessEqual),
            Operator::Greater => ordered(Inequality::Greater),
            Operator::GreaterEqual => ordered(Inequality::GreaterEqual),
            Operator::Between => match comparison.values.as_slice() {
                [least, most] => Ok(Self::Between(read(least)?, read(most)?)),
                values => Err(mistake(&values.join(","))),
            },
            Operator::StartsWith => text(TextMatch::Start),
            Operator::EndsWith => text(TextMatch::End),
            Operator::Contains => text(TextMatch::Anywhere),
            Operator::Null => Ok(Self::Null),
        }
    }

    fn holds(&self, value: &Operand) -> bool {
        match self {
            Self::Null => false,
            Self::OneOf(written) => written.iter().any(|written| value.is(written)),
            Self::Ordered(side, written) => value.order(written).is_some_and(|ordering| side.fits(ordering)),
            Self::Between(least, most) => {
                value.order(least).is_some_and(Ordering::is_ge)
                    && value.order(most).is_some_and(Ordering::is_le)
            }
            Self::Text(how, part) => value.to_text().is_some_and(|text| how.holds(&text, part)),
        }
    }
}

impl Inequality {
    fn fits(self, ordering: Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::LessEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterEqual => ordering.is_ge(),
        }
    }
}

fn id(operand: &Operand) -> Option<u64> {
    match operand {
        Operand::Whole(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
