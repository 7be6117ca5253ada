//! Errors that are not about the parameters of a listing, and how guesses change the answers.

use super::listing::{Account, ids};
use super::*;

fn with_guess(guess: &str) -> Account {
    let guesses = [guess.parse().unwrap()].into_iter().collect();
    Account::new(Options { leads: 200, guesses, ..Options::default() })
}

fn code(reply: &Reply) -> String {
    if reply.body.is_empty() { String::new() } else { error_code(reply).1 }
}

#[test]
fn what_cannot_be_answered_is_refused_by_name() {
    let account = Account::with_leads(200);
    let id = ids(&account.get("/crm/v8/Leads?fields=id&per_page=1"))[0];
    for (target, status, expected) in [
        ("/crm/v8/Leads?fields=Email&cvid=1".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/Leads?fields=Email&cvid=x".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/leads/deleted".to_owned(), 400, "INVALID_MODULE"),
        ("/crm/v8/Leads/deleted?type=some".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/Leads/deleted?per_page=201".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/Leads/deleted?page=0".to_owned(), 400, "INVALID_DATA"),
        ("/crm/v8/leads/actions/count".to_owned(), 400, "INVALID_MODULE"),
        ("/crm/v8/Leads/actions/sum".to_owned(), 404, "INVALID_URL_PATTERN"),
        (format!("/crm/v8/Leads/{id}/Notes"), 400, "REQUIRED_PARAM_MISSING"),
        (format!("/crm/v8/Leads/{id}/Deals?fields=id"), 400, "INVALID_DATA"),
        (format!("/crm/v8/Leads/{id}/notes?fields=id"), 400, "INVALID_DATA"),
        (format!("/crm/v8/leads/{id}/Notes?fields=id"), 400, "INVALID_MODULE"),
        (
            format!("/crm/v8/Leads/{id}/Notes?fields=id&page=2&page_token=x"),
            400,
            "AMBIGUITY_DURING_PROCESSING",
        ),
        (format!("/crm/v8/Leads/{id}/Notes?fields=id&page=11"), 400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED"),
        ("/crm/v8/Leads/99999999999999999999999999".to_owned(), 204, ""),
        ("/crm/v8/Leads/1/Notes?fields=id".to_owned(), 204, ""),
    ] {
        let reply = account.get(&target);
        assert_eq!((reply.status, code(&reply).as_str()), (status, expected), "{target}");
    }
}

#[test]
fn a_guess_changes_the_answer() {
    let future = "2099-01-01T00:00:00Z";
    for (guess, target, since, status, expected) in [
        ("unchanged=304", "/crm/v8/Leads?fields=id", future, 304, ""),
        ("unchanged=204", "/crm/v8/Leads?fields=id", future, 204, ""),
        ("unchanged=304", "/crm/v8/Leads/deleted", future, 304, ""),
        ("unchanged=204", "/crm/v8/Leads/deleted", future, 204, ""),
        ("unknown-id=204", "/crm/v8/Leads/1", "", 204, ""),
        ("unknown-id=400", "/crm/v8/Leads/1", "", 400, "INVALID_DATA"),
        ("unknown-id=400", "/crm/v8/Leads/1/Notes?fields=id", "", 400, "INVALID_DATA"),
        ("admin=yes", "/crm/v8/Notes?fields=id", "", 200, ""),
        ("admin=no", "/crm/v8/Notes?fields=id", "", 403, "NOT_SUPPORTED"),
        ("admin=no", "/crm/v8/Leads?fields=id", "", 200, ""),
        ("no-permission=Leads", "/crm/v8/Leads?fields=id", "", 403, "NO_PERMISSION"),
        ("no-permission=Leads", "/crm/v8/Leads/search?word=Boston", "", 403, "NO_PERMISSION"),
        ("no-permission=Leads", "/crm/v8/Leads/1", "", 403, "NO_PERMISSION"),
        ("no-permission=Leads", "/crm/v8/Leads/deleted", "", 403, "NO_PERMISSION"),
        ("no-permission=Leads", "/crm/v8/Leads/actions/count", "", 403, "NO_PERMISSION"),
        ("no-permission=Leads", "/crm/v8/Deals?fields=id", "", 200, ""),
    ] {
        let account = with_guess(guess);
        let mut request = account.authorized(request(Method::GET, target));
        if !since.is_empty() {
            request = with_header(request, "if-modified-since", since);
        }
        let reply = account.site.answer(&request, START);
        assert_eq!((reply.status, code(&reply).as_str()), (status, expected), "{guess} {target}");
    }
}

#[test]
fn a_page_token_may_belong_to_the_header() {
    for (guess, expected) in [("no", 200), ("yes", 400)] {
        let account = with_guess(&format!("page-token-binds-modified-since={guess}"));
        let get = |target: &str, since| {
            let request = account.authorized(request(Method::GET, target));
            account.site.answer(&with_header(request, "if-modified-since", since), START)
        };
        let target = "/crm/v8/Leads?fields=id&per_page=5";
        let first = json_of(&get(target, "2023-01-03T00:00:00Z"));
        let next = format!("{target}&page_token={}", first["info"]["next_page_token"].as_str().unwrap());
        assert_eq!(get(&next, "2023-01-03T00:00:00Z").status, 200);
        assert_eq!(get(&next, "2023-01-04T00:00:00Z").status, expected);
    }
}

#[test]
fn the_order_of_deleted_records_is_a_guess() {
    let mut oldest_first = ids(&with_guess("deleted-order=oldest-first").get("/crm/v8/Contacts/deleted"));
    oldest_first.reverse();
    assert_eq!(oldest_first, ids(&with_guess("admin=yes").get("/crm/v8/Contacts/deleted")));
}
