use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: Duration = Duration::from_millis(1_800_000_000_123);

fn seal(version: u64, text: &[u8]) -> String {
    // Any function of the text that a flipped bit changes.
    let sum = text.iter().fold(version ^ 0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{sum:016x}")
}

fn entry(values: Value) -> Entry {
    let Value::Object(values) = values else { panic!("values are an object") };
    let received = UNIX_EPOCH + NOW;
    Entry {
        generation: 7,
        fresh: Fresh { received, expires: Some(received + Duration::from_secs(60)), values },
    }
}

#[test]
fn values_come_back_with_their_types() {
    let cases = [
        json!({}),
        json!({ "token": "1000.a\u{e9}\u{1f600}\"\\\n\u{0}" }),
        json!({ "number": 9_007_199_254_740_993_u64, "largest": u64::MAX, "least": i64::MIN }),
        json!({ "text": "9007199254740993", "float": 1.0, "small": 5e-324, "third": 0.333_333_333_333_333_3 }),
        json!({ "no": false, "nothing": null, "list": [1, "1", 1.0, [null]], "map": { "b": 1, "a": 2 } }),
    ];
    for values in cases {
        let entry = entry(values.clone());
        let read = Entry::decode(&entry.encode(seal).unwrap(), seal).unwrap();
        assert_eq!(read, entry);
        assert_eq!(Value::Object(read.fresh.values).to_string(), values.to_string());
    }
}

#[test]
fn an_entry_without_an_end_has_none_when_it_is_read() {
    let mut entry = entry(json!({}));
    entry.fresh.expires = None;
    assert_eq!(Entry::decode(&entry.encode(seal).unwrap(), seal), Ok(entry));
}

#[test]
fn an_entry_is_good_until_its_end() {
    let entry = entry(json!({}));
    let end = entry.fresh.expires.unwrap();
    let second = Duration::from_secs(1);
    let cases = [
        (entry.fresh.received, true),
        (end - second, true),
        (end, false),
        (end + second, false),
        // The clock was set back a little, and a lot.
        (entry.fresh.received - second, true),
        (entry.fresh.received - Duration::from_secs(3600), false),
    ];
    for (now, good) in cases {
        assert_eq!(entry.is_good(now), good, "{now:?}");
    }
    let for_ever = Entry { fresh: Fresh { expires: None, ..entry.fresh }, ..entry };
    assert!(for_ever.is_good(end + Duration::from_secs(1_000_000_000)));
}

#[test]
fn what_is_no_entry_is_said() {
    let whole = entry(json!({ "a": 1 })).encode(seal).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let cut = Unreadable::Damaged("it is not whole, or no entry of the store");
    let changed = Unreadable::Damaged("it was changed, or sealed with another key");
    let cases = [
        (String::new(), Unreadable::Damaged("it is empty")),
        ("\0\0\0\0".to_owned(), cut),
        ("{}".to_owned(), cut),
        ("[1]".to_owned(), cut),
        (text[..text.len() - 2].to_owned(), cut),
        (format!("{text}{text}"), cut),
        (text.replace("\"version\":1", "\"version\":2"), Unreadable::Newer(2)),
        (text.replace("\"version\":1", "\"version\":0"), changed),
        (text.replace("\"a\":1", "\"a\":2"), changed),
        (r#"{"version":3,"anything":[]}"#.to_owned(), Unreadable::Newer(3)),
    ];
    for (bytes, expected) in cases {
        assert_eq!(Entry::decode(bytes.as_bytes(), seal), Err(expected), "{bytes}");
    }
    assert_eq!(Entry::decode(&whole, |_, _| "another".to_owned()), Err(changed));
}

#[test]
fn debug_shows_no_value() {
    let debug = format!("{:?}", entry(json!({ "token": "sekret" })));
    assert!(debug.contains("token") && !debug.contains("sekret"), "{debug}");
}

proptest! {
    #[test]
    fn a_damaged_entry_is_whole_or_reported(
        token in ".{0,40}",
        number in any::<i64>(),
        float in any::<f64>(),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u32,
        truncate in any::<bool>(),
    ) {
        let entry = entry(json!({ "token": token, "number": number, "float": float }));
        let mut bytes = entry.encode(seal).unwrap();
        let place = place.index(bytes.len());
        if truncate {
            bytes.truncate(place);
        } else {
            bytes[place] ^= 1 << bit;
        }
        if let Ok(read) = Entry::decode(&bytes, seal) {
            prop_assert_eq!(read, entry);
        }
    }
}
