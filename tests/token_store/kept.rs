//! `river secrets`: what is kept is the last place in which a variable is looked for.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::project::{PIPELINE, Project, Ran, SECRET, finish, mode};

fn secrets(project: &Project, arguments: &[&str], typed: &str) -> Ran {
    secrets_with(project, arguments, typed, &[])
}

fn secrets_with(project: &Project, arguments: &[&str], typed: &str, settings: &[(&str, &str)]) -> Ran {
    let mut command = project.river(&["secrets"]);
    command.args(arguments).env_clear().envs(settings.iter().copied()).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who refuses does not read.
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
    let ran = finish(child);
    for text in [&ran.out, &ran.err] {
        assert!(typed.trim().is_empty() || !text.contains(typed.trim()), "{text}");
    }
    ran
}

fn set(project: &Project, value: &str) {
    let ran = secrets(project, &["set", "CLIENT_SECRET"], value);
    assert!(ran.succeeded, "{}", ran.err);
}

/// A run whose environment has no `CLIENT_SECRET`.
fn run_without(project: &Project, settings: &[(&str, &str)]) -> Ran {
    let mut command = project.command(&["one"]);
    command.env_remove("CLIENT_SECRET").envs(settings.iter().copied());
    finish(command.spawn().unwrap())
}

/// Another secret is another entry of the token store.
fn entries(project: &Project) -> usize {
    project.stored("json").len()
}

const KEPT: &str = ".river/secrets/CLIENT_SECRET.json";

#[test]
fn the_environment_comes_first_then_dot_env_then_what_is_kept() {
    let project = Project::new();
    project.run_well(&["one"]);
    assert_eq!(entries(&project), 1);
    set(&project, &format!("{SECRET}\n"));
    assert!(run_without(&project, &[]).succeeded);
    assert_eq!(entries(&project), 1, "it is the same secret, without the line break");
    std::fs::write(project.path(".env"), "CLIENT_SECRET=of-dot-env\n").unwrap();
    assert!(run_without(&project, &[]).succeeded);
    assert_eq!(entries(&project), 2);
    project.run_well(&["one"]);
    assert_eq!(entries(&project), 2);
    std::fs::remove_file(project.path(".env")).unwrap();
    set(&project, "another-kept-one");
    assert!(run_without(&project, &[]).succeeded);
    assert_eq!(entries(&project), 3);
}

