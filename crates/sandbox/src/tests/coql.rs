//! The rules of `POST /crm/{version}/coql`.

use serde_json::json;

use super::listing::{Account, ids};
use super::*;

const V2: &str = "/crm/v2/coql";
const V8: &str = "/crm/v8/coql";

fn query(account: &Account, text: &str) -> Reply {
    account.post(V8, &json!({"select_query": text}))
}

fn rows(account: &Account, text: &str) -> Vec<Value> {
    let reply = query(account, text);
    assert_eq!(reply.status, 200, "{text}: {:?}", reply.body);
    json_of(&reply)["data"].as_array().unwrap().clone()
}

#[test]
fn a_row_has_the_columns_and_the_id() {
    let account = Account::with_leads(30);
    let text = "select Last_Name, City as Town from Leads where id is not null limit 2";
    let body = json_of(&query(&account, text));
    let names: Vec<_> = body["data"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["Last_Name", "Town", "id"]);
    assert_eq!(body["info"], json!({"count": 2, "more_records": true}));
    assert_eq!(body.as_object().unwrap().len(), 2);
    let last = json_of(&query(&account, "select id from Leads where id is not null limit 29, 2"));
    assert_eq!(last["info"], json!({"count": 1, "more_records": false}));
    assert_eq!(query(&account, "select id from Leads where City = Atlantis").status, 204);
}

#[test]
fn lookups_and_choices_come_as_coql_has_them() {
    let account = Account::with_leads(500);
    let text = "select Account_Name, Account_Name.Industry, Owner, Owner.email, Layout.id, Contact_Name.Account_Name.id \
                from Deals where (Account_Name is not null and Contact_Name is not null) limit 1";
    let row = &rows(&account, text)[0];
    let deal = json_of(&account.get(&format!("/crm/v8/Deals/{}", row["id"].as_str().unwrap())));
    let deal = &deal["data"][0];
    assert_eq!(row["Account_Name"], deal["Account_Name"]);
    assert_eq!(row["Owner.email"], deal["Owner"]["email"]);
    assert_eq!(row["Owner"]["id"], deal["Owner"]["id"]);
    assert!(deal["Owner"]["name"].as_str().unwrap().ends_with(row["Owner"]["name"].as_str().unwrap()));
    assert_eq!(row["Owner"].as_object().unwrap().len(), 2);
    assert_eq!(row["Layout.id"], deal["Layout"]["id"]);
    let account_id = deal["Account_Name"]["id"].as_str().unwrap();
    let linked = json_of(&account.get(&format!("/crm/v8/Accounts/{account_id}")));
    assert_eq!(row["Account_Name.Industry"], linked["data"][0]["Industry"]);

    let old = json_of(&account.post(V2, &json!({"select_query": text})));
    assert_eq!(old["data"][0]["Account_Name"], json!({"id": account_id}));

    let chosen = "select Languages_Known from Leads where Languages_Known = 'English;Deutsch' limit 5";
    for row in rows(&account, chosen) {
        assert!(row["Languages_Known"].as_str().unwrap().starts_with("Deutsch;English"), "{row}");
    }
}

#[test]
fn the_order_is_that_of_ids_or_the_one_asked_for() {
    let account = Account::with_leads(300);
    let listed = ids(&account.get("/crm/v8/Leads?fields=id&sort_order=asc"));
    assert_eq!(ids(&query(&account, "select id from Leads where id is not null limit 200")), listed);
    let backwards =
        ids(&query(&account, "select id from Leads where id is not null order by id desc limit 300"));
    assert!(backwards.len() == 300 && backwards.is_sorted_by(|one, next| one > next));

    let text =
        "select City, No_of_Employees as n from Leads where City is not null order by City, n desc limit 300";
    let rows = rows(&account, text);
    let key = |row: &Value| {
        let employees = row["n"].as_i64().unwrap_or(-1);
        (row["City"].as_str().unwrap().to_lowercase(), -employees)
    };
    assert!(rows.is_sorted_by_key(key));
}

#[test]
fn functions_work_over_groups() {
    let account = Account::with_leads(400);
    let deals = rows(&account, "select Stage, Amount from Deals where id is not null limit 2000");
    let totals = rows(
        &account,
        "select Stage, COUNT(id) as n, SUM(Amount), MIN(Amount), MAX(Amount) from Deals where id is not null \
         group by Stage order by Stage",
    );
    assert_eq!(totals.len(), 6);
    for total in &totals {
        let own: Vec<_> = deals.iter().filter(|deal| deal["Stage"] == total["Stage"]).collect();
        let amounts: Vec<_> = own.iter().filter_map(|deal| deal["Amount"].as_f64()).collect();
        assert_eq!(total["n"], own.len());
        let sum = total["SUM(Amount)"].as_f64().unwrap() - amounts.iter().sum::<f64>();
        assert!(sum.abs() < 0.01);
        assert_eq!(total["MAX(Amount)"].as_f64(), amounts.iter().copied().reduce(f64::max));
        assert_eq!(total["MIN(Amount)"].as_f64(), amounts.iter().copied().reduce(f64::min));
        assert!(total.get("id").is_none());
    }
    let count = rows(&account, "select COUNT(id) from Leads where id is not null");
    assert_eq!(count, [json!({"COUNT(id)": 400})]);
    let mean = &rows(&account, "select AVG(Probability) from Deals where Stage = 'Closed Won'")[0];
    assert_eq!(mean, &json!({"AVG(Probability)": 100}));
}

