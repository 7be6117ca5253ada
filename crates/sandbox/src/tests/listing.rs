//! The rules of `GET /crm/v8/{module}`.

use serde_json::json;

use super::*;

/// A site and a token for it.
pub(super) struct Account {
    pub(super) site: Site,
    pub(super) token: String,
}

impl Account {
    pub(super) fn new(options: Options) -> Self {
        let site = site(options);
        let token = access_token(&site, START);
        Self { site, token }
    }

    pub(super) fn with_leads(leads: u64) -> Self {
        Self::new(Options { leads, ..Options::default() })
    }

    pub(super) fn get(&self, target: &str) -> Reply {
        self.get_at(START, target)
    }

    pub(super) fn get_at(&self, now: Timestamp, target: &str) -> Reply {
        self.site.answer(&self.authorized(request(Method::GET, target)), now)
    }

    pub(super) fn post(&self, target: &str, body: &Value) -> Reply {
        let mut request = self.authorized(request(Method::POST, target));
        request.body = body.to_string().into();
        self.site.answer(&request, START)
    }

    pub(super) fn authorized(&self, request: WireRequest) -> WireRequest {
        with_header(request, "authorization", &format!("Zoho-oauthtoken {}", self.token))
    }
}

pub(super) fn ids(reply: &Reply) -> Vec<u64> {
    let body = json_of(reply);
    body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lead| lead["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn who_may_not_ask_is_told_why() {
    let account = Account::new(Options::default());
    let target = "/crm/v8/Leads?fields=Email";
    let answer = |authorization: Option<&str>, now| {
        let request = request(Method::GET, target);
        let request = match authorization {
            Some(value) => with_header(request, "authorization", value),
            None => request,
        };
        account.site.answer(&request, now)
    };
    let failure = json!({"code": "AUTHENTICATION_FAILURE", "details": {}, "message": "Authentication failed", "status": "error"});
    let invalid =
        json!({"code": "INVALID_TOKEN", "details": {}, "message": "invalid oauth token", "status": "error"});
    let good = format!("Zoho-oauthtoken {}", account.token);
    let bearer = format!("bearer {}", account.token);

    for (authorization, now, expected) in [
        (None, START, failure.clone()),
        (Some("Basic abc"), START, failure),
        (Some("Zoho-oauthtoken 1000.a.b"), START, invalid.clone()),
        (Some(good.as_str()), after(3600), invalid),
    ] {
        let reply = answer(authorization, now);
        assert_eq!((reply.status, json_of(&reply)), (401, expected), "{authorization:?}");
    }
    assert_eq!(answer(Some(&good), after(3599)).status, 200);
    assert_eq!(answer(Some(&bearer), START).status, 200);
}

#[test]
fn what_cannot_be_answered_is_refused_by_name() {
    let account = Account::new(Options::default());
    let many = vec!["Email"; 51].join(",");
    let first = account.get("/crm/v8/Leads?fields=Email");
    let token = json_of(&first)["info"]["next_page_token"].as_str().unwrap().to_owned();
    let cases = [
        ("/crm/v8/Leads".to_owned(), 400, "REQUIRED_PARAM_MISSING"),
        ("/crm/v8/Leads?fields=".to_owned(), 400, "REQUIRED_PARAM_MISSING"),
        (format!("/crm/v8/Leads?fields={many}"), 400, "LIMIT_EXCEEDED"),
        ("/crm/v8/leads?fields=Email".to_owned(), 400, "INVALID_MODULE"),
        ("/crm/v8/Leads/find?word=x".to_owned(), 404, "INVALID_URL_PATTERN"),
        ("/crm/v8".to_owned(), 404, "INVALID_URL_PATTERN"),
        ("/crm/v8/".to_owned(), 404, "INVALID_URL_PATTERN"),
        ("/crm/v1/Leads".to_owned(), 404, "INVALID_URL_PATTERN"),
        ("/crm/v8/Leads?fields=Email&per_page=201".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/Leads?fields=Email&per_page=0".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/Leads?fields=Email&page=0".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/Leads?fields=Email&page=x".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/Leads?fields=Email&sort_by=Email".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/Leads?fields=Email&sort_order=up".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/Leads?fields=Email&converted=no".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/Leads?fields=Email&ids=a".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/Leads?fields=Email&page_token=abc".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/Leads?fields=Email&page=11".to_owned(), 400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED"),
        (
            "/crm/v8/Leads?fields=Email&page=21&per_page=100".to_owned(),
            400,
            "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
        ),
        (format!("/crm/v8/Leads?fields=Email&page=2&page_token={token}"), 400, "AMBIGUITY_DURING_PROCESSING"),
        ("/crm/v8/Leads?fields=Email&cvid=1&sort_by=id".to_owned(), 400, "AMBIGUITY_DURING_PROCESSING"),
        (format!("/crm/v8/Leads?fields=Phone&page_token={token}"), 400, "TOKEN_BOUND_DATA_MISMATCH"),
        (
            format!("/crm/v8/Leads?fields=Email&per_page=200&page_token={token}"),
            400,
            "TOKEN_BOUND_DATA_MISMATCH",
        ),
        (format!("/crm/v8/Contacts?fields=Email&page_token={token}"), 400, "TOKEN_BOUND_DATA_MISMATCH"),
    ];
    for (target, status, code) in cases {
        assert_eq!(error_code(&account.get(&target)), (status, code.to_owned()), "{target}");
    }
    let post = account.authorized(request(Method::POST, "/crm/v8/Leads"));
    assert_eq!(error_code(&account.site.answer(&post, START)), (400, "INVALID_REQUEST".to_owned()));
}

#[test]
fn errors_are_bare_objects() {
    let account = Account::new(Options::default());
    assert_eq!(
        json_of(&account.get("/crm/v8/Leads")),
        json!({
            "code": "REQUIRED_PARAM_MISSING",
            "details": {"param_name": "fields"},
            "message": "One of the expected parameter is missing",
            "status": "error",
        })
    );
    assert_eq!(
        json_of(&account.get("/crm/v8/Leads?fields=Email&page=11")),
        json!({
            "code": "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
            "details": {"limit": 2000},
            "message": "You can only get the first 2000 records without using page_token param",
            "status": "error",
        })
    );
}

#[test]
fn a_page_token_lives_a_day() {
    let account =
        Account::new(Options { token_life: std::time::Duration::from_secs(200_000), ..Options::default() });
    let first = account.get("/crm/v8/Leads?fields=Email");
    let info = &json_of(&first)["info"];
    let target =
        format!("/crm/v8/Leads?fields=Email&page_token={}", info["next_page_token"].as_str().unwrap());
    assert_eq!(info["page_token_expiry"].as_str().unwrap().parse::<Timestamp>().unwrap(), after(86_400));
    assert_eq!(account.get_at(after(86_399), &target).status, 200);
    assert_eq!(error_code(&account.get_at(after(86_400), &target)), (400, "EXPIRED_VALUE".to_owned()));
}

#[test]
fn the_info_of_a_first_a_middle_and_the_last_page() {
    let account = Account::with_leads(5);
    let page =
        |number| json_of(&account.get(&format!("/crm/v8/Leads?fields=Email&per_page=2&page={number}")));
    let info = |number| page(number)["info"].clone();
    let shape: Vec<_> = info(1).as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        shape,
        [
            "call",
            "per_page",
            "next_page_token",
            "count",
            "sort_by",
            "page",
            "previous_page_token",
            "page_token_expiry",
            "sort_order",
            "email",
            "more_records"
        ]
    );
    assert!(info(1)["next_page_token"].is_string() && info(1)["previous_page_token"].is_null());
    assert!(info(2)["next_page_token"].is_string() && info(2)["previous_page_token"].is_string());
    assert_eq!(
        info(3),
        json!({
            "call": false, "per_page": 2, "next_page_token": null, "count": 1, "sort_by": "id", "page": 3,
            "previous_page_token": null, "page_token_expiry": null, "sort_order": "desc", "email": false,
            "more_records": false,
        })
    );
    let back = info(2)["previous_page_token"].as_str().unwrap().to_owned();
    let target = format!("/crm/v8/Leads?fields=Email&per_page=2&page_token={back}");
    assert_eq!(json_of(&account.get(&target)), page(1));
}

