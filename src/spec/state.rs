//! `state`: values that a step keeps for its next run.

use super::table::table;
use super::value::{ExpressionText, PathText, Period, TemplateText, words};

table! {
    /// A value that is kept between runs: up to where the step has read. Exactly one of `max`, `min`, `last`, `expr` and `through` says what it becomes when the step completes.
    pub struct StateSpec("state") {
        /// The greatest value at this path of the records, as they were received.
        max: PathText = Optional,
        /// The smallest.
        min: PathText = Optional,
        /// That of the last record.
        last: PathText = Optional,
        /// A value computed from the last answer: a sync token, say.
        expr: ExpressionText = Optional,
        /// A value that is known before the first request: everything up to it is read, `"{{ run.started_at }}"`.
        through: TemplateText = Optional,
        /// How values are compared: as instants, numbers or texts. `max` and `min` need it.
        kind["type"]: StateType = Optional,
        /// One value for each value of this expression: `params.module`; `none`: one for all.
        per: ExpressionText = Optional,
        /// `asc`: records come in rising order, so that what an incomplete run got up to is kept.
        row_order: RowOrder = Optional,
        /// What `state.NAME` is before the first complete run; without it none, which is not sent.
        initial_value: TemplateText = Optional,
        /// So much earlier `state.NAME` begins, for records that show up late; only with `type: datetime`.
        lookback: Period = Optional,
        /// What a record without a value means, with `max`, `min` and `last`.
        on_missing: OnMissing = Default("fail"),
    }
    other_words { "maximum" => "max", "minimum" => "min", "initial" => "initial_value", "default" => "initial_value", "start" => "initial_value", "start_value" => "initial_value", "overlap" => "lookback", "lag" => "lookback" }
}

words! {
    /// How values of a state are compared.
    pub enum StateType("type of state") {
        /// As instants: dates and times, with an offset or without, but not mixed.
        Datetime = "datetime",
        /// As numbers.
        Number = "number",
        /// As texts, byte by byte.
        String = "string",
    }
}

words! {
    /// The order in which records come.
    pub enum RowOrder("row order") {
        /// The smallest first.
        Asc = "asc",
    }
}

words! {
    /// What a record without a value means.
    pub enum OnMissing("on_missing") {
        /// The step fails.
        Fail = "fail",
        /// The record does not count.
        Ignore = "ignore",
    }
}

impl StateType {
    /// Whether its values are instants, from which a length of time can be subtracted.
    pub fn is_instant(self) -> bool {
        match self {
            Self::Datetime => true,
            Self::Number | Self::String => false,
        }
    }
}

impl OnMissing {
    /// Whether a record without the value is ignored.
    pub fn ignores(self) -> bool {
        match self {
            Self::Ignore => true,
            Self::Fail => false,
        }
    }
}
