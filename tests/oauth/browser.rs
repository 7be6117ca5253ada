//! Chromium, driven by `tests/oauth/browser/login.mjs`.

use std::path::Path;
use std::process::Stdio;

use serde::Deserialize;

use crate::requirement::found;
use crate::server::{node, script, tools};

/// A person at a browser.
#[derive(Default)]
pub(crate) struct Person<'a> {
    /// A row of `tests/oauth/browser/walks.mjs`.
    pub(crate) walk: &'a str,
    /// Name and password; empty where nobody has to sign in.
    pub(crate) account: (&'a str, &'a str),
    /// What a device shows.
    pub(crate) code: &'a str,
    pub(crate) rejects: bool,
}

/// What a page is like.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    pub(crate) url: String,
    pub(crate) status: Option<u16>,
    pub(crate) title: String,
    pub(crate) lang: Option<String>,
    pub(crate) text: String,
    pub(crate) headings: Vec<Heading>,
    pub(crate) landmarks: Vec<String>,
    /// Whether its heading is inside of the landmark `main`.
    pub(crate) reachable_by_main: bool,
    /// Whether it is wider than a small telephone.
    #[serde(default)]
    pub(crate) overflows: bool,
    /// Those before this one.
    #[serde(default)]
    pub(crate) pages: Vec<Page>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Heading {
    pub(crate) level: u8,
    pub(crate) text: String,
}

impl Person<'_> {
    /// The page where the person ends; None without a browser. The script ends by itself after a minute. Beside
    /// `screenshot` are pictures of the same page in the dark and on a small screen.
    pub(crate) fn opens(&self, url: &str, screenshot: &Path) -> Option<Page> {
        let is_there = tools().join("node/node_modules/puppeteer-core").exists() && node().exists();
        let browser = Path::new("/usr/bin/chromium");
        if !found("oauth", "Chromium or its driver", is_there && browser.exists()) {
            return None;
        }
        let mut command = script(&node(), "browser/login.mjs");
        command.args([url, "--walk", self.walk, "--screenshot"]).arg(screenshot);
        command.args(["--username", self.account.0, "--password", self.account.1, "--code", self.code]);
        if self.rejects {
            command.arg("--reject");
        }
        let output = command.env("OAUTH_BROWSER", browser).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }
}
