//! Whether and when to try again: functions of values, nothing is sent or waited for here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::StatusCode;
use http::header::{DATE, HeaderMap, RETRY_AFTER};

use super::send_error::{Reached, SendError};
use crate::plan::retry::RetrySettings;

/// The shortest wait before another try, whatever chance or the server says.
pub const SHORTEST_WAIT: Duration = Duration::from_millis(10);

/// How a try ended, as far as trying again is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A complete answer.
    Answered(StatusCode),
    /// No complete answer.
    Failed {
        /// Whether the same request may well succeed a little later.
        transient: bool,
        /// Whether the server may have received it.
        reached: Reached,
    },
}

impl From<&SendError> for Outcome {
    fn from(error: &SendError) -> Self {
        Self::Failed { transient: error.failure.is_transient(), reached: error.reached() }
    }
}

/// What the built-in rules say, when no rule of the author matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuiltIn {
    /// Go on with the answer.
    Ok,
    /// Try again, if the settings allow.
    Retry,
    /// The step fails.
    Fail,
}

impl BuiltIn {
    /// Whether the request is tried again.
    pub fn retries(self) -> bool {
        match self {
            Self::Retry => true,
            Self::Ok | Self::Fail => false,
        }
    }
}

/// The built-in rules: 2xx is fine; 429 is tried again; 408, 425, 500, 502, 503, 504 and broken connections are tried
/// again when that does no harm; all else fails.
pub fn built_in(outcome: Outcome, idempotent: bool) -> BuiltIn {
    let again = match outcome {
        Outcome::Answered(status) if status.is_success() => return BuiltIn::Ok,
        Outcome::Answered(status) => match status.as_u16() {
            429 => true,
            408 | 425 | 500 | 502 | 503 | 504 => idempotent,
            _ => false,
        },
        Outcome::Failed { transient, reached } => transient && (idempotent || reached.surely_not()),
    };
    if again { BuiltIn::Retry } else { BuiltIn::Fail }
}

/// Why there is no further try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GiveUp {
    /// All tries are used up.
    #[error("gave up after {max_retries} retries")]
    Retries {
        /// As set.
        max_retries: u32,
    },
    /// The next try would begin too late.
    #[error("gave up: the next try would begin after `give_up_after: {give_up_after:?}`")]
    TooLate {
        /// As set.
        give_up_after: Duration,
    },
    /// The server wants more patience than allowed.
    #[error("the server asks to wait {asked:?}, which is more than `longest_wait: {longest_wait:?}`")]
    ServerAsksTooLong {
        /// By the server.
        asked: Duration,
        /// As set.
        longest_wait: Duration,
    },
}

impl GiveUp {
    /// Whether the service wants a longer wait than the settings allow.
    pub fn lacks_patience(self) -> bool {
        match self {
            Self::ServerAsksTooLong { .. } => true,
            Self::Retries { .. } | Self::TooLate { .. } => false,
        }
    }
}

/// How long to wait before the next try.
///
/// `retries_done` counts tries after the first one, `elapsed` runs from the start of the first one, `jitter` is a random
/// number in `0..1`. The server's wish is followed as it is; otherwise the wait is chosen evenly below a bound that
/// doubles with each retry (full jitter: many clients that failed together do not come back together).
pub fn wait(
    settings: &RetrySettings,
    retries_done: u32,
    elapsed: Duration,
    server_asks: Option<Duration>,
    jitter: f64,
) -> Result<Duration, GiveUp> {
    if retries_done >= settings.max_retries {
        return Err(GiveUp::Retries { max_retries: settings.max_retries });
    }
    let longest_wait = settings.longest_wait;
    if let Some(asked) = server_asks.filter(|asked| *asked > longest_wait) {
        return Err(GiveUp::ServerAsksTooLong { asked, longest_wait });
    }
    let chosen = server_asks.unwrap_or_else(|| bound(settings, retries_done).mul_f64(jitter.clamp(0.0, 1.0)));
    let wait = chosen.max(SHORTEST_WAIT);
    match settings.give_up_after {
        Some(give_up_after) if elapsed.saturating_add(wait) > give_up_after => {
            Err(GiveUp::TooLate { give_up_after })
        }
        _ => Ok(wait),
    }
}

fn bound(settings: &RetrySettings, retries_done: u32) -> Duration {
    let doubled = 2_u32.checked_pow(retries_done).and_then(|factor| settings.first.checked_mul(factor));
    doubled.map_or(settings.cap, |doubled| doubled.min(settings.cap))
}

