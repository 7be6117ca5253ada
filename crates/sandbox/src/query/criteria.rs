//! What is asked of records, as it was written: nothing is known yet of the fields.

/// Comparisons, joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Criteria {
    One(Comparison),
    Group(Junction, Vec<Criteria>),
}

/// A field beside what it is compared to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) field: String,
    /// Whether the opposite is meant: `not_equal` is a negated `Equal`.
    pub(crate) negated: bool,
    pub(crate) operator: Operator,
    /// Always texts: what they mean is a matter of the field's type.
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
