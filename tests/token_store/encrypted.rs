//! A store that is encrypted, with the right key, without it and with another one.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::project::{Project, Ran, finish};

/// What the environment of a run says of the store.
type Settings<'a> = &'a [(&'a str, &'a str)];

fn run_with(project: &Project, settings: Settings<'_>) -> Ran {
    finish(project.command(&["one"]).envs(settings.iter().copied()).spawn().unwrap())
}

fn run_well_with(project: &Project, settings: Settings<'_>) -> Ran {
    let ran = run_with(project, settings);
    assert!(ran.succeeded, "{}", ran.err);
    ran
}

fn key_file(project: &Project, name: &str, byte: u8, mode: u32) -> PathBuf {
    let path = project.path(name);
    std::fs::write(&path, [byte; 32]).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    path
}

fn entry(project: &Project) -> String {
    std::fs::read_to_string(project.entry()).unwrap()
}

const PASSPHRASE: Settings<'_> = &[("RIVER_STORE_PASSPHRASE", "correct horse battery staple")];
const KEY_FILE: Settings<'_> = &[("RIVER_STORE_KEY_FILE", "key")];

#[test]
fn what_is_encrypted_is_used_by_the_next_run() {
    for settings in [PASSPHRASE, KEY_FILE] {
        let project = Project::new();
        key_file(&project, "key", 7, 0o600);
        run_well_with(&project, settings);
        assert!(!entry(&project).contains("access-token"), "{}", entry(&project));
        assert_eq!(run_well_with(&project, settings).err.matches("warning").count(), 0);
        assert_eq!(project.service.tokens(), 1);
    }
}

#[test]
fn what_was_plain_is_used_and_encrypted_when_it_is_renewed() {
    let project = Project::new();
    project.run_well(&["one"]);
    assert!(entry(&project).contains("access-token-1-"));
    run_well_with(&project, PASSPHRASE);
    assert_eq!(project.service.tokens(), 1);
    project.service.revoke();
    run_well_with(&project, PASSPHRASE);
    assert!(!entry(&project).contains("access-token"), "{}", entry(&project));
}

/// The run asks for its own token: what is kept waits for its key.
#[test]
fn without_the_right_key_the_entry_stays_as_it_is() {
    let project = Project::new();
    key_file(&project, "key", 7, 0o600);
    key_file(&project, "other", 8, 0o600);
    run_well_with(&project, KEY_FILE);
    let before = entry(&project);
    let cases: [(Settings<'_>, &str); 3] = [
        (&[], "is encrypted with a key file, and river was given none"),
        (&[("RIVER_STORE_KEY_FILE", "other")], "is encrypted with another key file than river was given"),
        (PASSPHRASE, "is encrypted with a key file, and river was given a passphrase"),
    ];
    for (settings, why) in cases {
        let ran = run_well_with(&project, settings);
        assert_eq!(ran.err.matches(why).count(), 1, "{}", ran.err);
        assert!(ran.err.contains("set `RIVER_STORE_KEY_FILE` as it was; if that is lost"), "{}", ran.err);
        assert_eq!(entry(&project), before);
    }
    assert_eq!(project.service.tokens(), 4);
    // It is read again, and renewed, since only the newest token is good.
    let ran = run_well_with(&project, KEY_FILE);
    assert!(!ran.err.contains("encrypted"), "{}", ran.err);
    assert_ne!(entry(&project), before);
}

#[test]
fn a_damaged_encrypted_entry_is_said_and_replaced() {
    let project = Project::new();
    run_well_with(&project, PASSPHRASE);
    let whole = entry(&project);
    std::fs::write(project.entry(), &whole[..whole.len() / 2]).unwrap();
    let ran = run_well_with(&project, PASSPHRASE);
    assert!(ran.err.contains("are damaged: it is not whole"), "{}", ran.err);
    assert_eq!(project.service.tokens(), 2);
    assert!(!entry(&project).contains("access-token"));
}

#[test]
fn settings_that_cannot_be_used_end_a_run_before_any_request() {
    let project = Project::new();
    key_file(&project, "open", 7, 0o644);
    let cases: [(Settings<'_>, &str); 2] = [
        (&[("RIVER_STORE_KEY_FILE", "open")], "other users can get at the key file `open`: its mode is 0644"),
        (&[("RIVER_STORE_KEY_FILE", ".")], "the key file `.` is not a file"),
    ];
    for (settings, why) in cases {
        let ran = run_with(&project, settings);
        assert_eq!(ran.code, Some(3), "{}", ran.err);
        assert!(ran.err.contains(&format!("error[bad-store]: {why}")), "{}", ran.err);
        assert_eq!(ran.err.matches("error").count(), 1, "{}", ran.err);
        assert!(ran.err.ends_with("nothing was requested\n"), "{}", ran.err);
    }
    assert_eq!(project.service.tokens(), 0);
    assert!(!project.path(".river").exists());
}

/// systemd makes them readable for the service, and looks after the folder.
#[test]
fn credentials_of_a_service_are_used() {
    let credentials =
        [("river-store-key", [7; 32].as_slice()), ("river-store-passphrase", b"correct horse\n")];
    for (name, content) in credentials {
        let project = Project::new();
        std::fs::create_dir(project.path("credentials")).unwrap();
        let path = project.path("credentials").join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o440)).unwrap();
        let folder = project.path("credentials").display().to_string();
        run_well_with(&project, &[("CREDENTIALS_DIRECTORY", &folder)]);
        assert!(!entry(&project).contains("access-token"), "{name}");
        let same = if name.ends_with("key") {
            ("RIVER_STORE_KEY_FILE", format!("{folder}/{name}"))
        } else {
            ("RIVER_STORE_PASSPHRASE", "correct horse".to_owned())
        };
        run_well_with(&project, &[("CREDENTIALS_DIRECTORY", &folder), (same.0, &same.1)]);
        assert_eq!(project.service.tokens(), 1, "{name}");
    }
}