/// How long the server asks to wait, if it does: `Retry-After` (RFC 9110, 10.2.3), else `RateLimit-Reset` or
/// `X-RateLimit-Reset`, unless the same headers say that requests are left.
///
/// A number is seconds from now, or a Unix time if it is large (in seconds from 2001 on, or milliseconds). A moment is
/// compared with the server's own `Date` if there is one, else with `now`.
pub fn server_asks(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let now =
        text(headers, DATE.as_str()).and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    if let Some(wait) = text(headers, RETRY_AFTER.as_str()).and_then(|value| moment_or_seconds(value, now)) {
        return Some(wait);
    }
    ["ratelimit", "x-ratelimit"].into_iter().find_map(|family| rate_limit_reset(headers, family, now))
}

fn rate_limit_reset(headers: &HeaderMap, family: &str, now: SystemTime) -> Option<Duration> {
    let remaining = text(headers, &format!("{family}-remaining")).and_then(|left| left.parse::<f64>().ok());
    // Many services send the reset with every answer; it is a wish only when nothing is left.
    if remaining.is_some_and(|left| left > 0.0) {
        return None;
    }
    moment_or_seconds(text(headers, &format!("{family}-reset"))?, now)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn moment_or_seconds(value: &str, now: SystemTime) -> Option<Duration> {
    match value.parse::<f64>() {
        Ok(number) => from_number(number, now),
        Err(_) => Some(until(httpdate::parse_http_date(value).ok()?, now)),
    }
}

/// Up to here a number is a span (30 years of seconds); from here on a Unix time.
const FIRST_UNIX_SECONDS: f64 = 1e9;

/// From here on a Unix time is in milliseconds: as seconds it would be the year 5138.
const FIRST_UNIX_MILLISECONDS: f64 = 1e11;

fn from_number(number: f64, now: SystemTime) -> Option<Duration> {
    let seconds = if number >= FIRST_UNIX_MILLISECONDS { number / 1000.0 } else { number };
    let span = Duration::try_from_secs_f64(seconds).ok()?;
    if number < FIRST_UNIX_SECONDS {
        return Some(span);
    }
    Some(until(UNIX_EPOCH.checked_add(span)?, now))
}

fn until(moment: SystemTime, now: SystemTime) -> Duration {
    moment.duration_since(now).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use http::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn built_in_rules() {
        use BuiltIn::{Fail, Ok, Retry};
        // (status, idempotent, otherwise)
        let answers = [
            (200, Ok, Ok),
            (204, Ok, Ok),
            (299, Ok, Ok),
            (301, Fail, Fail),
            (304, Fail, Fail),
            (400, Fail, Fail),
            (401, Fail, Fail),
            (404, Fail, Fail),
            (408, Retry, Fail),
            (425, Retry, Fail),
            (429, Retry, Retry),
            (500, Retry, Fail),
            (501, Fail, Fail),
            (502, Retry, Fail),
            (503, Retry, Fail),
            (504, Retry, Fail),
            (505, Fail, Fail),
        ];
        for (status, idempotent, otherwise) in answers {
            let outcome = Outcome::Answered(StatusCode::from_u16(status).unwrap());
            assert_eq!(built_in(outcome, true), idempotent, "{status}");
            assert_eq!(built_in(outcome, false), otherwise, "{status}");
        }
        let failures = [
            (true, Reached::No, Retry, Retry),
            (true, Reached::Maybe, Retry, Fail),
            (false, Reached::No, Fail, Fail),
            (false, Reached::Maybe, Fail, Fail),
        ];
        for (transient, reached, idempotent, otherwise) in failures {
            let outcome = Outcome::Failed { transient, reached };
            assert_eq!(built_in(outcome, true), idempotent, "{outcome:?}");
            assert_eq!(built_in(outcome, false), otherwise, "{outcome:?}");
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn waits() {
        let settings = RetrySettings { give_up_after: Some(seconds(1000)), ..RetrySettings::default() };
        let none = Duration::ZERO;
        let cases = [
            ("first", 0, none, None, 1.0, Ok(seconds(1))),
            ("doubles", 3, none, None, 1.0, Ok(seconds(8))),
            ("full jitter", 3, none, None, 0.25, Ok(seconds(2))),
            ("never at once", 3, none, None, 0.0, Ok(SHORTEST_WAIT)),
            ("the server wins over less", 0, none, Some(seconds(90)), 0.5, Ok(seconds(90))),
            ("and over more", 4, none, Some(seconds(1)), 1.0, Ok(seconds(1))),
            ("but not at once", 0, none, Some(none), 0.5, Ok(SHORTEST_WAIT)),
            ("up to longest_wait", 0, none, Some(seconds(600)), 0.5, Ok(seconds(600))),
            (
                "not beyond",
                0,
                none,
                Some(seconds(601)),
                0.5,
                Err(GiveUp::ServerAsksTooLong { asked: seconds(601), longest_wait: seconds(600) }),
            ),
            ("used up", 5, none, None, 0.5, Err(GiveUp::Retries { max_retries: 5 })),
            ("used up first", 5, none, Some(seconds(601)), 0.5, Err(GiveUp::Retries { max_retries: 5 })),
            ("just in time", 0, seconds(999), None, 1.0, Ok(seconds(1))),
            ("too late", 1, seconds(999), None, 1.0, Err(GiveUp::TooLate { give_up_after: seconds(1000) })),
        ];
        for (name, retries_done, elapsed, asks, jitter, expected) in cases {
            assert_eq!(wait(&settings, retries_done, elapsed, asks, jitter), expected, "{name}");
        }
    }

    #[test]
    fn a_cap_bounds_the_doubling() {
        let settings = RetrySettings { max_retries: u32::MAX, ..RetrySettings::default() };
        for retries_done in [6, 7, 40, 1_000_000] {
            assert_eq!(wait(&settings, retries_done, Duration::ZERO, None, 1.0), Ok(seconds(60)));
        }
    }

    type Headers = &'static [(&'static str, &'static str)];

    fn asked(headers: Headers) -> Option<Duration> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        // 2026-11-23 12:00:00 UTC
        server_asks(&headers, UNIX_EPOCH + seconds(1_795_435_200))
    }

    #[test]
    fn servers_ask_in_many_ways() {
        let cases: [(Headers, Option<Duration>); 20] = [
            (&[], None),
            (&[("retry-after", "120")], Some(seconds(120))),
            (&[("retry-after", " 0 ")], Some(Duration::ZERO)),
            (&[("retry-after", "1.5")], Some(Duration::from_millis(1500))),
            (&[("retry-after", "Mon, 23 Nov 2026 12:01:00 GMT")], Some(seconds(60))),
            (&[("retry-after", "Monday, 23-Nov-26 12:01:00 GMT")], Some(seconds(60))),
            (&[("retry-after", "Mon, 23 Nov 2026 11:00:00 GMT")], Some(Duration::ZERO)),
            // The server's clock is five minutes behind: what counts is the span it means.
            (
                &[
                    ("retry-after", "Mon, 23 Nov 2026 11:56:00 GMT"),
                    ("date", "Mon, 23 Nov 2026 11:55:00 GMT"),
                ],
                Some(seconds(60)),
            ),
            (&[("retry-after", "soon")], None),
            (&[("retry-after", "-5")], None),
            (&[("retry-after", "nan")], None),
            (&[("retry-after", "1e300")], None),
            (&[("ratelimit-reset", "30")], Some(seconds(30))),
            (&[("x-ratelimit-reset", "1795435260")], Some(seconds(60))),
            (&[("x-ratelimit-reset", "1795435260000")], Some(seconds(60))),
            (&[("x-ratelimit-reset", "1795435200")], Some(Duration::ZERO)),
            (&[("x-ratelimit-reset", "30"), ("x-ratelimit-remaining", "5")], None),
            (&[("x-ratelimit-reset", "30"), ("x-ratelimit-remaining", "0")], Some(seconds(30))),
            (&[("retry-after", "5"), ("ratelimit-reset", "30")], Some(seconds(5))),
            (&[("retry-after", "soon"), ("ratelimit-reset", "30")], Some(seconds(30))),
        ];
        for (headers, expected) in cases {
            assert_eq!(asked(headers), expected, "{headers:?}");
        }
    }

    proptest! {
        #[test]
        fn waits_stay_in_their_bounds(
            max_retries in 0..20_u32,
            first in 0..10_000_u64,
            cap in 0..100_000_u64,
            retries_done in 0..25_u32,
            asks in proptest::option::of(0..1_000_u64),
            jitter in 0.0..1.0_f64,
        ) {
            let settings = RetrySettings {
                max_retries,
                first: Duration::from_millis(first),
                cap: Duration::from_millis(cap),
                ..RetrySettings::default()
            };
            match wait(&settings, retries_done, Duration::ZERO, asks.map(seconds), jitter) {
                Ok(wait) => {
                    prop_assert!(retries_done < max_retries);
                    prop_assert!(wait >= SHORTEST_WAIT);
                    let most = asks.map_or(settings.cap, seconds).max(SHORTEST_WAIT);
                    prop_assert!(wait <= most, "{wait:?} {most:?}");
                }
                Err(GiveUp::Retries { .. }) => prop_assert!(retries_done >= max_retries),
                Err(GiveUp::ServerAsksTooLong { asked, .. }) => prop_assert!(asked > settings.longest_wait),
                Err(GiveUp::TooLate { .. }) => prop_assert!(false, "no limit was set"),
            }
        }

        #[test]
        fn any_header_is_taken(value in "[ -~]{0,30}", unix in 0..10_000_000_000_u64) {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(&value).unwrap())]);
            server_asks(&headers, UNIX_EPOCH + seconds(unix));
        }
    }
}
