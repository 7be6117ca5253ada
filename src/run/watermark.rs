//! How values of a state are compared, capped and moved back: pure functions of texts.
//!
//! The winning text is kept as it was received, so that the service gets its own spelling back.

use std::cmp::Ordering;
use std::time::{Duration, SystemTime};

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::plan::state::StateType;

/// Which of several values counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Pick {
    Max,
    Min,
    Last,
}

impl Pick {
    /// Whether the greatest counts: such a value is never further than the server's clock.
    pub(super) fn is_greatest(self) -> bool {
        match self {
            Self::Max => true,
            Self::Min | Self::Last => false,
        }
    }
}

/// A value that can be compared with others of its kind.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    text: String,
    order: Order,
}

#[derive(Debug, Clone, PartialEq)]
enum Order {
    /// A moment, and the offset in which it is written.
    Instant(Timestamp, Offset),
    /// A date and time of nobody knows which place.
    Local(DateTime),
    /// A day.
    Day(Date),
    Whole(i128),
    Decimal(f64),
    Text,
}

impl Order {
    fn is_instant(&self) -> bool {
        match self {
            Self::Instant(..) => true,
            Self::Local(_) | Self::Day(_) | Self::Whole(_) | Self::Decimal(_) | Self::Text => false,
        }
    }
}

/// Why a text is no value of a kind, or two of them cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is of another kind.
    #[error("`{found}` is not a {wanted}")]
    Kind {
        /// The text.
        found: String,
        /// What was wanted.
        wanted: &'static str,
    },
    /// They are of one kind, but not comparable.
    #[error("`{one}` and `{other}` cannot be compared: {why}")]
    Mixed {
        /// One text.
        one: String,
        /// The other.
        other: String,
        /// Why.
        why: &'static str,
    },
}

impl Value {
    /// Reads a text as a value of a kind.
    pub(super) fn read(text: &str, kind: StateType) -> Result<Self, Unfit> {
        let unfit = |wanted| Unfit::Kind { found: shortened(text), wanted };
        let order = match kind {
            StateType::String => Order::Text,
            StateType::Number => number(text).ok_or_else(|| unfit("number"))?,
            StateType::Datetime => moment(text).ok_or_else(|| unfit("date and time"))?,
        };
        Ok(Self { text: text.to_owned(), order })
    }

