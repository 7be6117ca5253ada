//! The rules of the consent page, of codes, of scopes and of revocation.

use std::collections::BTreeMap;

use serde_json::json;
use url::form_urlencoded;

use super::*;

const CALLBACK: &str = "http://127.0.0.1:8765/callback";
const ASKED: [(&str, &str); 5] = [
    ("response_type", "code"),
    ("client_id", CLIENT_ID),
    ("redirect_uri", CALLBACK),
    ("scope", "ZohoCRM.modules.leads.READ,ZohoCRM.org.READ"),
    ("access_type", "offline"),
];

/// Parameters. Later ones replace earlier ones, and an empty value removes one.
fn encoded(parameters: &[&[(&str, &str)]]) -> String {
    let all: BTreeMap<_, _> = parameters.iter().copied().flatten().copied().collect();
    let given = all.into_iter().filter(|(_, value)| !value.is_empty());
    form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish()
}

fn ask(site: &Site, changed: &[(&str, &str)]) -> Reply {
    let target = format!("/oauth/v2/auth?{}", encoded(&[&ASKED, changed]));
    site.answer(&request(Method::GET, &target), START)
}

fn decide(site: &Site, changed: &[(&str, &str)], now: Timestamp) -> Reply {
    post(site, "/oauth/v2/auth", &encoded(&[&ASKED, changed]), now)
}

fn post(site: &Site, target: &str, form: &str, now: Timestamp) -> Reply {
    let mut request = request(Method::POST, target);
    request.body = form.to_owned().into();
    site.answer(&request, now)
}

/// The address and the parameters of a redirect.
fn callback(reply: &Reply) -> Vec<(String, String)> {
    assert_eq!(reply.status, 302);
    let (_, location) = reply.headers.iter().find(|(name, _)| name == "location").unwrap();
    let url = Url::parse(location).unwrap();
    assert!(location.starts_with(CALLBACK), "{location}");
    url.query_pairs().into_owned().collect()
}

fn code(site: &Site, changed: &[(&str, &str)], now: Timestamp) -> String {
    let reply = decide(site, &[changed, &[("decision", "accept")]].concat(), now);
    let (name, code) = callback(&reply).remove(0);
    assert_eq!(name, "code");
    code
}

fn exchange(site: &Site, code: &str, changed: &[(&str, &str)], now: Timestamp) -> Value {
    let good = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("redirect_uri", CALLBACK),
        ("code", code),
    ];
    json_of(&post(site, "/oauth/v2/token", &encoded(&[&good, changed]), now))
}

fn self_client_code(site: &Site, form: &str, now: Timestamp) -> (u16, Value) {
    let reply = post(site, "/sandbox/self-client-code", form, now);
    (reply.status, json_of(&reply))
}

fn crm_status(site: &Site, access_token: &Value, target: &str) -> (u16, String) {
    let value = format!("Zoho-oauthtoken {}", access_token.as_str().unwrap());
    let reply = site.answer(&with_header(request(Method::GET, target), "authorization", &value), START);
    if reply.status == 200 { (200, String::new()) } else { error_code(&reply) }
}

#[test]
fn a_wrong_request_shows_its_word_and_leads_nowhere() {
    let site = site(Options::default());
    let cases = [
        ("response_type", "token", "invalid_response_type"),
        ("response_type", "", "invalid_response_type"),
        ("client_id", "1000.OTHER", "invalid_client"),
        ("redirect_uri", "http://example.com/callback", "invalid_redirect_uri"),
        ("redirect_uri", "", "invalid_redirect_uri"),
        ("scope", "ZohoCRM.moduls.ALL", "invalid_scope"),
        ("scope", "", "invalid_scope"),
        ("code_challenge_method", "S512", "invalid_code_challenge_method"),
    ];
    for (name, value, word) in cases {
        let changed = [("code_challenge", "abc"), (name, value)];
        let accepted = [("decision", "accept"), ("code_challenge", "abc"), (name, value)];
        for reply in [ask(&site, &changed), decide(&site, &accepted, START)] {
            let page = String::from_utf8_lossy(&reply.body).into_owned();
            assert!(page.contains(&format!("<code>{word}</code>")), "{name}={value}: {page}");
            assert_eq!((reply.status, page.contains("<form")), (400, false), "{name}={value}");
            assert!(reply.headers.iter().all(|(name, _)| name != "location"), "{name}={value}");
        }
    }
}

