//! Every kit that has pages, against a sandbox where everything goes wrong at once: data that changes after each page,
//! tokens that die, answers that are late, refused, broken off or never come.
//!
//! What must hold: each record that was there all the time has landed exactly once, none twice; no limit that Zoho
//! documents was passed; and the credits and requests of the summary are those that the sandbox has counted.

#[path = "kit_under_fire/project.rs"]
mod project;
#[path = "kit_under_fire/storm.rs"]
mod storm;
#[path = "support/virtual_clock.rs"]
mod virtual_clock;

use std::collections::BTreeSet;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use project::{Project, Ran};
use river_sandbox::{Options, Sandbox, Usage};
use storm::Storm;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=4;

/// A kit, and a sandbox in which it has several pages.
#[derive(Debug, Clone, Copy)]
struct Pull {
    kit: &'static str,
    arguments: &'static [&'static str],
    file: &'static str,
    leads: u64,
    lands: Lands,
}

/// What a kit lands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lands {
    /// The records of a module. Page tokens and the last id of a page keep their place whatever happens.
    Records(&'static str),
    /// The deleted records of a module, by page number.
    ///
    /// Nothing ever leaves their list, and the order in which Zoho gives them is not documented. If the oldest come
    /// first, what is deleted meanwhile comes at the end and nothing moves. If the newest do, everything moves towards
    /// the end: none is missed, but some are met twice.
    Deleted(&'static str),
    /// The users, by page number; nothing changes them here.
    Users,
}

const fn pull(
    kit: &'static str,
    arguments: &'static [&'static str],
    file: &'static str,
    leads: u64,
    lands: Lands,
) -> Pull {
    Pull { kit, arguments, file, leads, lands }
}

const DELETED: Pull = pull("zoho_deleted", &[], "leads_deleted", 24_000, Lands::Deleted("Leads"));

const INCREMENTAL: Pull = pull(
    "zoho_incremental",
    &["-p", "module=Contacts", "-p", "fields=Email,Modified_Time"],
    "contacts",
    3_000,
    Lands::Records("Contacts"),
);

const PULLS: &[Pull] = &[
    pull("zoho_leads", &[], "leads", 1_300, Lands::Records("Leads")),
    pull("zoho_records", &[], "leads", 1_300, Lands::Records("Leads")),
    pull("zoho_records", &["-p", "module=Contacts"], "contacts", 3_000, Lands::Records("Contacts")),
    pull("zoho_records", &["-p", "module=Accounts"], "accounts", 9_000, Lands::Records("Accounts")),
    pull("zoho_records", &["-p", "module=Deals"], "deals", 3_500, Lands::Records("Deals")),
    pull("zoho_notes", &[], "notes", 2_000, Lands::Records("Notes")),
    pull("zoho_coql", &["-p", "limit=200"], "leads_query", 1_300, Lands::Records("Leads")),
    pull(
        "zoho_coql",
        &["-p", "limit=500", "-p", "module=Deals", "-p", "columns=id,Stage"],
        "deals_query",
        9_000,
        Lands::Records("Deals"),
    ),
    pull("zoho_users", &[], "users", 300, Lands::Users),
];

