//! COQL: a text into a [`Query`], and what the text got wrong. Nothing here knows a module or a field.

mod parse;
mod token;

use super::Criteria;
pub(in crate::sandbox) use parse::parse;
pub(in crate::sandbox) use token::Place;

/// A query as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Query {
    pub(in crate::sandbox) columns: Vec<Column>,
    pub(in crate::sandbox) module: String,
    pub(in crate::sandbox) criteria: Criteria,
    pub(in crate::sandbox) group_by: Vec<String>,
    pub(in crate::sandbox) order_by: Vec<OrderBy>,
    pub(in crate::sandbox) offset: Option<u64>,
    pub(in crate::sandbox) limit: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Column {
    pub(in crate::sandbox) function: Option<Function>,
    pub(in crate::sandbox) field: String,
    pub(in crate::sandbox) alias: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct OrderBy {
    pub(in crate::sandbox) field: String,
    pub(in crate::sandbox) descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Function {
    Count,
    Sum,
    Min,
    Max,
    Avg,
}

/// Why a text is no query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) enum QueryError {
    /// It does not begin with `select`.
    NotSupported,
    MissingClause(&'static str),
    Unexpected {
        place: Place,
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
    pub(in crate::sandbox) fn name(&self) -> String {
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

    pub(in crate::sandbox) fn as_str(self) -> &'static str {
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
