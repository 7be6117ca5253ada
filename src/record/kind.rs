//! What kind of value a JSON text is, and whether a database's numbers hold it.

use serde::{Deserialize, Serialize};

/// The kinds of values, as far as a table must tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// An integer that a double holds too.
    Integer,
    /// An integer of 64 bits that a double does not hold.
    LongInteger,
    /// A number that a double holds.
    Real,
    /// A number that neither 64 bits nor a double hold.
    Digits,
    /// Text.
    Text,
    /// Text that reads like a number.
    NumericText,
    /// An object or an array.
    Nested,
}

/// A set of kinds: those of the values in a column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kinds(u16);

impl Kinds {
    /// Adds one.
    pub fn add(&mut self, kind: Kind) {
        self.0 |= 1 << kind as u8;
    }

    /// Whether one is in it.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// Whether there is nothing in it but these, and null.
    pub fn are_within(self, kinds: &[Kind]) -> bool {
        let allowed = kinds.iter().fold(1_u16 << Kind::Null as u8, |all, kind| all | (1 << *kind as u8));
        self.0 & !allowed == 0
    }
}

impl Kind {
    /// The kind of a value that is written like this.
    pub fn of(value: &[u8]) -> Self {
        match value.first() {
            Some(b'"') => of_string(value.get(1..value.len() - 1).unwrap_or_default()),
            Some(b'{' | b'[') => Self::Nested,
            Some(b't' | b'f') => Self::Bool,
            Some(b'n') | None => Self::Null,
            Some(_) => of_number(value),
        }
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool
            | Self::Integer
            | Self::LongInteger
            | Self::Real
            | Self::Digits
            | Self::Text
            | Self::NumericText
            | Self::Nested => false,
        }
    }

    /// Whether it is `true` or `false`.
    pub fn is_bool(self) -> bool {
        match self {
            Self::Bool => true,
            Self::Null
            | Self::Integer
            | Self::LongInteger
            | Self::Real
            | Self::Digits
            | Self::Text
            | Self::NumericText
            | Self::Nested => false,
        }
    }

    /// Whether it is text, whatever it reads like.
    pub fn is_text(self) -> bool {
        match self {
            Self::Text | Self::NumericText => true,
            Self::Null
            | Self::Bool
            | Self::Integer
            | Self::LongInteger
            | Self::Real
            | Self::Digits
            | Self::Nested => false,
        }
    }

    /// Whether it is text that does not read like a number.
    pub fn is_plain_text(self) -> bool {
        match self {
            Self::Text => true,
            Self::Null
            | Self::Bool
            | Self::Integer
            | Self::LongInteger
            | Self::Real
            | Self::Digits
            | Self::NumericText
            | Self::Nested => false,
        }
    }

    /// Whether it is a number that a double holds as it is.
    pub fn fits_a_double(self) -> bool {
        match self {
            Self::Integer | Self::Real => true,
            Self::Null
            | Self::Bool
            | Self::LongInteger
            | Self::Digits
            | Self::Text
            | Self::NumericText
            | Self::Nested => false,
        }
    }

    /// How messages call it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Integer | Self::LongInteger => "an integer",
            Self::Real | Self::Digits => "a number",
            Self::Text | Self::NumericText => "text",
            Self::Nested => "a list or an object",
        }
    }
}

fn of_string(inside: &[u8]) -> Kind {
    match inside.first() {
        Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b' ' | b'\\') if reads_like_a_number(inside) => {
            Kind::NumericText
        }
        _ => Kind::Text,
    }
}

/// Whether a database with numeric columns would take this text for a number. White space may come as an escape, so
/// any escape at an end counts as one.
fn reads_like_a_number(inside: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(inside) else { return false };
    let text = text.trim_matches(|letter: char| matches!(letter, ' ' | '\\' | 'n' | 't' | 'r' | 'f'));
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    digits
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.parse::<f64>().is_ok()
}

fn of_number(number: &[u8]) -> Kind {
    let Ok(text) = std::str::from_utf8(number) else { return Kind::Digits };
    if number.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) || text == "-0" {
        return of_real(text);
    }
    if number.len() <= 15 {
        return Kind::Integer;
    }
    match text.parse::<i64>() {
        Ok(value) if value.unsigned_abs() <= 1 << 53 => Kind::Integer,
        Ok(_) => Kind::LongInteger,
        Err(_) => Kind::Digits,
    }
}

/// A double holds every decimal of up to 15 digits that is not too large or small.
fn of_real(text: &str) -> Kind {
    if text.len() <= 16 && !text.contains(['e', 'E']) {
        return Kind::Real;
    }
    let Ok(value) = text.parse::<f64>() else { return Kind::Digits };
    if value.is_finite() && decimal(text) == decimal(&format!("{value:e}")) {
        Kind::Real
    } else {
        Kind::Digits
    }
}

/// A number as its digits without zeros around them and the place of the point; equal for equal numbers.
fn decimal(text: &str) -> Option<(String, i64)> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    let point = exponent.parse::<i64>().ok()? - i64::try_from(fraction.len()).ok()?;
    let shorter = digits.trim_end_matches('0');
    if shorter.is_empty() {
        return Some((String::new(), 0));
    }
    let point = point.checked_add(i64::try_from(digits.len() - shorter.len()).ok()?)?;
    Some((shorter.trim_start_matches('0').to_owned(), point))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        let cases = [
            ("null", Kind::Null),
            ("true", Kind::Bool),
            ("false", Kind::Bool),
            ("0", Kind::Integer),
            ("-12", Kind::Integer),
            ("9007199254740992", Kind::Integer),
            ("9007199254740993", Kind::LongInteger),
            ("-9223372036854775808", Kind::LongInteger),
            ("9223372036854775808", Kind::Digits),
            ("-0", Kind::Real),
            ("1.10", Kind::Real),
            ("1e3", Kind::Real),
            ("0.1000000000000000000", Kind::Real),
            ("1234567.891234567891", Kind::Digits),
            ("1e400", Kind::Digits),
            ("1e-400", Kind::Digits),
            ("0e400", Kind::Real),
            ("5e-324", Kind::Real),
            ("1.7976931348623157e308", Kind::Real),
            ("\"\"", Kind::Text),
            ("\"abc\"", Kind::Text),
            ("\"007\"", Kind::NumericText),
            ("\"-1.5e3 \"", Kind::NumericText),
            ("\"\\t1\"", Kind::NumericText),
            ("\"2026-11-23\"", Kind::Text),
            ("\"1 2\"", Kind::Text),
            ("[]", Kind::Nested),
            ("{\"a\":1}", Kind::Nested),
        ];
        for (value, kind) in cases {
            assert_eq!(Kind::of(value.as_bytes()), kind, "{value}");
        }
    }

    proptest! {
        #[test]
        fn every_double_is_held(value in any::<f64>().prop_filter("JSON", |value| value.is_finite())) {
            let kind = Kind::of(format!("{value:e}").as_bytes());
            prop_assert!(kind == Kind::Real, "{value:e}");
        }

        #[test]
        fn what_is_held_comes_back(text in r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?(e-?[0-9]{1,3})?") {
            let kind = Kind::of(text.as_bytes());
            if matches!(kind, Kind::Real | Kind::Integer) {
                let back = format!("{:e}", text.parse::<f64>().unwrap());
                prop_assert_eq!(decimal(&back), decimal(&text));
            }
            if matches!(kind, Kind::Integer | Kind::LongInteger) {
                prop_assert_eq!(text.parse::<i64>().unwrap().to_string(), text);
            }
        }
    }
}