#[test]
fn no_records_is_no_content() {
    let account = Account::with_leads(3);
    for target in [
        "/crm/v8/Leads?fields=Email&page=2",
        "/crm/v8/Accounts?fields=Phone",
        "/crm/v8/Leads?fields=Email&converted=true",
        "/crm/v8/Leads?fields=Email&ids=1",
        "/crm/v8/Leads/1",
    ] {
        let reply = account.get(target);
        assert_eq!((reply.status, reply.body.len()), (204, 0), "{target}");
    }
}

#[test]
fn a_record_has_the_named_fields_and_its_id() {
    let account = Account::with_leads(3);
    let body =
        json_of(&account.get("/crm/v8/Leads?fields=Last_Name,No_Such,Owner,%20Email,Email&per_page=1"));
    let names: Vec<_> = body["data"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["Last_Name", "Owner", "Email", "id"]);
    let id = body["data"][0]["id"].as_str().unwrap();

    let one = json_of(&account.get(&format!("/crm/v8/Leads/{id}")));
    assert_eq!(one["data"][0]["Last_Name"], body["data"][0]["Last_Name"]);
    assert!(one["data"][0].as_object().unwrap().len() > 60);
    assert!(one.get("info").is_none());
}

#[test]
fn ids_choose_records() {
    let account = Account::with_leads(10);
    let all = ids(&account.get("/crm/v8/Leads?fields=id"));
    let chosen = account.get(&format!("/crm/v8/Leads?fields=id&ids={},{}", all[7], all[2]));
    assert_eq!(ids(&chosen), [all[2], all[7]]);
}