    /// As it was received.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn compare(&self, other: &Self) -> Result<Ordering, Unfit> {
        match (&self.order, &other.order) {
            (Order::Instant(one, _), Order::Instant(other, _)) => Ok(one.cmp(other)),
            (Order::Local(one), Order::Local(other)) => Ok(one.cmp(other)),
            (Order::Day(one), Order::Day(other)) => Ok(one.cmp(other)),
            (Order::Whole(one), Order::Whole(other)) => Ok(one.cmp(other)),
            (Order::Whole(_) | Order::Decimal(_), Order::Whole(_) | Order::Decimal(_)) => {
                Ok(self.as_decimal().total_cmp(&other.as_decimal()))
            }
            (Order::Text, Order::Text) => Ok(self.text.cmp(&other.text)),
            _ => Err(Unfit::Mixed {
                one: shortened(&self.text),
                other: shortened(&other.text),
                why: "one has an offset or a time of day, the other has not",
            }),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "only compared with what is no whole number anyway")]
    fn as_decimal(&self) -> f64 {
        match self.order {
            Order::Whole(number) => number as f64,
            Order::Decimal(number) => number,
            Order::Instant(..) | Order::Local(_) | Order::Day(_) | Order::Text => f64::NAN,
        }
    }

    /// Whether a text surely loses against this value, by its looks alone: the same places hold digits, the offset is the
    /// same, and the digits are smaller, or greater. Most records of a page are told apart so.
    pub(super) fn surely_beats(&self, text: &str, pick: Pick) -> bool {
        const OFFSET_AT: usize = 19;
        let (own, other) = (self.text.as_bytes(), text.as_bytes());
        if !self.order.is_instant() || own.len() != other.len() || own.len() < OFFSET_AT {
            return false;
        }
        let alike =
            |(one, other): (&u8, &u8)| one == other || (one.is_ascii_digit() && other.is_ascii_digit());
        if own[OFFSET_AT..] != other[OFFSET_AT..] || !own.iter().zip(other).all(alike) {
            return false;
        }
        match pick {
            Pick::Max => other <= own,
            Pick::Min => other >= own,
            Pick::Last => false,
        }
    }

    /// The value that counts of two.
    pub(super) fn pick(self, later: Self, pick: Pick) -> Result<Self, Unfit> {
        let wins = match pick {
            Pick::Last => true,
            Pick::Max => later.compare(&self)? == Ordering::Greater,
            Pick::Min => later.compare(&self)? == Ordering::Less,
        };
        Ok(if wins { later } else { self })
    }

    /// Not later than a moment: a clock that is ahead must not make the next run skip what comes before it.
    pub(super) fn at_most(self, moment: SystemTime) -> Self {
        let Ok(most) = Timestamp::try_from(moment) else { return self };
        match self.order {
            Order::Instant(time, offset) if time > most => {
                let text = written(most, offset);
                Self { order: Order::Instant(most, offset), text }
            }
            Order::Instant(..)
            | Order::Local(_)
            | Order::Day(_)
            | Order::Whole(_)
            | Order::Decimal(_)
            | Order::Text => self,
        }
    }

    /// So much earlier, in the same spelling; only a date and time can be.
    pub(super) fn earlier(self, by: Duration) -> Self {
        let Ok(by) = SignedDuration::try_from(by) else { return self };
        match self.order {
            Order::Instant(time, offset) => match time.checked_sub(by) {
                Ok(time) => Self { text: written(time, offset), order: Order::Instant(time, offset) },
                Err(_) => self,
            },
            Order::Local(time) => match time.checked_sub(by) {
                Ok(time) => Self { text: time.to_string(), order: Order::Local(time) },
                Err(_) => self,
            },
            // What is not a whole number of days must still be read.
            Order::Day(day) => match day.to_datetime(jiff::civil::Time::midnight()).checked_sub(by) {
                Ok(time) => Self { text: time.date().to_string(), order: Order::Day(time.date()) },
                Err(_) => self,
            },
            Order::Whole(_) | Order::Decimal(_) | Order::Text => self,
        }
    }
}

fn number(text: &str) -> Option<Order> {
    if let Ok(number) = text.parse::<i128>() {
        return Some(Order::Whole(number));
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Order::Decimal)
}

fn moment(text: &str) -> Option<Order> {
    if let Ok(pieces) = jiff::fmt::temporal::DateTimeParser::new().parse_timestamp(text) {
        let offset = offset_of(text).unwrap_or(Offset::UTC);
        return Some(Order::Instant(pieces, offset));
    }
    if let (10, Ok(day)) = (text.len(), text.parse::<Date>()) {
        return Some(Order::Day(day));
    }
    text.parse::<DateTime>().ok().map(Order::Local)
}

/// The offset at the end of a date and time: `+05:30`, `-0800`, `Z`.
fn offset_of(text: &str) -> Option<Offset> {
    let start = text.rfind(['+', '-']).filter(|start| *start > 10)?;
    let (hours, minutes) = match text[start + 1..].split_once(':') {
        Some((hours, minutes)) => (hours, minutes.get(..2)?),
        None => (text.get(start + 1..start + 3)?, text.get(start + 3..start + 5).unwrap_or("00")),
    };
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    Offset::from_seconds(if text[start..].starts_with('-') { -seconds } else { seconds }).ok()
}