#[test]
fn a_walk_by_the_last_id_meets_every_lead_once() {
    let account = Account::with_leads(100_000);
    let (mut last, mut walked) = (0, 0);
    loop {
        let text = format!("select id from Leads where id > {last} order by id asc limit 2000");
        let reply = query(&account, &text);
        let found = ids(&reply);
        assert!(found.is_sorted() && found[0] > last);
        walked += found.len();
        last = *found.last().unwrap();
        if json_of(&reply)["info"]["more_records"] == false {
            break;
        }
    }
    assert_eq!(walked, 100_000);
}

#[test]
fn a_walk_by_offset_meets_every_lead_once_as_far_as_it_reaches() {
    let account = Account::with_leads(4_100);
    let page = |offset: u64| {
        query(&account, &format!("select id from Leads where id is not null limit 2000 offset {offset}"))
    };
    let walked: Vec<_> = [0, 2_000, 4_000].into_iter().flat_map(|offset| ids(&page(offset))).collect();
    assert!(walked.len() == 4_100 && walked.is_sorted_by(|one, next| one < next));
    assert_eq!(page(98_000).status, 204);
    assert_eq!(error_code(&page(98_001)), (400, "LIMIT_EXCEEDED".to_owned()));
}

#[test]
fn what_is_no_query_is_refused_with_what_is_wrong() {
    let cases = [
        ("update Leads", "SYNTAX_ERROR", json!({})),
        ("select id from Leads", "SYNTAX_ERROR", json!({"clause": "where"})),
        ("select id,, from Leads", "SYNTAX_ERROR", json!({"line": 1, "column": 11, "near": ","})),
        ("select id from Leads where City has x", "SYNTAX_ERROR", json!({"operator": "has"})),
        (
            "select id from Leads where id > 1 and id > 2 and id > 3",
            "SYNTAX_ERROR",
            json!({"line": 1, "column": 46, "near": "and"}),
        ),
        ("select id from leads where id > 1", "INVALID_MODULE", json!({})),
        (
            "select Twitte from Leads where id > 1",
            "INVALID_QUERY",
            json!({"column_name": "Twitte", "module": "Leads"}),
        ),
        (
            "select id from Leads where Owner.shoe = 1",
            "INVALID_QUERY",
            json!({"column_name": "Owner.shoe", "module": "Leads"}),
        ),
        (
            "select id from Leads where City > 'x'",
            "INVALID_QUERY",
            json!({"reason": "invalid operator found", "column_name": "City", "operator": ">"}),
        ),
        (
            "select id from Leads where Email_Opt_Out != true",
            "INVALID_QUERY",
            json!({"reason": "invalid operator found", "column_name": "Email_Opt_Out", "operator": "!="}),
        ),
        (
            "select id from Leads where Description is not null",
            "INVALID_QUERY",
            json!({"reason": "invalid operator found", "column_name": "Description", "operator": "is not null"}),
        ),
        (
            "select id from Leads where Created_Time > '2024-01-01'",
            "INVALID_QUERY",
            json!({"column_name": "Created_Time", "expected_data_type": "datetime"}),
        ),
        (
            "select id from Leads where City like 'x'",
            "INVALID_QUERY",
            json!({"column_name": "City", "value": "x"}),
        ),
        ("select id from Leads where id > 1 limit x", "INVALID_QUERY", json!({"limit": "x"})),
        ("select id from Leads where id > 1 limit 0", "INVALID_DATA", json!({})),
        (
            "select id from Leads where id > 1 limit 2001",
            "LIMIT_EXCEEDED",
            json!({"clause": "limit", "limit": 2000}),
        ),
    ];
    assert_refused(&cases);
}

#[test]
fn columns_that_do_not_go_together_are_refused() {
    let cases = [
        (
            "select City as a, State as a from Leads where id > 1",
            "DUPLICATE_ALIAS",
            json!({"referred_columns": ["City", "State"], "alias": "a"}),
        ),
        (
            "select City, State as City from Leads where id > 1",
            "INVALID_QUERY",
            json!({"column_name": "State", "alias": "City"}),
        ),
        (
            "select City as '' from Leads where id > 1",
            "INVALID_ALIAS",
            json!({"column_name": "City", "alias": ""}),
        ),
        ("select City, City from Leads where id > 1", "DUPLICATE_DATA", json!({"column_name": "City"})),
        (
            "select max(id), max(id) from Leads where id > 1",
            "DUPLICATE_DATA",
            json!({"column_name": "id", "aggregate": "MAX"}),
        ),
        (
            "select id from Leads where id > 1 order by City, City",
            "DUPLICATE_DATA",
            json!({"column_name": "City"}),
        ),
        (
            "select count(id) from Leads where id > 1 group by City, City",
            "DUPLICATE_DATA",
            json!({"column_name": "City"}),
        ),
        ("select City, count(id) from Leads where id > 1", "INVALID_QUERY", json!({"column_name": "City"})),
        (
            "select count(id) from Leads where id > 1 group by City order by State",
            "INVALID_QUERY",
            json!({"column_name": "State"}),
        ),
        ("select sum(City) from Leads where id > 1", "INVALID_QUERY", json!({"column_name": "SUM(City)"})),
        (
            "select twice(City) from Leads where id > 1",
            "INVALID_DATA",
            json!({"reason": "unsupported aggregate function", "column": "twice(City)"}),
        ),
    ];
    assert_refused(&cases);
}

