//! A signal ends a run by itself, whatever blocks, and what it leaves the next run finishes. A second one ends it at once.
//!
//! What a run waits for before it is ended by force is 10 s. Built with `fault-points` it is shorter, which the tests ask
//! for; without, they take that time.
#![cfg(target_os = "linux")]

#[path = "signals/river.rs"]
mod river;
#[path = "rotation/service.rs"]
#[expect(dead_code, reason = "tests/token_store.rs and tests/crash.rs use what is not used here")]
mod rotation_service;
#[path = "signals/service.rs"]
mod service;

use std::fs::{self, OpenOptions};
use std::io::{PipeWriter, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;
use std::sync::mpsc;

use rusqlite::Connection;
use rustix::fs::OFlags;

use river::{PATIENCE, Project, Running, soon};
use rotation_service::{Gate, Mode};
use service::Service;

/// Two steps that read what is new and land it in a file and a table.
const PULL: &str = r#"name: pull
connection: { base_url: { from: env:BASE, secret: false } }
steps:
  - name: first
    request: { url: /first, query: { since: "{{ state.since }}" } }
    records: $.data
    state: { since: { max: $.id, type: number, initial_value: 0 } }
    write: [TARGETS]
  - name: second
    request: { url: /second, query: { since: "{{ state.since }}" } }
    paginate: { kind: page, into: query.page, more: response.json.more }
    records: $.data
    state: { since: { max: $.id, type: number, initial_value: 0 } }
    write: [TARGETS]
targets:
  lines: { kind: csv, path: out/lines.csv, mode: append }
  rows: { kind: sqlite, path: out/rows.db, table: items, mode: append }
"#;

/// What is said when a run had to be ended by force.
const BY_FORCE: &str = "something was still going on";

/// A project with two targets in this order, that has read the first round.
fn project(targets: &str) -> (Project, Service) {
    let service = Service::start();
    let project = Project::new(service.environment());
    project.pipeline("pull", &PULL.replace("TARGETS", targets));
    project.start(&["run", "pull"]).finish().expect(0);
    service.next_round();
    (project, service)
}

/// What an unbroken run of the second round lands.
fn unbroken() -> (String, Vec<i64>) {
    let (project, _service) = project("lines, rows");
    project.start(&["run", "pull"]).finish().expect(0);
    project.landed()
}

/// A database whose writers, or whose readers too, have to wait.
fn held(project: &Project, path: &str, how: &str) -> Connection {
    let database = Connection::open(project.path(path)).unwrap();
    database.execute_batch(&format!("BEGIN {how}")).unwrap();
    database
}

/// The next run finishes what was left; then everything is as after an unbroken run.
fn finishes(project: &Project) -> String {
    let ended = project.start(&["run", "pull"]).finish().expect(0);
    assert_eq!(project.landed(), unbroken(), "{}", ended.err);
    let shown = project.start(&["state", "show", "--format", "json"]).finish().expect(0);
    assert!(shown.out.contains("\"runs\": []"), "a run has not ended: {}", shown.out);
    ended.err
}

/// A project whose requests carry a secret from somewhere.
fn project_with_secret(from: &str) -> Project {
    let service = Service::start();
    let project = Project::new(service.environment());
    let text = PULL.replace("TARGETS", "lines, rows");
    let text = text.replace("connection: {", &format!("connection: {{ token: {{ from: {from} }},"));
    let with_header = "url: /first, headers: { X-Token: \"{{ connection.token }}\" },";
    project.pipeline("pull", &text.replace("url: /first,", with_header));
    project
}

#[test]
fn a_secret_in_a_named_pipe_is_refused_and_not_waited_for() {
    let project = project_with_secret("file:secret");
    let pipe = project.path("secret");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let ended = project.start(&["run", "pull"]).finish().expect(3);
    assert!(ended.err.contains("no regular file"), "{}", ended.err);
}

/// A run that waits for a program which is to print a secret, and does not end.
fn waiting_for_a_secret() -> (Project, Running, Program) {
    let script = "echo $$ > started.new; mv started.new started; exec sleep 60";
    let project = project_with_secret(&format!("{{ command: [sh, -c, '{script}'] }}"));
    let running = project.start(&["run", "pull"]);
    soon("the program starts", || project.path("started").exists());
    let program = Program(fs::read_to_string(project.path("started")).unwrap().trim().to_owned());
    (project, running, program)
}

/// A program that a run has started; it does not outlive its test.
struct Program(String);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = std::process::Command::new("kill").args(["-KILL", &self.0]).status();
    }
}

