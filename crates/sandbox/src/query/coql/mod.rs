//! COQL: a text into a [`Query`], and what the text got wrong. Nothing here knows a module or a field.

mod parse;
mod token;

use super::Criteria;
pub(crate) use parse::parse;
pub(crate) use token::LineColumn;

/// A query as it was written.
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

/// Why a text is no query.
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
    /// A `like` that is neither "starts with" nor "ends with" nor "contains".
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
    /// What the column comes under; that a function without an alias comes as it is written is a guess.
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