#[test]
fn one_line_break_is_cut_off() {
    let project = Project::new();
    let cases = [
        ("a-value\n", "a-value"),
        ("a-value\r\n", "a-value"),
        ("a\nvalue\n\n", "a\nvalue\n"),
        (" a-value ", " a-value "),
    ];
    for (typed, kept) in cases {
        set(&project, typed);
        let text = std::fs::read_to_string(project.path(KEPT)).unwrap();
        let kept = serde_json::to_string(kept).unwrap();
        assert!(text.contains(&format!(r#""values":{{"value":{kept}}}"#)), "{text}");
    }
    assert_eq!(mode(&project.path(KEPT)), 0o600);
    assert_eq!(mode(&project.path(".river/secrets")), 0o700);
}

#[test]
fn a_param_takes_a_kept_secret() {
    let project = Project::new();
    project.pipeline(
        "one",
        &PIPELINE
            .replace("name: NAME\n", "name: NAME\nparams: { key: {} }\n")
            .replace("env.CLIENT_SECRET", "params.key"),
    );
    set(&project, "a-kept-secret");
    let ran = project.run(&["one", "-p", "key=env:CLIENT_SECRE"]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert!(ran.err.contains("in the environment, in `.env` or among the kept secrets"), "{}", ran.err);
    let mut command = project.command(&["one", "-p", "key=env:CLIENT_SECRET"]);
    let ran = finish(command.env_remove("CLIENT_SECRET").spawn().unwrap());
    assert!(ran.succeeded, "{}", ran.err);
}

#[test]
fn a_value_on_the_command_line_is_refused() {
    let project = Project::new();
    for arguments in
        [["set", "A", "sekret-value"].as_slice(), &["set", "A=sekret-value"], &["set", "A", "--sekret-value"]]
    {
        let ran = secrets(&project, arguments, "");
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(
            ran.err.contains("it would be in the shell's history and in the list of processes"),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("`river secrets set A` asks for it"), "{}", ran.err);
        assert!(!ran.err.contains("sekret"), "{}", ran.err);
    }
    assert!(!project.path(".river").exists());
}

#[test]
fn what_is_kept_is_encrypted_if_a_key_is_given() {
    let project = Project::new();
    let settings = [("RIVER_STORE_PASSPHRASE", "correct horse")];
    let ran = secrets_with(&project, &["set", "CLIENT_SECRET"], SECRET, &settings);
    assert_eq!(ran.out, format!("`CLIENT_SECRET` is kept in `{KEPT}` (encrypted with a passphrase)\n"));
    let before = std::fs::read_to_string(project.path(KEPT)).unwrap();
    assert!(!before.contains(SECRET), "{before}");
    assert!(run_without(&project, &settings).succeeded);
    let ran = run_without(&project, &[]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert!(
        ran.err.contains(&format!(
            "warning[bad-store]: the kept `CLIENT_SECRET`: `{KEPT}` is encrypted with a passphrase, and river was given none"
        )),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("error[missing-secret]: `CLIENT_SECRET` is not set"), "{}", ran.err);
    // Nothing is written over what only its key opens, but it can be forgotten.
    let refused = secrets(&project, &["set", "CLIENT_SECRET"], "another");
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    assert!(refused.err.starts_with("error[bad-store]: "), "{}", refused.err);
    assert_eq!(std::fs::read_to_string(project.path(KEPT)).unwrap(), before);
    assert!(secrets(&project, &["rm", "CLIENT_SECRET"], "").succeeded);
    set(&project, "another");
}

#[test]
fn what_cannot_be_read_is_said_when_its_name_is_wanted() {
    let project = Project::new();
    set(&project, SECRET);
    let whole = std::fs::read(project.path(KEPT)).unwrap();
    let cases = [
        (
            &whole[..whole.len() / 2],
            "are damaged: it is not whole",
            "`river secrets set CLIENT_SECRET`",
            true,
        ),
        (b"", "are damaged: it is empty", "`river secrets set CLIENT_SECRET`", true),
        (br#"{"version":9}"#, "was written by a newer river: its version is 9", "use the newer river", false),
    ];
    for (bytes, why, help, can_be_set) in cases {
        std::fs::write(project.path(KEPT), bytes).unwrap();
        let ran = run_without(&project, &[]);
        assert_eq!(ran.code, Some(3), "{}", ran.err);
        assert!(ran.err.contains(why) && ran.err.contains(help), "{}", ran.err);
        assert_eq!(std::fs::read(project.path(KEPT)).unwrap(), bytes);
        // What nobody looks for is in nobody's way.
        assert!(!project.run_well(&["one"]).err.contains("kept"));
        assert_eq!(secrets(&project, &["set", "CLIENT_SECRET"], SECRET).succeeded, can_be_set);
        std::fs::write(project.path(KEPT), &whole).unwrap();
    }
}

#[test]
fn a_kept_secret_of_another_user_is_left_alone() {
    let project = Project::new();
    set(&project, SECRET);
    if std::os::unix::fs::chown(project.path(KEPT), Some(65534), None).is_err() {
        return; // only root can give a file away
    }
    let ran = run_without(&project, &[]);
    assert!(ran.err.contains("belongs to another user: its owner is user 65534"), "{}", ran.err);
    for arguments in [["set", "CLIENT_SECRET"], ["rm", "CLIENT_SECRET"]] {
        let refused = secrets(&project, &arguments, "another-value");
        assert_eq!(refused.code, Some(1), "{}", refused.err);
    }
    assert!(project.path(KEPT).exists());
}

#[test]
fn a_kept_secret_that_others_could_read_is_said_and_closed() {
    let project = Project::new();
    set(&project, SECRET);
    std::fs::set_permissions(project.path(KEPT), PermissionsExt::from_mode(0o644)).unwrap();
    let ran = run_without(&project, &[]);
    assert!(ran.succeeded, "{}", ran.err);
    assert!(ran.err.contains("other users could get at `.river/secrets/CLIENT_SECRET.json`"), "{}", ran.err);
    assert_eq!(mode(&project.path(KEPT)), 0o600);
}

#[test]
fn the_list_has_names_and_where_they_come_from() {
    let project = Project::new();
    assert!(!project.path(".river").exists());
    let ran = secrets(&project, &["list"], "");
    let wanted = |from: &str| {
        format!(
            "NAME           FROM     WANTED BY\nCLIENT_SECRET  {from}  one.yaml, two.yaml\nSERVICE        missing  one.yaml, two.yaml\n"
        )
    };
    assert_eq!(ran.out, wanted("missing"), "{}", ran.err);
    assert!(!project.path(".river").exists(), "looking makes nothing");
    set(&project, SECRET);
    let kept = format!("{}\nnew ones are kept as: plain file, mode 0600\n", wanted("kept   "));
    assert_eq!(secrets(&project, &["list"], "").out, kept);
    std::fs::write(project.path(".env"), "SERVICE=1\n").unwrap();
    let settings = [("CLIENT_SECRET", SECRET), ("RIVER_STORE_PASSPHRASE", "correct horse")];
    let ran = secrets_with(&project, &["list"], "", &settings);
    assert_eq!(
        ran.out,
        "NAME           FROM                    WANTED BY\n\
         CLIENT_SECRET  environment, also kept  one.yaml, two.yaml\n\
         SERVICE        .env                    one.yaml, two.yaml\n\
         \n\
         new ones are kept as: encrypted with a passphrase\n"
    );
    assert!(!ran.out.contains(SECRET));
    std::fs::write(project.path(KEPT), b"half").unwrap();
    let ran = secrets(&project, &["list"], "");
    assert!(ran.out.contains("CLIENT_SECRET  kept, unreadable"), "{}", ran.out);
    assert!(ran.err.contains("are damaged"), "{}", ran.err);
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let project = Project::new();
    for arguments in [["set", "A"].as_slice(), &["list"], &["rm", "A"]] {
        let ran = secrets_with(&project, arguments, "a-value", &[("RIVER_STORE_PASSPHRASE", "")]);
        assert_eq!(ran.code, Some(3), "{}", ran.err);
        assert!(ran.err.contains("the passphrase of the token store is empty"), "{}", ran.err);
    }
    assert!(!project.path(".river").exists());
}