#[test]
fn the_consent_page_asks_with_all_that_was_asked_and_escapes_it() {
    let site = site(Options::default());
    let page = ask(&site, &[("state", "\"><script>alert('&')</script>")]);
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    assert_eq!(page.status, 200);
    assert!(page.headers.contains(&("content-type".to_owned(), "text/html;charset=UTF-8".to_owned())));
    assert!(!text.contains("<script"), "{text}");
    for expected in [
        "value=\"&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;\"",
        "<li><code>ZohoCRM.modules.leads.READ</code></li>\n<li><code>ZohoCRM.org.READ</code></li>",
        "<form method=\"post\" action=\"/oauth/v2/auth\">",
        "name=\"redirect_uri\" value=\"http://127.0.0.1:8765/callback\"",
        "name=\"decision\" value=\"accept\">Accept</button>",
        "name=\"decision\" value=\"reject\">Reject</button>",
        "<html lang=\"en\">",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[test]
fn accepting_leads_back_with_a_code_and_rejecting_with_an_error() {
    let site = site(Options::default());
    let reply = decide(&site, &[("decision", "accept"), ("state", "a b&c")], START);
    let parameters = callback(&reply);
    let names: Vec<_> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "location", "accounts-server", "state"]);
    let values: Vec<_> = parameters[1..].iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["us", "http://sandbox.test", "a b&c"]);
    let location = &reply.headers.iter().find(|(name, _)| name == "location").unwrap().1;
    assert!(location.contains("&accounts-server=http%3A%2F%2Fsandbox.test&"), "{location}");

    let denied = [("error".to_owned(), "access_denied".to_owned()), ("state".to_owned(), "s".to_owned())];
    for decision in ["reject", ""] {
        assert_eq!(callback(&decide(&site, &[("decision", decision), ("state", "s")], START)), denied);
    }
    let with_query = format!("{CALLBACK}?tenant=1");
    let reply = decide(&site, &[("redirect_uri", &with_query)], START);
    assert_eq!(callback(&reply)[0], ("tenant".to_owned(), "1".to_owned()));
}

#[test]
fn the_eleventh_code_in_ten_minutes_is_denied() {
    let site = site(Options::default());
    for _ in 0..10 {
        code(&site, &[], START);
    }
    let parameters = callback(&decide(&site, &[("decision", "accept")], after(599)));
    assert_eq!(parameters, [("error".to_owned(), "access_denied".to_owned())]);
    assert_eq!(self_client_code(&site, "scope=ZohoCRM.org.READ", after(599)).0, 429);
    assert_eq!(site.usage(after(599)).refused, 2);
    code(&site, &[], after(600));
}

#[test]
fn a_code_is_good_for_two_minutes_and_one_exchange() {
    let site = site(Options::default());
    let first = code(&site, &[], START);
    let given = exchange(&site, &first, &[], after(119));
    let keys: Vec<_> = given.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["access_token", "refresh_token", "scope", "api_domain", "token_type", "expires_in"]);
    assert_eq!(given["scope"], "ZohoCRM.modules.leads.READ ZohoCRM.org.READ");
    assert_eq!(exchange(&site, &first, &[], after(119)), json!({"error": "invalid_code"}));

    let late = code(&site, &[], START);
    assert_eq!(exchange(&site, &late, &[], after(120)), json!({"error": "invalid_code"}));
}

