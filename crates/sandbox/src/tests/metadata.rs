//! Modules, fields, users and the organisation.

use std::collections::HashSet;

use serde_json::json;

use super::*;

/// A site and a token for it.
struct Caller {
    site: Site,
    token: String,
}

impl Caller {
    fn new(options: Options) -> Self {
        let site = site(options);
        let token = access_token(&site, START);
        Self { site, token }
    }

    fn get(&self, target: &str) -> Reply {
        self.ask(request(Method::GET, target))
    }

    fn ask(&self, request: WireRequest) -> Reply {
        self.site
            .answer(&with_header(request, "authorization", &format!("Zoho-oauthtoken {}", self.token)), START)
    }

    /// The list with this name in a successful answer.
    fn list(&self, name: &str, target: &str) -> Vec<Value> {
        let reply = self.get(target);
        assert_eq!(reply.status, 200, "{target}");
        json_of(&reply)[name].as_array().unwrap().clone()
    }
}

impl Default for Caller {
    fn default() -> Self {
        Self::new(Options { leads: 100, ..Options::default() })
    }
}

fn texts(list: &[Value], member: &str) -> Vec<String> {
    list.iter().map(|value| value[member].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_cannot_be_answered_is_refused_by_name() {
    let caller = Caller::default();
    for (target, status, code) in [
        ("/settings/fields", 400, "REQUIRED_PARAM_MISSING"),
        ("/settings/fields?module=", 400, "REQUIRED_PARAM_MISSING"),
        ("/settings/fields?module=leads", 400, "INVALID_MODULE"),
        ("/settings/fields?module=Home", 400, "INVALID_MODULE"),
        ("/settings/fields?module=Leads&type=some", 400, "INVALID_DATA"),
        ("/settings/fields/x?module=Leads", 404, "INVALID_URL_PATTERN"),
        ("/settings/modules/Nothing", 400, "INVALID_MODULE"),
        ("/settings/modules?status=shown", 400, "INVALID_DATA"),
        ("/settings/nothing", 404, "INVALID_URL_PATTERN"),
        ("/users?type=Everybody", 400, "INVALID_DATA"),
        ("/users?per_page=201", 400, "INVALID_DATA"),
        ("/users?page=0", 400, "INVALID_DATA"),
        ("/users/x", 404, "INVALID_URL_PATTERN"),
        ("/org/x", 404, "INVALID_URL_PATTERN"),
        ("/Home?fields=id", 400, "INVALID_MODULE"),
    ] {
        for version in ["v2", "v8"] {
            let reply = caller.get(&format!("/crm/{version}{target}"));
            assert_eq!(error_code(&reply), (status, code.to_owned()), "{version} {target}");
        }
    }
}

#[test]
fn a_refusal_says_where_the_mistake_is() {
    let caller = Caller::default();
    for (target, details) in [
        ("/crm/v8/settings/fields", json!({"param_name": "module"})),
        ("/crm/v8/settings/fields?module=No", json!({"api_name": "module"})),
        ("/crm/v8/settings/modules/No", json!({"resource_path_index": 2})),
        ("/crm/v8/users?type=No", json!({"param_name": "type"})),
    ] {
        assert_eq!(json_of(&caller.get(target))["details"], details, "{target}");
    }
}

#[test]
fn nothing_is_said_with_204() {
    let caller = Caller::default();
    for target in [
        "/settings/fields?module=Calls",
        "/settings/fields?module=Leads&type=unused",
        "/settings/fields/1?module=Leads",
        "/settings/modules?status=scheduled_for_deletion",
        "/users?type=DeletedUsers",
        "/users?page=2",
        "/users/1",
        "/Calls?fields=id",
        "/Calls/1",
    ] {
        let reply = caller.get(&format!("/crm/v8{target}"));
        assert_eq!((reply.status, reply.body.len()), (204, 0), "{target}");
    }
}

#[test]
fn what_has_not_changed_since_is_304() {
    let caller = Caller::default();
    for (since, status) in
        [("2022-12-31T00:00:00+05:30", 200), ("2023-02-01T00:00:00+05:30", 304), ("x", 400)]
    {
        for target in ["/crm/v8/users", "/crm/v8/settings/modules"] {
            let request = with_header(request(Method::GET, target), "if-modified-since", since);
            assert_eq!(caller.ask(request).status, status, "{target} {since}");
        }
    }
}

#[test]
fn every_module_with_records_is_listed_and_others_besides() {
    let caller = Caller::default();
    let modules = caller.list("modules", "/crm/v8/settings/modules");
    let names = texts(&modules, "api_name");
    for module in crate::records::Module::ALL {
        let module = &modules[names.iter().position(|name| name == module.name()).unwrap()];
        assert_eq!((&module["api_supported"], &module["viewable"]), (&json!(true), &json!(true)));
    }
    let has = |member: &str, value: Value| modules.iter().any(|module| module[member] == value);
    assert!(has("viewable", json!(false)) && has("api_supported", json!(false)));
    for kind in ["default", "custom", "linking", "subform", "field_tracker"] {
        assert!(has("generated_type", json!(kind)), "{kind}");
    }
    let ids: HashSet<_> = texts(&modules, "id").into_iter().collect();
    assert_eq!(ids.len(), modules.len());
}

/// The Python SDK asks for the fields of every module that says `api_supported`. [seen: Python SDK 7.0.0]
#[test]
fn the_fields_and_records_of_every_supported_module_can_be_asked_for() {
    let caller = Caller::default();
    for module in caller.list("modules", "/crm/v8/settings/modules") {
        let name = module["api_name"].as_str().unwrap();
        let is_supported = module["api_supported"] == true;
        for target in [format!("/settings/fields?module={name}"), format!("/{name}?fields=id")] {
            let status = caller.get(&format!("/crm/v8{target}")).status;
            assert_eq!(matches!(status, 200 | 204), is_supported, "{target}: {status}");
        }
    }
}

#[test]
fn a_module_is_found_by_name_and_by_id() {
    let caller = Caller::default();
    let by_name = caller.list("modules", "/crm/v8/settings/modules/Quoted_Items");
    let id = by_name[0]["id"].as_str().unwrap();
    assert_eq!(by_name, caller.list("modules", &format!("/crm/v8/settings/modules/{id}")));
    assert_eq!(by_name[0]["parent_module"]["api_name"], "Quotes");
    let hidden = caller.list("modules", "/crm/v8/settings/modules?status=user_hidden,system_hidden");
    assert!(hidden.iter().all(|module| module["status"] != "visible"));
}

#[test]
fn the_records_hold_what_the_fields_say() {
    let caller = Caller::default();
    for module in crate::records::Module::ALL {
        let module = module.name();
        let fields = caller.list("fields", &format!("/crm/v8/settings/fields?module={module}"));
        let all = json_of(&caller.get(&format!("/crm/v8/{module}?fields=id")));
        for listed in all["data"].as_array().unwrap() {
            let id = listed["id"].as_str().unwrap();
            let record = json_of(&caller.get(&format!("/crm/v8/{module}/{id}")))["data"][0].clone();
            let names: HashSet<_> = texts(&fields, "api_name").into_iter().collect();
            for name in record.as_object().unwrap().keys() {
                assert_eq!(names.contains(name), !name.starts_with('$'), "{module}.{name}");
            }
            for field in &fields {
                let name = field["api_name"].as_str().unwrap();
                let is_so = match field["json_type"].as_str().unwrap() {
                    "string" => record[name].is_string(),
                    "integer" => record[name].is_u64(),
                    "double" => record[name].is_number(),
                    "boolean" => record[name].is_boolean(),
                    "jsonobject" => record[name].is_object(),
                    "jsonarray" => record[name].is_array(),
                    _ => false,
                };
                assert!(is_so || record[name].is_null(), "{module}.{name}: {}", record[name]);
            }
        }
    }
}

#[test]
fn a_field_says_what_clients_go_by() {
    let caller = Caller::default();
    let fields = caller.list("fields", "/crm/v8/settings/fields?module=Deals");
    let field = |name: &str| fields.iter().find(|field| field["api_name"] == name).unwrap();
    let brief = |name: &str| {
        let field = field(name);
        ["data_type", "json_type", "length", "system_mandatory", "read_only", "field_label"]
            .map(|member| field[member].clone())
    };
    let table = [
        ("id", json!(["bigint", "string", 18, false, true, "Record Id"])),
        ("Deal_Name", json!(["text", "string", 120, true, false, "Deal Name"])),
        ("Stage", json!(["picklist", "string", 120, true, false, "Stage"])),
        ("Amount", json!(["currency", "double", 16, false, false, "Amount"])),
        ("Account_Name", json!(["lookup", "jsonobject", 120, false, false, "Account Name"])),
        ("Layout", json!(["layout", "jsonobject", 50, false, false, "Layout"])),
        ("Owner", json!(["ownerlookup", "jsonobject", 120, false, false, "Deal Owner"])),
        ("Tag", json!(["text", "jsonarray", 2000, false, false, "Tag"])),
        ("Locked__s", json!(["boolean", "boolean", 5, false, true, "Locked"])),
    ];
    for (name, expected) in table {
        assert_eq!(json!(brief(name)), expected, "{name}");
    }
    assert_eq!(field("Account_Name")["lookup"]["module"]["api_name"], "Accounts");
    assert_eq!(field("Owner")["lookup"], json!({}));
    let stages = texts(field("Stage")["pick_list_values"].as_array().unwrap(), "actual_value");
    assert_eq!(stages[..2], ["Qualification", "Needs Analysis"]);
    let id = field("Stage")["id"].as_str().unwrap();
    let alone = caller.list("fields", &format!("/crm/v8/settings/fields/{id}?module=Deals"));
    assert_eq!(alone, [field("Stage").clone()]);
}

#[test]
fn nothing_shares_an_id() {
    let caller = Caller::new(Options { users: 1_000, ..Options::default() });
    let mut ids: Vec<String> = Vec::new();
    ids.extend(texts(&caller.list("modules", "/crm/v8/settings/modules"), "id"));
    for module in crate::records::Module::ALL {
        let fields = caller.list("fields", &format!("/crm/v8/settings/fields?module={}", module.name()));
        ids.extend(texts(&fields, "id"));
        for field in fields {
            ids.extend(texts(field["pick_list_values"].as_array().unwrap(), "id"));
        }
    }
    ids.extend(caller.site.users.all().map(crate::records::User::id));
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    assert!(ids.iter().all(|id| id.len() == 19), "ids have the same length");
}

#[test]
fn the_types_of_users_divide_them() {
    let caller = Caller::new(Options { users: 70, ..Options::default() });
    let of = |name: &str| caller.list("users", &format!("/crm/v8/users?type={name}"));
    let all = of("AllUsers");
    assert_eq!(all.len(), 70);
    assert_eq!(all, caller.list("users", "/crm/v8/users"));
    for (one, other) in [("ActiveUsers", "DeactiveUsers"), ("ConfirmedUsers", "NotConfirmedUsers")] {
        let (one, other) = (of(one), of(other));
        assert!(!one.is_empty() && !other.is_empty());
        assert_eq!(one.len() + other.len(), 70);
    }
    assert!(of("DeactiveUsers").iter().all(|user| user["status"] == "inactive"));
    assert!(of("NotConfirmedUsers").iter().all(|user| user["zuid"].is_null()));
    assert!(of("AdminUsers").iter().all(|user| user["profile"]["name"] == "Administrator"));
    assert!(of("ActiveConfirmedUsers").len() > of("ActiveConfirmedAdmins").len());
    assert_eq!(texts(&of("CurrentUser"), "full_name"), ["Meera Raghunathan"]);
}

#[test]
fn users_come_in_pages_of_at_most_200() {
    let caller = Caller::new(Options { users: 450, ..Options::default() });
    let mut ids = HashSet::new();
    for (page, count, more_records) in [(1, 200, true), (2, 200, true), (3, 50, false)] {
        let body = json_of(&caller.get(&format!("/crm/v8/users?type=AllUsers&page={page}&per_page=200")));
        let info = json!({"per_page": 200, "count": count, "page": page, "more_records": more_records});
        assert_eq!(body["info"], info);
        ids.extend(texts(body["users"].as_array().unwrap(), "id"));
    }
    assert_eq!(ids.len(), 450);
    let [first, second] = ["4876876000000229001", "4876876000000229013"];
    let chosen = caller.list("users", &format!("/crm/v8/users?ids={first},{second}"));
    assert_eq!(texts(&chosen, "id"), [first, second]);
    assert_eq!(texts(&caller.list("users", &format!("/crm/v8/users/{second}")), "id"), [second]);
}

#[test]
fn whoever_owns_a_record_is_a_user() {
    let caller = Caller::default();
    let users = caller.list("users", "/crm/v8/users");
    let leads = json_of(&caller.get("/crm/v8/Leads?fields=Owner,Created_By,Modified_By"));
    for lead in leads["data"].as_array().unwrap() {
        for field in ["Owner", "Created_By", "Modified_By"] {
            let user = users.iter().find(|user| user["id"] == lead[field]["id"]).unwrap();
            assert_eq!(user["full_name"], lead[field]["name"]);
            assert_eq!(user["email"], lead[field]["email"]);
        }
    }
}

#[test]
fn the_organisation_says_who_it_is() {
    let caller = Caller::default();
    let org = caller.list("org", "/crm/v8/org");
    assert_eq!(org.len(), 1);
    assert_eq!(org, caller.list("org", "/crm/v2/org"));
    let current = caller.list("users", "/crm/v8/users?type=CurrentUser").remove(0);
    assert_eq!(org[0]["primary_zuid"], current["zuid"]);
    assert_eq!(org[0]["license_details"]["paid_type"], "enterprise");
    assert!(org[0]["zgid"].is_string());
}
