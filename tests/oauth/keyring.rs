//! A keyring of the system (Secret Service) for a test: gnome-keyring on a bus of its own, without a screen.

use std::path::Path;
use std::process::Command;

use crate::requirement::found;
use crate::server::scripts;

/// Runs `command` within bash beside an unlocked keyring that is kept in `folder`; what it printed.
pub(crate) fn beside_keyring(folder: &Path, command: &str) -> Option<String> {
    let programs = ["gnome-keyring-daemon", "dbus-run-session", "secret-tool"];
    let is_there = programs.iter().all(|name| Path::new("/usr/bin").join(name).exists());
    if !found("oauth", "gnome-keyring", is_there) {
        return None;
    }
    // `timeout`: who waits for a keyring that never unlocks waits for ever.
    let mut wrapped = Command::new("timeout");
    wrapped.arg("30").arg(scripts().join("keyring.sh")).arg(folder).args(["bash", "-c", command]);
    let output = wrapped.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_is_kept_is_there_in_the_next_session() {
    let folder = tempfile::tempdir().unwrap();
    let store = "printf value | secret-tool store --label=river service river account demo";
    let look_up = "secret-tool lookup service river account demo";
    let Some(printed) = beside_keyring(folder.path(), store) else { return };
    assert_eq!(printed, "");
    assert_eq!(beside_keyring(folder.path(), look_up).unwrap(), "value");
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(beside_keyring(elsewhere.path(), &format!("{look_up} || true")).unwrap(), "");
}

/// River as it is built with `--features keyring`: what `secret-tool` keeps, river finds.
#[cfg(feature = "keyring")]
#[test]
fn a_connection_reads_what_is_kept() {
    use river_sandbox::wire::{Reply, Server, WireRequest};

    use crate::project::Project;

    let (sender, tokens) = std::sync::mpsc::channel();
    let server = Server::start(0, move |request: WireRequest| {
        let _ = sender.send(request.header("authorization").unwrap_or_default().to_owned());
        Reply::json(200, &serde_json::json!({ "records": [1, 2], "more": false }))
    })
    .unwrap();
    let project = Project::new(&format!(
        "base_url: {}\nauth: {{ kind: bearer, token: {{ from: 'keyring:shop' }} }}\n",
        server.base_url()
    ));
    let folder = tempfile::tempdir().unwrap();
    let run = format!(
        "cd '{}' && NO_PROXY=127.0.0.1 '{}' run pull.yaml 2>&1 || echo \"exit $?\"",
        project.path("").display(),
        env!("CARGO_BIN_EXE_river")
    );
    let Some(printed) = beside_keyring(folder.path(), &run) else { return };
    assert!(printed.contains("the keyring has no entry `shop`"), "{printed}");
    let store =
        "printf 'the token of the shop' | secret-tool store --label=river service river username shop";
    let printed = beside_keyring(folder.path(), &format!("{store} && {run}")).unwrap();
    assert!(printed.starts_with("1\n2\n") && !printed.contains("the token"), "{printed}");
    assert_eq!(tokens.try_iter().collect::<Vec<_>>(), ["Bearer the token of the shop"]);
}
