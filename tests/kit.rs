//! The kits of the real program: each as it is shipped and as `river new` copies it, against the sandbox; and some
//! against answers in the shape of Zoho's, where each request is known word for word.

#[path = "kit/project.rs"]
mod project;
#[path = "kit/service.rs"]
mod service;

use project::Project;
use river::kit::{self, Kit, connection};
use service::{EXCHANGES, Service};

/// A run of a kit against the sandbox with 900 leads: what lands, and what it costs.
struct Row {
    kit: &'static str,
    arguments: &'static [&'static str],
    file: &'static str,
    records: usize,
    credits: &'static str,
}

const SANDBOX: &[Row] = &[
    Row { kit: "zoho_leads", arguments: &[], file: "leads", records: 900, credits: "5 credits" },
    Row {
        kit: "zoho_leads",
        arguments: &["-p", "module=Deals"],
        file: "leads",
        records: 270,
        credits: "2 credits",
    },
    Row { kit: "zoho_incremental", arguments: &[], file: "leads", records: 936, credits: "6 credits" },
    Row { kit: "zoho_records", arguments: &[], file: "leads", records: 900, credits: "5 credits" },
    Row {
        kit: "zoho_records",
        arguments: &["-p", "converted=both"],
        file: "leads",
        records: 936,
        credits: "5 credits",
    },
    Row {
        kit: "zoho_records",
        arguments: &["-p", "module=Contacts"],
        file: "contacts",
        records: 360,
        credits: "2 credits",
    },
    Row {
        kit: "zoho_records",
        arguments: &["-p", "module=Accounts"],
        file: "accounts",
        records: 90,
        credits: "1 credit",
    },
    Row {
        kit: "zoho_records",
        arguments: &["-p", "module=Deals"],
        file: "deals",
        records: 270,
        credits: "2 credits",
    },
    Row {
        kit: "zoho_records",
        arguments: &["-p", "module=Deals", "-p", "fields=Stage"],
        file: "deals",
        records: 270,
        credits: "2 credits",
    },
    Row {
        kit: "zoho_records",
        arguments: &["-p", "module=Calls"],
        file: "calls",
        records: 0,
        credits: "1 credit",
    },
    Row { kit: "zoho_notes", arguments: &[], file: "notes", records: 450, credits: "3 credits" },
    Row { kit: "zoho_deleted", arguments: &[], file: "leads_deleted", records: 23, credits: "1 credit" },
    Row {
        kit: "zoho_deleted",
        arguments: &["-p", "type=permanent", "-p", "module=Contacts"],
        file: "contacts_deleted",
        records: 1,
        credits: "1 credit",
    },
    Row { kit: "zoho_coql", arguments: &[], file: "leads_query", records: 900, credits: "3 credits" },
    Row {
        kit: "zoho_coql",
        arguments: &["-p", "limit=200"],
        file: "leads_query",
        records: 900,
        credits: "5 credits",
    },
    Row {
        kit: "zoho_coql",
        arguments: &[
            "-p",
            "module=Deals",
            "-p",
            "columns=id,Stage,Account_Name.Industry",
            "-p",
            "where=(Amount > 5000) and (Stage is not null)",
        ],
        file: "deals_query",
        records: 244,
        credits: "3 credits",
    },
    Row { kit: "zoho_users", arguments: &[], file: "users", records: 12, credits: "1 credit" },
    Row {
        kit: "zoho_users",
        arguments: &["-p", "type=CurrentUser"],
        file: "users",
        records: 1,
        credits: "1 credit",
    },
    Row { kit: "zoho_org", arguments: &[], file: "org", records: 1, credits: "1 credit" },
    Row { kit: "zoho_modules", arguments: &[], file: "modules", records: 31, credits: "1 credit" },
    Row { kit: "zoho_fields", arguments: &[], file: "leads_fields", records: 50, credits: "1 credit" },
    Row {
        kit: "zoho_fields",
        arguments: &["-p", "module=Calls"],
        file: "calls_fields",
        records: 0,
        credits: "1 credit",
    },
];

#[test]
fn every_kit_is_tested() {
    for kit in kit::ALL {
        assert!(SANDBOX.iter().any(|row| row.kit == kit.name), "{}", kit.name);
    }
    let shipped = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines")).unwrap();
    let shipped = shipped.map(|entry| entry.unwrap().path().file_stem().unwrap().display().to_string());
    let unlisted: Vec<String> = shipped.filter(|name| Kit::of(name).is_none()).collect();
    assert!(unlisted.is_empty(), "pipelines that are no kits: {unlisted:?}");
}

