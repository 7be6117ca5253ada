//! The rules of `GET /crm/{version}/{module}/search`.

use serde_json::json;
use url::form_urlencoded;

use super::listing::{Account, ids};
use super::*;

fn search(account: &Account, parameters: &str) -> Reply {
    account.get(&format!("/crm/v8/Leads/search?{parameters}"))
}

fn criteria(account: &Account, text: &str) -> Reply {
    search(account, &form_urlencoded::Serializer::new(String::new()).append_pair("criteria", text).finish())
}

/// The values of one field in all results.
fn column(reply: &Reply, field: &str) -> Vec<Value> {
    assert_eq!(reply.status, 200);
    json_of(reply)["data"].as_array().unwrap().iter().map(|row| row[field].clone()).collect()
}

#[test]
fn criteria_find_records() {
    let account = Account::with_leads(1_000);
    let is_boston = |city: &Value| city == "Boston";
    assert!(column(&criteria(&account, "(City:equals:boston)"), "City").iter().all(is_boston));
    assert!(
        column(&criteria(&account, "(City:in:Boston,Galway)"), "City").iter().any(|city| !is_boston(city))
    );
    let reply = criteria(&account, "((City:equals:Boston)and(Last_Name:starts_with:Pop))");
    assert!(column(&reply, "Last_Name").iter().all(|name| name == "Popescu"));
    let reply =
        criteria(&account, "((Company:equals:Juniper\\, Finch and Sons)and(Company:starts_with:Jun))");
    assert!(!column(&reply, "Company").is_empty());
    let all = ids(&account.get("/crm/v8/Leads?fields=id"));
    assert_eq!(ids(&criteria(&account, &format!("(id:in:{},{})", all[9], all[3]))), [all[3], all[9]]);
    assert_eq!(criteria(&account, "(City:equals:Atlantis)").status, 204);
}

#[test]
fn addresses_numbers_and_words_find_records() {
    let account = Account::with_leads(500);
    let listed = json_of(&account.get("/crm/v8/Leads?fields=Email,Phone&per_page=50"));
    let rows = listed["data"].as_array().unwrap();
    let one =
        |field: &str| rows.iter().find_map(|row| Some((row["id"].clone(), row[field].as_str()?))).unwrap();

    let (id, address) = one("Email");
    assert!(column(&search(&account, &format!("email={address}")), "id").contains(&id));
    let (id, number) = one("Phone");
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    assert!(column(&search(&account, &format!("phone={digits}")), "id").contains(&id));
    let words = column(&search(&account, "word=caf%C3%A9"), "Company");
    assert!(words.iter().all(|company| company.as_str().unwrap().starts_with("Café Noir")));
    assert_eq!(search(&account, "word=no-such-word-anywhere").status, 204);
}

#[test]
fn of_several_parameters_the_first_counts() {
    let account = Account::with_leads(300);
    let boston = ids(&criteria(&account, "(City:equals:Boston)"));
    let both = search(&account, "word=caf%C3%A9&criteria=(City:equals:Boston)");
    assert_eq!(ids(&both), boston);
    assert_eq!(search(&account, "word=Boston&email=nobody@nowhere.test").status, 204);
}

#[test]
fn a_record_comes_whole_or_in_the_named_fields() {
    let account = Account::with_leads(300);
    let whole = json_of(&criteria(&account, "(City:equals:Boston)"));
    assert!(whole["data"][0].as_object().unwrap().len() > 60);
    let named = json_of(&search(&account, "criteria=(City:equals:Boston)&fields=Email,No_Such"));
    let names: Vec<_> = named["data"][0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["Email", "id"]);
}

#[test]
fn pages_follow_each_other_and_reach_two_thousand() {
    let account = Account::with_leads(2_300);
    let page =
        |number: u64| search(&account, &format!("criteria=(id:greater_than:1)&fields=id&page={number}"));
    let mut walked = Vec::new();
    for number in 1..=10 {
        let body = json_of(&page(number));
        assert_eq!(
            body["info"],
            json!({"per_page": 200, "count": 200, "sort_by": "id", "page": number, "sort_order": "desc", "more_records": true})
        );
        walked.extend(ids(&page(number)));
    }
    assert_eq!(walked.len(), 2_000);
    assert!(walked.is_sorted_by(|one, next| one > next));
    assert_eq!(
        (page(11).status, json_of(&page(11))),
        (
            400,
            json!({
                "code": "LIMIT_REACHED",
                "details": {"limit": "2000"},
                "message": "maximum response iteration limit reached",
                "status": "error",
            })
        )
    );
    let old = json_of(&account.get("/crm/v2/Leads/search?criteria=(id:greater_than:1)&per_page=3"));
    assert_eq!(old["info"], json!({"per_page": 3, "count": 3, "page": 1, "more_records": true}));
}