#[test]
fn the_newest_id_comes_first_unless_told_otherwise() {
    let account = Account::with_leads(50);
    let default = ids(&account.get("/crm/v8/Leads?fields=id"));
    let mut ascending = ids(&account.get("/crm/v8/Leads?fields=id&sort_order=asc"));
    assert!(ascending.is_sorted());
    ascending.reverse();
    assert_eq!(default, ascending);
    assert_eq!(default, ids(&account.get("/crm/v8/Leads?fields=id&sort_by=Created_Time")));

    let by_time = account.get("/crm/v8/Leads?fields=Modified_Time&sort_by=Modified_Time&sort_order=asc");
    let body = json_of(&by_time);
    let times: Vec<_> =
        body["data"].as_array().unwrap().iter().map(|lead| lead["Modified_Time"].as_str().unwrap()).collect();
    assert!(times.is_sorted() && times.len() == 50);
}

#[test]
fn if_modified_since_leaves_the_older_ones_out() {
    let account = Account::with_leads(60);
    let since = |time: &str, target: &str| {
        let request = account.authorized(request(Method::GET, target));
        account.site.answer(&with_header(request, "if-modified-since", time), START)
    };
    let target = "/crm/v8/Leads?fields=Modified_Time&sort_by=Modified_Time&sort_order=asc";
    let all = json_of(&account.get(target));
    let tenth = all["data"][9]["Modified_Time"].as_str().unwrap();
    assert_eq!(ids(&since(tenth, target)).len(), 51, "the named second is in");

    let mut walked = Vec::new();
    let mut page_target = format!("{target}&per_page=7");
    loop {
        let body = since(tenth, &page_target);
        walked.extend(ids(&body));
        let info = &json_of(&body)["info"];
        let Some(token) = info["next_page_token"].as_str() else { break };
        page_target = format!("{target}&per_page=7&page_token={token}");
    }
    assert_eq!(walked, ids(&since(tenth, target)));
    assert_eq!(ids(&since(tenth, &format!("{target}&per_page=7&page=3"))), walked[14..21]);

    assert_eq!(since("2099-01-01T00:00:00+05:30", target).status, 304);
    let date = "Wed, 21 Oct 2015 07:28:00 GMT";
    assert_eq!(error_code(&since(date, target)), (400, "INVALID_DATA".to_owned()));
}

#[test]
fn a_page_token_reaches_a_hundred_thousand_records() {
    let account = Account::with_leads(100_300);
    let mut target = "/crm/v8/Leads?fields=id".to_owned();
    let mut walked = 0;
    loop {
        let reply = account.get(&target);
        if reply.status != 200 {
            assert_eq!(error_code(&reply), (400, "PAGINATION_LIMIT_EXCEEDED".to_owned()));
            break;
        }
        let body = json_of(&reply);
        walked += body["data"].as_array().unwrap().len();
        let token = body["info"]["next_page_token"].as_str().unwrap();
        target = format!("/crm/v8/Leads?fields=id&page_token={token}");
    }
    assert_eq!(walked, 100_000);
}
