//! Faults as text: `KIND[=VALUE][@PLACE][xTIMES]`.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use super::{Fault, FaultKind, FaultPlace, FaultTimes, TokenError};
use crate::nearest::nearest;

/// The places, for messages.
pub(super) const PLACES: &str = "a page number from 1, `*` or `token`";
const KINDS: &str = "`status=CODE`, `delay=DURATION`, `reset`, `reset-body`, `truncate`, `stall`, `stall-body`, `html`, \
                     `html-error`, `empty`, `bad-json`, `expire`, `repeat`, `no-token`, `error=WORD`, `throttle`";
const NAMES: [&str; 16] = [
    "status",
    "delay",
    "reset",
    "reset-body",
    "truncate",
    "stall",
    "stall-body",
    "html",
    "html-error",
    "empty",
    "bad-json",
    "expire",
    "repeat",
    "no-token",
    "error",
    "throttle",
];
const STATUSES: &str = "400 to 599, and after 429 or 503 seconds to wait as in `429:2`";
const DURATIONS: &str = "a whole number and `ms`, `s` or `m`";
const TOKEN_ERRORS: &str = "`invalid_code`, `invalid_client`, `invalid_client_secret`, `invalid_redirect_uri`, \
                            `access_denied`, `invalid_grant`, `unsupported_grant_type`";

/// Why a text is not a fault. Every message says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// There is no such kind.
    #[error("unknown fault `{found}`{}; allowed: {KINDS}", hint(*nearest))]
    UnknownKind {
        /// What was written.
        found: String,
        /// The kind with the most similar name, if there is one.
        nearest: Option<&'static str>,
    },
    /// The kind takes no value.
    #[error("the fault `{kind}` takes no value, found `{found}`; write `{kind}`")]
    UnexpectedValue {
        /// The kind.
        kind: &'static str,
        /// What was written.
        found: String,
    },
    /// The value is missing or not allowed for the kind.
    #[error("the fault `{kind}` needs a value, found `{found}`; allowed: {allowed}")]
    BadValue {
        /// The kind.
        kind: &'static str,
        /// What was written.
        found: String,
        /// The values that the kind takes.
        allowed: &'static str,
    },
    /// There is no such place.
    #[error("unknown place `{found}` of a fault; allowed: {PLACES}")]
    BadPlace {
        /// What was written.
        found: String,
    },
    /// This kind of fault cannot happen at this place.
    #[error("the fault `{kind}` cannot happen at `{found}`; allowed: {allowed}")]
    WrongPlace {
        /// The kind.
        kind: &'static str,
        /// What was written.
        found: String,
        /// The places where it can happen.
        allowed: &'static str,
    },
    /// The count is out of range.
    #[error("a fault cannot happen `x{found}`; allowed: `x1` to `x{}` or `x*`", u32::MAX)]
    BadTimes {
        /// What was written.
        found: String,
    },
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (rest, times) = split_times(text)?;
        let (rest, place) = match rest.split_once('@') {
            Some((rest, place)) => (rest, Some(place.parse()?)),
            None => (rest, None),
        };
        let (name, value) = match rest.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (rest, None),
        };
        let kind = parse_kind(name, value)?;
        Fault::new(kind, place.unwrap_or_else(|| kind.default_place()), times)
    }
}

/// Splits off the count. An `x` that is not followed by a number or a star belongs to the rest (`expire`).
fn split_times(text: &str) -> Result<(&str, FaultTimes), FaultError> {
    let once = FaultTimes::Times(NonZeroU32::MIN);
    match text.rsplit_once('x') {
        Some((rest, "*")) => Ok((rest, FaultTimes::Always)),
        Some((rest, count)) if !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()) => {
            match count.parse() {
                Ok(count) => Ok((rest, FaultTimes::Times(count))),
                Err(_) => Err(FaultError::BadTimes { found: count.to_owned() }),
            }
        }
        _ => Ok((text, once)),
    }
}

impl FromStr for FaultPlace {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        match text {
            "token" => Ok(Self::Token),
            "*" => Ok(Self::AnyPage),
            _ => text.parse().map(Self::Page).map_err(|_| FaultError::BadPlace { found: text.to_owned() }),
        }
    }
}

