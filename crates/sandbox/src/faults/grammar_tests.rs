use std::num::NonZeroU64;

use proptest::prelude::*;

use super::*;

fn text_of(text: &str) -> String {
    match text.parse::<Fault>() {
        Ok(fault) => fault.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_kind_is_read_and_gets_its_place() {
    let cases = [
        ("status=503", "status=503@1"),
        ("status=503@3", "status=503@3"),
        ("status=429:2@2x3", "status=429:2@2x3"),
        ("status=500@tokenx*", "status=500@tokenx*"),
        ("delay=200ms@*x*", "delay=200ms@*x*"),
        ("delay=2s", "delay=2000ms@1"),
        ("delay=1m", "delay=60000ms@1"),
        ("reset@4", "reset@4"),
        ("reset-body", "reset-body@1"),
        ("truncatex2", "truncate@1x2"),
        ("stall", "stall@1"),
        ("stall-body", "stall-body@1"),
        ("html@token", "html@token"),
        ("html-error", "html-error@1"),
        ("empty", "empty@1"),
        ("bad-json", "bad-json@1"),
        ("expire", "expire@1"),
        ("expire@7x2", "expire@7x2"),
        ("expirex2", "expire@1x2"),
        ("repeat", "repeat@2"),
        ("no-token@3x1", "no-token@3"),
        ("error=invalid_client", "error=invalid_client@token"),
        ("throttle", "throttle@token"),
    ];
    for (text, canonical) in cases {
        assert_eq!(text_of(text), canonical, "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_with_what_is_allowed() {
    let cases = [
        ("explode", format!("unknown fault `explode`; allowed: {KINDS}")),
        ("trunkate@2", format!("unknown fault `trunkate`, nearest is `truncate`; allowed: {KINDS}")),
        ("", format!("unknown fault ``; allowed: {KINDS}")),
        ("status", format!("the fault `status` needs a value, found ``; allowed: {STATUSES}")),
        ("status=200", format!("the fault `status` needs a value, found `200`; allowed: {STATUSES}")),
        ("status=500:2", format!("the fault `status` needs a value, found `500:2`; allowed: {STATUSES}")),
        ("delay=2h", format!("the fault `delay` needs a value, found `2h`; allowed: {DURATIONS}")),
        ("delay=2", format!("the fault `delay` needs a value, found `2`; allowed: {DURATIONS}")),
        (
            "delay=18446744073709551615m",
            format!("the fault `delay` needs a value, found `18446744073709551615m`; allowed: {DURATIONS}"),
        ),
        ("error=oops", format!("the fault `error` needs a value, found `oops`; allowed: {TOKEN_ERRORS}")),
        ("reset=2", "the fault `reset` takes no value, found `2`; write `reset`".to_owned()),
        ("reset@0", format!("unknown place `0` of a fault; allowed: {PLACES}")),
        ("reset@page", format!("unknown place `page` of a fault; allowed: {PLACES}")),
        ("resetx0", "a fault cannot happen `x0`; allowed: `x1` to `x4294967295` or `x*`".to_owned()),
        (
            "repeat@1",
            "the fault `repeat` cannot happen at `1`; allowed: a page number from 2 or `*`".to_owned(),
        ),
        ("throttle@2", "the fault `throttle` cannot happen at `2`; allowed: `token`".to_owned()),
        (
            "expire@token",
            "the fault `expire` cannot happen at `token`; allowed: a page number from 1 or `*`".to_owned(),
        ),
    ];
    for (text, message) in cases {
        assert_eq!(text_of(text), message);
    }
}

#[test]
fn every_name_is_that_of_a_kind_and_among_the_allowed_words() {
    for name in NAMES {
        assert!(KINDS.contains(&format!("`{name}")), "{name}");
        assert!(!matches!(name.parse::<Fault>(), Err(FaultError::UnknownKind { .. })), "{name}");
    }
}

#[test]
fn every_token_error_is_among_the_allowed_words() {
    for error in TokenError::ALL {
        assert!(TOKEN_ERRORS.contains(&format!("`{}`", error.as_str())), "{error:?}");
    }
}

fn kinds() -> impl Strategy<Value = FaultKind> {
    let plain = [
        FaultKind::Reset,
        FaultKind::ResetBody,
        FaultKind::Truncate,
        FaultKind::Stall,
        FaultKind::StallBody,
        FaultKind::Html,
        FaultKind::HtmlError,
        FaultKind::Empty,
        FaultKind::BadJson,
        FaultKind::Expire,
        FaultKind::Repeat,
        FaultKind::NoToken,
        FaultKind::Throttle,
    ];
    prop_oneof![
        prop::sample::select(plain.to_vec()),
        prop::sample::select(TokenError::ALL.to_vec()).prop_map(FaultKind::TokenError),
        (300..700_u16, any::<Option<u32>>())
            .prop_map(|(code, retry_after)| FaultKind::Status { code, retry_after }),
        (prop::sample::select(vec![429, 503_u16]), any::<Option<u32>>())
            .prop_map(|(code, retry_after)| FaultKind::Status { code, retry_after }),
        any::<u64>().prop_map(|milliseconds| FaultKind::Delay(Duration::from_millis(milliseconds))),
        any::<Duration>().prop_map(FaultKind::Delay),
    ]
}

fn places() -> impl Strategy<Value = FaultPlace> {
    prop_oneof![
        Just(FaultPlace::Token),
        Just(FaultPlace::AnyPage),
        (1..5_u64).prop_map(|page| FaultPlace::Page(NonZeroU64::new(page).unwrap())),
        any::<NonZeroU64>().prop_map(FaultPlace::Page),
    ]
}

fn times() -> impl Strategy<Value = FaultTimes> {
    prop_oneof![Just(FaultTimes::Always), any::<NonZeroU32>().prop_map(FaultTimes::Times)]
}

proptest! {
    #[test]
    fn what_is_written_reads_back(kind in kinds(), place in places(), times in times()) {
        if let Ok(fault) = Fault::new(kind, place, times) {
            prop_assert_eq!(fault.to_string().parse(), Ok(fault));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z=@x*0-9:-]{0,24}") {
        if let Ok(fault) = text.parse::<Fault>() {
            prop_assert_eq!(fault.to_string().parse(), Ok(fault));
        }
    }
}
