//! Which records are meant: criteria as they were written, and conditions that hold for a record or do not.
//!
//! `search`, COQL and bulk read share it. It is pure and knows no endpoint: what cannot be understood is a
//! [`ConditionError`] or a `coql::QueryError`, and who asked knows what Zoho answers to it.

mod condition;
pub(super) mod coql;
mod criteria;
mod criteria_text;
mod dialect;
mod kind;
mod matching;
mod operand;
mod path;
mod selection;

pub(super) use condition::{Condition, ConditionError};
pub(super) use criteria::{Comparison, Criteria, Junction, Operator};
pub(super) use criteria_text::{CriteriaError, read as read_criteria_text};
pub(super) use dialect::{Dialect, Rules};
pub(super) use kind::FieldKind;
pub(super) use matching::TextMatch;
pub(super) use operand::Operand;
pub(super) use path::Path;
pub(super) use selection::{Direction, FieldOrder, RecordSource, Selection, compare};