#[test]
fn a_secret_that_does_not_come_ends_the_run_at_a_signal() {
    let (_project, running, _program) = waiting_for_a_secret();
    running.interrupt();
    let ended = running.finish().expect(130);
    assert!(ended.err.contains(BY_FORCE), "{}", ended.err);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let (_project, mut running, _program) = waiting_for_a_secret();
    running.interrupt_until_ended();
    let ended = running.finish().expect(130);
    assert!(!ended.err.contains(BY_FORCE), "{}", ended.err);
}

#[test]
fn a_state_that_another_process_holds_ends_the_run_at_a_signal() {
    let (project, service) = project("lines, rows");
    let before = (project.landed(), service.requests());
    let kept = fs::read(project.path(".river/state.db")).unwrap();
    // From here on this process must not open that file otherwise: the lock would go with the other handle.
    let state = held(&project, ".river/state.db", "EXCLUSIVE");
    let running = project.start(&["run", "pull"]);
    soon("it opens the state", || running.has_open("state.db"));
    running.interrupt();
    let ended = running.finish().expect(130);
    assert!(ended.err.contains("interrupted"), "{}", ended.err);
    assert_eq!((project.landed(), service.requests()), before);
    drop(state);
    assert!(fs::read(project.path(".river/state.db")).unwrap() == kept, "the state has changed");
    finishes(&project);
}

/// It is not known then whether it was stored what lands.
#[test]
fn a_decision_that_cannot_be_stored_ends_the_run_at_a_signal() {
    let (project, service) = project("lines, rows");
    let gate = service.gate("/second", 2);
    let running = project.start(&["run", "pull"]);
    gate.arrived();
    let state = held(&project, ".river/state.db", "EXCLUSIVE");
    gate.open();
    // The file that will be appended to is made just before.
    soon("it is prepared", || project.has_hidden_file("lines.csv"));
    running.interrupt();
    let ended = running.finish().expect(130);
    assert!(!ended.err.contains("as they were"), "{}", ended.err);
    drop(state);
    finishes(&project);
}

#[test]
fn a_signal_while_results_are_put_in_place_leaves_the_rest_to_the_next_run() {
    for second_signal in [false, true] {
        let (project, service) = project("lines, rows");
        let before = project.landed();
        let gate = service.gate("/second", 2);
        let mut running = project.start(&["run", "pull"]);
        gate.arrived();
        // Who only reads may still do so: it is prepared, decided, and the first target lands.
        let rows = held(&project, "out/rows.db", "IMMEDIATE");
        gate.open();
        soon("the file lands", || project.landed().0 != before.0);
        if second_signal {
            running.interrupt_until_ended();
        } else {
            running.interrupt();
        }
        let ended = running.finish().expect(130);
        assert!(!ended.err.contains("as they were"), "{}", ended.err);
        assert!(!ended.err.contains(BY_FORCE), "{}", ended.err);
        let says = ended.err.contains("the next run puts the rest in place");
        assert!(says || second_signal, "{}", ended.err);
        assert_eq!(project.landed().1, before.1);
        drop(rows);
        let said = finishes(&project);
        assert!(said.contains("its results are in place"), "{said}");
    }
}

/// Nothing is decided yet: it goes on where the last checkpoint was, with what all targets have.
#[test]
fn a_signal_while_results_are_prepared_leaves_what_the_next_run_goes_on_with() {
    let (project, service) = project("rows, lines");
    let gate = service.gate("/second", 2);
    let running = project.start(&["run", "pull"]);
    gate.arrived();
    let rows = held(&project, "out/rows.db", "EXCLUSIVE");
    gate.open();
    soon("it looks at the table", || running.has_open("rows.db"));
    running.interrupt();
    let ended = running.finish().expect(130);
    assert!(ended.err.contains("goes on at"), "{}", ended.err);
    drop(rows);
    let before = service.requests();
    let said = finishes(&project);
    assert!(!said.contains("started over"), "{said}");
    let asked = service.requests().split_off(before.len());
    assert!(!asked.iter().any(|request| request.starts_with("/first")), "{asked:?}");
}

