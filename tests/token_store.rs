//! The token store of the real program: what one run got another uses, whatever happens to either.
#![cfg(unix)]

#[path = "token_store/disk.rs"]
mod disk;
#[path = "token_store/encrypted.rs"]
mod encrypted;
#[path = "token_store/kept.rs"]
mod kept;
#[path = "token_store/killed.rs"]
mod killed;
#[path = "token_store/login.rs"]
mod login;
#[path = "token_store/project.rs"]
mod project;
#[path = "token_store/rotation.rs"]
mod rotation;
#[path = "rotation/service.rs"]
#[expect(dead_code, reason = "tests/crash.rs uses what is not used here")]
mod rotation_service;

use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc;

use project::{Gate, PATIENCE, PIPELINE, Project, SECRET, finish, mode, signal};

#[test]
fn a_second_run_uses_what_the_first_got() {
    let project = Project::new();
    project.run_well(&["one"]);
    let second = project.run_well(&["one", "-v"]);
    assert_eq!(project.service.tokens(), 1);
    assert!(second.err.contains("token: values kept from an earlier run are used"), "{}", second.err);
    assert_eq!(std::fs::read_to_string(project.path("out/one.jsonl")).unwrap(), "{\"id\":1}\n");
}

#[test]
fn pipelines_with_the_same_request_share() {
    let project = Project::new();
    project.run_well(&["one"]);
    project.run_well(&["two"]);
    assert_eq!(project.service.tokens(), 1);
}

#[test]
fn another_secret_is_another_entry() {
    let project = Project::new();
    project.run_well(&["one"]);
    let mut command = project.command(&["one"]);
    assert!(finish(command.env("CLIENT_SECRET", "another-secret").spawn().unwrap()).succeeded);
    assert_eq!(project.service.tokens(), 2);
    assert_eq!(project.stored("json").len(), 2);
}

#[test]
fn another_extraction_is_another_entry() {
    let project = Project::new();
    project.pipeline(
        "wider",
        &PIPELINE.replace("account: $.account", "account: { jsonpath: $.account, default: 1 }"),
    );
    project.run_well(&["one"]);
    project.run_well(&["wider"]);
    assert_eq!(project.service.tokens(), 2);
}

#[test]
fn expired_values_are_asked_for_once() {
    let project = Project::new();
    project.service.life(0);
    project.run_well(&["one", "-q"]);
    let before = project.service.tokens();
    project.service.life(3600);
    project.run_well(&["one"]);
    project.run_well(&["two"]);
    assert_eq!(project.service.tokens() - before, 1);
}

#[test]
fn each_pipeline_keeps_to_its_own_time() {
    let project = Project::new();
    project.pipeline("hasty", &PIPELINE.replace("{{ expires_in }}s", "{{ expires_in - 3600 }}s"));
    project.run_well(&["one"]);
    project.run_well(&["hasty", "-q"]);
    assert!(project.service.tokens() > 1, "values were used for longer than the pipeline wants");
}

#[test]
fn sixty_four_processes_make_one_request() {
    let project = Project::new();
    project.service.life(0);
    project.run_well(&["one", "-q"]);
    let before = project.service.tokens();
    project.service.life(3600);
    all_at_once(&project, 64);
    assert_eq!(project.service.tokens() - before, 1);
}

#[test]
fn sixty_four_processes_agree_on_a_new_store() {
    let project = Project::new();
    all_at_once(&project, 64);
    assert_eq!(project.service.tokens(), 1);
}

#[test]
fn sixty_four_processes_renew_a_refused_token_once() {
    let project = Project::new();
    project.run_well(&["one"]);
    project.service.revoke();
    let before = project.service.tokens();
    all_at_once(&project, 64);
    assert_eq!(project.service.tokens() - before, 1);
}

/// They share one target, which is not what is tested: each gets its own pipeline.
fn all_at_once(project: &Project, processes: usize) {
    for number in 0..processes {
        project.pipeline(&format!("p{number}"), PIPELINE);
    }
    let names: Vec<String> = (0..processes).map(|number| format!("p{number}")).collect();
    let children: Vec<_> = names.iter().map(|name| project.command(&[name]).spawn().unwrap()).collect();
    for child in children {
        let ran = finish(child);
        assert!(ran.succeeded, "{}", ran.err);
    }
}