fn assert_refused(cases: &[(&str, &str, Value)]) {
    let account = Account::with_leads(10);
    for (text, code, details) in cases {
        let reply = query(&account, text);
        assert_eq!(error_code(&reply), (400, (*code).to_owned()), "{text}");
        assert_eq!(json_of(&reply)["details"], *details, "{text}");
    }
}

#[test]
fn a_body_without_a_query_is_refused() {
    let account = Account::with_leads(10);
    for (body, code) in [
        (json!({}), "MANDATORY_NOT_FOUND"),
        (json!([]), "MANDATORY_NOT_FOUND"),
        (json!({"select_query": 1}), "INVALID_DATA"),
    ] {
        assert_eq!(error_code(&account.post(V8, &body)), (400, code.to_owned()), "{body}");
    }
    let mut no_json = account.authorized(request(Method::POST, V8));
    no_json.body = "select id".into();
    assert_eq!(error_code(&account.site.answer(&no_json, START)), (400, "INVALID_DATA".to_owned()));
    assert_eq!(error_code(&account.get(V8)), (400, "INVALID_REQUEST".to_owned()));
    assert_eq!(account.site.answer(&request(Method::POST, V8), START).status, 401);
}

#[test]
fn limits_are_those_of_the_version() {
    let account = Account::with_leads(10);
    // Duplicate columns are not allowed, but their number is checked first.
    let columns = |count: usize| vec!["City"; count].join(",");
    let values = |count: usize| vec!["1"; count].join(",");
    let criteria =
        |count: usize| (1..count).fold("id > 1".to_owned(), |criteria, _| format!("({criteria} and id > 1)"));
    let orders =
        ["City", "State", "Email", "Phone", "Mobile", "Fax", "Rating", "Company", "Country", "Street", "id"];
    let select = |columns: &str, rest: &str| format!("select {columns} from Leads where {rest}");
    for (path, text, expected) in [
        (V2, select(&columns(51), "id > 1"), "LIMIT_EXCEEDED"),
        (V2, select(&columns(50), "id > 1"), "DUPLICATE_DATA"),
        (V8, select(&columns(501), "id > 1"), "LIMIT_EXCEEDED"),
        (V8, select(&columns(500), "id > 1"), "DUPLICATE_DATA"),
        (V2, select("id", &format!("id in ({})", values(51))), "LIMIT_EXCEEDED"),
        (V2, select("id", &format!("id in ({})", values(50))), ""),
        (V8, select("id", &format!("id in ({})", values(101))), "LIMIT_EXCEEDED"),
        (V8, select("id", &format!("id not in ({})", values(100))), ""),
        (V8, select("id", &criteria(26)), "LIMIT_EXCEEDED"),
        (V8, select("id", &criteria(25)), ""),
        (V2, select("id", "id > 1 limit 201"), "LIMIT_EXCEEDED"),
        (V2, select("id", "id > 1 limit 200"), ""),
        (V2, select("id", "id > 1 limit 9801, 200"), "LIMIT_EXCEEDED"),
        (V2, select("id", "id > 1 limit 9800, 200"), ""),
        (V8, select("id", &format!("id > 1 order by {}", orders.join(","))), "LIMIT_EXCEEDED"),
        (V8, select("id", &format!("id > 1 order by {}", orders[..10].join(","))), ""),
        (V8, select("count(id)", "id > 1 group by City, State, Email, Phone, Fax"), "LIMIT_EXCEEDED"),
        (V8, select("count(id)", "id > 1 group by City, State, Email, Phone"), ""),
        (
            V8,
            select("count(id), count(City), count(State), count(Email), count(Fax), count(Phone)", "id > 1"),
            "LIMIT_EXCEEDED",
        ),
    ] {
        let reply = account.post(path, &json!({"select_query": text}));
        match expected {
            "" => assert!(matches!(reply.status, 200 | 204), "{text}"),
            code => assert_eq!(error_code(&reply), (400, code.to_owned()), "{text}"),
        }
    }
}

#[test]
fn converted_leads_come_when_they_are_spoken_of() {
    let account = Account::with_leads(100);
    for (criteria, count) in [
        ("id is not null", 100),
        ("Converted__s = true", 4),
        ("(Converted__s = true or Converted__s = false)", 104),
    ] {
        let text = format!("select id from Leads where {criteria}");
        assert_eq!(rows(&account, &text).len(), count, "{criteria}");
    }
    assert_eq!(query(&account, "select Product_Interests from Leads where id is not null").status, 400);
}
