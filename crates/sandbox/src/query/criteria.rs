//! Parsed criteria. Their fields are not resolved yet.

/// A comparison, or several that are combined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Criteria {
    One(Comparison),
    Group(Junction, Vec<Criteria>),
}

/// A field and what it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) field: String,
    /// Whether the comparison is negated: `not_equal` is a negated `Equal`.
    pub(crate) negated: bool,
    pub(crate) operator: Operator,
    /// The values as text; the type of the field decides how they are parsed.
    pub(crate) values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Junction {
    And,
    Or,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    In,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Between,
    StartsWith,
    EndsWith,
    Contains,
    Null,
}

impl Criteria {
    /// How many comparisons there are.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Group(_, parts) => parts.iter().map(Self::count).sum(),
        }
    }
}

impl Operator {
    pub(super) const ALL: [Self; 11] = [
        Self::Equal,
        Self::In,
        Self::Less,
        Self::LessEqual,
        Self::Greater,
        Self::GreaterEqual,
        Self::Between,
        Self::StartsWith,
        Self::EndsWith,
        Self::Contains,
        Self::Null,
    ];
}
