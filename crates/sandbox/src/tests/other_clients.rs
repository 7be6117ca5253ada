//! What Zoho's own clients send (`tests/sdk.rs` runs them), so that it is tested without them too.

use super::*;

fn get(site: &Site, token: &str, target: &str) -> Reply {
    let request =
        with_header(request(Method::GET, target), "authorization", &format!("Zoho-oauthtoken {token}"));
    // Every GET announces a body of length 0. [seen: Node SDK 2.0.0]
    site.answer(&with_header(request, "content-length", "0"), START)
}

/// [seen: Python SDK 7.0.0]
#[test]
fn a_form_in_any_order_will_do() {
    let site = site(Options::default());
    let mut request = request(Method::POST, "/oauth/v2/token");
    request.body = format!(
        "refresh_token={REFRESH_TOKEN}&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}&grant_type=refresh_token"
    )
    .into();
    let request = with_header(request, "content-type", "application/x-www-form-urlencoded");
    assert!(json_of(&site.answer(&request, START))["access_token"].is_string());
}

/// [seen: Node SDK 2.0.0]
#[test]
fn a_form_of_parts_will_do() {
    let site = site(Options::default());
    let form = refresh_form();
    let parts = url::form_urlencoded::parse(form.as_bytes()).map(|(name, value)| {
        format!("--26d\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    let body = parts.chain(["--26d--\r\n".to_owned()]).collect::<String>();
    let mut request = request(Method::POST, "/oauth/v2/token");
    request.body = body.into();
    let request = with_header(request, "content-type", "multipart/form-data; boundary=26d");
    assert!(json_of(&site.answer(&request, START))["access_token"].is_string());
}

/// After the first token both fetch the current user and the organisation, and keep the token under `email:zgid`.
/// [seen: Python SDK 7.0.0, Node SDK 2.0.0]
#[test]
fn a_token_leads_to_its_user_and_organisation() {
    let site = site(Options::default());
    let token = access_token(&site, START);
    let users = json_of(&get(&site, &token, "/crm/v8/users?type=CurrentUser"));
    assert_eq!(users["users"].as_array().unwrap().len(), 1);
    assert!(users["users"][0]["email"].is_string());
    assert!(json_of(&get(&site, &token, "/crm/v8/org"))["org"][0]["zgid"].is_string());
}

/// One separates fields by `%2C` [seen: Python SDK 7.0.0], the other by a comma, with a `&` at the end [seen: Node SDK
/// 2.0.0].
#[test]
fn a_query_may_be_written_in_more_than_one_way() {
    let site = site(Options::default());
    let token = access_token(&site, START);
    let first = json_of(&get(&site, &token, "/crm/v8/Leads?fields=Last_Name%2CEmail&per_page=100"));
    let page_token = first["info"]["next_page_token"].as_str().unwrap();
    let next = format!("/crm/v8/Leads?fields=Last_Name,Email&per_page=100&page_token={page_token}&");
    assert_eq!(json_of(&get(&site, &token, &next))["info"]["page"], 2);
}
