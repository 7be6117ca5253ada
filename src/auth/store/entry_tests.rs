use serde_json::json;

use super::*;

const NOW: Duration = Duration::from_millis(1_800_000_000_123);

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
        let read = Entry::decode(entry.encode().unwrap().as_bytes()).unwrap();
        assert_eq!(read, entry);
        assert_eq!(Value::Object(read.fresh.values).to_string(), values.to_string());
    }
}

#[test]
fn an_entry_without_an_end_has_none_when_it_is_read() {
    let mut entry = entry(json!({}));
    entry.fresh.expires = None;
    assert_eq!(Entry::decode(entry.encode().unwrap().as_bytes()), Some(entry));
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
fn what_is_no_entry_is_none() {
    for text in ["", "{}", "[]", r#"{"generation":1,"received":"now","expires":null,"values":{}}"#] {
        assert_eq!(Entry::decode(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn debug_shows_no_value() {
    let debug = format!("{:?}", entry(json!({ "token": "sekret" })));
    assert!(debug.contains("token") && !debug.contains("sekret"), "{debug}");
}