#[test]
fn the_order_is_what_was_asked_for() {
    let account = Account::with_leads(300);
    for (parameters, field) in
        [("sort_by=No_of_Employees&sort_order=asc", "No_of_Employees"), ("sort_order=asc", "id")]
    {
        let target = format!("criteria=(No_of_Employees:greater_than:0)&{parameters}");
        let values = column(&search(&account, &target), field);
        let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap();
        assert!(values.is_sorted_by_key(number), "{parameters}");
    }
}

#[test]
fn converted_and_approved_are_asked_for() {
    let account = Account::with_leads(50);
    for (parameters, status) in [
        ("converted=false", 200),
        ("converted=both", 200),
        ("converted=true", 200),
        ("approval_state=approved", 200),
        ("approval_state=merge_pending", 204),
        ("type=ActiveUsers", 200),
    ] {
        let target = format!("criteria=(id:greater_than:1)&{parameters}");
        assert_eq!(search(&account, &target).status, status, "{parameters}");
    }
    let found = |converted: &str| {
        let target = format!("criteria=(id:greater_than:1)&sort_order=asc&converted={converted}");
        ids(&search(&account, &target))
    };
    let listed = |converted: &str| {
        ids(&account.get(&format!("/crm/v8/Leads?fields=id&sort_order=asc&converted={converted}")))
    };
    for converted in ["true", "false", "both"] {
        assert_eq!(found(converted), listed(converted), "{converted}");
    }
}

#[test]
fn what_was_written_is_found_later() {
    for lag in [0, 2] {
        let guesses = [format!("search-lag={lag}").parse().unwrap()].into_iter().collect();
        let churn = "30".parse().ok();
        let account = Account::new(Options { leads: 60, churn, guesses, ..Options::default() });
        let newest = ids(&account.get("/crm/v8/Leads?fields=id"))[0];
        let is_found = || ids(&search(&account, "criteria=(id:greater_than:1)&fields=id"))[0] > newest;
        // Each search is a step of churn too.
        assert_eq!((0..9).find(|_| is_found()), Some(lag));
    }
}

#[test]
fn what_cannot_be_searched_is_refused_by_name() {
    let account = Account::with_leads(10);
    let many = |count: usize| format!("criteria=({})", vec!["(City:equals:x)"; count].join("or"));
    let values = format!("criteria=(City:in:{})", vec!["x"; 101].join(","));
    let cases = [
        (String::new(), "EXPECTED_PARAM_MISSING"),
        ("criteria=".to_owned(), "EXPECTED_PARAM_MISSING"),
        ("word=a".to_owned(), "INVALID_DATA"),
        ("criteria=(City:equals:x".to_owned(), "INVALID_QUERY"),
        ("criteria=(No_Such:equals:x)".to_owned(), "INVALID_QUERY"),
        ("criteria=(City:contains:x)".to_owned(), "INVALID_QUERY"),
        ("criteria=(City:less_than:x)".to_owned(), "INVALID_QUERY"),
        ("criteria=(No_of_Employees:equals:x)".to_owned(), "INVALID_QUERY"),
        (values, "INVALID_QUERY"),
        (many(16), "CRITERIA_LIMIT_EXCEEDED"),
        ("word=Boston&per_page=201".to_owned(), "INVALID_DATA"),
        ("word=Boston&page=0".to_owned(), "INVALID_DATA"),
        ("word=Boston&sort_by=No_Such".to_owned(), "INVALID_DATA"),
        ("word=Boston&sort_order=up".to_owned(), "INVALID_DATA"),
        ("word=Boston&converted=maybe".to_owned(), "INVALID_DATA"),
    ];
    for (parameters, code) in cases {
        assert_eq!(error_code(&search(&account, &parameters)), (400, code.to_owned()), "{parameters}");
    }
    assert_eq!(search(&account, &many(15)).status, 204);
    let old = account.get(&format!("/crm/v2/Leads/search?{}", many(11)));
    assert_eq!(error_code(&old), (400, "CRITERIA_LIMIT_EXCEEDED".to_owned()));
    let unknown = account.get("/crm/v8/leads/search?word=Boston");
    assert_eq!(error_code(&unknown), (400, "INVALID_MODULE".to_owned()));

    let details = |parameters: &str| json_of(&search(&account, parameters))["details"].clone();
    assert_eq!(details(""), json!({"param_names": ["criteria", "email", "phone", "word"]}));
    assert_eq!(
        details("criteria=(No_Such:equals:x)"),
        json!({"reason": "the field is not available for search", "api_name": "No_Such"})
    );
    assert_eq!(
        details("criteria=(City:contains:x)"),
        json!({"operator": "contains", "reason": "invalid operator found", "api_name": "City"})
    );
    assert_eq!(
        details("criteria=(No_of_Employees:equals:x)"),
        json!({"expected_data_type": "integer", "reason": "invalid value found", "api_name": "No_of_Employees"})
    );
}
