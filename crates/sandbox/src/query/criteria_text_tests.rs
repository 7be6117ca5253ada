use proptest::prelude::*;

use super::*;

fn one(field: &str, word: &str, values: &[&str]) -> Criteria {
    let (operator, negated) = Dialect::Search.operator(word).unwrap();
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Criteria::One(Comparison { field: field.to_owned(), negated, operator, values })
}

fn both(junction: Junction, first: Criteria, second: Criteria) -> Criteria {
    Criteria::Group(junction, vec![first, second])
}

#[test]
fn criteria_are_read() {
    use Junction::{And, Or};
    let city = || one("City", "equals", &["x"]);
    for (text, expected) in [
        ("(City:equals:x)", city()),
        ("City:equals:x", city()),
        (" ( City : equals : x ) ", city()),
        ("((City:equals:x))", city()),
        ("(City:not_equal:x)", one("City", "not_equal", &["x"])),
        ("(City:equals:x)and(City:equals:x)", both(And, city(), city())),
        ("((City:equals:x)OR(City:equals:x))", both(Or, city(), city())),
        ("((City:equals:x)and(City:equals:x)or(City:equals:x))", both(Or, both(And, city(), city()), city())),
        (
            "((City:equals:x) and ((City:equals:x) or (City:equals:x)))",
            both(And, city(), both(Or, city(), city())),
        ),
        ("(City:in:x,y\\,z, u)", one("City", "in", &["x", "y,z", " u"])),
        ("(City:equals:x,y)", one("City", "equals", &["x,y"])),
        ("(City:equals:\\(x\\)\\\\)", one("City", "equals", &["(x)\\"])),
        ("(City:equals:a\\b)", one("City", "equals", &["a\\b"])),
        (
            "Created_Time:between:2024-02-01T18:52:56+00:00,2024-02-20T18:52:56+00:00",
            one("Created_Time", "between", &["2024-02-01T18:52:56+00:00", "2024-02-20T18:52:56+00:00"]),
        ),
        ("(City:equals:)", one("City", "equals", &[""])),
    ] {
        assert_eq!(read(text, 3), Ok(expected), "{text}");
    }
}

#[test]
fn other_texts_are_refused() {
    let deep = format!("{}City:equals:x{}", "(".repeat(41), ")".repeat(41));
    for text in [
        "",
        "()",
        "(City)",
        "(City:equals)",
        "(City:equals:x",
        "City:equals:x)",
        "(City:equals:x))",
        "(City:equals:a(b))",
        "(City:equals:x)and",
        "(City:equals:x)xor(City:equals:x)",
        "(City:equals:x)(City:equals:x)",
        "(City:equals:x\\)",
        deep.as_str(),
    ] {
        assert_eq!(read(text, 3), Err(CriteriaError::Form), "{text}");
    }
    assert!(read(&deep[1..deep.len() - 1], 1).is_ok());
    let expected = CriteriaError::Operator { field: "City".to_owned(), word: "contains".to_owned() };
    assert_eq!(read("(City:contains:x)", 1), Err(expected));
}

#[test]
fn too_many_comparisons_are_not_read_to_their_end() {
    let many = format!("({})", vec!["(City:equals:x)"; 100_000].join("and"));
    assert_eq!(read(&many, 15), Err(CriteriaError::TooMany));
    assert_eq!(read("(City:equals:x)and(City:equals:x)", 1), Err(CriteriaError::TooMany));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[()a:,\\\\é ndor]{0,60}|\\PC{0,60}|\\({0,60}") {
        let _ = read(&text, 100);
    }

    #[test]
    fn every_value_can_be_escaped(value in "[^ ]\\PC{0,20}[^ ]") {
        let escaped: String =
            value.chars().flat_map(|letter| "()\\,".contains(letter).then_some('\\').into_iter().chain([letter])).collect();
        prop_assert_eq!(read(&format!("(City:in:{escaped})"), 1), Ok(one("City", "in", &[value.trim()])));
    }
}