#[test]
fn an_exchange_shows_again_what_was_shown_before() {
    let site = site(Options::default());
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = [
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    let plain = code(&site, &[], START);
    let challenged = code(&site, &challenge, START);
    let cases = [
        (&plain, ("redirect_uri", ""), "invalid_redirect_uri"),
        (&plain, ("redirect_uri", "http://127.0.0.1:8765/other"), "invalid_redirect_uri"),
        (&plain, ("client_secret", "other"), "invalid_client_secret"),
        (&plain, ("code", ""), "invalid_code"),
        (&challenged, ("code_verifier", ""), "invalid_grant"),
        (&challenged, ("code_verifier", challenge[0].1), "invalid_grant"),
    ];
    for (code, changed, error) in cases {
        assert_eq!(exchange(&site, code, &[changed], START), json!({"error": error}), "{changed:?}");
    }
    assert!(exchange(&site, &plain, &[], START)["access_token"].is_string());
    assert!(exchange(&site, &challenged, &[("code_verifier", verifier)], START)["access_token"].is_string());
}

#[test]
fn a_refresh_token_needs_offline_access_and_comes_once() {
    let site = site(Options::default());
    let cases = [
        (("access_type", ""), ("prompt", ""), false),
        (("access_type", "online"), ("prompt", "consent"), false),
        (("access_type", "offline"), ("prompt", ""), true),
        (("access_type", "offline"), ("prompt", ""), false),
        (("access_type", "offline"), ("prompt", "consent"), true),
    ];
    for (access_type, prompt, expected) in cases {
        let code = code(&site, &[access_type, prompt], START);
        let given = exchange(&site, &code, &[], START);
        assert_eq!(given["refresh_token"].is_string(), expected, "{access_type:?} {prompt:?}");
    }
}

#[test]
fn a_self_client_picks_scopes_and_minutes() {
    let site = site(Options::default());
    for (form, error) in [
        ("scope=ZohoCRM.org.READ&minutes=0", "invalid_minutes"),
        ("scope=ZohoCRM.org.READ&minutes=11", "invalid_minutes"),
        ("scope=ZohoCRM.org.READ&minutes=two", "invalid_minutes"),
        ("minutes=3", "invalid_scope"),
        ("scope=ZohoCRM.org", "invalid_scope"),
    ] {
        let (status, body) = self_client_code(&site, form, START);
        assert_eq!((status, &body["error"]), (400, &json!(error)), "{form}");
    }
    let (status, body) = self_client_code(&site, "scope=ZohoCRM.org.READ&minutes=3", START);
    assert_eq!((status, &body["expires_in"]), (200, &json!(180)));
    let late = exchange(&site, body["code"].as_str().unwrap(), &[], after(180));
    assert_eq!(late, json!({"error": "invalid_code"}));

    let (_, body) = self_client_code(&site, "scope=ZohoCRM.org.READ&minutes=3", START);
    let given = exchange(&site, body["code"].as_str().unwrap(), &[("redirect_uri", "")], after(179));
    assert!(given["refresh_token"].is_string(), "{given}");
    let again = format!("grant_type=refresh_token&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}");
    let again = format!("{again}&refresh_token={}", given["refresh_token"].as_str().unwrap());
    let refreshed = json_of(&post(&site, "/oauth/v2/token", &again, after(179)));
    assert_eq!((&refreshed["scope"], &refreshed["refresh_token"]), (&given["scope"], &Value::Null));
}

#[test]
fn a_token_reads_what_its_scopes_say() {
    let site = site(Options { leads: 100, ..Options::default() });
    let mismatch = (401, "OAUTH_SCOPE_MISMATCH".to_owned());
    let cases = [
        ("ZohoCRM.modules.leads.READ", 200, 401),
        ("ZohoCRM.modules.READ", 200, 200),
        ("ZohoCRM.modules.leads.CREATE,ZohoCRM.modules.deals.ALL", 401, 200),
        ("ZohoCRM.settings.ALL", 401, 401),
    ];
    for (scope, leads, deals) in cases {
        let (_, body) = self_client_code(&site, &format!("scope={scope}"), START);
        let token = &exchange(&site, body["code"].as_str().unwrap(), &[], START)["access_token"];
        for (target, status) in [("/crm/v8/Leads?fields=Email", leads), ("/crm/v8/Deals?fields=Stage", deals)]
        {
            let expected = if status == 200 { (200, String::new()) } else { mismatch.clone() };
            assert_eq!(crm_status(&site, token, target), expected, "{scope} {target}");
        }
        assert_eq!(crm_status(&site, token, "/crm/v8/Lead"), (400, "INVALID_MODULE".to_owned()));
    }
}

/// What each endpoint needs, and that one scope less is not enough.
#[test]
fn every_route_needs_its_scopes() {
    let of = |module: &str| format!("ZohoCRM.modules.{module}.READ");
    let (leads, notes, tasks) = (&*of("leads"), &*of("notes"), &*of("tasks"));
    let read = "/crm/bulk/v8/read";
    let cases: &[(&str, &str, &[&str])] = &[
        ("/crm/v8/Leads/deleted", "", &[leads]),
        ("/crm/v8/Leads/actions/count", "", &[leads]),
        ("/crm/v8/Leads/1/Notes?fields=id", "", &[leads, notes]),
        ("/crm/v8/Calls?fields=id", "", &["ZohoCRM.modules.calls.READ"]),
        ("/crm/v8/settings/modules", "", &["ZohoCRM.settings.modules.READ"]),
        ("/crm/v8/settings/fields?module=Leads", "", &["ZohoCRM.settings.fields.READ"]),
        ("/crm/v8/users", "", &["ZohoCRM.users.READ"]),
        ("/crm/v8/org", "", &["ZohoCRM.org.READ"]),
        ("/crm/v8/Leads/search?word=Boston", "", &[leads, "ZohoSearch.securesearch.READ"]),
        (
            "/crm/v8/coql",
            r#"{"select_query": "select id from Tasks where id is not null"}"#,
            &[tasks, "ZohoCRM.coql.READ"],
        ),
        (read, r#"{"query": {"module": {"api_name": "Leads"}}}"#, &[leads, "ZohoCRM.bulk.READ"]),
    ];
    for (target, body, needed) in cases {
        let method = if body.is_empty() { Method::GET } else { Method::POST };
        let mut request = request(method, target);
        request.body = (*body).into();
        let status = |scopes: &[&str]| {
            let site = site(Options { leads: 100, ..Options::default() });
            // A token always has a scope; this one allows nothing here.
            let scope = [&["ZohoCRM.notifications.READ"], scopes].concat().join(",");
            let (_, body) = self_client_code(&site, &format!("scope={scope}"), START);
            let given = exchange(&site, body["code"].as_str().unwrap(), &[], START);
            let token = given["access_token"].as_str().unwrap();
            site.answer(&with_header(request.clone(), "authorization", &format!("Bearer {token}")), START)
                .status
        };
        assert_ne!(status(needed), 401, "{target}");
        for missing in *needed {
            let others: Vec<_> = needed.iter().filter(|scope| scope != &missing).copied().collect();
            assert_eq!(status(&others), 401, "{target} without {missing}");
        }
    }
}

#[test]
fn a_revoked_token_is_none() {
    let site = site(Options::default());
    let code = code(&site, &[], START);
    let given = exchange(&site, &code, &[], START);
    let target = "/crm/v8/Leads?fields=Email";
    assert_eq!(crm_status(&site, &given["access_token"], target).0, 200);

    let refresh_token = given["refresh_token"].as_str().unwrap();
    let in_query = format!("/oauth/v2/token/revoke?token={refresh_token}");
    let revoked = post(&site, &in_query, "", START);
    assert_eq!((revoked.status, json_of(&revoked)), (200, json!({"status": "success"})));
    assert_eq!(crm_status(&site, &given["access_token"], target), (401, "INVALID_TOKEN".to_owned()));
    assert_eq!(post(&site, &in_query, "", START).status, 400);
    assert_eq!(post(&site, "/oauth/v2/token/revoke", "", START).status, 400);

    let in_form = format!("token={REFRESH_TOKEN}");
    assert_eq!(post(&site, "/oauth/v2/token/revoke", &in_form, START).status, 200);
    assert_eq!(json_of(&refresh(&site, START)), json!({"error": "invalid_code"}));
}

#[test]
fn other_methods_will_not_do() {
    let site = site(Options::default());
    for (method, target, allowed) in [
        (Method::PUT, "/oauth/v2/auth", "GET, POST"),
        (Method::GET, "/oauth/v2/token", "POST"),
        (Method::GET, "/oauth/v2/token/revoke", "POST"),
    ] {
        let reply = site.answer(&request(method, target), START);
        assert_eq!(reply.status, 405);
        assert!(reply.headers.contains(&("allow".to_owned(), allowed.to_owned())), "{target}");
    }
}
