//! Refresh tokens that are good once: one process uses each, and nothing loses what came for it.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use river::auth::store::{Protection, TokenStore};
use rustix::fs::OFlags;

use crate::disk::Disk;
use crate::project::{PATIENCE, Ran, finish, signal};
use crate::rotation_service::{FIRST, Gate, Mode, PAGES, PIPELINE, Service};

/// A project whose connection has a refresh token that is good once.
struct Project {
    folder: tempfile::TempDir,
    service: Service,
}

impl Project {
    fn new(mode: Mode) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(mode, folder.path());
        service.set_uses(1_000_000);
        let project = Self { folder, service };
        project.pipeline("pull", PIPELINE);
        project
    }

    fn pipeline(&self, name: &str, text: &str) {
        std::fs::write(self.path(&format!("{name}.yaml")), text.replace("NAME", name)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_river"));
        command.env_clear().envs(self.service.environment()).current_dir(self.folder.path());
        command.arg("run").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments).spawn().unwrap())
    }

    fn run_well(&self) -> Ran {
        let ran = self.run(&["pull"]);
        assert!(ran.succeeded, "{}\n{}", ran.err, self.service.story());
        self.service.check_kept().unwrap();
        ran
    }

    /// A run whose token request has arrived and waits; it goes on when the other end is dropped.
    fn asking(&self) -> (Child, mpsc::Sender<()>) {
        let (arrived, waits) = mpsc::channel();
        let (open, opened) = mpsc::channel();
        self.service.gate(Gate { arrived, open: opened });
        let running = self.command(&["pull"]).spawn().unwrap();
        waits.recv_timeout(PATIENCE).expect("a token request");
        (running, open)
    }

    /// The file of the entry, with another ending.
    fn entry(&self, ending: &str) -> PathBuf {
        let files = std::fs::read_dir(self.path(".river/tokens")).unwrap();
        let mut locks = files
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|found| found == "lock"));
        locks.next().expect("a lock").with_extension(ending)
    }
}

#[test]
fn sixty_four_processes_use_a_refresh_token_once() {
    let project = Project::new(Mode::Strict);
    project.service.set_life(0.001);
    project.run_well();
    project.service.set_life(3600.0);
    all_at_once_refresh_once(&project);
}

#[test]
fn sixty_four_processes_whose_token_is_refused_use_a_refresh_token_once() {
    let project = Project::new(Mode::Strict);
    project.run_well();
    for _ in 0..2 {
        project.service.expire();
        all_at_once_refresh_once(&project);
    }
}

fn all_at_once_refresh_once(project: &Project) {
    let before = project.service.refreshes();
    let names: Vec<String> = (0..64).map(|number| format!("p{number}")).collect();
    for name in &names {
        project.pipeline(name, PIPELINE);
    }
    let running: Vec<_> = names.iter().map(|name| project.command(&[name, "-q"]).spawn().unwrap()).collect();
    for running in running {
        let ran = finish(running);
        assert!(ran.succeeded, "{}\n{}", ran.err, project.service.story());
    }
    assert_eq!(project.service.refreshes() - before, 1, "{}", project.service.story());
    project.service.check_kept().unwrap();
}

/// A token that is over as soon as it comes is good for the request that it was got for.
#[test]
fn tokens_that_live_for_hardly_any_time_are_used_all_the_same() {
    let project = Project::new(Mode::Strict);
    project.service.set_life(0.001);
    project.run_well();
    let story = project.service.story();
    assert!(!story.contains("refused"), "{story}");
    assert_eq!(project.service.refreshes() as u64, PAGES, "{story}");
}

/// A slow server, and somebody who does not want to wait.
#[test]
fn an_answer_to_a_refresh_that_was_interrupted_is_kept() {
    for name in ["INT", "TERM"] {
        let project = Project::new(Mode::Strict);
        project.run_well();
        project.service.expire();
        let (running, open) = project.asking();
        signal(running.id(), name);
        drop(open);
        let ran = finish(running);
        assert!(matches!(ran.code, Some(130 | 0)), "{ran:?}");
        project.run_well();
        assert_eq!(project.service.refreshes(), 2, "{}", project.service.story());
        assert!(project.service.refused().is_empty(), "{}", project.service.story());
    }
}

