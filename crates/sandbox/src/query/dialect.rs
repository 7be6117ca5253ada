//! The three notations for criteria: the names of their operators, and which kinds of fields these apply to.

use super::{FieldKind, Operator};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Search,
    Coql,
    Bulk,
}

/// The rules that criteria must follow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) dialect: Dialect,
    /// The most values in `in`.
    pub(crate) most_values: usize,
}

impl Dialect {
    /// The operator with this name, and whether it is negated. COQL has a grammar of its own.
    pub(crate) fn operator(self, word: &str) -> Option<(Operator, bool)> {
        let words = |negated| Operator::ALL.into_iter().map(move |operator| (operator, negated));
        words(false)
            .chain(words(true))
            .find(|(operator, negated)| self.word(*operator, *negated) == Some(word))
    }

    /// The names of the operators that apply to a kind of field.
    pub(crate) fn words_for(self, kind: FieldKind) -> Vec<&'static str> {
        let both = |operator| [(operator, false), (operator, true)];
        let fitting = Operator::ALL.into_iter().flat_map(both);
        fitting
            .filter(|(operator, negated)| self.allows(*operator, *negated, kind))
            .filter_map(|(operator, negated)| self.word(operator, negated))
            .collect()
    }

    /// The name of an operator; `None` if the notation does not have it.
    pub(crate) fn word(self, operator: Operator, negated: bool) -> Option<&'static str> {
        match self {
            Self::Search => search_word(operator, negated),
            Self::Coql => coql_word(operator, negated),
            Self::Bulk => bulk_word(operator, negated),
        }
    }

    /// Zoho: for search, the table in its documentation; in COQL, a boolean field takes only `=` and a long text no
    /// operator. Guess: the rest of COQL, and all of bulk read.
    pub(super) fn allows(self, operator: Operator, negated: bool, kind: FieldKind) -> bool {
        let is_ordered = matches!(
            kind,
            FieldKind::Id | FieldKind::Whole | FieldKind::Decimal | FieldKind::Date | FieldKind::DateTime
        );
        match (operator, kind) {
            (_, FieldKind::Opaque) => false,
            (_, FieldKind::LongText) if self == Self::Coql => false,
            (operator, FieldKind::Boolean) if self == Self::Coql => operator == Operator::Equal && !negated,
            (Operator::Null | Operator::Equal, _) => true,
            (Operator::In, kind) => !matches!(kind, FieldKind::Boolean | FieldKind::LongText),
            (
                Operator::Less
                | Operator::LessEqual
                | Operator::Greater
                | Operator::GreaterEqual
                | Operator::Between,
                _,
            ) => is_ordered,
            (Operator::StartsWith | Operator::EndsWith | Operator::Contains, FieldKind::Choice) => {
                self != Self::Search
            }
            (Operator::StartsWith | Operator::EndsWith | Operator::Contains, kind) => {
                matches!(kind, FieldKind::Text | FieldKind::LongText | FieldKind::Choices)
            }
        }
    }
}

fn search_word(operator: Operator, negated: bool) -> Option<&'static str> {
    Some(match (operator, negated) {
        (Operator::Equal, false) => "equals",
        (Operator::Equal, true) => "not_equal",
        (Operator::In, false) => "in",
        (Operator::Less, false) => "less_than",
        (Operator::LessEqual, false) => "less_equal",
        (Operator::Greater, false) => "greater_than",
        (Operator::GreaterEqual, false) => "greater_equal",
        (Operator::Between, false) => "between",
        (Operator::StartsWith, false) => "starts_with",
        _ => return None,
    })
}

fn coql_word(operator: Operator, negated: bool) -> Option<&'static str> {
    Some(match (operator, negated) {
        (Operator::Equal, false) => "=",
        (Operator::Equal, true) => "!=",
        (Operator::In, false) => "in",
        (Operator::In, true) => "not in",
        (Operator::Less, false) => "<",
        (Operator::LessEqual, false) => "<=",
        (Operator::Greater, false) => ">",
        (Operator::GreaterEqual, false) => ">=",
        (Operator::Between, false) => "between",
        (Operator::Between, true) => "not between",
        (Operator::StartsWith | Operator::EndsWith | Operator::Contains, false) => "like",
        (Operator::StartsWith | Operator::EndsWith | Operator::Contains, true) => "not like",
        (Operator::Null, false) => "is null",
        (Operator::Null, true) => "is not null",
        _ => return None,
    })
}

fn bulk_word(operator: Operator, negated: bool) -> Option<&'static str> {
    Some(match (operator, negated) {
        (Operator::Equal, false) => "equal",
        (Operator::Equal, true) => "not_equal",
        (Operator::In, false) => "in",
        (Operator::In, true) => "not_in",
        (Operator::Less, false) => "less_than",
        (Operator::LessEqual, false) => "less_equal",
        (Operator::Greater, false) => "greater_than",
        (Operator::GreaterEqual, false) => "greater_equal",
        (Operator::Between, false) => "between",
        (Operator::Between, true) => "not_between",
        (Operator::StartsWith, false) => "starts_with",
        (Operator::EndsWith, false) => "ends_with",
        (Operator::Contains, false) => "contains",
        (Operator::Contains, true) => "not_contains",
        _ => return None,
    })
}