#[test]
fn in_the_sandbox() {
    for row in SANDBOX {
        let project = Project::shipped();
        let ran = project.river(&[&["run", row.kit, "--sandbox", "--leads", "900"], row.arguments].concat());
        assert_eq!(ran.code, 0, "{} {:?}: {}", row.kit, row.arguments, ran.err);
        assert!(ran.err.contains(&format!(" requests, {}, ", row.credits)), "{}", ran.err);
        let landed = project.read(&format!(".river/sandbox/out/{}.jsonl", row.file));
        assert_eq!(landed.lines().count(), row.records, "{} {:?}", row.kit, row.arguments);
    }
}

#[test]
fn against_answers_of_a_service() {
    for exchange in EXCHANGES {
        let project = Project::shipped();
        let service = Service::start(exchange);
        project.lead_to(&service.base_url());
        let ran = project.river(&[&["run", exchange.kit], exchange.arguments].concat());
        assert_eq!(ran.code, 0, "{}: {}\n{:#?}", exchange.kit, ran.err, service.surprises());
        assert!(ran.err.contains(exchange.credits), "{}: {}", exchange.kit, ran.err);
        assert_eq!(project.read(exchange.file), exchange.lands, "{}", exchange.kit);
    }
}

/// A token that dies is renewed by every kit.
#[test]
fn a_refused_token_is_renewed() {
    for exchange in EXCHANGES {
        let project = Project::shipped();
        let service = Service::start(exchange);
        service.refuse_the_first_token();
        project.lead_to(&service.base_url());
        let ran = project.river(&[&["run", exchange.kit], exchange.arguments].concat());
        assert_eq!(ran.code, 0, "{}: {}", exchange.kit, ran.err);
        assert!(ran.err.contains("sign-in to zoho: runs again"), "{}: {}", exchange.kit, ran.err);
        assert_eq!(project.read(exchange.file), exchange.lands, "{}", exchange.kit);
    }
}

#[test]
fn every_copy_is_checked_and_runs() {
    for kit in kit::ALL {
        let project = Project::empty();
        let made = project.river(&["new", "--from", kit.name, "mine.yaml"]);
        assert_eq!((made.code, made.err.as_str()), (0, ""), "{}", kit.name);
        assert!(project.read("mine.yaml").starts_with("name: mine\n"), "{}", kit.name);
        assert_eq!(project.read("connections/zoho.yaml"), kit.connection.text);
        let checked = project.river(&["check", "mine.yaml"]);
        assert_eq!(checked.code, 0, "{}: {}", kit.name, checked.err);
        assert!(checked.err.contains("nothing to report"), "{}: {}", kit.name, checked.err);
        assert_eq!(project.river(&["plan", "mine.yaml", "--sandbox"]).code, 0, "{}", kit.name);
        for row in SANDBOX.iter().filter(|row| row.kit == kit.name) {
            let ran = project
                .river(&[&["run", "mine.yaml", "--sandbox", "--leads", "300"], row.arguments].concat());
            assert_eq!(ran.code, 0, "{}: {}", kit.name, ran.err);
            assert!(ran.err.contains("mine: complete; "), "{}: {}", kit.name, ran.err);
        }
    }
}

#[test]
fn every_ready_connection_is_checked() {
    let project = Project::shipped();
    for connection in connection::ALL {
        let checked = project.river(&["check", &format!("connections/{}.yaml", connection.name)]);
        assert_eq!(checked.code, 0, "{}: {}", connection.name, checked.err);
        assert_eq!(checked.err, "1 connection checked: nothing to report\n", "{}", connection.name);
    }
}

/// Under another name as well, with the commands that come next.
#[test]
fn every_ready_connection_is_copied() {
    for connection in connection::ALL {
        let project = Project::empty();
        let made = project.river(&["new", "--from", connection.name, "connections/mine.yaml"]);
        assert_eq!((made.code, made.err.as_str()), (0, ""), "{}", connection.name);
        assert_eq!(project.read("connections/mine.yaml"), connection.named("mine"));
        let checked = project.river(&["check", "connections/mine.yaml"]);
        assert_eq!(checked.code, 0, "{}: {}", connection.name, checked.err);
        let next = made.out.contains("\n  river auth login mine\n");
        let by_hand = ["authorization_code", "device_code"];
        let by_hand = by_hand.iter().any(|grant| connection.text.contains(&format!("grant: {grant}")));
        assert_eq!(next, by_hand, "{}: {}", connection.name, made.out);
    }
}