fn written(time: Timestamp, offset: Offset) -> String {
    if offset == Offset::UTC { time.to_string() } else { time.display_with_offset(offset).to_string() }
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn best(texts: &[&str], kind: StateType, pick: Pick) -> Result<String, String> {
        let mut values = texts.iter().map(|text| Value::read(text, kind));
        let first = values.next().unwrap().map_err(|error| error.to_string())?;
        let best = values.try_fold(first, |best, next| best.pick(next?, pick));
        best.map(|value| value.text().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn instants_are_compared_and_not_texts() {
        let texts = ["2024-01-01T10:00:00+05:30", "2024-01-01T05:00:00Z", "2024-01-01T00:00:00-04:00"];
        assert_eq!(best(&texts, StateType::Datetime, Pick::Max).unwrap(), texts[1]);
        assert_eq!(best(&texts, StateType::Datetime, Pick::Min).unwrap(), texts[2]);
        assert_eq!(best(&texts, StateType::Datetime, Pick::Last).unwrap(), texts[2]);
        assert_eq!(
            best(&["2024-02-01", "2024-01-31"], StateType::Datetime, Pick::Max).unwrap(),
            "2024-02-01"
        );
        assert_eq!(
            best(&["2024-02-01T00:00:00", "2024-02-01 00:00:01.5"], StateType::Datetime, Pick::Max).unwrap(),
            "2024-02-01 00:00:01.5"
        );
    }

    #[test]
    fn numbers_keep_their_digits() {
        let texts = ["9", "10", "4876876000000000001", "4876876000000000000", "1.50"];
        assert_eq!(best(&texts, StateType::Number, Pick::Max).unwrap(), "4876876000000000001");
        assert_eq!(best(&texts, StateType::Number, Pick::Min).unwrap(), "1.50");
        assert_eq!(best(&texts, StateType::String, Pick::Max).unwrap(), "9");
    }

    #[test]
    fn equal_values_leave_the_first() {
        let texts = ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00"];
        assert_eq!(best(&texts, StateType::Datetime, Pick::Max).unwrap(), texts[0]);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let cases = [
            (vec!["yesterday"], StateType::Datetime, "`yesterday` is not a date and time"),
            (vec!["1e400"], StateType::Number, "`1e400` is not a number"),
            (
                vec!["2024-01-01", "2024-01-01T00:00:00Z"],
                StateType::Datetime,
                "`2024-01-01` and `2024-01-01T00:00:00Z` cannot be compared: one has an offset or a time of day, the other has not",
            ),
        ];
        for (texts, kind, message) in cases {
            let error = best(&texts, kind, Pick::Max).unwrap_err();
            let turned = "`2024-01-01T00:00:00Z` and `2024-01-01` cannot be compared: one has an offset or a time of day, the other has not";
            assert!(error == message || error == turned, "{error}");
        }
    }

    #[test]
    fn a_value_is_capped_and_moved_in_its_own_offset() {
        let read = |text: &str| Value::read(text, StateType::Datetime).unwrap();
        let cap = SystemTime::from("2024-01-01T00:00:00Z".parse::<Timestamp>().unwrap());
        assert_eq!(read("2024-01-01T09:00:00+05:30").at_most(cap).text(), "2024-01-01T05:30:00+05:30");
        assert_eq!(read("2024-01-01T05:00:00+05:30").at_most(cap).text(), "2024-01-01T05:00:00+05:30");
        let hour = Duration::from_secs(3600);
        assert_eq!(read("2024-01-01T00:30:00-08:00").earlier(hour).text(), "2023-12-31T23:30:00-08:00");
        assert_eq!(read("2024-01-01T00:30:00Z").earlier(hour).text(), "2023-12-31T23:30:00Z");
        assert_eq!(read("2024-01-01T00:30:00").earlier(hour).text(), "2023-12-31T23:30:00");
        assert_eq!(read("2024-01-01").earlier(hour).text(), "2023-12-31");
        assert_eq!(Value::read("7", StateType::Number).unwrap().earlier(hour).text(), "7");
    }

    proptest! {
        #[test]
        fn a_value_that_surely_loses_loses(one in "2024-0[1-9]-1[0-9]T0[0-9]:00:0[0-9](Z|[+]05:30|[.]5Z)", other in "2024-0[1-9]-1[0-9]T0[0-9]:00:0[0-9](Z|[+]05:30|[.]5Z)") {
            let read = |text: &str| Value::read(text, StateType::Datetime).unwrap();
            for pick in [Pick::Max, Pick::Min, Pick::Last] {
                if read(&one).surely_beats(&other, pick) {
                    prop_assert_eq!(read(&one).pick(read(&other), pick).unwrap(), read(&one));
                }
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            for kind in [StateType::Datetime, StateType::Number, StateType::String] {
                if let Ok(value) = Value::read(&text, kind) {
                    prop_assert_eq!(value.earlier(Duration::ZERO).text().is_empty(), text.is_empty());
                }
            }
        }

        #[test]
        fn the_greatest_is_not_less_than_any(numbers in prop::collection::vec(any::<i64>(), 1..20)) {
            let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let best = best(&texts, StateType::Number, Pick::Max).unwrap();
            prop_assert_eq!(best, numbers.iter().max().unwrap().to_string());
        }
    }
}