/// The same for a refresh by hand.
#[test]
fn an_answer_to_a_refresh_by_hand_that_was_interrupted_is_kept() {
    let project = signed_in();
    let (arrived, waits) = mpsc::channel();
    let (open, opened) = mpsc::channel();
    project.service.gate(Gate { arrived, open: opened });
    let mut refresh = Command::new(env!("CARGO_BIN_EXE_river"));
    refresh.env_clear().envs(project.service.environment()).env("REFRESH_TOKEN", "not-used-yet");
    refresh.current_dir(project.folder.path()).args(["auth", "refresh", "shop"]);
    refresh.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let refreshing = refresh.spawn().unwrap();
    waits.recv_timeout(PATIENCE).expect("a token request");
    signal(refreshing.id(), "INT");
    drop(open);
    let ran = finish(refreshing);
    assert!(ran.succeeded, "{ran:?}");
    let before = project.service.refreshes();
    let ran = finish(project.command(&["pull"]).env("REFRESH_TOKEN", "not-used-yet").spawn().unwrap());
    assert!(ran.succeeded, "{}\n{}", ran.err, project.service.story());
    assert_eq!(project.service.refreshes(), before, "{}", project.service.story());
    assert!(project.service.refused().is_empty(), "{}", project.service.story());
}

/// Whoever listens to a run may be slow: what it is told waits until the tokens are kept.
#[test]
fn an_answer_is_kept_before_anybody_is_told() {
    let project = Project::new(Mode::Strict);
    let (arrived, waits) = mpsc::channel();
    let (open, opened) = mpsc::channel();
    project.service.gate(Gate { arrived, open: opened });
    let (reader, writer) = std::io::pipe().unwrap();
    let filling = std::fs::OpenOptions::new()
        .write(true)
        .custom_flags(i32::try_from(OFlags::NONBLOCK.bits()).unwrap())
        .open(format!("/proc/self/fd/{}", writer.as_raw_fd()));
    let mut running = project.command(&["pull", "-vv"]).stderr(writer).spawn().unwrap();
    waits.recv_timeout(PATIENCE).expect("a token request");
    // From now on nothing more can be told.
    fill(filling.unwrap());
    drop(open);
    let started = Instant::now();
    while project.service.kept() != Some(1) && started.elapsed() < PATIENCE {
        assert!(running.try_wait().unwrap().is_none(), "it ended");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(project.service.kept(), Some(1));
    running.kill().unwrap();
    running.wait().unwrap();
    drop(reader);
    project.run_well();
}

/// Fills a pipe to its last byte.
fn fill(mut pipe: std::fs::File) {
    for size in [4096, 1] {
        while pipe.write(&[b' '; 4096][..size]).is_ok() {}
    }
}

/// A process that could not wait for the lock, or a person, has put another token there.
#[test]
fn a_refused_refresh_token_is_read_again_before_giving_up() {
    let project = Project::new(Mode::Graceful);
    project.run_well();
    project.service.expire();
    let (running, open) = project.asking();
    let newer = project.service.refresh_elsewhere();
    let entry = project.entry("lock");
    // Who waits for a lock whose file is gone takes a new one.
    std::fs::remove_file(&entry).unwrap();
    let store = Arc::new(TokenStore::open(&project.path(".river"), Protection::plain()).unwrap().0);
    let [(_, base), ..] = project.service.environment();
    let token_url = format!("{base}/token");
    let fields = [
        ("grant", "refresh_token"),
        ("client_id", "app"),
        ("token_url", &token_url),
        ("refresh_token", FIRST),
    ];
    let id = store.sign_in_entry(&fields);
    let held = store.try_lock(&id).unwrap().unwrap();
    let mut fresh = held.read().entry.unwrap().fresh;
    fresh.values.insert("refresh_token".to_owned(), newer.into());
    held.write(fresh, &|_| {}).unwrap();
    drop(held);
    assert!(entry.exists(), "it is another entry");
    drop(open);
    let ran = finish(running);
    assert!(ran.succeeded, "{}\n{}", ran.err, project.service.story());
    assert_eq!(project.service.refused(), [1], "{}", project.service.story());
    project.service.check_kept().unwrap();
}

/// Servers revoke everything when a token comes a second time.
#[test]
fn a_refresh_token_that_is_used_up_is_not_sent_again() {
    let project = Project::new(Mode::Strict);
    project.run_well();
    project.service.revoke();
    let ran = project.run(&["pull"]);
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert!(ran.err.contains("may have been the only copy"), "{}", ran.err);
    assert_eq!(project.service.refused(), [1], "{}", project.service.story());
}

/// A project with a sign-in that did not begin with the refresh token of the connection, which is another one.
fn signed_in() -> Project {
    let project = Project::new(Mode::Graceful);
    let (head, rest) = PIPELINE.split_once("connection:\n").unwrap();
    let (connection, steps) = rest.split_once("steps:").unwrap();
    let grant = "grant: authorization_code\n    authorize_url: \"{{ connection.base_url }}/authorize\"";
    let connection = connection.replace("grant: refresh_token", grant).replace("\n  ", "\n");
    std::fs::create_dir(project.path("connections")).unwrap();
    std::fs::write(project.path("connections/shop.yaml"), connection.trim_start()).unwrap();
    project.pipeline("pull", &format!("{head}connection: shop\nsteps:{steps}"));
    let mut import = Command::new(env!("CARGO_BIN_EXE_river"));
    import.env_clear().envs(project.service.environment()).env("REFRESH_TOKEN", "not-used-yet");
    import.current_dir(project.folder.path()).args(["auth", "import", "shop"]);
    import.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut import = import.spawn().unwrap();
    import.stdin.take().unwrap().write_all(FIRST.as_bytes()).unwrap();
    let ran = finish(import);
    assert!(ran.succeeded, "{}", ran.err);
    project
}

#[test]
fn a_new_refresh_token_that_a_person_sets_is_tried_when_the_kept_one_is_refused() {
    let project = signed_in();
    project.service.revoke();
    let by_hand = project.service.give_by_hand();
    let ran = finish(project.command(&["pull"]).env("REFRESH_TOKEN", by_hand).spawn().unwrap());
    assert!(ran.succeeded, "{}\n{}", ran.err, project.service.story());
    assert_eq!(project.service.refused(), [1], "{}", project.service.story());
}

#[test]
fn an_answer_that_says_nothing_of_tokens_costs_none() {
    let project = signed_in();
    project.service.expire();
    project.service.block();
    let by_hand = project.service.give_by_hand();
    let ran = finish(project.command(&["pull"]).env("REFRESH_TOKEN", by_hand).spawn().unwrap());
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert_eq!(project.service.blocked(), Some(1), "{}", ran.err);
}

#[test]
fn on_a_full_disk_no_refresh_token_is_used() {
    let project = Project::new(Mode::Strict);
    std::fs::create_dir_all(project.path(".river/tokens")).unwrap();
    let folder = project.path(".river/tokens");
    let Some(disk) = Disk::mount(&folder) else { return };
    project.run_well();
    project.service.expire();
    disk.leave(0);
    let ran = project.run(&["pull"]);
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert!(
        ran.err.contains("nothing was asked, since a new refresh token could not be kept"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("No space left on device"), "{}", ran.err);
    assert!(ran.err.contains("make room on the disk"), "{}", ran.err);
    assert_eq!(project.service.refreshes(), 1, "{}", project.service.story());
    disk.leave(200_000);
    project.run_well();
}

/// Where the store breaks while the answer is on its way.
#[test]
fn a_refresh_token_that_is_lost_is_said() {
    let project = Project::new(Mode::Strict);
    project.run_well();
    project.service.expire();
    let (running, open) = project.asking();
    let entry = project.entry("json");
    std::fs::remove_file(&entry).unwrap();
    std::fs::create_dir_all(entry.join("in the way")).unwrap();
    drop(open);
    let ran = finish(running);
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert!(
        ran.err.contains("the service gave a new refresh token, and it could not be kept"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("is not a file"), "{}", ran.err);
    assert_eq!(ran.err.matches("is not a file").count(), 1, "{}", ran.err);
}

/// What this process still knows came later than what the connection brings.
#[test]
fn a_store_that_breaks_under_a_run_costs_no_token() {
    let project = Project::new(Mode::Strict);
    project.service.set_uses(2);
    project.service.break_store_at(2);
    let ran = project.run(&["pull"]);
    assert!(ran.succeeded, "{}\n{}", ran.err, project.service.story());
    assert!(ran.err.contains("are damaged"), "{}", ran.err);
    assert!(project.service.refused().is_empty(), "{}", project.service.story());
}