const TOLD: &str = "\
pipelines/our_leads.yaml: new, from the kit `zoho_leads`
connections/zoho.yaml: new

to fill in, in the environment or in `.env`; the first lines of `connections/zoho.yaml` say more:
  ZOHO_CLIENT_ID=…  the client id of a client at https://api-console.zoho.com
  ZOHO_CLIENT_SECRET=…  the client secret beside it
  ZOHO_REFRESH_TOKEN=…  a refresh token with the scopes that the pipeline's first lines name
scopes: ZohoCRM.modules.READ

then:
  river check pipelines/our_leads.yaml
  river run pipelines/our_leads.yaml --sandbox
  river run pipelines/our_leads.yaml
";

#[test]
fn new_says_what_it_wrote_and_what_to_fill_in() {
    let project = Project::empty();
    project.folder("pipelines");
    let made = project.river(&["new", "--from", "zoho_leads", "pipelines/our_leads.yaml"]);
    assert_eq!((made.code, made.err.as_str(), made.out.as_str()), (0, "", TOLD));
    assert_eq!(project.files(), ["connections/zoho.yaml", "pipelines/our_leads.yaml"]);
    let mine = project.read("pipelines/our_leads.yaml");
    assert_eq!(mine.replace("our_leads", "zoho_leads"), Kit::of("zoho_leads").unwrap().pipeline);
}

const TOLD_OF_A_SIGN_IN: &str = "\
records.yaml: new, from the kit `zoho_records`
connections/zoho.yaml: new

to fill in, in the environment or in `.env`; the first lines of `connections/zoho.yaml` say more:
  ZOHO_CLIENT_ID=…  the client id of a client at https://api-console.zoho.com
  ZOHO_CLIENT_SECRET=…  the client secret beside it
scopes: ZohoCRM.modules.READ

then:
  river check records.yaml
  river run records.yaml --sandbox
  river auth login zoho
  river run records.yaml
";

#[test]
fn new_says_how_to_sign_in() {
    let project = Project::empty();
    let made = project.river(&["new", "--from", "zoho_records", "records.yaml"]);
    assert_eq!((made.code, made.err.as_str(), made.out.as_str()), (0, "", TOLD_OF_A_SIGN_IN));
}

#[test]
fn a_connection_that_cannot_sign_in_is_named() {
    let project = Project::empty();
    project.folder("connections");
    project.write("connections/zoho.yaml", "accounts_url: https://accounts.zoho.eu\n");
    let made = project.river(&["new", "--from", "zoho_records", "records.yaml"]);
    let said =
        "connections/zoho.yaml: was there, and is as it was\n  it has no `auth`, which this kit needs: ";
    assert!(made.out.contains(said), "{}", made.out);
    assert!(!made.out.contains("auth login"), "{}", made.out);
}

#[test]
fn a_connection_that_is_there_stays() {
    let project = Project::empty();
    project.folder("connections");
    let own = "accounts_url: https://accounts.zoho.eu\ntoken: { from: env:OUR_TOKEN, description: ours }\n";
    project.write("connections/zoho.yaml", own);
    let made = project.river(&["new", "--from", "zoho_leads", "leads.yaml"]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(made.out.contains("connections/zoho.yaml: was there, and is as it was\n"), "{}", made.out);
    assert!(made.out.contains("\n  OUR_TOKEN=…  ours\n"), "{}", made.out);
    assert_eq!(project.read("connections/zoho.yaml"), own);
}

#[test]
fn a_file_whose_name_is_no_name() {
    let project = Project::empty();
    let made = project.river(&["new", "--from", "zoho_leads", "Our leads.yaml"]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(
        made.out.contains("\n  its `name` stays `zoho_leads`, since the file's cannot be one\n"),
        "{}",
        made.out
    );
    assert!(made.out.contains("\n  river check 'Our leads.yaml'\n"), "{}", made.out);
    assert_eq!(project.read("Our leads.yaml"), Kit::of("zoho_leads").unwrap().pipeline);
}

/// Of runs that start at once one writes; the others find its file.
#[test]
fn two_at_once_overwrite_nothing() {
    let project = Project::empty();
    let all = project.at_once(8, &["new", "--from", "zoho_leads", "leads.yaml"]);
    assert!(all.iter().filter(|made| made.code == 0).count() == 1, "{all:#?}");
    assert_eq!(project.read("leads.yaml"), Kit::of("zoho_leads").unwrap().named("leads"));
}