#[test]
fn a_refused_token_is_renewed_once() {
    let with_rule = Project::new();
    with_rule.run_well(&["one"]);
    with_rule.service.revoke();
    let before = with_rule.service.tokens();
    with_rule.run_well(&["one"]);
    with_rule.run_well(&["two"]);
    assert_eq!(with_rule.service.tokens() - before, 1);
    assert_eq!(with_rule.service.refused(), 1);
}

/// Without the store each run would ask for its own token, so a kept one must not be what fails it.
#[test]
fn a_refused_token_is_renewed_once_without_a_rule() {
    let rules = "    rules:\n      - when: response.status == 401\n        do: retry\n        after: token\n        max_retries: 1\n";
    assert!(PIPELINE.contains(rules));
    let fails = "    rules:\n      - when: response.status == 401\n        do: fail\n        message: no\n";
    for other in ["", fails] {
        let project = Project::new();
        project.pipeline("one", &PIPELINE.replace(rules, other));
        project.run_well(&["one"]);
        project.service.revoke();
        let before = project.service.tokens();
        let ran = project.run_well(&["one"]);
        assert_eq!(project.service.tokens() - before, 1, "{}", ran.err);
        assert!(ran.err.contains("token: runs again, since `items` got 401 Unauthorized"), "{}", ran.err);
    }
}

#[test]
fn a_token_that_another_run_renewed_is_taken_without_asking() {
    let project = Project::new();
    project.run_well(&["one"]);
    // The token request of this run waits; the other's does not, and its token is the newest then.
    let (arrived, waits) = mpsc::channel();
    let (open, answer) = mpsc::channel();
    project.service.revoke();
    project.service.gate(Gate { arrived, answer });
    let first = project.command(&["one"]).spawn().unwrap();
    arrives(&waits);
    let second = project.command(&["two", "-v"]).spawn().unwrap();
    let before = project.service.tokens();
    drop(open);
    assert!(finish(first).succeeded);
    let second = finish(second);
    assert!(second.succeeded, "{}", second.err);
    assert_eq!(project.service.tokens(), before);
}

fn arrives(waits: &mpsc::Receiver<()>) {
    waits.recv_timeout(PATIENCE).expect("a token request");
}

#[test]
fn what_is_not_as_expected_is_not_stored() {
    let project = Project::new();
    project.service.give_no_tokens(true);
    let ran = project.run(&["one"]);
    assert!(!ran.succeeded);
    assert!(project.stored("json").is_empty());
    project.service.give_no_tokens(false);
    project.run_well(&["one"]);
}

#[test]
fn a_killed_holder_releases_the_lock() {
    let project = Project::new();
    let (arrived, waits) = mpsc::channel();
    let (open, answer) = mpsc::channel();
    project.service.gate(Gate { arrived, answer });
    let mut holder = project.command(&["one"]).spawn().unwrap();
    arrives(&waits);
    let waiting = project.command(&["two", "-v"]).spawn().unwrap();
    signal(holder.id(), "KILL");
    holder.wait().unwrap();
    // Only now the server is free for another token request.
    drop(open);
    let waited = finish(waiting);
    assert!(waited.succeeded, "{}", waited.err);
    assert_eq!(project.service.tokens(), 2);
}