fn main() -> ExitCode {
    if let Some(exit) = virtual_clock::run_if_asked() {
        return exit;
    }
    let mut arguments = Arguments::from_args();
    // They wait for delays more than they compute.
    arguments.test_threads.get_or_insert(4);
    let trial = |name: String, run: fn(Pull, u64), pull: Pull, seed: u64| {
        Trial::test(name, move || {
            run(pull, seed);
            Ok::<(), Failed>(())
        })
    };
    let mut trials = Vec::new();
    for seed in SEEDS {
        for pull in PULLS {
            let name = format!("{}/{}/{seed}", pull.kit, pull.file);
            trials.push(trial(name, everything_once, *pull, seed));
        }
        trials.push(trial(format!("zoho_deleted/oldest_first/{seed}"), deleted_oldest_first, DELETED, seed));
        trials.push(trial(format!("zoho_deleted/newest_first/{seed}"), deleted_newest_first, DELETED, seed));
        trials.push(trial(format!("zoho_incremental/{seed}"), again_and_again, INCREMENTAL, seed));
        trials.push(trial(format!("cut_off/{}/{seed}", PULLS[0].kit), cut_off_and_gone_on, PULLS[0], seed));
        trials.push(trial(format!("cut_off/{}/{seed}", PULLS[6].kit), cut_off_and_gone_on, PULLS[6], seed));
    }
    // The kit that asks for its token by itself, and one whose connection does.
    for pull in [PULLS[0], PULLS[1]] {
        trials.push(trial(format!("token_throttle/{}", pull.kit), throttled_and_run_again, pull, 1));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn everything_once(pull: Pull, seed: u64) {
    let storm = Storm::of(seed);
    let sandbox = Sandbox::start(storm.options(pull.leads)).unwrap();
    let project = Project::leading_to(&sandbox, storm);
    let ran = project.river(pull);
    assert_eq!(ran.code, 0, "{}", ran.told(&sandbox));
    agree(&sandbox, &[&ran]);
    assert!(sandbox.usage().access_tokens >= storm.tokens(), "{}", ran.told(&sandbox));
    let landed = project.landed(pull);
    assert_eq!(distinct(&landed).len(), landed.len(), "some have landed twice: {}", ran.told(&sandbox));
    is_what_was_there(pull, &sandbox, seed, &landed);
}

fn deleted_oldest_first(pull: Pull, seed: u64) {
    let storm = Storm::of(seed);
    let options = Options { guesses: guess("deleted-order=oldest-first"), ..storm.options(pull.leads) };
    let sandbox = Sandbox::start(options).unwrap();
    let project = Project::leading_to(&sandbox, storm);
    let ran = project.river(pull);
    assert_eq!(ran.code, 0, "{}", ran.told(&sandbox));
    agree(&sandbox, &[&ran]);
    let landed = project.landed(pull);
    assert_eq!(distinct(&landed).len(), landed.len(), "some have landed twice: {}", ran.told(&sandbox));
    is_what_was_there(pull, &sandbox, seed, &landed);
}

fn deleted_newest_first(pull: Pull, seed: u64) {
    let storm = Storm::of(seed);
    let sandbox = Sandbox::start(storm.options(pull.leads)).unwrap();
    let project = Project::leading_to(&sandbox, storm);
    let ran = project.river(pull);
    assert_eq!(ran.code, 0, "{}", ran.told(&sandbox));
    agree(&sandbox, &[&ran]);
    let landed = project.landed(pull);
    assert!(distinct(&landed).len() < landed.len(), "the list moves under the pages");
    is_what_was_there(pull, &sandbox, seed, &landed);
}

/// One page fails for longer than a run is patient; the next run goes on there, and counts on.
fn cut_off_and_gone_on(pull: Pull, seed: u64) {
    let storm = Storm::of(seed);
    let mut options = storm.options(pull.leads);
    options.faults.insert(0, "status=503@4x6".parse().unwrap());
    let sandbox = Sandbox::start(options).unwrap();
    let project = Project::leading_to(&sandbox, storm);
    let cut_off = project.river(pull);
    assert_eq!(cut_off.code, 1, "{}", cut_off.told(&sandbox));
    let ran = project.river(pull);
    assert_eq!(ran.code, 0, "{}", ran.told(&sandbox));
    agree(&sandbox, &[&ran]);
    let landed = project.landed(pull);
    assert_eq!(distinct(&landed).len(), landed.len(), "some have landed twice: {}", ran.told(&sandbox));
    is_what_was_there(pull, &sandbox, seed, &landed);
}

/// Each run brings what has happened until it: what was deleted before goes, what was there stays, once.
fn again_and_again(pull: Pull, seed: u64) {
    let storm = Storm::of(seed);
    let sandbox = Sandbox::start(storm.options(pull.leads)).unwrap();
    let project = Project::leading_to(&sandbox, storm);
    let mut runs = Vec::new();
    let mut before = sandbox.history("Contacts").unwrap();
    for _ in 0..3 {
        runs.push(project.river(pull));
        assert_eq!(runs.last().unwrap().code, 0, "{}", runs.last().unwrap().told(&sandbox));
        let landed = project.landed(pull);
        let after = sandbox.history("Contacts").unwrap();
        let was_there = |id: &&u64| !after.deleted.contains(id);
        let expected: Vec<_> = before.throughout.iter().chain(&before.inserted).filter(was_there).collect();
        for id in expected {
            let count = landed.iter().filter(|landed| **landed == id.to_string()).count();
            assert_eq!(count, 1, "{id}: {}", runs.last().unwrap().told(&sandbox));
        }
        let gone = texts(&before.deleted);
        assert!(!landed.iter().any(|id| gone.contains(id)), "what was deleted has stayed");
        assert_eq!(distinct(&landed).len(), landed.len());
        before = after;
    }
    assert!(!before.deleted.is_empty() && !before.inserted.is_empty());
    agree(&sandbox, &runs.iter().collect::<Vec<_>>());
}

/// A run without a token ends at once and says so; the next one is as if it had not been.
fn throttled_and_run_again(pull: Pull, seed: u64) {
    let storm = Storm::of(seed);
    let mut options = storm.options(pull.leads);
    options.faults = vec!["throttle".parse().unwrap()];
    let sandbox = Sandbox::start(options).unwrap();
    let project = Project::leading_to(&sandbox, storm);
    let refused = project.river(pull);
    let code = if pull.kit == "zoho_leads" { 1 } else { 6 };
    assert_eq!(refused.code, code, "{}", refused.told(&sandbox));
    assert!(refused.err.contains("= help: Zoho gives 10 tokens in 10 minutes"), "{}", refused.err);
    let ran = project.river(pull);
    assert_eq!(ran.code, 0, "{}", ran.told(&sandbox));
    agree(&sandbox, &[&refused, &ran]);
    is_what_was_there(pull, &sandbox, seed, &project.landed(pull));
}

/// Nothing that was there all the time is missing, and nothing has landed that never was there.
fn is_what_was_there(pull: Pull, sandbox: &Sandbox, seed: u64, landed: &[String]) {
    let landed = distinct(landed);
    let (expected, possible) = match pull.lands {
        Lands::Records(module) => {
            let history = sandbox.history(module).unwrap();
            assert!(!history.inserted.is_empty() && !history.deleted.is_empty(), "nothing has changed");
            let possible =
                [&history.inserted, &history.converted, &history.deleted].map(|ids| texts(ids)).concat();
            (texts(&history.throughout), possible)
        }
        Lands::Deleted(module) => (calm(pull, seed), texts(&sandbox.history(module).unwrap().deleted)),
        Lands::Users => (calm(pull, seed), Vec::new()),
    };
    assert!(expected.len() > 400, "more than two pages");
    let missing: Vec<_> = expected.iter().filter(|id| !landed.contains(id.as_str())).collect();
    assert!(missing.is_empty(), "{} of {} are missing: {missing:?}", missing.len(), expected.len());
    let known: BTreeSet<&str> = expected.iter().chain(&possible).map(String::as_str).collect();
    let unknown: Vec<_> = landed.difference(&known).collect();
    assert!(unknown.is_empty(), "nobody has seen {unknown:?}");
}

/// What lands when nothing goes wrong and nothing changes: what was there at the start.
fn calm(pull: Pull, seed: u64) -> Vec<String> {
    let storm = Storm::of(seed);
    let options = Options { faults: Vec::new(), churn: None, ..storm.options(pull.leads) };
    let sandbox = Sandbox::start(options).unwrap();
    let project = Project::leading_to(&sandbox, storm);
    let ran = project.river(pull);
    assert_eq!(ran.code, 0, "{}", ran.told(&sandbox));
    let landed = project.landed(pull);
    assert_eq!(distinct(&landed).len(), landed.len());
    landed
}

/// Both sides count the same, and none of Zoho's limits was passed.
///
/// A call costs what it always costs once the sandbox has looked at it, whatever becomes of its answer (503, a reset,
/// half a body). An answer 401 or 429, whoever gives it, costs nothing; so do the calls of the token endpoint.
fn agree(sandbox: &Sandbox, runs: &[&Ran]) {
    let usage: Usage = sandbox.usage();
    let told = || runs.iter().map(|ran| ran.told(sandbox)).collect::<Vec<_>>().join("\n");
    let sum = |noun| runs.iter().map(|ran| ran.figure(noun)).sum::<u64>();
    assert_eq!(sum("credit"), usage.credits.used, "credits: {}", told());
    assert_eq!(sum("request"), usage.requests, "requests: {}", told());
    assert_eq!((usage.refused, usage.over_documented_limits), (0, 0), "{usage:?}");
    let [tokens] = usage.refresh_tokens.as_slice() else { panic!("{usage:?}") };
    assert!(tokens.tokens_in_ten_minutes.used <= tokens.tokens_in_ten_minutes.most, "{usage:?}");
    assert!(tokens.live_tokens.used <= tokens.live_tokens.most, "{usage:?}");
    assert!(usage.concurrency.highest <= usage.concurrency.most, "{usage:?}");
}

fn guess(text: &str) -> river_sandbox::Guesses {
    [text.parse().unwrap()].into_iter().collect()
}

fn distinct(ids: &[String]) -> BTreeSet<&str> {
    ids.iter().map(String::as_str).collect()
}

fn texts(ids: &[u64]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
