use super::super::{Criteria, read_criteria_text};
use super::*;

const SEARCH: Rules = Rules { dialect: Dialect::Search, most_values: 3 };

fn condition_of(module: Module, text: &str) -> Result<Condition, ConditionError> {
    Condition::of(module, &read_criteria_text(text, 15).unwrap(), SEARCH)
}

fn condition(module: Module, comparison: Comparison, dialect: Dialect) -> Condition {
    Condition::of(module, &Criteria::One(comparison), Rules { dialect, most_values: 100 }).unwrap()
}

fn comparison(field: &str, operator: Operator, negated: bool, values: &[String]) -> Comparison {
    Comparison { field: field.to_owned(), negated, operator, values: values.to_vec() }
}

/// What a condition must yield for a record, stated in terms of its JSON.
type Expected = fn(&serde_json::Value) -> bool;

/// Every way to compare a field, next to the same test of its JSON.
#[test]
fn conditions_hold_as_their_types_say() {
    let organisation = Organisation::new(1, 300);
    let text = |value: &str| value.to_owned();
    let cases: Vec<(Module, Comparison, Expected)> = vec![
        (Module::Leads, comparison("City", Operator::Equal, false, &[text("BOSTON")]), |it| {
            it["City"] == "Boston"
        }),
        (Module::Leads, comparison("City", Operator::Equal, true, &[text("Boston")]), |it| {
            !it["City"].is_null() && it["City"] != "Boston"
        }),
        (Module::Leads, comparison("City", Operator::In, false, &[text("Boston"), text("Galway")]), |it| {
            it["City"] == "Boston" || it["City"] == "Galway"
        }),
        (Module::Leads, comparison("City", Operator::Null, false, &[]), |it| it["City"].is_null()),
        (Module::Leads, comparison("City", Operator::Null, true, &[]), |it| !it["City"].is_null()),
        (Module::Leads, comparison("Company", Operator::StartsWith, false, &[text("café")]), |it| {
            it["Company"].as_str().unwrap().starts_with("Café")
        }),
        (Module::Leads, comparison("Company", Operator::EndsWith, false, &[text("Ltd")]), |it| {
            it["Company"].as_str().unwrap().ends_with("Ltd")
        }),
        (Module::Leads, comparison("Company", Operator::Contains, true, &[text("o")]), |it| {
            !it["Company"].as_str().unwrap().to_lowercase().contains('o')
        }),
        (Module::Leads, comparison("No_of_Employees", Operator::Greater, false, &[text("2000")]), |it| {
            it["No_of_Employees"].as_u64().is_some_and(|number| number > 2_000)
        }),
        (Module::Leads, comparison("Annual_Revenue", Operator::LessEqual, false, &[text("4e8")]), |it| {
            it["Annual_Revenue"].as_f64().is_some_and(|number| number <= 4e8)
        }),
        (
            Module::Leads,
            comparison("Annual_Revenue", Operator::Between, true, &[text("1000"), text("5e8")]),
            |it| it["Annual_Revenue"].as_f64().is_some_and(|number| !(1e3..=5e8).contains(&number)),
        ),
        (Module::Leads, comparison("Email_Opt_Out", Operator::Equal, false, &[text("TRUE")]), |it| {
            it["Email_Opt_Out"] == true
        }),
        (
            Module::Leads,
            // The same instant as 12:30 in the time zone of the organisation.
            comparison("Created_Time", Operator::GreaterEqual, false, &[text("2023-01-03T07:00:00Z")]),
            |it| it["Created_Time"].as_str().unwrap() >= "2023-01-03T12:30:00+05:30",
        ),
        (Module::Leads, comparison("Languages_Known", Operator::Equal, false, &[text("English;Deutsch")]), {
            |it| {
                let known = it["Languages_Known"].as_array().unwrap();
                known.contains(&"English".into()) && known.contains(&"Deutsch".into())
            }
        }),
        (Module::Leads, comparison("Owner", Operator::Equal, false, &[text("4876876000000229013")]), |it| {
            it["Owner"]["id"] == "4876876000000229013"
        }),
        (Module::Leads, comparison("Owner", Operator::Equal, false, &[text("Jürgen Weiß")]), |it| {
            it["Owner"]["name"] == "Jürgen Weiß"
        }),
        (Module::Leads, comparison("Owner.last_name", Operator::Equal, false, &[text("O'Sullivan")]), |it| {
            it["Owner"]["name"] == "Aoife O'Sullivan"
        }),
        (Module::Deals, comparison("Closing_Date", Operator::Less, false, &[text("2023-02-01")]), |it| {
            it["Closing_Date"].as_str().unwrap() < "2023-02-01"
        }),
        (Module::Deals, comparison("Account_Name", Operator::Null, false, &[]), |it| {
            it["Account_Name"].is_null()
        }),
        (Module::Deals, comparison("Stage", Operator::StartsWith, false, &[text("Closed")]), |it| {
            it["Stage"].as_str().unwrap().starts_with("Closed")
        }),
    ];
    for (module, comparison, expected) in cases {
        let condition = condition(module, comparison.clone(), Dialect::Coql);
        let (mut held, mut failed) = (0, 0);
        for record in organisation.snapshot(module).into_records() {
            let holds = condition.holds(&organisation, &record);
            assert_eq!(holds, expected(&record.all_fields().into()), "{comparison:?}");
            *if holds { &mut held } else { &mut failed } += 1;
        }
        assert!(held > 0 && failed > 0, "{comparison:?}: {held} and {failed}");
    }
}