#[test]
fn a_waiting_run_can_be_interrupted() {
    let project = Project::new();
    let (arrived, waits) = mpsc::channel();
    let (open, answer) = mpsc::channel();
    project.service.gate(Gate { arrived, answer });
    let holder = project.command(&["one"]).spawn().unwrap();
    arrives(&waits);
    let mut waiting = project.command(&["two", "-v"]).spawn().unwrap();
    let mut err = std::io::BufReader::new(waiting.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("waiting for them") {
        line.clear();
        assert_ne!(std::io::BufRead::read_line(&mut err, &mut line).unwrap(), 0, "it did not wait");
    }
    signal(waiting.id(), "INT");
    assert_eq!(finish(waiting).code, Some(130));
    drop(open);
    assert!(finish(holder).succeeded);
    assert_eq!(project.service.tokens(), 1);
}

/// From the last byte of the answer on nothing is lost: the run stops, and the token is there for the next.
#[test]
fn an_answer_that_comes_after_the_wish_to_stop_is_stored() {
    let project = Project::new();
    let (arrived, waits) = mpsc::channel();
    let (open, answer) = mpsc::channel();
    project.service.gate(Gate { arrived, answer });
    let running = project.command(&["one"]).spawn().unwrap();
    arrives(&waits);
    signal(running.id(), "INT");
    drop(open);
    // The signal and the answer arrive together: what is left to ask may still be answered within the grace.
    let code = finish(running).code;
    assert!(matches!(code, Some(130 | 0)), "{code:?}");
    project.run_well(&["one"]);
    assert_eq!(project.service.tokens(), 1);
}

#[test]
fn files_are_private() {
    let project = Project::new();
    project.run_well(&["one"]);
    assert_eq!(mode(&project.path(".river/tokens")), 0o700);
    assert_eq!(mode(&project.path(".river/key")), 0o600);
    assert_eq!(mode(&project.entry()), 0o600);
    assert_eq!(project.stored("lock").iter().map(|path| mode(path)).collect::<Vec<_>>(), [0o600]);
    assert_eq!(project.stored("tmp").len(), 0);
    assert_eq!(std::fs::read_to_string(project.path(".river/.gitignore")).unwrap(), "*\n");
}

#[test]
fn secrets_are_in_no_name_and_no_output() {
    let project = Project::new();
    for _ in 0..2 {
        let ran = project.run_well(&["one", "-vv"]);
        let names = project.stored("json").iter().map(|path| path.display().to_string()).collect::<String>();
        for text in [&ran.out, &ran.err, &names] {
            for secret in [SECRET, "access-token-1-e77a"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }
}

#[test]
fn damaged_entries_are_said_and_replaced() {
    let project = Project::new();
    project.run_well(&["one"]);
    let whole = std::fs::read(project.entry()).unwrap();
    let mut flipped = whole.clone();
    let place = flipped.windows(6).position(|part| part == b"e77a\",").unwrap();
    flipped[place] ^= 1;
    for (bad, why) in [
        (&whole[..whole.len() / 2], "it is not whole"),
        (b"", "it is empty"),
        (b"garbage\xff\xfe", "it is not whole, or no entry"),
        (&flipped, "it was changed"),
    ] {
        std::fs::write(project.entry(), bad).unwrap();
        let before = project.service.tokens();
        let ran = project.run_well(&["one"]);
        assert_eq!(project.service.tokens() - before, 1);
        assert_eq!(ran.err.matches("are damaged").count(), 1, "{}", ran.err);
        assert!(ran.err.contains(why), "{}", ran.err);
        assert_eq!(std::fs::read(&project.stored("damaged")[0]).unwrap(), bad);
        assert!(!project.run_well(&["one"]).err.contains("damaged"));
    }
}

#[test]
fn an_entry_of_a_newer_river_stays_as_it_is() {
    let project = Project::new();
    project.run_well(&["one"]);
    let newer = br#"{"version":3,"everything":"else"}"#;
    std::fs::write(project.entry(), newer).unwrap();
    let ran = project.run_well(&["one"]);
    assert!(
        ran.err.contains("written by a newer river: its version is 3, this river knows 2"),
        "{}",
        ran.err
    );
    assert_eq!(ran.err.matches("newer river:").count(), 1, "{}", ran.err);
    assert_eq!(std::fs::read(project.entry()).unwrap(), newer);
    assert_eq!(project.service.tokens(), 2);
}

#[test]
fn a_store_that_others_can_read_is_said_and_closed() {
    let project = Project::new();
    project.run_well(&["one"]);
    for path in [project.entry(), project.path(".river/key"), project.path(".river/tokens")] {
        let private = mode(&path);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(private | 0o055)).unwrap();
        let ran = project.run_well(&["one"]);
        assert!(ran.err.contains("other users could get at `.river/"), "{}", ran.err);
        assert_eq!(mode(&path), private);
        assert!(!project.run_well(&["one"]).err.contains("other users"));
    }
    assert_eq!(project.service.tokens(), 1);
}

#[test]
fn a_key_that_others_can_write_is_refused() {
    let project = Project::new();
    project.run_well(&["one"]);
    std::fs::set_permissions(project.path(".river/key"), PermissionsExt::from_mode(0o666)).unwrap();
    let ran = project.run_well(&["one"]);
    assert!(ran.err.contains("other users can write the key `.river/key`"), "{}", ran.err);
    assert_eq!(project.service.tokens(), 2);
}

#[test]
fn a_damaged_key_is_said() {
    let project = Project::new();
    project.run_well(&["one"]);
    std::fs::write(project.path(".river/key"), b"short").unwrap();
    let ran = project.run_well(&["one"]);
    assert!(ran.err.contains("the key `.river/key` is damaged: it has 5 bytes, a key has 32"), "{}", ran.err);
    assert_eq!(std::fs::read(project.path(".river/key")).unwrap(), b"short");
    assert_eq!(project.service.tokens(), 2);
}

/// A file where the folder should be stops root as well, which a read-only folder does not.
#[test]
fn a_store_that_cannot_be_made_stops_nothing() {
    let project = Project::new();
    std::fs::create_dir(project.path(".river")).unwrap();
    std::fs::write(project.path(".river/tokens"), b"").unwrap();
    let ran = project.run_well(&["one"]);
    assert_eq!(ran.err.matches("`.river/tokens` is not a folder").count(), 1, "{}", ran.err);
    assert_eq!(project.service.tokens(), 1);
}

#[test]
fn a_store_that_cannot_be_written_stops_nothing() {
    let project = Project::new();
    project.run_well(&["one"]);
    // Nothing can be created in its place, not even by root.
    let entry = project.entry();
    std::fs::remove_file(&entry).unwrap();
    std::fs::create_dir_all(entry.with_extension("tmp").join("in the way")).unwrap();
    let ran = project.run_well(&["one"]);
    assert_eq!(ran.err.matches("cannot write `.river/tokens/").count(), 1, "{}", ran.err);
    assert_eq!(project.service.tokens(), 2);
}

#[test]
fn an_entry_of_another_user_is_left_alone() {
    let project = Project::new();
    project.run_well(&["one"]);
    let entry = project.entry();
    let whole = std::fs::read(&entry).unwrap();
    if std::os::unix::fs::chown(&entry, Some(65534), None).is_err() {
        return; // only root can give a file away
    }
    let ran = project.run_well(&["one"]);
    assert!(ran.err.contains("belongs to another user: its owner is user 65534"), "{}", ran.err);
    assert_eq!(std::fs::read(&entry).unwrap(), whole);
    assert_eq!(project.service.tokens(), 2);
}

#[test]
fn steps_without_reuse_for_or_with_a_false_condition_are_untouched() {
    let project = Project::new();
    let without = PIPELINE.replace("    reuse_for: \"{{ expires_in }}s\"\n", "");
    project.pipeline("one", &without);
    project.run_well(&["one"]);
    project.run_well(&["one"]);
    assert_eq!(project.service.tokens(), 2);
    assert!(!project.path(".river/tokens").exists());
}

/// Each sandbox listens on its own port, so that its tokens are never mistaken for another's.
#[test]
fn the_sandbox_keeps_its_own_store() {
    let project = Project::new();
    for (folder, name, text) in [
        ("pipelines", "zoho_leads.yaml", include_str!("../pipelines/zoho_leads.yaml")),
        ("connections", "zoho.yaml", include_str!("../connections/zoho.yaml")),
    ] {
        std::fs::create_dir(project.path(folder)).unwrap();
        std::fs::write(project.path(folder).join(name), text).unwrap();
    }
    project.run_well(&["zoho_leads", "--sandbox", "--leads", "3"]);
    assert_eq!(mode(&project.path(".river/sandbox/tokens")), 0o700);
    assert_eq!(mode(&project.path(".river/sandbox/key")), 0o600);
    assert!(!project.path(".river/key").exists());
}
