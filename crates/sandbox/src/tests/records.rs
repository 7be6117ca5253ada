//! Endpoints for records, other than listings.

use serde_json::json;

use super::listing::{Account, ids};
use super::*;
use crate::records::{Module, SortBy};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_module_lists_its_records() {
    let account = Account::with_leads(500);
    for module in Module::ALL {
        let name = module.name();
        let reply = account.get(&format!("/crm/v8/{name}?fields=id&per_page=3"));
        assert_eq!(ids(&reply).len(), 3, "{name}");
        let count = json_of(&account.get(&format!("/crm/v8/{name}/actions/count")));
        assert_eq!(count, json!({"count": account.site.organisation.count(module)}));
    }
}

#[test]
fn converted_leads_come_when_they_are_asked_for() {
    let account = Account::with_leads(100);
    let list = |converted| {
        account.get(&format!(
            "/crm/v8/Leads?fields=Converted__s,Converted_Date_Time,$converted,$converted_detail{converted}"
        ))
    };
    let (default, no, only, both) =
        (list(""), list("&converted=false"), list("&converted=true"), list("&converted=both"));
    assert_eq!((ids(&default).len(), ids(&only).len(), ids(&both).len()), (100, 4, 104));
    assert_eq!(ids(&default), ids(&no));
    assert!(ids(&both).is_sorted_by(|one, next| one > next));
    for lead in json_of(&only)["data"].as_array().unwrap() {
        assert_eq!((&lead["Converted__s"], &lead["$converted"]), (&json!(true), &json!(true)));
        assert!(lead["Converted_Date_Time"].is_string());
        let contact = lead["$converted_detail"]["contact"].as_str().unwrap();
        assert_eq!(account.get(&format!("/crm/v8/Contacts/{contact}")).status, 200);
    }
    assert_eq!(account.get(&format!("/crm/v8/Leads/{}", ids(&only)[0])).status, 200);
}

#[test]
fn deleted_records_are_told_newest_first_and_are_gone() {
    let account = Account::with_leads(400);
    let target = "/crm/v8/Leads/deleted";
    let body = json_of(&account.get(target));
    let rows = body["data"].as_array().unwrap();
    assert_eq!(body["info"], json!({"per_page": 200, "count": 10, "page": 1, "more_records": false}));
    let time = |row: &Value| row["deleted_time"].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(rows.is_sorted_by(|one, next| time(one) >= time(next)));
    for row in rows {
        assert_eq!(keys(row), ["deleted_by", "id", "display_name", "type", "created_by", "deleted_time"]);
        assert_eq!(row["display_name"].is_null(), row["type"] == "permanent");
        let id = row["id"].as_str().unwrap();
        assert_eq!(account.get(&format!("/crm/v8/Leads/{id}")).status, 204);
        assert_eq!(account.get(&format!("/crm/v8/Leads?fields=id&converted=both&ids={id}")).status, 204);
    }
    let count = |parameters: &str| ids(&account.get(&format!("{target}?{parameters}"))).len();
    assert_eq!(count("type=all"), 10);
    assert_eq!(count("type=recycle") + count("type=permanent"), 10);
    assert!(count("type=recycle") > 0 && count("type=permanent") > 0);
    assert_eq!(ids(&account.get(&format!("{target}?per_page=3&page=2"))), ids(&account.get(target))[3..6]);
    let third = json_of(&account.get(&format!("{target}?per_page=3&page=3")));
    assert_eq!(third["info"]["more_records"], true);
    assert_eq!(account.get(&format!("{target}?per_page=3&page=5")).status, 204);

    let request = account.authorized(request(Method::GET, target));
    let since = with_header(request, "if-modified-since", rows[4]["deleted_time"].as_str().unwrap());
    assert_eq!(ids(&account.site.answer(&since, START)).len(), 5);
}

#[test]
fn related_lists_hold_what_looks_up_the_record() {
    let account = Account::with_leads(300);
    for (parent, list, lookup) in [
        ("Leads", "Notes", "Parent_Id"),
        ("Contacts", "Notes", "Parent_Id"),
        ("Contacts", "Deals", "Contact_Name"),
        ("Contacts", "Tasks", "Who_Id"),
        ("Accounts", "Notes", "Parent_Id"),
        ("Accounts", "Contacts", "Account_Name"),
        ("Accounts", "Deals", "Account_Name"),
        ("Deals", "Notes", "Parent_Id"),
        ("Deals", "Tasks", "What_Id"),
    ] {
        let children = json_of(&account.get(&format!("/crm/v8/{list}?fields={lookup},$se_module")));
        let children = children["data"].as_array().unwrap();
        let is_of = |child: &&Value| {
            child["$se_module"].is_null() || child["$se_module"] == parent || list == "Tasks"
        };
        let parents: Vec<_> =
            children.iter().filter(is_of).filter_map(|child| child[lookup]["id"].as_str()).collect();
        let id = parents[0];
        let target = format!("/crm/v8/{parent}/{id}/{list}?fields={lookup}");
        let related = account.get(&target);
        assert!(ids(&related).len() >= parents.iter().filter(|other| **other == id).count(), "{target}");
        for row in json_of(&related)["data"].as_array().unwrap() {
            assert_eq!(row[lookup]["id"], id, "{target}");
        }
        let first = account.get(&format!("{target}&per_page=1"));
        if let Some(token) = json_of(&first)["info"]["next_page_token"].as_str() {
            let second = account.get(&format!("{target}&per_page=1&page_token={token}"));
            assert_eq!(ids(&second), ids(&related)[1..2]);
        }
    }
}