/// A run that asks for a token with a refresh token that is good once.
fn asking_for_a_token() -> (Project, rotation_service::Service, Running, mpsc::Sender<()>) {
    let project = Project::new(vec![]);
    let service = rotation_service::Service::start(Mode::Strict, project.root());
    service.set_uses(1_000_000);
    let project = project.with(service.environment());
    project.pipeline("pull", &rotation_service::PIPELINE.replace("NAME", "pull"));
    project.start(&["run", "pull"]).finish().expect(0);
    service.expire();
    let ((arrived, waits), (open, opened)) = (mpsc::channel(), mpsc::channel());
    service.gate(Gate { arrived, open: opened });
    let running = project.start(&["run", "pull"]);
    waits.recv_timeout(PATIENCE).expect("a token request");
    (project, service, running, open)
}

fn check_token_is_kept(project: &Project, service: &rotation_service::Service) {
    service.check_kept().unwrap();
    assert_eq!(service.kept(), Some(2), "{}", service.story());
    project.start(&["run", "pull"]).finish().expect(0);
    assert_eq!(service.refreshes(), 2, "{}", service.story());
    assert!(service.refused().is_empty(), "{}", service.story());
}

#[test]
fn a_token_on_its_way_is_kept_and_not_waited_for_any_longer() {
    let (project, service, running, open) = asking_for_a_token();
    running.interrupt();
    drop(open);
    let ended = running.finish().expect(130);
    assert!(!ended.err.contains("a token is being asked for"), "{}", ended.err);
    check_token_is_kept(&project, &service);
}

#[test]
fn a_token_that_takes_long_is_waited_for_and_kept() {
    let (project, service, running, open) = asking_for_a_token();
    running.interrupt();
    running.hear("a token is being asked for");
    drop(open);
    let ended = running.finish().expect(130);
    assert!(!ended.err.contains(BY_FORCE), "{}", ended.err);
    check_token_is_kept(&project, &service);
}

#[test]
fn a_second_signal_does_not_wait_for_a_token() {
    let (_project, _service, mut running, open) = asking_for_a_token();
    running.interrupt_until_ended();
    let ended = running.finish().expect(130);
    assert!(!ended.err.contains(BY_FORCE), "{}", ended.err);
    drop(open);
}

/// Fills a pipe to its last byte.
fn fill(pipe: &PipeWriter) {
    let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap();
    let path = format!("/proc/self/fd/{}", pipe.as_raw_fd());
    let mut pipe = OpenOptions::new().write(true).custom_flags(nonblocking).open(path).unwrap();
    for size in [4096, 1] {
        while pipe.write(&[b' '; 4096][..size]).is_ok() {}
    }
}

#[test]
fn a_full_pipe_at_standard_error_does_not_keep_it() {
    let (project, service) = project("lines, rows");
    let gate = service.gate("/second", 2);
    let (reader, writer) = std::io::pipe().unwrap();
    fill(&writer);
    let running = project.start_with(&["run", "pull"], |command| {
        command.stderr(writer);
    });
    gate.arrived();
    running.interrupt();
    running.finish().expect(130);
    drop((reader, gate));
    finishes(&project);
}

/// Who reads standard error may have gone: that must not make a success of anything.
#[test]
fn a_closed_standard_error_changes_no_exit_code() {
    let (project, service) = project("lines, rows");
    let closed = |command: &mut std::process::Command| {
        let (reader, writer) = std::io::pipe().unwrap();
        command.stderr(writer);
        drop(reader);
    };
    let gate = service.gate("/second", 2);
    let running = project.start_with(&["run", "pull"], closed);
    gate.arrived();
    running.interrupt();
    running.finish().expect(130);
    drop(gate);

    service.fail("/second");
    project.start_with(&["run", "pull"], closed).finish().expect(1);
    project.start_with(&["run", "missing"], closed).finish().expect(2);
    project.pipeline("wrong", "name: wrong\nsteps: []\n");
    project.start_with(&["run", "wrong"], closed).finish().expect(3);
    service.mend();
    finishes(&project);
    project.start_with(&["run", "pull"], closed).finish().expect(0);
    project
        .start_with(&["run", "pull"], |command| {
            command.stderr(Stdio::null());
        })
        .finish()
        .expect(0);
}
