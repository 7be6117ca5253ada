//! Opening a person's browser, where there is one.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use url::Url;

/// Asks the system to show an address. False: there is no screen, or nothing that could show it.
pub(super) fn open(url: &Url, environment: &BTreeMap<String, String>) -> bool {
    let Some(program) = program(environment) else { return false };
    let mut command = Command::new(program);
    command.arg(url.as_str()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}

fn program(environment: &BTreeMap<String, String>) -> Option<&str> {
    let given = |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.is_empty());
    if let Some(browser) = given("BROWSER") {
        // A list is separated by `:`; a program with arguments is not for us.
        return browser.split(':').next().filter(|program| !program.contains(char::is_whitespace));
    }
    if cfg!(target_os = "macos") {
        return Some("open");
    }
    // Without a screen, `xdg-open` may start a browser for terminals in the middle of our own output.
    (given("DISPLAY").is_some() || given("WAYLAND_DISPLAY").is_some()).then_some("xdg-open")
}
