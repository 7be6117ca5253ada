//! The rules of `/crm/bulk/{version}/read`.

use std::io::{Cursor, Read};

use serde_json::json;

use super::listing::{Account, ids};
use super::*;

const READ: &str = "/crm/bulk/v8/read";

fn with_rows(leads: u64, bulk_rows: u64) -> Account {
    Account::new(Options { leads, bulk_rows, ..Options::default() })
}

/// Creates a job with this query and returns its id.
fn added(account: &Account, query: &Value) -> String {
    let reply = account.post(READ, &json!({"query": query}));
    assert_eq!(reply.status, 201, "{:?}", reply.body);
    json_of(&reply)["data"][0]["details"]["id"].as_str().unwrap().to_owned()
}

/// Polls until the job has ended and returns its details.
fn ended(account: &Account, id: &str) -> Value {
    loop {
        let details = json_of(&account.get(&format!("{READ}/{id}")))["data"][0].clone();
        if matches!(details["state"].as_str().unwrap(), "COMPLETED" | "FAILURE") {
            return details;
        }
    }
}

/// The rows of the only file in the zip, including the header.
fn lines(account: &Account, details: &Value) -> Vec<Vec<String>> {
    let reply = account.get(details["result"]["download_url"].as_str().unwrap());
    assert_eq!(reply.status, 200);
    let mut zip = zip::ZipArchive::new(Cursor::new(reply.body)).unwrap();
    assert_eq!(zip.len(), 1);
    let mut file = zip.by_index(0).unwrap();
    assert_eq!(file.name().unwrap(), format!("{}.csv", details["id"].as_str().unwrap()));
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|line| line.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Runs a whole job with this query.
fn read(account: &Account, query: &Value) -> Vec<Vec<String>> {
    let id = added(account, query);
    lines(account, &ended(account, &id))
}

#[test]
fn a_job_goes_one_state_on_with_each_question() {
    let account = Account::with_leads(20);
    let query = json!({"module": {"api_name": "Leads"}, "fields": ["Last_Name"]});
    let callback = json!({"url": "https://callback.example.com/done", "method": "post"});
    let reply = account.post(READ, &json!({"query": query, "file_type": "csv", "callback": callback}));
    let added = json_of(&reply);
    let details = json!({
        "id": "4876876000900000001",
        "operation": "read",
        "state": "ADDED",
        "created_by": {"id": "4876876000000229001", "name": "Meera Raghunathan"},
        "created_time": "2025-11-24T21:30:00+05:30",
    });
    assert_eq!(reply.status, 201);
    assert_eq!(
        added,
        json!({
            "data": [{
                "status": "success",
                "code": "ADDED_SUCCESSFULLY",
                "message": "Added successfully.",
                "details": details,
            }],
            "info": {},
        })
    );

    let job = format!("{READ}/4876876000900000001");
    let result = format!("{job}/result");
    for state in ["QUEUED", "IN PROGRESS"] {
        assert_eq!(error_code(&account.get(&result)), (400, "RESOURCE_NOT_FOUND".to_owned()));
        let details = json_of(&account.get(&job))["data"][0].clone();
        assert_eq!(details["state"], state);
        assert!(details.get("result").is_none());
    }
    for _ in 0..2 {
        assert_eq!(
            json_of(&account.get(&job)),
            json!({"data": [{
                "id": "4876876000900000001",
                "operation": "read",
                "state": "COMPLETED",
                "result": {
                    "page": 1,
                    "per_page": 200_000,
                    "count": 20,
                    "download_url": result,
                    "more_records": false,
                    "next_page_token": null,
                },
                "query": {"module": {"api_name": "Leads"}, "fields": ["Last_Name"], "page": 1},
                "created_by": {"id": "4876876000000229001", "name": "Meera Raghunathan"},
                "created_time": "2025-11-24T21:30:00+05:30",
                "file_type": "csv",
            }]})
        );
    }
    let file = account.get(&result);
    assert_eq!(file.headers[0], ("content-type".to_owned(), "application/x-download".to_owned()));
    assert!(file.headers[1].1.contains("4876876000900000001.zip"));
}

#[test]
fn the_file_has_the_fields_in_their_order_and_the_id() {
    let account = Account::with_leads(300);
    let fields = json!([
        "Company",
        "id",
        "Owner",
        "Owner.email",
        "Created_Time",
        "Email_Opt_Out",
        "Languages_Known",
        "Tag"
    ]);
    let lines = read(&account, &json!({"module": {"api_name": "Leads"}, "fields": fields}));
    let header =
        ["id", "Company", "Owner", "Owner.email", "Created_Time", "Email_Opt_Out", "Languages_Known", "Tag"];
    assert_eq!(lines[0], header);
    assert_eq!(lines.len(), 301);
    for line in &lines[1..] {
        let lead = json_of(&account.get(&format!("/crm/v8/Leads/{}", line[0])))["data"][0].clone();
        let languages = lead["Languages_Known"].as_array().unwrap();
        let tags = lead["Tag"].as_array().unwrap();
        let joined = |texts: Vec<&str>| texts.join(";");
        assert_eq!(line[1], lead["Company"].as_str().unwrap());
        assert_eq!(line[2], lead["Owner"]["id"].as_str().unwrap());
        assert_eq!(line[3], lead["Owner"]["email"].as_str().unwrap());
        assert_eq!(line[4], lead["Created_Time"].as_str().unwrap());
        assert_eq!(line[5], lead["Email_Opt_Out"].to_string());
        assert_eq!(line[6], joined(languages.iter().map(|name| name.as_str().unwrap()).collect()));
        assert_eq!(line[7], joined(tags.iter().map(|tag| tag["name"].as_str().unwrap()).collect()));
    }
    let all = read(&account, &json!({"module": {"api_name": "Deals"}}));
    assert!(all[0].len() > 20 && all[0].contains(&"Stage".to_owned()));
    assert!(all[0].iter().all(|name| !name.starts_with('$')));
    assert_eq!(all.len(), 91);
}

#[test]
fn criteria_choose_the_rows() {
    let account = Account::with_leads(400);
    let compare = |field: &str, comparator: &str, value: Value| json!({"field": {"api_name": field}, "comparator": comparator, "value": value});
    let city = compare("City", "in", json!(["Boston", "Galway"]));
    let employees = compare("No_of_Employees", "between", json!([1000, 3000]));
    let company = compare("Company", "not_contains", json!("GmbH"));
    let group = json!({"group_operator": "AND", "group": [
        city, employees, {"group_operator": "or", "group": [company, compare("Email", "equal", json!("${EMPTY}"))]},
    ]});
    let fields = json!(["City", "No_of_Employees", "Company", "Email"]);
    let lines =
        read(&account, &json!({"module": {"api_name": "Leads"}, "fields": fields, "criteria": group}));
    assert!(lines.len() > 5);
    for line in &lines[1..] {
        assert!(["Boston", "Galway"].contains(&line[1].as_str()));
        assert!((1_000..=3_000).contains(&line[2].parse::<u64>().unwrap()));
        assert!(!line[3].contains("GmbH") || line[4].is_empty(), "{line:?}");
    }
    let old = json!({"module": "Leads", "criteria": {"api_name": "City", "comparator": "equal", "value": "Boston"}});
    assert!(read(&account, &old).len() > 5);
    let flag = json!({"module": "Leads", "criteria": compare("Email_Opt_Out", "equal", json!(true))});
    assert!(read(&account, &flag).len() > 5);
}

#[test]
fn the_next_rows_come_by_page_or_by_token() {
    let account = with_rows(25, 10);
    let criteria = json!({"field": {"api_name": "id"}, "comparator": "greater_than", "value": 1});
    let query = json!({"module": {"api_name": "Leads"}, "fields": ["Email"], "criteria": criteria});
    let job = |part: &Value| {
        let mut query = query.clone();
        query.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        let details = ended(&account, &added(&account, &query));
        let ids: Vec<u64> =
            lines(&account, &details)[1..].iter().map(|line| line[0].parse().unwrap()).collect();
        (details["result"].clone(), ids)
    };
    let listed = ids(&account.get("/crm/v8/Leads?fields=id&sort_order=asc"));
    let (first, mut by_token) = job(&json!({}));
    assert_eq!(first["more_records"], true);
    let (mut token, mut page) = (first["next_page_token"].clone(), 1);
    while token.is_string() {
        let (result, ids) = job(&json!({"page_token": token}));
        page += 1;
        assert_eq!(result["page"], page);
        by_token.extend(ids);
        token = result["next_page_token"].clone();
    }
    assert_eq!((by_token, page), (listed.clone(), 3));
    let by_page: Vec<_> = (1..=3).flat_map(|page| job(&json!({"page": page})).1).collect();
    assert_eq!(by_page, listed);
    let (result, none) = job(&json!({"page": 4}));
    assert_eq!((result["count"].clone(), none), (json!(0), vec![]));

    let mut other = query.clone();
    other["fields"] = json!(["Phone"]);
    other["page_token"] = first["next_page_token"].clone();
    let reply = account.post(READ, &json!({"query": other}));
    assert_eq!(error_code(&reply), (400, "TOKEN_BOUND_DATA_MISMATCH".to_owned()));
}

#[test]
fn an_old_job_has_no_page_token() {
    let account = with_rows(25, 10);
    let reply = account.post("/crm/bulk/v2/read", &json!({"query": {"module": "Leads"}}));
    let id = json_of(&reply)["data"][0]["details"]["id"].as_str().unwrap().to_owned();
    let job = format!("/crm/bulk/v2/read/{id}");
    (0..2).for_each(|_| assert_eq!(account.get(&job).status, 200));
    assert_eq!(
        json_of(&account.get(&job))["data"][0]["result"],
        json!({
            "page": 1,
            "per_page": 10,
            "count": 10,
            "download_url": format!("{job}/result"),
            "more_records": true,
        })
    );
}

#[test]
fn a_job_of_an_unknown_field_fails() {
    let account = Account::with_leads(10);
    let id = added(&account, &json!({"module": "Leads", "fields": ["Email", "No_Such"]}));
    let details = ended(&account, &id);
    assert_eq!(details["state"], "FAILURE");
    assert_eq!(
        details["result"]["error_message"],
        json!({
            "code": "FIELD_NOT_AVAILABLE",
            "details": {"api_name": "No_Such", "module": "Leads"},
            "message": "the field given is not available",
            "status": "error",
        })
    );
    assert_eq!(account.get(&format!("{READ}/{id}/result")).status, 400);
}

#[test]
fn ten_downloads_are_good_for_a_minute() {
    let account = Account::with_leads(10);
    let id = added(&account, &json!({"module": "Leads"}));
    ended(&account, &id);
    let download = |second| account.get_at(after(second), &format!("{READ}/{id}/result"));
    assert!((0..10).all(|second| download(second).status == 200));
    assert_eq!(error_code(&download(59)), (429, "TOO_MANY_REQUESTS".to_owned()));
    assert_eq!(download(60).status, 200);
    assert_eq!(download(60).status, 429);
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let account = Account::with_leads(10);
    let of = |part: Value| {
        let mut query = json!({"module": {"api_name": "Leads"}});
        query.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        json!({"query": query})
    };
    let compare = |field: &str, comparator: &str, value: Value| {
        of(json!({"criteria": {"field": {"api_name": field}, "comparator": comparator, "value": value}}))
    };
    let good = json!({"field": {"api_name": "City"}, "comparator": "equal", "value": "x"});
    let group = |operator: &str, count: usize| {
        of(json!({"criteria": {"group_operator": operator, "group": vec![good.clone(); count]}}))
    };
    for (body, code) in [
        (json!([]), "REQUEST_BODY_NOT_READABLE"),
        (json!({}), "QUERY_NOT_SUPPORTED"),
        (json!({"query": {}}), "MODULE_NOT_AVAILABLE"),
        (json!({"query": {"module": {"api_name": "leads"}}}), "MODULE_NOT_AVAILABLE"),
        (json!({"query": {"module": "Leads"}, "file_type": "ics"}), "NOT_SUPPORTED_FEATURE"),
        (of(json!({"fields": "Email"})), "REQUEST_BODY_NOT_READABLE"),
        (of(json!({"page": 0})), "PAGE_RANGE_EXCEEDED"),
        (of(json!({"page": 51})), "PAGE_RANGE_EXCEEDED"),
        (of(json!({"page_token": "abc"})), "INVALID_DATA"),
        (of(json!({"criteria": {}})), "INVALID_CRITERIA"),
        (compare("City", "equal", json!(null)), "INVALID_CRITERIA"),
        (compare("City", "like", json!("x")), "FIELD_COMPARATOR_IN_CRITERIA_NOT_SUPPORTED"),
        (compare("No_Such", "equal", json!("x")), "FIELD_IN_CRITERIA_NOT_AVAILABLE"),
        (compare("City", "less_than", json!("x")), "FIELD_AND_COMPARATOR_IN_CRITERIA_NOT_COMPATIBLE"),
        (compare("No_of_Employees", "equal", json!("x")), "FIELD_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE"),
        (compare("City", "in", json!(vec!["x"; 101])), "VALUE_LIMIT_EXCEEDED_IN_CRITERIA"),
        (group("xor", 2), "GROUP_OPERATOR_NOT_SUPPORTED"),
        (group("and", 0), "INVALID_CRITERIA"),
        (group("and", 26), "CRITERIA_LIMIT_EXCEEDED"),
        (
            json!({"query": {"module": "Leads"}, "callback": {"url": "x", "method": "post"}}),
            "INVALID_CALLBACK_URL",
        ),
        (
            json!({"query": {"module": "Leads"}, "callback": {"url": "https://example.com/", "method": "get"}}),
            "INVALID_CALLBACK_METHOD",
        ),
    ] {
        assert_eq!(error_code(&account.post(READ, &body)), (400, code.to_owned()), "{body}");
    }
    assert_eq!(account.post(READ, &group("and", 25)).status, 201);
    let comparator = json_of(&account.post(READ, &compare("Email_Opt_Out", "in", json!([true]))));
    let supported = json!(["equal", "not_equal"]);
    assert_eq!(
        comparator["details"],
        json!({"comparator": "in", "api_name": "Email_Opt_Out", "supported": supported})
    );
    let empty = account.authorized(request(Method::POST, READ));
    assert_eq!(error_code(&account.site.answer(&empty, START)), (400, "REQUEST_BODY_IS_EMPTY".to_owned()));
}

#[test]
fn jobs_that_are_not_there_are_not_found() {
    let account = Account::with_leads(10);
    for target in [format!("{READ}/1"), format!("{READ}/1/result")] {
        let reply = account.get(&target);
        assert_eq!(error_code(&reply), (404, "RESOURCE_NOT_FOUND".to_owned()));
        assert_eq!(json_of(&reply)["details"], json!({"resource": "1"}));
    }
    for (target, status) in
        [(READ.to_owned(), 400), (format!("{READ}/1/other"), 404), ("/crm/bulk/v1/read".to_owned(), 404)]
    {
        assert_eq!(account.get(&target).status, status, "{target}");
    }
    assert_eq!(account.site.answer(&request(Method::GET, READ), START).status, 401);
}