#[test]
fn a_related_list_without_records_is_no_content() {
    let account = Account::with_leads(300);
    let statuses: Vec<_> = ids(&account.get("/crm/v8/Accounts?fields=id"))
        .into_iter()
        .map(|id| account.get(&format!("/crm/v8/Accounts/{id}/Notes?fields=id")).status)
        .collect();
    assert!(
        statuses.contains(&200) && statuses.contains(&204) && statuses.iter().all(|status| *status < 300)
    );
}

#[test]
fn what_has_rows_is_only_in_a_record_alone() {
    let account = Account::with_leads(300);
    for (module, field, row_keys) in [
        (
            "Leads",
            "Product_Interests",
            "id,Parent_Id,Layout,Created_Time,Modified_Time,$in_merge,$field_states,$zia_visions,Product_Line,Quantity",
        ),
        ("Leads", "Co_Owners", "Co_Owners,id"),
        ("Leads", "$has_more", ""),
        ("Contacts", "Favoured_Products", "Favoured_Products,id"),
        (
            "Deals",
            "Line_Items",
            "id,Parent_Id,Layout,Created_Time,Modified_Time,$in_merge,$field_states,$zia_visions,Product_Name,Quantity,\
             List_Price,Total",
        ),
    ] {
        for version in ["v2", "v8"] {
            let list = account.get(&format!("/crm/{version}/{module}?fields=Owner,{field}&per_page=20"));
            assert_eq!(keys(&json_of(&list)["data"][0]), ["Owner", "id"]);
            let records: Vec<_> = ids(&list)
                .into_iter()
                .map(|id| json_of(&account.get(&format!("/crm/{version}/{module}/{id}")))["data"][0].clone())
                .collect();
            assert!(records.iter().all(|record| !record[field].is_null()));
            let rows: Vec<_> = records.iter().filter_map(|record| record[field].get(0)).collect();
            assert_eq!(rows.is_empty(), row_keys.is_empty(), "{field}");
            for row in rows {
                assert_eq!(keys(row).join(","), row_keys);
            }
        }
        let id = ids(&account.get(&format!("/crm/v8/{module}?fields=id&per_page=1")))[0];
        let named = json_of(&account.get(&format!("/crm/v8/{module}/{id}?fields={field},No_Such")));
        assert_eq!(keys(&named["data"][0]), [field, "id"]);
    }
}

#[test]
fn a_rich_text_is_cut_in_lists() {
    let account = Account::with_leads(100);
    let list = json_of(&account.get("/crm/v8/Leads?fields=Background"));
    let texts: Vec<_> =
        list["data"].as_array().unwrap().iter().filter_map(|lead| lead["Background"].as_str()).collect();
    assert!(texts.iter().all(|text| text.chars().count() <= 500));
    let (place, cut) = (0..)
        .zip(list["data"].as_array().unwrap())
        .find(|(_, lead)| lead["Background"].as_str().is_some_and(|text| text.chars().count() == 500))
        .unwrap();
    let id = list["data"][place]["id"].as_str().unwrap();
    let whole = json_of(&account.get(&format!("/crm/v8/Leads/{id}")));
    let whole = whole["data"][0]["Background"].as_str().unwrap();
    assert!(whole.chars().count() > 500 && whole.starts_with(cut["Background"].as_str().unwrap()));
}

#[test]
fn version_2_needs_no_fields_and_says_less() {
    let account = Account::with_leads(5);
    let body = json_of(&account.get("/crm/v2/Leads?per_page=2"));
    assert_eq!(body["info"], json!({"per_page": 2, "count": 2, "page": 1, "more_records": true}));
    let lead = &body["data"][0];
    let in_lists = Module::Leads.fields().filter(crate::records::Field::is_in_lists).count();
    assert_eq!(keys(lead).len(), in_lists);
    assert!(lead.get("Product_Interests").is_none() && lead["Company"].is_string());
    assert_eq!(keys(&json_of(&account.get("/crm/v2/Leads?fields=Email"))["data"][0]), ["Email", "id"]);
    let code = error_code(&account.get("/crm/v2/Leads?page=11"));
    assert_eq!(code, (400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED".to_owned()));
    let id = lead["id"].as_str().unwrap();
    assert_ne!(account.get(&format!("/crm/v2/Leads/{id}/Notes")).status, 400);
}

#[test]
fn a_view_of_all_records_lists_them() {
    let account = Account::with_leads(5);
    let view = Module::Leads.view_of_all();
    let listed = ids(&account.get(&format!("/crm/v8/Leads?fields=id&cvid={view}")));
    assert_eq!(listed, ids(&account.get("/crm/v8/Leads?fields=id")));
    let accepted = "territory_id=1&include_child=true&approved=both&uid=1&startDateTime=x&endDateTime=y";
    assert_eq!(listed, ids(&account.get(&format!("/crm/v8/Leads?fields=id&{accepted}"))));
    assert_eq!(SortBy::ALL[0], SortBy::Id, "the default");
}

#[test]
fn lookups_of_notes_and_tasks_lead_to_records_that_are_there() {
    let account = Account::with_leads(200);
    for (module, lookup, target) in [
        ("Notes", "Parent_Id", None),
        ("Tasks", "Who_Id", Some("Contacts")),
        ("Tasks", "What_Id", Some("Deals")),
    ] {
        let body = json_of(&account.get(&format!("/crm/v8/{module}?fields={lookup},$se_module")));
        for row in body["data"].as_array().unwrap().iter().filter(|row| !row[lookup].is_null()) {
            let target = target.unwrap_or_else(|| row["$se_module"].as_str().unwrap());
            let id = row[lookup]["id"].as_str().unwrap();
            assert_eq!(account.get(&format!("/crm/v8/{target}/{id}")).status, 200, "{row}");
        }
    }
}