fn parse_kind(name: &str, value: Option<&str>) -> Result<FaultKind, FaultError> {
    let kind = match name {
        "status" => return parse_status(value.unwrap_or_default()),
        "delay" => return parse_delay(value.unwrap_or_default()),
        "error" => return parse_token_error(value.unwrap_or_default()),
        "reset" => FaultKind::Reset,
        "reset-body" => FaultKind::ResetBody,
        "truncate" => FaultKind::Truncate,
        "stall" => FaultKind::Stall,
        "stall-body" => FaultKind::StallBody,
        "html" => FaultKind::Html,
        "html-error" => FaultKind::HtmlError,
        "empty" => FaultKind::Empty,
        "bad-json" => FaultKind::BadJson,
        "expire" => FaultKind::Expire,
        "repeat" => FaultKind::Repeat,
        "no-token" => FaultKind::NoToken,
        "throttle" => FaultKind::Throttle,
        _ => return Err(FaultError::UnknownKind { found: name.to_owned(), nearest: nearest(name, NAMES) }),
    };
    match value {
        None => Ok(kind),
        Some(value) => Err(FaultError::UnexpectedValue { kind: kind.name(), found: value.to_owned() }),
    }
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(", nearest is `{name}`")).unwrap_or_default()
}

fn parse_status(value: &str) -> Result<FaultKind, FaultError> {
    let bad = || bad_value("status", value, STATUSES);
    let (code, retry_after) = match value.split_once(':') {
        Some((code, seconds)) => (code, Some(seconds.parse().map_err(|_| bad())?)),
        None => (value, None),
    };
    let kind = FaultKind::Status { code: code.parse().map_err(|_| bad())?, retry_after };
    check(&kind).map_err(|_| bad())?;
    Ok(kind)
}

fn parse_delay(value: &str) -> Result<FaultKind, FaultError> {
    let bad = || bad_value("delay", value, DURATIONS);
    let unit_at = value.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(bad)?;
    let (number, unit) = value.split_at(unit_at);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err(bad()),
    };
    let number: u64 = number.parse().map_err(|_| bad())?;
    let delay = number.checked_mul(milliseconds).map(Duration::from_millis).ok_or_else(bad)?;
    Ok(FaultKind::Delay(delay))
}

fn parse_token_error(value: &str) -> Result<FaultKind, FaultError> {
    match TokenError::ALL.into_iter().find(|error| error.as_str() == value) {
        Some(error) => Ok(FaultKind::TokenError(error)),
        None => Err(bad_value("error", value, TOKEN_ERRORS)),
    }
}

/// Checks that the value of a kind can be written as text.
pub(super) fn check(kind: &FaultKind) -> Result<(), FaultError> {
    match *kind {
        FaultKind::Status { code, retry_after } => {
            let may_wait = retry_after.is_none() || matches!(code, 429 | 503);
            if (400..=599).contains(&code) && may_wait { Ok(()) } else { Err(refuse(kind, STATUSES)) }
        }
        FaultKind::Delay(delay) if u64::try_from(delay.as_millis()).is_err() => Err(refuse(kind, DURATIONS)),
        FaultKind::Delay(delay) if delay.subsec_nanos() % 1_000_000 != 0 => Err(refuse(kind, DURATIONS)),
        _ => Ok(()),
    }
}

fn refuse(kind: &FaultKind, allowed: &'static str) -> FaultError {
    bad_value(kind.name(), &kind.to_string(), allowed)
}

fn bad_value(kind: &'static str, found: &str, allowed: &'static str) -> FaultError {
    FaultError::BadValue { kind, found: found.to_owned(), allowed }
}

impl FaultKind {
    /// The name of the kind.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Delay(_) => "delay",
            Self::Reset => "reset",
            Self::ResetBody => "reset-body",
            Self::Truncate => "truncate",
            Self::Stall => "stall",
            Self::StallBody => "stall-body",
            Self::Html => "html",
            Self::HtmlError => "html-error",
            Self::Empty => "empty",
            Self::BadJson => "bad-json",
            Self::Expire => "expire",
            Self::Repeat => "repeat",
            Self::NoToken => "no-token",
            Self::TokenError(_) => "error",
            Self::Throttle => "throttle",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.kind, self.place)?;
        match self.times {
            FaultTimes::Times(NonZeroU32::MIN) => Ok(()),
            FaultTimes::Times(count) => write!(formatter, "x{count}"),
            FaultTimes::Always => formatter.write_str("x*"),
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())?;
        match self {
            Self::Status { code, retry_after: None } => write!(formatter, "={code}"),
            Self::Status { code, retry_after: Some(seconds) } => write!(formatter, "={code}:{seconds}"),
            Self::Delay(delay) => write!(formatter, "={}ms", delay.as_millis()),
            Self::TokenError(error) => write!(formatter, "={}", error.as_str()),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for FaultPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(page) => write!(formatter, "{page}"),
            Self::AnyPage => formatter.write_str("*"),
            Self::Token => formatter.write_str("token"),
        }
    }
}

#[cfg(test)]
#[path = "grammar_tests.rs"]
mod tests;