#[test]
fn a_path_follows_lookups() {
    let organisation = Organisation::new(1, 200);
    let path = Path::find(Module::Deals, "Account_Name.Industry").unwrap();
    let mut found = 0;
    for deal in organisation.snapshot(Module::Deals).into_records() {
        let expected =
            deal.all_fields()["Account_Name"]["id"].as_str().map_or(serde_json::Value::Null, |id| {
                let account = organisation.record_with_id(Module::Accounts, id.parse().unwrap()).unwrap();
                found += 1;
                account.all_fields()["Industry"].clone()
            });
        assert_eq!(path.value(&organisation, &deal), expected);
    }
    assert!(found > 10);
    for (name, is_there) in [
        ("Contact_Name.Account_Name.Industry", true),
        ("Contact_Name.Account_Name.Parent_Account.Industry", false),
        ("Owner.email", true),
        ("Owner.phone", false),
        ("Owner.id.id", false),
        ("Layout.name", true),
        ("Layout.email", false),
        ("Stage.id", false),
        ("Account_Name.", false),
        ("", false),
    ] {
        assert_eq!(Path::find(Module::Deals, name).is_some(), is_there, "{name}");
    }
}

#[test]
fn equals_of_a_search_means_words() {
    let organisation = Organisation::new(1, 300);
    let condition = condition_of(Module::Leads, "Company:equals:café").unwrap();
    let held: Vec<_> = organisation
        .snapshot(Module::Leads)
        .into_records()
        .filter(|record| condition.holds(&organisation, record))
        .map(|record| record.all_fields()["Company"].as_str().unwrap().to_owned())
        .collect();
    assert!(held.iter().all(|company| company.starts_with("Café Noir")));
    assert!(held.len() > 2);
}

#[test]
fn mistakes_are_named() {
    let field = || "City".to_owned();
    for (text, expected) in [
        ("No_Such:equals:x", ConditionError::Field { field: "No_Such".to_owned() }),
        ("city:equals:x", ConditionError::Field { field: "city".to_owned() }),
        (
            "City:greater_than:x",
            ConditionError::Operator { field: field(), word: "greater_than", kind: FieldKind::Text },
        ),
        ("City:in:a,b,c,d", ConditionError::TooManyValues { field: field(), limit: 3 }),
        (
            "Rating:starts_with:x",
            ConditionError::Operator {
                field: "Rating".to_owned(),
                word: "starts_with",
                kind: FieldKind::Choice,
            },
        ),
        (
            "Tag:equals:x",
            ConditionError::Operator { field: "Tag".to_owned(), word: "equals", kind: FieldKind::Opaque },
        ),
    ] {
        assert_eq!(condition_of(Module::Leads, text).unwrap_err(), expected, "{text}");
    }
    for (field, value, kind) in [
        ("No_of_Employees", "many", FieldKind::Whole),
        ("No_of_Employees", "1.5", FieldKind::Whole),
        ("Annual_Revenue", "NaN", FieldKind::Decimal),
        ("Annual_Revenue", "", FieldKind::Decimal),
        ("Email_Opt_Out", "yes", FieldKind::Boolean),
        ("Created_Time", "2024-01-01", FieldKind::DateTime),
        ("Created_Time", "2024-01-01T00:00:00", FieldKind::DateTime),
        ("id", "x", FieldKind::Id),
    ] {
        let expected = ConditionError::Value { field: field.to_owned(), value: value.to_owned(), kind };
        assert_eq!(condition_of(Module::Leads, &format!("{field}:equals:{value}")).unwrap_err(), expected);
    }
    for date in ["2024-02-30", "2024-01-01T00:00:00Z", "01/02/2024"] {
        assert!(condition_of(Module::Deals, &format!("Closing_Date:equals:{date}")).is_err(), "{date}");
    }
    assert!(condition_of(Module::Deals, "Amount:between:1").is_err());
}

#[test]
fn the_range_of_ids_is_known() {
    for (text, expected) in [
        ("id:equals:7", 7..=7),
        ("id:in:7,9,3", 3..=9),
        ("id:greater_than:7", 7..=u64::MAX),
        ("id:less_equal:7", 0..=7),
        ("id:between:3,7", 3..=7),
        ("id:not_equal:7", ALL_IDS),
        ("Owner.id:equals:7", ALL_IDS),
        ("City:equals:x", ALL_IDS),
        ("(id:greater_than:3)and(id:less_than:9)", 3..=9),
        ("(id:greater_than:3)and(City:equals:x)", 3..=u64::MAX),
        ("(id:equals:3)or(id:equals:9)", 3..=9),
        ("(id:equals:3)or(City:equals:x)", ALL_IDS),
    ] {
        assert_eq!(condition_of(Module::Leads, text).unwrap().ids(), expected, "{text}");
    }
}

#[test]
fn nothing_that_a_range_of_ids_holds_is_left_out() {
    let organisation = Organisation::new(1, 100);
    let all = organisation.snapshot(Module::Leads).into_records();
    let ids: Vec<_> = all.map(|record| record.id()).collect();
    let newest = ids.len() - 1;
    let between = |range| -> Vec<_> {
        organisation.snapshot(Module::Leads).into_records_between(&range).map(|record| record.id()).collect()
    };
    for (first, last) in [(0, 0), (0, newest), (17, 40), (newest - 1, newest)] {
        for (below, above) in [(0, 0), (1, 1), (0, 600), (600, 0)] {
            let found = between(ids[first] - below..=ids[last] + above);
            assert!(ids[first..=last].iter().all(|id| found.contains(id)), "{first} {last}");
            assert!(found.len() <= last - first + 5);
        }
    }
    assert_eq!(between(ALL_IDS), ids);
    assert!(between(ids[newest] + 2_000..=u64::MAX).is_empty());
    assert_eq!(between(0..=1).len(), 1, "at most one at each end");
}
