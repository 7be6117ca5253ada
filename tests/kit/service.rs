//! A service that gives a token and then answers one kit, in the shape of Zoho's answers.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use river_sandbox::wire::{BoundListener, Reply, Server, WireRequest};
use serde_json::json;

/// What one kit is answered, and what must come of it.
pub(crate) struct Exchange {
    pub(crate) kit: &'static str,
    pub(crate) arguments: &'static [&'static str],
    /// `METHOD PATH?QUERY`, the body behind a space, and the answer; no answer is status 204.
    pub(crate) answers: &'static [(&'static str, &'static str)],
    pub(crate) file: &'static str,
    pub(crate) lands: &'static str,
    pub(crate) credits: &'static str,
}

const NOTES: &str = "GET /crm/v8/Notes?fields=Note_Title%2CNote_Content%2CParent_Id%2COwner%2CCreated_Time%2CModified_Time&per_page=200";

pub(crate) const EXCHANGES: &[Exchange] = &[
    Exchange {
        kit: "zoho_records",
        arguments: &["-p", "module=Leads", "-p", "fields=Email", "-p", "converted=both"],
        answers: &[
            (
                "GET /crm/v8/Leads?fields=Email&per_page=200&converted=both",
                r#"{"data":[{"id":"1"}],"info":{"next_page_token":"t","more_records":true}}"#,
            ),
            (
                "GET /crm/v8/Leads?fields=Email&per_page=200&converted=both&page_token=t",
                r#"{"data":[{"id":"2"}],"info":{"next_page_token":null,"more_records":false}}"#,
            ),
        ],
        file: "out/leads.jsonl",
        lands: "{\"id\":\"1\"}\n{\"id\":\"2\"}\n",
        credits: "2 credits, 2 pages",
    },
    Exchange {
        kit: "zoho_records",
        arguments: &["-p", "module=Vendors", "-p", "fields=Vendor_Name"],
        answers: &[("GET /crm/v8/Vendors?fields=Vendor_Name&per_page=200", "")],
        file: "out/vendors.jsonl",
        lands: "",
        credits: "1 credit, 1 page, 0 records",
    },
    Exchange {
        kit: "zoho_modules",
        arguments: &[],
        answers: &[(
            "GET /crm/v8/settings/modules",
            r#"{"modules":[{"api_name":"Leads"},{"api_name":"Deals"}]}"#,
        )],
        file: "out/modules.jsonl",
        lands: "{\"api_name\":\"Leads\"}\n{\"api_name\":\"Deals\"}\n",
        credits: "1 credit, 1 page",
    },
    Exchange {
        kit: "zoho_fields",
        arguments: &["-p", "module=Deals"],
        answers: &[("GET /crm/v8/settings/fields?module=Deals", r#"{"fields":[{"api_name":"Stage"}]}"#)],
        file: "out/deals_fields.jsonl",
        lands: "{\"api_name\":\"Stage\"}\n",
        credits: "1 credit, 1 page",
    },
    Exchange {
        kit: "zoho_fields",
        arguments: &["-p", "module=Locking_Information__s"],
        answers: &[("GET /crm/v8/settings/fields?module=Locking_Information__s", "")],
        file: "out/locking_information__s_fields.jsonl",
        lands: "",
        credits: "1 credit, 1 page, 0 records",
    },
    Exchange {
        kit: "zoho_users",
        arguments: &["-p", "type=ActiveUsers"],
        answers: &[
            (
                "GET /crm/v8/users?type=ActiveUsers&per_page=200&page=1",
                r#"{"users":[{"id":"1"}],"info":{"per_page":200,"count":1,"page":1,"more_records":true}}"#,
            ),
            (
                "GET /crm/v8/users?type=ActiveUsers&per_page=200&page=2",
                r#"{"users":[{"id":"2"}],"info":{"per_page":200,"count":1,"page":2,"more_records":false}}"#,
            ),
        ],
        file: "out/users.jsonl",
        lands: "{\"id\":\"1\"}\n{\"id\":\"2\"}\n",
        credits: "2 credits, 2 pages",
    },
    Exchange {
        kit: "zoho_notes",
        arguments: &[],
        answers: &[(
            NOTES,
            r#"{"data":[{"id":"1","Parent_Id":{"id":"9"}}],"info":{"next_page_token":null,"more_records":false}}"#,
        )],
        file: "out/notes.jsonl",
        lands: "{\"id\":\"1\",\"Parent_Id\":{\"id\":\"9\"}}\n",
        credits: "1 credit, 1 page",
    },
    Exchange {
        kit: "zoho_deleted",
        arguments: &["-p", "module=Contacts", "-p", "type=recycle"],
        answers: &[
            (
                "GET /crm/v8/Contacts/deleted?type=recycle&per_page=200&page=1",
                r#"{"data":[{"id":"1","type":"recycle"}],"info":{"page":1,"more_records":true}}"#,
            ),
            (
                "GET /crm/v8/Contacts/deleted?type=recycle&per_page=200&page=2",
                r#"{"data":[{"id":"2","type":"recycle"}],"info":{"page":2,"more_records":false}}"#,
            ),
        ],
        file: "out/contacts_deleted.jsonl",
        lands: "{\"id\":\"1\",\"type\":\"recycle\"}\n{\"id\":\"2\",\"type\":\"recycle\"}\n",
        credits: "2 credits, 2 pages",
    },
    Exchange {
        kit: "zoho_coql",
        arguments: &[
            "-p",
            "columns=id,Stage",
            "-p",
            "module=Deals",
            "-p",
            "where=Amount > 5",
            "-p",
            "limit=2",
        ],
        answers: &[
            (
                r#"POST /crm/v8/coql {"select_query":"select id, Stage from Deals where (Amount > 5) and id > 0 order by id asc limit 2"}"#,
                r#"{"data":[{"id":"3"},{"id":"554023000003129007"}],"info":{"count":2,"more_records":true}}"#,
            ),
            (
                r#"POST /crm/v8/coql {"select_query":"select id, Stage from Deals where (Amount > 5) and id > 554023000003129007 order by id asc limit 2"}"#,
                r#"{"data":[{"id":"554023000003129008"}],"info":{"count":1,"more_records":false}}"#,
            ),
        ],
        file: "out/deals_query.jsonl",
        lands: "{\"id\":\"3\"}\n{\"id\":\"554023000003129007\"}\n{\"id\":\"554023000003129008\"}\n",
        credits: "2 credits, 2 pages",
    },
    Exchange {
        kit: "zoho_coql",
        arguments: &["-p", "columns=id"],
        answers: &[(
            r#"POST /crm/v8/coql {"select_query":"select id from Leads where (id is not null) and id > 0 order by id asc limit 2000"}"#,
            "",
        )],
        file: "out/leads_query.jsonl",
        lands: "",
        credits: "3 credits, 1 page, 0 records",
    },
    Exchange {
        kit: "zoho_org",
        arguments: &[],
        answers: &[("GET /crm/v8/org", r#"{"org":[{"id":"7","company_name":"Ours"}]}"#)],
        file: "out/org.jsonl",
        lands: "{\"id\":\"7\",\"company_name\":\"Ours\"}\n",
        credits: "1 credit, 1 page",
    },
];

pub(crate) struct Service {
    server: Server,
    state: Arc<State>,
}

struct State {
    exchange: &'static Exchange,
    tokens: AtomicU64,
    refuses_first: AtomicBool,
    surprises: Mutex<Vec<String>>,
}

impl Service {
    pub(crate) fn start(exchange: &'static Exchange) -> Self {
        let state = Arc::new(State {
            exchange,
            tokens: AtomicU64::new(0),
            refuses_first: AtomicBool::new(false),
            surprises: Mutex::default(),
        });
        let answering = Arc::clone(&state);
        let bound = BoundListener::bind(0).unwrap();
        let base = bound.base_url();
        let server = bound.serve(move |request| answering.answer(&request, &base)).unwrap();
        Self { server, state }
    }

    pub(crate) fn base_url(&self) -> String {
        self.server.base_url()
    }

    pub(crate) fn refuse_the_first_token(&self) {
        self.state.refuses_first.store(true, Ordering::SeqCst);
    }

    /// Requests that the exchange does not know.
    pub(crate) fn surprises(&self) -> Vec<String> {
        self.state.surprises.lock().unwrap().clone()
    }
}

impl State {
    fn answer(&self, request: &WireRequest, base: &str) -> Reply {
        if request.path == "/oauth/v2/token" {
            let number = self.tokens.fetch_add(1, Ordering::SeqCst) + 1;
            let token = format!("1000.token-{number}");
            return Reply::json(200, &json!({"access_token": token, "api_domain": base, "expires_in": 3600}));
        }
        let newest = format!("Zoho-oauthtoken 1000.token-{}", self.tokens.load(Ordering::SeqCst));
        let refused = self.refuses_first.load(Ordering::SeqCst) && self.tokens.load(Ordering::SeqCst) == 1;
        if refused || request.header("authorization") != Some(newest.as_str()) {
            return Reply::json(401, &json!({"code": "INVALID_TOKEN", "status": "error"}));
        }
        let body = String::from_utf8_lossy(&request.body);
        let said = format!("{} {} {body}", request.method, request.target);
        let known = self.exchange.answers.iter().find(|(wanted, _)| *wanted == said.trim_end());
        match known {
            Some((_, "")) => Reply::empty(204),
            Some((_, answer)) => Reply::text(200, "application/json;charset=UTF-8", *answer),
            None => {
                self.surprises.lock().unwrap().push(said);
                Reply::empty(404)
            }
        }
    }
}
