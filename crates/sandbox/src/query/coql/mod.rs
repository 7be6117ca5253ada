//! The syntax of COQL: parses a text into a [`Query`]. It knows no modules and no fields.

mod parse;
mod token;

use super::Criteria;
pub(crate) use parse::parse;
pub(crate) use token::LineColumn;

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) columns: Vec<Column>,
    pub(crate) module: String,
    pub(crate) criteria: Criteria,
    pub(crate) group_by: Vec<String>,
    pub(crate) order_by: Vec<OrderBy>,
    pub(crate) offset: Option<u64>,
    pub(crate) limit: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) function: Option<Function>,
    pub(crate) field: String,
    pub(crate) alias: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderBy {
    pub(crate) field: String,
    pub(crate) descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Count,
    Sum,
    Min,
    Max,
    Avg,
}

/// Why a text is not a valid query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum QueryError {
    /// It does not begin with `select`.
    NotSupported,
    MissingClause(&'static str),
    Unexpected {
        place: LineColumn,
        near: String,
    },
    Operator(String),
    Function {
        name: String,
        field: String,
    },
    /// A `like` pattern that means neither "starts with" nor "ends with" nor "contains".
    Pattern {
        field: String,
        value: String,
    },
    Limit(String),
    ZeroLimit,
    EmptyAlias {
        field: String,
    },
}

impl Column {
    /// The name of the column in the answer. Guess: a function without an alias is named as it is written.
    pub(crate) fn name(&self) -> String {
        match (&self.alias, self.function) {
            (Some(alias), _) => alias.clone(),
            (None, None) => self.field.clone(),
            (None, Some(function)) => format!("{}({})", function.as_str(), self.field),
        }
    }
}

impl Function {
    const ALL: [Self; 5] = [Self::Count, Self::Sum, Self::Min, Self::Max, Self::Avg];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.as_str().eq_ignore_ascii_case(name))
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::Sum => "SUM",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::Avg => "AVG",
        }
    }
}

#[cfg(test)]
mod tests;
