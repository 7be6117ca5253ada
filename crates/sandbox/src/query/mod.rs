//! Selects records: criteria as they were written, and conditions that can be evaluated for a record.
//!
//! Search, COQL and bulk read share it. It knows no endpoint: errors are a [`CriteriaError`], a [`ConditionError`] or a
//! `coql::QueryError`, and each endpoint turns them into the errors of Zoho.

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
